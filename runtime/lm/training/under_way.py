"""Trainings that were begun at a server, found again by what was to be trained on what.

A file in the user's models notes a training before it is begun: at servers that speak OpenAI's protocol which
uploaded file it has, as a server tells of each job which file it trains on; at Databricks the token of its
run. So it is found again even where this process was killed before it heard the number. No key is kept.
"""

from __future__ import annotations

import hashlib
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from ....base.files import write_atomically
from ....base.locks import in_turn_if_writable
from ...errors import LMInvalidRequestError, LMUnknownModelError
from .settings import data_folder
from .wire import Server
from .workspace import SUCCEEDED, Workspace

_SKEW_SECONDS = 86_400
"""By how much the server's clock may be behind ours."""
_OVER = ("failed", "cancelled")
_T = TypeVar("_T")


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


class UnderWay(ABC):
    """What is known of one training at a server; subclasses say how it is found there.

    Args:
        training: what is trained on what, and where, in JSON's types.
    """

    def __init__(self, training: Sequence[Any]) -> None:
        self.note = Note(training)
        self.alone = self.note.alone

    def number(self) -> str | None:
        """The number of the training that was begun, and goes on or has made a model that is still there.

        Raises:
            LMError: the server does not answer, or refuses the key: then no second training is begun.
        """
        kept = self.note.read()
        number = self._found(kept) if kept else None
        if kept and number is None and self._is_over(kept):
            self.note.drop()
        return number

    @abstractmethod
    def _found(self, kept: Mapping[str, Any]) -> str | None:
        """The number there of a noted training that goes on, or whose model is still there."""

    def _is_over(self, kept: Mapping[str, Any]) -> bool:
        """Whether a noted training that is not found is never going to be."""
        return True


class JobUnderWay(UnderWay):
    """The job of a training at a server that speaks OpenAI's protocol.

    Args:
        server: where it is trained.
        data: the conversations.
        asked: the rest of what the server is asked for.
    """

    def __init__(self, server: Server, data: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]) -> None:
        super().__init__([server.address, list(data), dict(asked)])
        self.file: str | None = None
        """The uploaded file of the job that was found."""
        self._server = server

    def keep(self, file: str, job: str | None = None) -> None:
        """Keep which file a job is created for, and its number once that is known."""
        self.note.write(file=file, job=job, at=int(time.time()))

    def _found(self, kept: Mapping[str, Any]) -> str | None:
        number, file = kept.get("job"), kept.get("file")
        found = None
        if number:
            found = _unless_unknown(lambda: self._server.job(str(number)))
        elif file:
            found = _unless_unknown(lambda: self._of_file(file, int(kept.get("at") or 0)))
        if found is None or found["status"] in _OVER or not self._has_model(found):
            return None
        self.file = str(found["training_file"])
        return str(found["id"])

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


class RunUnderWay(UnderWay):
    """The run of a training at Databricks.

    Args:
        workspace: where it is trained.
        training: what is trained on what.
        model: the registered model that gets a new version.
    """

    def __init__(self, workspace: Workspace, training: Sequence[Any], model: str) -> None:
        super().__init__([workspace.address, *training])
        self.version: str | None = None
        """The version of the model that the run has made, where it was served."""
        self._workspace, self._model = workspace, model

    @property
    def token(self) -> str | None:
        """The token of a run that was begun, and whose number nobody heard."""
        found = self.note.read().get("token")
        return str(found) if found else None

    def keep(self, token: str | None = None, run: int | None = None, version: str | None = None) -> None:
        """Keep the token of a run, its number once that is known, and the version that it has made."""
        told = {"token": token, "run": run, "version": version}
        self.note.write(**{**self.note.read(), **{name: each for name, each in told.items() if each}})

    def _found(self, kept: Mapping[str, Any]) -> str | None:
        run, version = kept.get("run"), kept.get("version")
        if not run:
            return None
        if version:
            # Databricks forgets runs after some weeks, and keeps the models that they have made.
            self.version = str(version)
            return str(run) if _unless_unknown(self._has_version) else None
        found = _unless_unknown(lambda: self._workspace.run(int(run)), f"Run {run} does not exist")
        end = ((found or {}).get("status") or {}).get("termination_details") or {}
        has_failed = bool(end) and end.get("code") not in SUCCEEDED
        return None if found is None or has_failed else str(run)

    def _is_over(self, kept: Mapping[str, Any]) -> bool:
        return bool(kept.get("run"))

    def _has_version(self) -> bool:
        """Whether the version was not deleted since."""
        found = (each for each in self._workspace.versions(self._model))
        return any(str(each.get("version")) == self.version for each in found)


def _unless_unknown(ask: Callable[[], _T | None], says: str | None = None) -> _T | None:
    """What a server answers; None where it does not know what it is asked for.

    Args:
        ask: asks it.
        says: what it says of that where it answers with 400 and not with 404, as Databricks does for runs.

    Raises:
        LMError: any other failure: then it may know it, and what it knows must not be begun a second time.
    """
    try:
        return ask()
    except LMUnknownModelError:
        return None
    except LMInvalidRequestError as error:
        if says is None or says not in str(error):
            raise
        return None
