"""`dspyc ui`: runs, evaluations and optimisations in a browser."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click

from .console import say
from .errors import Refusal
from .listening import listen, require, run_server


@click.command
@click.argument("folder", metavar="[FOLDER]", default=".", type=click.Path(path_type=Path))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="The port to listen on; a free one unless given.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def command(folder: Path, port: int, opens: bool) -> int:
    """Look at runs, evaluations and optimisations in a browser.

    Shows what there is below FOLDER (the working folder by default): traces (`--trace`), reports
    (`--report`), rows (`--output FILE.json`), what programs have learned, and journals of runs that go on or
    were interrupted. What is written meanwhile appears by itself. Nothing is changed and nothing leaves this
    machine.

    The page is on this machine alone, and needs the token that is in its address. Ctrl-C ends it.

    \b
    Examples:
      dspyc ui
      dspyc ui runs --open
      dspyc run rag.dspy question="…" --trace runs/rag.trace.jsonl --trace-content
    """
    if not folder.is_dir():
        raise Refusal(f"{folder} is not a folder" if folder.exists() else f"there is no folder {folder}")
    require("serve", ("starlette", "uvicorn"))
    import uvicorn

    from ..viewing.app import make_app
    from ..viewing.gate import Gate

    with listen("127.0.0.1", port) as listener:
        # Whoever opens the address at once is not refused.
        listener.listen()
        gate = Gate(secrets.token_urlsafe(24), listener.getsockname()[1])
        address = f"http://127.0.0.1:{gate.port}/?token={gate.token}"
        options: dict[str, Any] = {
            "log_level": "warning",
            "access_log": False,
            "server_header": False,
            "lifespan": "off",
            # A page that listens for changes never ends by itself.
            "timeout_graceful_shutdown": 1,
        }
        server = uvicorn.Server(uvicorn.Config(make_app(folder, gate), **options))
        say(f"Open {address}", error=True)
        with _opened(address) if opens else nullcontext():
            run_server(server, listener)
    return 0


@contextmanager
def _opened(address: str) -> Iterator[None]:
    """Open an address in the browser, by a file for its owner alone that is there while the block runs.

    Everybody on this machine may see what a browser is started with, and the token is in the address.
    """
    import tempfile
    import webbrowser

    with tempfile.TemporaryDirectory(prefix="dspyc-ui-") as folder:
        page = Path(folder) / "open.html"
        page.touch(0o600)
        page.write_text(_PAGE.format(address=address), "utf-8")
        webbrowser.open(page.as_uri())
        yield


_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}">
<title>dspyc</title>
<a href="{address}">Open the page</a>
"""
