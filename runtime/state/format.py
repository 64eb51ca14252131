"""Optimised states: what an optimizer learned, with what, and for which signatures; a readable JSON file.

    {
      "dspyc_state": 1,
      "program": "router",
      "created": "2026-11-21T08:30:00+00:00",
      "optimizer": {"name": "BootstrapFinetune", "parameters": {"metric": "same_label", "num_threads": 6}},
      "arguments": {"trainset": "train.csv, 616 rows", "teacher": "classify"},
      "score": {"before": 22.7, "after": 65.6, "metric": "same_label", "examples": 154},
      "predictors": {
        "self": {
          "instructions": "Name the intent of a bank customer's message.",
          "demos": [],
          "lm": {"model": "gguf/distil.router.gguf", "temperature": 0.0},
          "config": {"top_p": 0.9},
          "signature": {"instructions": …, "inputs": {"text": "str"}, "outputs": {…}, "fingerprint": "…"}
        }
      },
      "candidates": []
    }

`instructions`, `demos`, `lm` and `config` are what was learned (`lm` is null where the optimizer left the
model alone; `config`, the settings of the predictor's calls, is there only where it changed them);
`signature` is the source's, as it was then. A program uses what was learned for a predictor only as long as
its signature is still that one. Nothing in the file is ever executed or unpickled, and it holds no keys.
"""

from __future__ import annotations

import enum
import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints, is_typeddict

from ..errors import StateError, list_names
from ..types.annotations import type_name
from .demos import plain_demo, typed_demo
from .files import read_state, write_atomically
from .models import SAMPLING, kept_settings, model_file, restored_lm, saved_lm

logger = logging.getLogger("dspyc")

VERSION = 1
MOST_CANDIDATES = 10
"""How many of the programs that were tried a state keeps."""


@dataclass(frozen=True)
class PredictorState:
    """What was learned for one predictor, and the signature it belongs to."""

    instructions: str
    demos: list[dict[str, Any]]
    lm: dict[str, Any] | None
    signature: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] | None = None


@dataclass(frozen=True)
class CandidateState:
    """A program that was tried: its score, its seed, and what it had learned by predictor."""

    score: float
    seed: int | None
    predictors: dict[str, PredictorState]


@dataclass(frozen=True)
class ProgramState:
    """The whole content of a state file; `facts` are the entries for readers: optimizer, score, dates."""

    program: str
    predictors: dict[str, PredictorState]
    candidates: tuple[CandidateState, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


# --- signatures ------------------------------------------------------------------------------------------


def signature_facts(signature: Any) -> dict[str, Any]:
    """What a state says of a signature: instructions, the fields' types as text, and a fingerprint of all."""
    inputs = {name: type_name(one.annotation) for name, one in signature.input_fields.items()}
    outputs = {name: type_name(one.annotation) for name, one in signature.output_fields.items()}
    definitions: dict[str, Any] = {}
    for one in signature.fields.values():
        _define(one.annotation, definitions)
    content = [signature.instructions, list(inputs.items()), list(outputs.items()), definitions]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {
        "instructions": signature.instructions,
        "inputs": inputs,
        "outputs": outputs,
        "fingerprint": digest[:16],
    }


def differences(saved: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """What has changed from a saved signature to the current one, in words; empty when nothing has."""
    if saved.get("fingerprint") == current["fingerprint"]:
        return []
    found: list[str] = []
    for kind in ("input", "output"):
        then, now = saved.get(f"{kind}s") or {}, current[f"{kind}s"]
        found += [f"the {kind} `{name}` is new" for name in now if name not in then]
        found += [f"the {kind} `{name}` is gone" for name in then if name not in now]
        found += [
            f"the {kind} `{name}` was `{then[name]}` and is `{now[name]}`"
            for name in now
            if name in then and then[name] != now[name]
        ]
        if not found and list(then) != list(now):
            found.append(f"the {kind}s are in a different order")
    if saved.get("instructions") != current["instructions"]:
        found.append("its instructions have changed")
    return found or ["the type of one of its fields is defined differently"]


def _define(annotation: Any, found: dict[str, Any]) -> None:
    """Note what the names of types do not tell: the fields of records, the members of enumerations."""
    for argument in get_args(annotation):
        _define(argument, found)
    if not isinstance(annotation, type) or annotation.__module__ in _PLAIN or annotation.__name__ in found:
        return
    if issubclass(annotation, enum.Enum):
        found[annotation.__name__] = [[member.name, repr(member.value)] for member in annotation]
        return
    hints = _hints(annotation)
    # Noted before its fields are looked at, because a record may hold itself.
    found[annotation.__name__] = [[name, type_name(hint)] for name, hint in hints.items()]
    for hint in hints.values():
        _define(hint, found)


def _hints(record: type) -> dict[str, Any]:
    if isinstance(fields := getattr(record, "model_fields", None), dict):
        return {name: one.annotation for name, one in fields.items()}
    if not (is_dataclass(record) or is_typeddict(record)):
        return {}
    try:
        return get_type_hints(record)
    except NameError:
        # A type that only its own function knows is told by its name alone.
        return {}


_PLAIN = ("builtins", "datetime", "decimal", "typing")


# --- predictors ------------------------------------------------------------------------------------------


def predictor_state(predictor: Any, source: Any) -> PredictorState:
    """What a predictor has learned, beside the same predictor of the source.

    Args:
        predictor: the optimized one.
        source: the one it was made from.
    """
    signature = predictor.signature
    changed = predictor.lm is not None and predictor.lm is not source.lm
    return PredictorState(
        instructions=signature.instructions,
        demos=_plain_demos(signature, predictor.demos or ()),
        lm=saved_lm(predictor.lm) if changed else None,
        signature=signature_facts(source.signature),
        config=(
            kept_settings(predictor.config, f"`{predictor!r}`") if predictor.config != source.config else None
        ),
    )


def apply_state(predictor: Any, state: PredictorState, folder: Path, lm: Any) -> None:
    """Give a predictor what was learned.

    Args:
        predictor: the predictor, as its source has it.
        state: what was learned.
        folder: where the state file is; models in files are relative to it.
        lm: the language model that the predictor would use otherwise.

    Raises:
        StateError: a demo does not fit the signature.
    """
    if state.instructions != predictor.signature.instructions:
        predictor.signature = predictor.signature.with_instructions(state.instructions)
    predictor.demos = [typed_demo(predictor.signature, demo) for demo in state.demos]
    if state.lm is not None:
        predictor.lm = restored_lm(state.lm, lm, folder)
    if state.config is not None:
        others = {name: value for name, value in predictor.config.items() if name not in SAMPLING}
        predictor.config = {**others, **kept_settings(state.config, f"`{predictor!r}`")}


def missing_model(state: PredictorState, folder: Path) -> Path | None:
    """The file of the trained model that a state names, where it should be and is not."""
    path = model_file(state.lm, folder)
    return path if path is not None and not (path.is_file() or (path / "config.json").is_file()) else None


def _plain_demos(signature: Any, demos: Iterable[Any]) -> list[dict[str, Any]]:
    """The demos as JSON's types; one that could not be read again, or JSON cannot hold, is left out."""
    kept: list[dict[str, Any]] = []
    for demo in demos:
        try:
            plain = plain_demo(signature, demo)
            typed_demo(signature, plain)
        except StateError as error:
            logger.warning("a demo is left out of the state: %s", error)
        else:
            kept.append(plain)
    return kept


# --- the file --------------------------------------------------------------------------------------------


def write(path: Path, state: ProgramState) -> None:
    """Write a state file, whole or not at all.

    Raises:
        OSError: the folder cannot be written to.
    """
    content = {
        "dspyc_state": VERSION,
        "program": state.program,
        **state.facts,
        "predictors": {name: _dump(one) for name, one in state.predictors.items()},
        "candidates": [
            {
                "score": one.score,
                "seed": one.seed,
                "predictors": {name: _dump(learned) for name, learned in one.predictors.items()},
            }
            for one in state.candidates[:MOST_CANDIDATES]
        ],
    }
    write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read(path: Path) -> ProgramState:
    """Read a state file.

    Raises:
        StateError: it is none, a later version's, or an entry is missing or of the wrong kind.
    """
    content = read_state(path)
    version = content.get("dspyc_state")
    if version is None:
        raise StateError(f"{path} is not the state of a program: it has no `dspyc_state`")
    if version != VERSION:
        raise StateError(
            f"{path} has the format {version}, and this version of dspyc reads {VERSION}; "
            "upgrade dspyc, or optimize again"
        )
    try:
        return ProgramState(
            program=_of_kind(content, "program", str),
            predictors=_load_all(_of_kind(content, "predictors", dict), needs_signature=True),
            candidates=tuple(_load_candidates(_of_kind({"candidates": [], **content}, "candidates", list))),
            facts={name: value for name, value in content.items() if name not in _CONTENT},
        )
    except StateError as error:
        raise StateError(f"{path} cannot be read: {error}") from error


_CONTENT = ("dspyc_state", "program", "predictors", "candidates")


def _dump(state: PredictorState) -> dict[str, Any]:
    learned: dict[str, Any] = {
        "instructions": state.instructions,
        "demos": state.demos,
        "lm": state.lm,
        **({} if state.config is None else {"config": state.config}),
    }
    return {**learned, "signature": state.signature} if state.signature else learned


def _load_all(entries: Mapping[str, Any], *, needs_signature: bool) -> dict[str, PredictorState]:
    return {name: _load(name, entry, needs_signature) for name, entry in entries.items()}


def _load(name: str, entry: Any, needs_signature: bool) -> PredictorState:
    if not isinstance(entry, dict):
        raise StateError(f"the entry of `{name}` is not an object")
    demos = _of_kind(entry, "demos", list)
    if not all(isinstance(demo, dict) for demo in demos):
        raise StateError(f"a demo of `{name}` is not an object")
    lm = entry.get("lm")
    if lm is not None and not (isinstance(lm, dict) and isinstance(lm.get("model"), str)):
        raise StateError(f"the `lm` of `{name}` does not name a model")
    return PredictorState(
        instructions=_of_kind(entry, "instructions", str),
        demos=demos,
        lm=lm,
        config=None if entry.get("config") is None else _of_kind(entry, "config", dict),
        signature=_load_signature(name, entry) if needs_signature else {},
    )


def _load_signature(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    signature: dict[str, Any] = _of_kind(entry, "signature", dict)
    for kind in ("inputs", "outputs"):
        types = signature.get(kind) or {}
        if not (isinstance(types, dict) and all(isinstance(text, str) for text in types.values())):
            raise StateError(f"the {kind} of the signature of `{name}` must be an object of strings")
    return signature


def _load_candidates(entries: Iterable[Any]) -> Iterable[CandidateState]:
    for entry in entries:
        score = entry.get("score") if isinstance(entry, dict) else None
        if isinstance(score, bool) or not isinstance(score, (int, float)):
            raise StateError("a candidate has no score")
        learned = _load_all(_of_kind(entry, "predictors", dict), needs_signature=False)
        yield CandidateState(float(score), entry.get("seed"), learned)


def _of_kind(entry: Mapping[str, Any], name: str, kind: type) -> Any:
    if not isinstance(entry.get(name), kind):
        have = list_names(entry) if name not in entry else f"{type(entry[name]).__name__}"
        raise StateError(f"`{name}` must be {_KINDS[kind]}; there is {have}")
    return entry[name]


_KINDS: dict[type, str] = {str: "a string", list: "a list", dict: "an object"}
