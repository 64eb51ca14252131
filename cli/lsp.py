"""`dspyc lsp`: the language server."""

from __future__ import annotations

import click


@click.command
@click.option(
    "--stdio", is_flag=True, help="Talk over standard input and output; the default, and what editors pass."
)
def command(stdio: bool) -> None:
    """Start the language server, for editors.

    It talks over standard input and output; an editor starts it. The VS Code extension does so by itself.

    \b
    Example, Neovim 0.11:
      vim.lsp.config.dspyc = { cmd = { "dspyc", "lsp" }, filetypes = { "dspyc" } }
    """
    from ..lsp.server import main

    main()
