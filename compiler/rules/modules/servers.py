"""Servers of tools that nothing can reach."""

from __future__ import annotations

from collections.abc import Mapping

from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ..edits import without_argument
from ..rule import Findings, rule
from ..walking import Construction

_ONLY_FOR = {"args": "a command", "env": "a command", "cwd": "a command", "headers": "a URL"}
_SCHEMES = ("http://", "https://")


@rule("E320", "server-address", Construction, fix="sometimes")
def server_address(program: Program, item: Item, node: syntax.Call) -> Findings:
    """An `MCP` server has no address, two addresses, or arguments for the other kind of server.

    A server is either a command to start, with `args`, `env` and `cwd`, or a URL, with `headers`.

    ```dspy
    tools web = MCP(url="https://example.com", cwd="x")
    #                                          ^^^^^^^ E320 `cwd` is for a command, but this is a URL
    ```

    ```dspy
    tools web = MCP(url="https://example.com")
    ```
    """
    given = _arguments(item, node)
    if given is None:
        return
    command, url = given.get("command"), given.get("url")
    if command is None and url is None:
        words = '`MCP` needs a command, such as `MCP("npx", args=[…])`, or `url="…"`'
        yield server_address.at(node, words)
        return
    if command is not None and url is not None:
        yield server_address.at(url, "`MCP` takes a command or a URL, not both")
        return
    address = _text(command if command is not None else url)
    if address is None:
        return
    if url is not None and not address.startswith(_SCHEMES):
        yield server_address.at(url.value, "the URL of a server must begin with `http://` or `https://`")
    kind = "a URL" if url is not None or address.startswith(_SCHEMES) else "a command"
    for name, argument in given.items():
        if _ONLY_FOR.get(name, kind) != kind:
            words = f"`{name}` is for {_ONLY_FOR[name]}, but this is {kind}"
            yield server_address.at(argument, words, fix=without_argument(item, node.arguments, argument))


def _arguments(item: Item, node: syntax.Call) -> Mapping[str, syntax.Argument] | None:
    """A server's arguments by name; None for another call, or where some are not known."""
    kind = item.type_of(node.function)
    if not isinstance(kind, types.Class) or kind.definition is not catalog.definition("MCP"):
        return None
    if any(each.star for each in node.arguments):
        return None
    found = {}
    for index, each in enumerate(node.arguments):
        if each.name is not None:
            found[each.name.text] = each
        elif index == 0:
            found["command"] = each
    return found


def _text(argument: syntax.Argument | None) -> str | None:
    """The address where it is written out and not empty."""
    value = argument.value if argument is not None else None
    return value.value if isinstance(value, syntax.String) and value.value else None
