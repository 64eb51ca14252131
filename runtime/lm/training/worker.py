"""The process of a training in the background: `python -m dspyc.runtime.lm.training.worker FOLDER`."""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import CancelledError
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ....base.files import write_atomically
from ....base.locks import Locked
from .background import POLL_SECONDS, locked
from .local import LocalProvider, LocalTrainingJob
from .settings import Progress

LOOKS = 30
"""How often a process that begins tries to get the lock."""


def work(folder: Path) -> None:
    """What the process does: train, and leave the result in the folder."""
    lock = _taken(folder)
    if lock is None:
        return
    try:
        result: dict[str, Any] = {"model": _trained(folder)}
    except CancelledError:
        return
    except Exception as error:  # noqa: BLE001 it is told to whoever asks for the result
        result = {"error": str(error)}
    write_atomically(folder / "result.json", json.dumps(result))
    os.close(lock)


def _taken(folder: Path) -> int | None:
    """The lock; None when another process works on the training. A look at the lock holds it for a moment."""
    for _ in range(LOOKS):
        try:
            return locked(folder)
        except Locked:
            time.sleep(POLL_SECONDS)
    return None


def _trained(folder: Path) -> str:
    asked = json.loads((folder / "job.json").read_bytes())
    settings = {name: value for name, value in asked["settings"].items() if value is not None}
    with open(folder / "progress.jsonl", "w", encoding="utf-8", buffering=1) as told:

        def tell(progress: Progress) -> None:
            told.write(json.dumps(asdict(progress)) + "\n")
            if (folder / "cancel").exists():
                raise CancelledError

        given = {**settings, "progress": tell}
        return LocalProvider.finetune(
            LocalTrainingJob(asked["model"]), asked["model"], asked["data"], "chat", given
        )


if __name__ == "__main__":
    work(Path(sys.argv[1]))
