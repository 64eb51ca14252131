"""What a user sets in the editor: asked for at the start, and again when the editor says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from .session import Server

SECTION = "dspyc"


class InlayHints(Struct, frozen=True, rename="camel"):
    """Which hints are shown between the characters of a program."""

    variable_types: bool = True
    """The types of variables."""
    parameter_names: bool = True
    """The names of parameters before constants that are given without them."""
    concurrency: bool = True
    """Which calls are in flight at the same time."""


class CodeLenses(Struct, frozen=True, rename="camel"):
    """What is shown above declarations."""

    commands: bool = True
    """What runs, tests, measures and improves them."""
    references: bool = True
    """How often they are used."""


class CompletionSettings(Struct, frozen=True, rename="camel"):
    """What is offered while one types."""

    auto_imports: bool = True
    """Names of other files, whose choice writes the import."""


class Configuration(Struct, frozen=True, rename="camel"):
    """The settings of the section `dspyc`; what the editor does not name has its default."""

    inlay_hints: InlayHints = InlayHints()
    code_lens: CodeLenses = CodeLenses()
    completion: CompletionSettings = CompletionSettings()


def read(value: Any) -> tuple[Configuration, str]:
    """The settings of what an editor says, and what is wrong with it; that counts as not set."""
    if value is None:
        return Configuration(), ""
    try:
        return msgspec.convert(value, Configuration), ""
    except msgspec.ValidationError as error:
        return Configuration(), f"the settings of `{SECTION}` are not used: {error}"


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
