"""Commands that the server runs for a client which has no way of its own: `dspyc test` and the like.

Each runs in a process of its own, so that the server goes on answering; the user is told of its end, and the
client's log has what it printed. A client that runs these commands itself, in a terminal, says so by
`initializationOptions.commands`. For a client over the network nothing is run.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

from ..protocol import ExecuteCommandParams, MessageType, ShowMessageParams
from ..session import Refusal, Server
from . import last_results
from .handler import Handler

COMMANDS = ("dspyc.run", "dspyc.prompt", "dspyc.test", "dspyc.eval", "dspyc.optimize")
LONGEST = 20_000
"""Characters of what a command printed that are written to the log: the last ones."""


def command_line(command: str, arguments: list[Any]) -> list[str]:
    """What runs a command of a lens: the words behind `dspyc`. Raises ValueError for what is none."""
    word = command.removeprefix("dspyc.")
    if command not in COMMANDS or not arguments or not all(isinstance(each, str) for each in arguments):
        raise ValueError(command)
    path, *rest = arguments
    if word == "test":
        return ["test", path, *(["-k", rest[0]] if rest else [])]
    return [word, f"{path}:{rest[0]}" if rest else path]


def _execute(server: Server, params: ExecuteCommandParams) -> None:
    """Start a command; its user hears of its end."""
    if not server.is_near:
        raise Refusal("this server starts no commands for clients over the network")
    try:
        words = command_line(params.command, params.arguments)
    except ValueError:
        raise Refusal(f"`{params.command}` with these arguments is no command of this server") from None
    threading.Thread(target=_run, args=(server, words), name="command", daemon=True).start()


def _run(server: Server, words: list[str]) -> None:
    shown = " ".join(["dspyc", *words])
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "dspyc", "--color", "never", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        _show(server, MessageType.ERROR, f"{shown} could not be started: {error}")
        return
    server.log(MessageType.LOG, f"{shown}\n{done.stdout[-LONGEST:]}")
    last = next((line for line in reversed(done.stdout.splitlines()) if line.strip()), "it printed nothing")
    level = MessageType.INFO if done.returncode == 0 else MessageType.ERROR
    _show(server, level, f"{shown}: {last.strip()}")
    last_results.refresh(server)


def _show(server: Server, level: MessageType, message: str) -> None:
    server.connection.notify("window/showMessage", ShowMessageParams(int(level), message))


HANDLERS = {"workspace/executeCommand": Handler(ExecuteCommandParams, _execute)}
CAPABILITIES = {"executeCommandProvider": {"commands": list(COMMANDS)}}
