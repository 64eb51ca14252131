"""What differs between two states, of `dspyc optimize`, of `module.save` or of DSPy."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import StateError
from .files import read_state
from .models import model_file

Demo = Mapping[str, Any]


@dataclass(frozen=True)
class Learned:
    """What a state says of one predictor.

    Attributes:
        instructions: its instructions.
        demos: its demos, each with its fields.
        model: its model with its settings; None where it has none of its own.
        weights: the digest of the model's file; None without one, "" where it is no file beside the state.
        file: this file; None without one.
        state: the file of the state.
        settings: those of its calls.
    """

    instructions: str
    demos: tuple[Demo, ...]
    model: Mapping[str, Any] | None
    weights: str | None
    file: Path | None = None
    state: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PredictorDifference:
    """What differs in one predictor; a part that is equal is None or empty.

    Attributes:
        predictor: its name.
        only_in: "first" or "second" where only that state has it.
        instructions: both, where they differ.
        removed: the demos that only the first state has.
        added: those that only the second one has.
        is_reordered: the demos are the same ones in another order.
        demo_counts: how many demos both have.
        model: both models, where these or their settings differ.
        weights: the model's file has another content; None where that cannot be told, because one of the
            files is missing, or both states name the same one.
        settings: those of the calls in both, where they differ.
    """

    predictor: str
    only_in: str = ""
    instructions: tuple[str, str] | None = None
    removed: tuple[Demo, ...] = ()
    added: tuple[Demo, ...] = ()
    is_reordered: bool = False
    demo_counts: tuple[int, int] = (0, 0)
    model: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None] | None = None
    weights: bool | None = False
    settings: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        parts = (self.only_in, self.instructions, self.removed, self.added, self.model, self.settings)
        return not any(parts) and not self.is_reordered and self.weights is False


def read_learned(path: Path) -> tuple[dict[str, Learned], dict[str, Any]]:
    """What a state file says of each predictor, and what else it says: score, optimizer, date.

    Raises:
        StateError: it is no state.
    """
    content = read_state(path)
    is_program = "dspyc_state" in content
    entries = content.get("predictors") if is_program else content
    known = ("score", "optimizer", "created", "program")
    facts: dict[str, Any] = {name: content[name] for name in known if name in content}
    if not isinstance(entries, Mapping):
        raise StateError(f"{path} is not a state: it has no predictors")
    found = {
        str(name): _learned(path, str(name), entry)
        for name, entry in entries.items()
        if is_program or name != "metadata"
    }
    if not found and not is_program:
        raise StateError(f"{path} is not a state: it has no predictors")
    return found, facts if is_program else {}


def differences(first: Mapping[str, Learned], second: Mapping[str, Learned]) -> list[PredictorDifference]:
    """What differs in which predictor, in the order of the first state and then of the second."""
    found = []
    for name in dict.fromkeys([*first, *second]):
        before, after = first.get(name), second.get(name)
        if before is None or after is None:
            found.append(PredictorDifference(name, only_in="second" if before is None else "first"))
        elif not (one := _difference(name, before, after)).is_empty:
            found.append(one)
    return found


def _difference(name: str, before: Learned, after: Learned) -> PredictorDifference:
    removed = _without(before.demos, after.demos)
    added = _without(after.demos, before.demos)
    return PredictorDifference(
        name,
        instructions=(
            (before.instructions, after.instructions) if before.instructions != after.instructions else None
        ),
        removed=removed,
        added=added,
        is_reordered=not removed
        and not added
        and list(map(_text, before.demos)) != list(map(_text, after.demos)),
        demo_counts=(len(before.demos), len(after.demos)),
        model=(before.model, after.model) if before.model != after.model else None,
        weights=_weights_differ(before, after),
        settings=(before.settings, after.settings) if before.settings != after.settings else None,
    )


def _weights_differ(before: Learned, after: Learned) -> bool | None:
    if None in (before.weights, after.weights) or before.state == after.state:
        return False
    if "" in (before.weights, after.weights) or before.file == after.file:
        return None
    return before.weights != after.weights


def _without(demos: Sequence[Demo], others: Sequence[Demo]) -> tuple[Demo, ...]:
    """The demos that are not among others, each of which counts once."""
    left = Counter(map(_text, others))
    found = []
    for demo in demos:
        if left[text := _text(demo)]:
            left[text] -= 1
        else:
            found.append(demo)
    return tuple(found)


def _text(demo: Demo) -> str:
    """What prompts show of a demo: not whether it is from a run of a teacher."""
    return json.dumps({name: value for name, value in demo.items() if name != "augmented"}, sort_keys=True)


def _learned(path: Path, name: str, entry: Any) -> Learned:
    if not isinstance(entry, Mapping):
        raise StateError(f"{path} is not a state: the entry `{name}` is not an object")
    signature = entry.get("signature")
    instructions = entry.get("instructions")
    if instructions is None and isinstance(signature, Mapping):
        instructions = signature.get("instructions")
    demos, lm = entry.get("demos"), entry.get("lm")
    is_state = isinstance(instructions, str) and isinstance(demos, list)
    if not is_state or not all(isinstance(demo, Mapping) for demo in demos or ()):
        raise StateError(f"{path} is not a state: the entry `{name}` lacks instructions or demos")
    if lm is not None and not (isinstance(lm, Mapping) and isinstance(lm.get("model"), str)):
        raise StateError(f"{path} is not a state: the `lm` of `{name}` does not name a model")
    settings = entry.get("config") or {}
    if not isinstance(settings, Mapping):
        raise StateError(f"{path} is not a state: the `config` of `{name}` is not an object")
    assert isinstance(instructions, str)
    folder = path.resolve().parent
    file = model_file(lm, folder)
    weights = _weights(file, folder)
    return Learned(instructions, tuple(demos or ()), lm, weights, file, path.resolve(), settings)


def _weights(file: Path | None, folder: Path) -> str | None:
    """The digest of a model's file. A state may come from anywhere, so it opens no other than one beside it,
    and waits for no device.
    """
    if file is None:
        return None
    try:
        if file.parent != folder or not file.is_file():
            return ""
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""
