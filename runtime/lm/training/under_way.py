"""Trainings that were begun at a server, found again by what was to be trained on what.

A file in the user's models notes a training before it is begun: at servers that speak OpenAI's protocol which
uploaded file it has, as a server tells of each job which file it trains on; at Databricks the token of its
run. So it is found again even where this process was killed before it heard the number. No key is kept.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ....base.files import write_atomically
from ....base.locks import in_turn_if_writable
from ...errors import LMUnknownModelError
from .settings import data_folder
from .wire import Server

_SKEW_SECONDS = 86_400
"""By how much the server's clock may be behind ours."""
_OVER = ("failed", "cancelled")


class Note:
    """What is kept of a training that was begun; where nothing can be written, nothing is kept.

    Args:
        training: what is trained on what, and where, in JSON's types.
    """

    def __init__(self, training: Sequence[Any]) -> None:
        said = json.dumps(list(training), sort_keys=True, default=str)
        self._place = data_folder() / "jobs" / f"{hashlib.sha256(said.encode()).hexdigest()[:32]}.json"

    @contextmanager
    def alone(self, look: Callable[[], None]) -> Iterator[None]:
        """Hold the training's lock while it is looked for or begun; `look` may end the wait for it."""
        with in_turn_if_writable(self._place.absolute(), look):
            yield

    def read(self) -> dict[str, Any]:
        """What was noted; nothing where there is no note."""
        try:
            kept = json.loads(self._place.read_bytes())
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def write(self, **facts: Any) -> None:
        """Note facts in place of the earlier ones."""
        with suppress(OSError):
            write_atomically(self._place, json.dumps(facts))

    def drop(self) -> None:
        """Forget the training: the same is begun anew."""
        with suppress(OSError):
            self._place.unlink(missing_ok=True)


class UnderWay:
    """What is known of the job of one training at a server that speaks OpenAI's protocol.

    Args:
        server: where it is trained.
        data: the conversations.
        asked: the rest of what the server is asked for.
    """

    def __init__(self, server: Server, data: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]) -> None:
        self.file: str | None = None
        """The uploaded file of the job that was found."""
        self._server = server
        self._note = Note([server.address, list(data), dict(asked)])
        self.alone = self._note.alone

    def keep(self, file: str, job: str | None = None) -> None:
        """Keep which file a job is created for, and its number once that is known."""
        self._note.write(file=file, job=job, at=int(time.time()))

    def number(self) -> str | None:
        """The number of the job that was begun, and goes on or has made a model that is still there.

        Raises:
            LMError: the server does not answer, or refuses the key: then no second job is begun.
        """
        found = self._found(self._note.read())
        if found is None or found["status"] in _OVER or not self._has_model(found):
            self._note.drop()
            return None
        self.file = str(found["training_file"])
        return str(found["id"])

    def _found(self, kept: Mapping[str, Any]) -> dict[str, Any] | None:
        number, file = kept.get("job"), kept.get("file")
        if number:
            return _unless_unknown(lambda: self._server.job(str(number)))
        return None if not file else _unless_unknown(lambda: self._of_file(file, int(kept.get("at") or 0)))

    def _of_file(self, file: str, at: int) -> dict[str, Any] | None:
        """The job that trains on a file, among those that were created since a time."""
        for each in self._server.jobs():
            if each.get("training_file") == file:
                return each
            if (each.get("created_at") or at) < at - _SKEW_SECONDS:
                break
        return None

    def _has_model(self, found: Mapping[str, Any]) -> bool:
        """Whether the model of a job that has ended was not deleted since."""
        name = found.get("fine_tuned_model")
        return found["status"] != "succeeded" or (
            bool(name) and _unless_unknown(lambda: self._server.model(str(name))) is not None
        )


def _unless_unknown(ask: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    """What a server answers; None where it does not know what it is asked for."""
    try:
        return ask()
    except LMUnknownModelError:
        return None
