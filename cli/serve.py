"""`dspyc serve`: programs as typed HTTP endpoints, or as tools of an MCP server."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..base.text import list_names
from .console import say
from .errors import Refusal
from .listening import listen, require, run_server
from .models import lm_option

if TYPE_CHECKING:
    from ..serving.endpoints import Endpoint
    from ..serving.settings import Settings

_LOOK_SECONDS = 1.0
"""How often a worker process looks whether its parent is there."""


@click.command
@click.argument("targets", nargs=-1, required=True, metavar="FILE[:NAME]…", type=click.Path())
@lm_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes answer."
)
@click.option(
    "--max-concurrency",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    help="Runs at once in a process.",
)
@click.option(
    "--max-waiting",
    type=click.IntRange(0),
    default=256,
    show_default=True,
    help="How many more runs wait; others get a 503.",
)
@click.option(
    "--max-body",
    type=click.IntRange(1),
    default=4 << 20,
    show_default=True,
    help="The largest body, in bytes.",
)
@click.option(
    "--max-batch", type=click.IntRange(1), default=1000, show_default=True, help="The most rows of a batch."
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=300.0,
    show_default=True,
    help="Seconds that a run may take.",
)
@click.option(
    "--grace",
    type=click.IntRange(0),
    default=30,
    show_default=True,
    help="Seconds that runs have to end after a stop was asked for.",
)
@click.option("--without-key", is_flag=True, help="Let anybody call who can reach the address.")
@click.option("--quiet", is_flag=True, help="Do not log each request.")
@click.option(
    "--mcp", "as_tools", is_flag=True, help="Offer the programs as MCP tools on standard input and output."
)
def command(
    targets: tuple[str, ...],
    models: tuple[str, ...],
    host: str,
    port: int,
    workers: int,
    max_concurrency: int,
    max_waiting: int,
    max_body: int,
    max_batch: int,
    timeout: float,
    grace: int,
    without_key: bool,
    quiet: bool,
    as_tools: bool,
) -> int:
    """Serve programs over HTTP, with a page and an OpenAPI document.

    Each program is at POST /programs/NAME: inputs as a JSON object, outputs as one. /stream gives
    server-sent events, /batch takes many rows. Callers send a key of the environment variable
    DSPYC_SERVE_KEY if it is set (several are separated by commas), as `Authorization: Bearer KEY`.

    The service listens on this machine alone unless --host says otherwise. SIGTERM and Ctrl-C stop it: runs
    under way end first.

    \b
    Examples:
      dspyc serve banking.dspy
      dspyc serve banking.dspy:classify article.dspy --port 9000 --lm openai/gpt-4o-mini
      DSPYC_SERVE_KEY=… dspyc serve banking.dspy --host 0.0.0.0 --workers 4
      dspyc serve --mcp banking.dspy
    """
    from ..base.loopback import LOOPBACK
    from ..project.programs import split_target
    from ..serving.settings import Settings, keys

    settings = Settings(
        targets=tuple((str(path), name) for path, name in map(split_target, targets)),
        models=models,
        local=host in LOOPBACK,
        max_body=max_body,
        max_concurrency=max_concurrency,
        max_waiting=max_waiting,
        max_batch=max_batch,
        timeout=timeout,
        version=_version(),
    )
    if not as_tools and not settings.local and not keys() and not without_key:
        raise Refusal(
            f"at {host} everybody who reaches this machine could run the programs",
            "set DSPYC_SERVE_KEY to the key that callers have to send, or pass --without-key",
        )
    require(
        "mcp" if as_tools else "serve",
        ("mcp",) if as_tools else ("starlette", "uvicorn", "prometheus_client"),
    )
    if as_tools:
        return _serve_tools(settings)
    return _serve_http(settings, host, port, workers, grace, "warning" if quiet else "info")


def endpoints_of(settings: Settings) -> list[Endpoint]:
    """The programs that are served, from their files.

    Raises:
        Refusal: a file cannot be loaded, has no program, or two programs have the same name.
    """
    from contextvars import copy_context

    from ..project.programs import choose_program, used_names
    from ..serving.endpoints import Endpoint
    from .models import read_models
    from .opening import open_program

    chosen = read_models(settings.models)
    files = [(open_program(Path(path)), name) for path, name in settings.targets]
    chosen.verify([loaded for loaded, _ in files])
    found: dict[str, Endpoint] = {}
    for loaded, name in files:
        before = copy_context()
        inside = copy_context()
        # For as long as the process lives: what is entered here is never left.
        inside.run(chosen.answering(loaded).__enter__)
        changed = [(each, value) for each, value in inside.items() if before.get(each, inside) is not value]
        known = loaded.of_kind("program", "module")
        used = used_names(loaded.analysis.program)
        names = (
            [choose_program(loaded, name)] if name is not None else [one for one in known if one not in used]
        )
        for each in names or [choose_program(loaded, None)]:
            if each in found:
                raise Refusal(
                    f"two of the programs are called `{each}`", f"serve one of them: {loaded.shown}:NAME"
                )
            found[each] = Endpoint(loaded, each, changed)
    return list(found.values())


def _serve_http(settings: Settings, host: str, port: int, workers: int, grace: int, level: str) -> int:
    import uvicorn

    from ..serving.connections import Connection
    from ..serving.logs import log_config

    listener = listen(host, port)
    options: dict[str, Any] = {
        "log_config": log_config(level),
        # By name, because worker processes are started anew.
        "http": f"{Connection.__module__}:{Connection.__name__}",
        "timeout_graceful_shutdown": grace,
        "timeout_keep_alive": 30,
        "server_header": False,
        "lifespan": "off",
    }
    with listener, tempfile.TemporaryDirectory(prefix="dspyc-serve-") as folder:
        if workers > 1:
            # Before prometheus_client is imported, which looks for it then.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        endpoints = endpoints_of(settings)
        _say_where(listener, endpoints)
        if workers == 1:
            from ..serving.app import make_app

            run_server(uvicorn.Server(uvicorn.Config(make_app(endpoints, settings), **options)), listener)
            return 0
        from uvicorn.supervisors import Multiprocess

        settings.hand_on()
        config = uvicorn.Config(
            f"{__name__}:worker_app",
            factory=True,
            workers=workers,
            # A process that is busy for some seconds is no dead one.
            timeout_worker_healthcheck=60,
            **options,
        )
        Multiprocess(config, sockets=[listener]).run()
    return 0


def worker_app() -> Any:
    """The application in a worker process."""
    from ..serving.app import make_app
    from ..serving.settings import Settings

    threading.Thread(target=_end_with_parent, args=(os.getppid(),), name="dspyc-parent", daemon=True).start()
    settings = Settings.handed_on()
    return make_app(endpoints_of(settings), settings)


def _end_with_parent(parent: int) -> None:
    """Stop this worker process, in good order, once the process that supervises it is gone."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _say_where(listener: socket.socket, endpoints: Sequence[Endpoint]) -> None:
    # Whoever waits for this line may connect at once; the request waits until the server takes it.
    listener.listen(2048)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    say(f"Serving {list_names(one.name for one in endpoints)} at http://{shown}:{port}", error=True)


def _serve_tools(settings: Settings) -> int:
    import asyncio
    from contextlib import suppress

    from ..serving.tools import serve_stdio

    endpoints = endpoints_of(settings)
    with suppress(KeyboardInterrupt):
        asyncio.run(serve_stdio(endpoints, settings))
    return 0


def _version() -> str:
    from ..base.version import VERSION

    return VERSION
