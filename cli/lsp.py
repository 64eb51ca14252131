"""`dspyc lsp`: the language server."""

from __future__ import annotations

import click


@click.command
@click.option(
    "--stdio", is_flag=True, help="Communicate over standard input and output (the default; editors pass it)."
)
def command(stdio: bool) -> None:
    """Start the language server, for editors.

    It communicates over standard input and output, and is usually started by an editor. The VS Code
    extension starts it automatically.

    \b
    Example, Neovim 0.11:
      vim.lsp.config.dspyc = { cmd = { "dspyc", "lsp" }, filetypes = { "dspyc" } }
    """
    from ..lsp.server import main

    main()
