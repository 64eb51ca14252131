"""The language server and the prompt preview for a page: messages in, messages out, in one thread.

A Web Worker calls these functions; everything they take and give is JSON.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

from dspyc.lsp.connection import Connection, Message
from dspyc.lsp.dispatch import Dispatcher
from dspyc.lsp.lifecycle import dispatcher
from dspyc.lsp.scheduling import Later
from dspyc.lsp.session import Server

_THREADED = ("exports", "warm up")
"""Jobs that start a thread, or tune a process that lives long; a worker has neither."""

_NO_MODULE = "The file declares no module whose prompt could be shown; write `module NAME = Predict(…)`."


class _Outbox(Connection):
    """Keeps what is sent."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), io.BytesIO())
        self._sent: list[bytes] = []

    def send_body(self, body: bytes) -> None:
        """Keep a message."""
        self._sent.append(body)

    def take(self) -> str:
        """What was sent since the last time, as a JSON list."""
        bodies, self._sent = self._sent, []
        return "[" + ",".join(body.decode() for body in bodies) + "]"


class _Jobs(Later):
    """The jobs that can be done here."""

    def add(self, key: str, delay: float, run: Callable[[], None]) -> None:
        if key not in _THREADED:
            super().add(key, delay, run)


class _Inline(Dispatcher):
    """Answers in the caller's thread, also what concerns the whole project."""

    def __init__(self, server: Server) -> None:
        made = dispatcher(server)
        super().__init__(server, made._requests, made._notifications)
        self._worker = None

    def receive(self, message: Message) -> None:
        """Take a message, and do what it asks for."""
        if not self._arrived(message):
            self._handle(message)


class Session:
    """A page: its language server, and the files that it has."""

    def __init__(self) -> None:
        self._outbox = _Outbox()
        self._server = Server(self._outbox)
        self._server.later = _Jobs()
        self._dispatcher = _Inline(self._server)

    def receive(self, message: str) -> str:
        """Take a message of the Language Server Protocol; gives those that come of it, as a JSON list."""
        self._dispatcher.receive(json.loads(message))
        return self._outbox.take()

    def work(self) -> str:
        """Do what is due; gives the messages that come of it, as a JSON list."""
        self._server.later.run_one()
        return self._outbox.take()

    def wait(self) -> float:
        """The seconds until something is due; -1 for never."""
        wait = self._server.later.wait()
        return -1.0 if wait is None else wait


def prompts(text: str, name: str, folder: str, inputs: str = "{}") -> str:
    """The messages that a program sends. Nothing is executed but the program's own declarations: the text may
    come from the page's address, and Python could do in the page whatever its author likes.

    Args:
        text: the program's file.
        name: the module or program; "" for the first that the file has.
        folder: where the file is to stand.
        inputs: values of inputs as the page has them: JSON, texts by name; what is left out stands as {name}.

    Returns:
        JSON: `names`, `name`, `inputs` (the name of each and its type), and `prompts`, each with its
        `name`, its `messages` as pairs of role and text, and `tokens`; or an `error`; or `more`, where
        what only records need has to be loaded first.
    """
    from click import ClickException

    from dspyc.cli.opening import open_program
    from dspyc.cli.prompt import inputs_of_predictor, predictors_of, prompt_of, text_of
    from dspyc.loader.load import without_python
    from dspyc.loader.skeleton import stand_in
    from dspyc.project.inputs import convert

    given = json.loads(inputs)
    told: dict[str, object] = {"names": []}
    path = Path(folder, "main.dspy")
    os.makedirs(folder, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        with without_python(stand_in):
            loaded = open_program(path)
            names = loaded.of_kind("program", "module")
            if not names:
                return json.dumps(
                    {"names": [], "error": "The file declares no module whose prompt could be shown."}
                )
            chosen = name if name in names else names[0]
            parts = predictors_of(loaded.names[chosen])
            if not parts:
                return json.dumps({"names": names, "name": chosen, "error": f"`{chosen}` asks no model."})
            taken = {part: inputs_of_predictor(one) for part, one in parts.items()}
            shown = {each.name: each.shown for one in taken.values() for each in one}
            told = {"names": names, "name": chosen, "inputs": list(shown.items())}
            found = []
            for part, one in parts.items():
                known = [each for each in taken[part] if each.name in given]
                values = convert({each.name: given[each.name] for each in known}, known)
                found.append(prompt_of(part or chosen, one, values))
    except Exception as problem:  # noqa: BLE001  whatever a program raises while it is loaded
        if _needs_more(problem):
            return json.dumps({"more": True})
        error = f"{type(problem).__name__}: {problem}"
        if isinstance(problem, ClickException):
            error = getattr(problem, "report_text", problem.format_message)()
        return json.dumps({**told, "error": error})
    told["prompts"] = [
        {
            "name": one.name,
            "messages": [[message["role"], text_of(message)] for message in one.messages],
            "tokens": one.tokens,
        }
        for one in found
    ]
    return json.dumps(told)


def _needs_more(problem: BaseException | None) -> bool:
    """Whether what is missing is what `pack.py` packs for records."""
    while problem is not None:
        if isinstance(problem, ModuleNotFoundError) and problem.name in _FOR_RECORDS:
            return True
        problem = problem.__cause__ or problem.__context__
    return False


_FOR_RECORDS = ("pydantic", "pydantic_core", "annotated_types", "typing_inspection")
