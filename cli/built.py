"""Files that `dspyc build` has written, which it may replace."""

from __future__ import annotations

import filecmp
import json
import shutil
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path

from ..base.files import UnreadableFile, read_regular, replacing, write_atomically
from .errors import Refusal
from .files import shown

_OURS = ("# Compiled from ", "# Built from ")
"""How the comment begins that stands at the top of modules that were built here."""
_LARGEST_BUILT = 256 << 20
"""In bytes; a larger module was not built here."""
LARGEST_STATE = 64 << 20
_MODEL = ".gguf"


def is_ours(path: Path) -> bool:
    """Whether a file says in its first lines that it was built here."""
    try:
        text = read_regular(path, _LARGEST_BUILT)
    except UnreadableFile:
        return False
    head = takewhile(lambda line: line.startswith("#"), text.splitlines())
    return any(line.startswith(_OURS) for line in head)


def verify_ours(target: Path) -> None:
    """Refuse to overwrite a file that another hand, or another tool, has written."""
    if target.exists() and not is_ours(target):
        raise Refusal(
            f"{shown(target)} was not written by dspyc",
            "choose another --out. Nothing was written",
        )


def verify_copy(path: Path, place: Path) -> None:
    """Refuse to put a file where another one is that was not written here.

    An older state of a program, or an older model, is what an earlier build has copied. One that is newer
    than what would be copied was changed where it is.
    """
    if not place.exists() or (place.is_file() and filecmp.cmp(path, place, shallow=False)):
        return
    is_older = place.stat().st_mtime_ns <= path.stat().st_mtime_ns
    if is_ours(place) or (is_older and (_is_model(place) or _is_state(place))):
        return
    raise Refusal(
        f"{shown(place)} is not the same as {shown(path)}, which would be copied there",
        "remove it, or choose another --out. Nothing was written",
    )


def _is_model(place: Path) -> bool:
    """Whether a file is a model, or one of a model's folder."""
    from ..runtime.state.trained import is_part_of_model

    return place.suffix == _MODEL or is_part_of_model(place)


def _is_state(place: Path) -> bool:
    """Whether a file is the state of a program, as this package writes it."""
    try:
        found = json.loads(read_regular(place, LARGEST_STATE))
    except (UnreadableFile, ValueError):
        return False
    return isinstance(found, dict) and isinstance(found.get("predictors"), dict)


def write(texts: Mapping[Path, str]) -> None:
    """Write modules, each to its place."""
    for place, text in texts.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, text)


def copy(path: Path, place: Path) -> None:
    """Put a copy of a file in a place, in one step."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as content, replacing(place) as target:
        shutil.copyfileobj(content, target)
