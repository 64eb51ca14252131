"""Trainings in a process of their own, which go on when the one that began them ends.

A training's folder is named by what is trained on what, so the same training asked for again, by whichever
process, is waited for rather than begun anew: one that is under way, or one that has ended. A worker that
was killed leaves no result, and the next to ask starts it again; with `steps` or `epochs` that gives the
same model.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import fields
from pathlib import Path
from typing import Any

from ....base.files import write_atomically
from ....base.locks import Locked, open_alone
from ...errors import LMUnexpectedError
from ..gguf.places import model_path, torch_folder
from .finished import ended_before, training_key
from .settings import FinetuneSettings, Progress, data_folder

POLL_SECONDS = 0.1
WORKER = f"{__package__}.worker"


def train_apart(job: Any, model: str, data: Sequence[Mapping[str, Any]], settings: FinetuneSettings) -> str:
    """Train in a process of its own, and give the new file; what it tells goes to the job and to `progress`.

    Raises:
        CancelledError: the job was cancelled, which ends the process.
        LMUnexpectedError: the training failed, or its process was killed.
    """
    key = training_key(torch_folder(model) or model_path(model), data, settings)
    folder = _folder(key, settings)
    earlier = _ended(folder)
    if earlier is not None and (settings.fresh or not _is_there(earlier, key)) and not _is_alive(folder):
        # Trained anew: what failed before, and what another training has written over since.
        (folder / "result.json").unlink(missing_ok=True)
    if _ended(folder) is None:
        _begin(folder, model, data, settings)
    told = _Told(folder / "progress.jsonl")
    while (ended := _ended(folder)) is None:
        _pass_on(told, job, settings)
        _stop_if_asked(job, folder)
        if not _is_alive(folder) and _ended(folder) is None:
            words = f"the process that trained `{model}` was ended; what it said is in {folder / 'log'}"
            raise LMUnexpectedError(words)
        time.sleep(POLL_SECONDS)
    _pass_on(told, job, settings)
    if _is_there(ended, key):
        return str(ended["model"])
    (folder / "result.json").unlink(missing_ok=True)
    reason = ended.get("error") or "the new file has been removed; train again"
    raise LMUnexpectedError(f"the training of `{model}` failed: {reason}")


def _pass_on(told: _Told, job: Any, settings: FinetuneSettings) -> None:
    """Tell the job, and who listens, of the steps since the last look."""
    for progress in told.new():
        if (losses := getattr(job, "losses", None)) is not None:
            losses.append(progress.loss)
        if settings.progress is not None:
            settings.progress(progress)


def _stop_if_asked(job: Any, folder: Path) -> None:
    stop = getattr(job, "stop_if_cancelled", None)
    if stop is not None:
        try:
            stop()
        except CancelledError:
            (folder / "cancel").touch()
            raise


def _is_there(ended: Mapping[str, Any], key: str) -> bool:
    """Whether the model that a training has made is still what lies at its place."""
    place = Path(str(ended.get("model", "")).removeprefix("gguf/"))
    return "model" in ended and ended_before(place, key) is not None


def _folder(key: str, settings: FinetuneSettings) -> Path:
    digest = hashlib.sha256(f"{key} {settings.output}".encode()).hexdigest()
    return data_folder() / "jobs" / digest[:16]


def _begin(folder: Path, model: str, data: Sequence[Mapping[str, Any]], settings: FinetuneSettings) -> None:
    """Start the process, unless one is under way."""
    folder.mkdir(parents=True, exist_ok=True)
    if _is_alive(folder):
        return
    for name in ("cancel", "progress.jsonl"):
        (folder / name).unlink(missing_ok=True)
    given = {field.name: getattr(settings, field.name) for field in fields(settings)}
    given |= {"progress": None, "background": False}
    given["output"] = None if settings.output is None else os.fspath(settings.output)
    write_atomically(folder / "job.json", json.dumps({"model": model, "settings": given, "data": list(data)}))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with open(folder / "log", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", WORKER, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    _processes.append(process)
    while process.poll() is None and not _is_alive(folder) and _ended(folder) is None:
        time.sleep(POLL_SECONDS)


_processes: list[subprocess.Popen[bytes]] = []
"""Those that were begun here, so that they are not waited for when they are forgotten."""


def _is_alive(folder: Path) -> bool:
    """Whether a process works on it, which holds the lock."""
    for process in _processes:
        process.poll()
    if not (folder / "lock").exists():
        return False
    try:
        os.close(locked(folder))
    except Locked:
        return True
    return False


def locked(folder: Path) -> int:
    """Take the lock of a training's folder; gives what is to be closed.

    Raises:
        Locked: another process works on it.
    """
    return open_alone(folder / "lock", lambda: os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600))


def _ended(folder: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((folder / "result.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found


class _Told:
    """What the process has said of its steps."""

    def __init__(self, path: Path) -> None:
        self._path, self._read = path, 0

    def new(self) -> Iterator[Progress]:
        """The steps since the last look."""
        try:
            with open(self._path, "rb") as file:
                file.seek(self._read)
                lines = file.read()
        except OSError:
            return
        whole = lines[: lines.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            yield Progress(**json.loads(line))
