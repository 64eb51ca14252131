"""`dspyc mcp`: the checks and the questions about names as tools for coding agents."""

from __future__ import annotations

import os

import click

from .errors import Refusal


@click.command
@click.option(
    "--allow-run",
    is_flag=True,
    help="Also offer to run programs and tests, which call models, and to load files that import Python.",
)
def command(allow_run: bool) -> int:
    """Offer checks, fixes and prompts to coding agents, by MCP.

    It answers on standard input and output about the .dspy files below the working folder. It writes nothing
    outside of it, and reads only the project's settings and installed packages there. No program runs unless
    --allow-run is given.

    \b
    Examples:
      claude mcp add dspyc -- dspyc mcp
      dspyc mcp --allow-run
    """
    import asyncio
    from contextlib import suppress
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        raise Refusal("this needs packages that are not installed", 'run `pip install "dspyc[mcp]"`')
    from ..assist.folder import Folder
    from ..assist.server import serve_stdio

    with suppress(KeyboardInterrupt):
        asyncio.run(serve_stdio(Folder(os.getcwd()), allow_run=allow_run))
    return 0
