"""`dspyc lsp`: the language server."""

from __future__ import annotations

import click

from ..project.errors import Misuse


@click.command
@click.option(
    "--stdio", is_flag=True, help="Communicate over standard input and output (the default; editors pass it)."
)
@click.option("--tcp", metavar="[HOST:]PORT", help="Listen for clients on a port; each gets its own session.")
@click.option("--websocket", metavar="[HOST:]PORT", help="The same for clients that speak WebSocket.")
@click.option(
    "--origin", "origins", metavar="URL", multiple=True, help="A web page that may connect over WebSocket."
)
@click.option("--without-key", is_flag=True, help="Let anybody connect who can reach the address.")
@click.option(
    "--client-process-id",
    "--clientProcessId",
    "client",
    type=int,
    metavar="PID",
    help="End when this process has ended.",
)
def command(
    stdio: bool,
    tcp: str | None,
    websocket: str | None,
    origins: tuple[str, ...],
    without_key: bool,
    client: int | None,
) -> None:
    """Start the language server, for editors.

    It communicates over standard input and output, and is usually started by an editor. The VS Code
    extension starts it automatically. With --tcp or --websocket it listens on this machine only, unless a
    host is given; port 0 takes a free one, and the error output says which. It asks for no key, so
    another host needs --without-key.

    \b
    Examples:
      dspyc lsp
      dspyc lsp --tcp 5007
      dspyc lsp --websocket 127.0.0.1:5008 --origin https://editor.example.com

    \b
    Neovim 0.11:
      vim.filetype.add({ extension = { dspy = "dspy" } })
      vim.lsp.config.dspyc = { cmd = { "dspyc", "lsp" }, filetypes = { "dspy" } }
    """
    chosen = [each for each in (tcp, websocket) if each is not None]
    if len(chosen) + stdio > 1:
        raise Misuse("--stdio, --tcp and --websocket exclude each other")
    if not chosen:
        from ..lsp.server import main

        main(client=client)
        return
    from ..base.loopback import LOOPBACK
    from ..lsp.listening import serve

    host, port = _address(chosen[0])
    if host not in LOOPBACK and not without_key:
        raise Misuse(
            f"at {host} everybody who reaches this machine could read its files",
            "listen on this machine and leave the rest to a tunnel, or pass --without-key",
        )
    try:
        serve(host, port, web_socket=tcp is None, origins=origins, client=client)
    except OSError as error:
        raise Misuse(f"cannot listen at {chosen[0]}: {error.strerror or error}") from None


def _address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `:PORT` or `PORT`; this machine where there is no host."""
    from ..lsp.listening import HERE

    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise Misuse(f"`{text}` is no address", "write PORT, or HOST:PORT; a port is a number up to 65535")
    return host.strip("[]") or HERE, int(port)
