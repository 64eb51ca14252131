"""Trainings that have ended, found again by what was trained on what.

The new model's file says which training it came from. So a program whose process is killed after a training
and before its state is written takes the model from there when it is run again, and a training that is asked
for twice is done once: the mark is in the file itself, which is there whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ....base.version import VERSION
from ..gguf.folder import is_folder, training_of
from ..gguf.header import TRAINING, is_whole, text_fact
from ..gguf.safetensors import has_all_tensors
from .settings import FinetuneSettings

_PARTS = (".json", ".safetensors", ".jinja", ".model", ".txt")
"""The endings of the files in a folder that make a model what it is."""


@dataclass(frozen=True)
class Ended:
    """What a model's file says of its training.

    Attributes:
        key: which training it was; see `training_key`.
        losses: the loss of each step.
        validation_losses: those of the rows held out, where there were any.
    """

    key: str
    losses: Sequence[float] = ()
    validation_losses: Sequence[float] = ()

    @classmethod
    def of(cls, key: str, job: Any) -> Ended:
        """The training that a job has just done."""
        losses, validation_losses = getattr(job, "losses", ()), getattr(job, "validation_losses", ())
        return cls(key, list(losses), list(validation_losses))

    def facts(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return asdict(self)

    def tell(self, job: Any) -> None:
        """Let a job that asks for the same training know the losses of it."""
        for name in ("losses", "validation_losses"):
            getattr(job, name, []).extend(getattr(self, name))


def training_key(base: Path, data: Sequence[Mapping[str, Any]], settings: FinetuneSettings) -> str:
    """What a training is, as a digest: the base model's content, the data, all settings that change the
    result, and this version of dspyc.

    Args:
        base: the base model's file or folder.
        data: the conversations.
        settings: how it is trained.
    """
    how = replace(settings, output=None, progress=None, background=False, fresh=False)
    said = [VERSION, content_digest(base), list(data), str(how)]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def ended_before(place: Path, key: str) -> Ended | None:
    """The training of this key, where it has left its model at this place; None for every other model."""
    try:
        if place.suffix == ".gguf":
            said = json.loads(text_fact(place, TRAINING) or "null") if is_whole(place) else None
        else:
            said = training_of(place) if is_folder(place) and has_all_tensors(place) else None
        ended = Ended(**said) if isinstance(said, dict) else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, struct.error):
        return None
    return ended if ended is not None and ended.key == key else None


def content_digest(base: Path) -> str:
    """What tells a model's content from another's, wherever it lies."""
    if base.is_dir():
        files = sorted(each for each in base.iterdir() if each.suffix in _PARTS and each.is_file())
    else:
        files = [base]
    whole = hashlib.sha256()
    for file in files:
        facts = file.stat()
        name = file.name if base.is_dir() else ""
        whole.update(
            f"{name}\0{_file_digest(file, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)}\0".encode()
        )
    return whole.hexdigest()


@lru_cache(maxsize=256)
def _file_digest(file: Path, *changed: int) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
