"""The user's settings: asked for at the start, and again when the editor says that they have changed."""

from __future__ import annotations

from typing import Any

from .configuration import SECTION, read
from .session import Server


def watch(server: Server) -> None:
    """Ask for the settings, and to be told when they change."""
    if server.client_can("workspace.didChangeConfiguration.dynamicRegistration"):
        method = "workspace/didChangeConfiguration"
        options = {"section": SECTION}
        server.connection.request(
            "client/registerCapability",
            {"registrations": [{"id": "dspyc-settings", "method": method, "registerOptions": options}]},
        )
    ask(server)


def ask(server: Server) -> None:
    """Ask for the settings, where the client can be asked."""

    def take(answer: Any) -> None:
        use(server, answer[0] if isinstance(answer, list) and answer else None)

    if server.client_can("workspace.configuration"):
        server.connection.request("workspace/configuration", {"items": [{"section": SECTION}]}, take)


def use(server: Server, value: Any) -> None:
    """Take settings over; what they change is shown anew."""
    before = server.configuration
    server.configuration, problem = read(value)
    if problem:
        server.log_warning(problem)
    for name, part in (("inlayHint", "inlay_hints"), ("codeLens", "code_lens")):
        has_changed = getattr(before, part) != getattr(server.configuration, part)
        if has_changed and server.client_can(f"workspace.{name}.refreshSupport"):
            server.connection.request(f"workspace/{name}/refresh", None)
