"""`dspyc diff`: what differs between two states."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..base.secrets import drop_secrets, redact, redact_mapping
from ..base.text import plural
from .console import say, say_json
from .errors import Refusal

if TYPE_CHECKING:
    from ..runtime.state.difference import Demo, PredictorDifference

_LONGEST = 100
"""How many characters of a demo's value are shown."""
_BEFORE = 30
"""How many of them stand before the place where two values begin to differ."""


@click.command
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def command(first: Path, second: Path, as_json: bool) -> int:
    """Show what differs between two states of a program.

    FIRST and SECOND are states that `dspyc optimize` or `module.save` wrote, or DSPy. A trained model is
    compared by the content of its file.

    The exit code is 0 when both have learned the same, 1 when they differ, and 2 when one cannot be read.

    \b
    Examples:
      dspyc diff old.state.json distil.router.state.json
      git show HEAD~1:distil.router.state.json > old.json; dspyc diff old.json distil.router.state.json
    """
    from ..runtime.errors import StateError
    from ..runtime.state.difference import differences, read_learned

    try:
        (before, facts), (after, other_facts) = read_learned(first), read_learned(second)
    except StateError as problem:
        raise Refusal(str(problem)) from None
    found = [_without_secrets(one) for one in differences(before, after)]
    facts, other_facts = redact_mapping((facts, other_facts))
    if as_json:
        say_json(
            {
                "same": not found,
                "predictors": [_record(one) for one in found],
                "first": facts,
                "second": other_facts,
            }
        )
        return int(bool(found))
    for line in [
        *_facts(facts, other_facts),
        *(line for one in found for line in _lines(one, first, second)),
    ]:
        say(redact(line))
    if not found:
        say(f"Both states have learned the same for {plural(len(after), 'predictor')}.")
    return int(bool(found))


def _without_secrets(found: PredictorDifference) -> PredictorDifference:
    """What may be shown: as a whole, before anything is cut."""
    both = found.instructions
    return replace(
        found,
        predictor=redact(found.predictor),
        instructions=None if both is None else (redact(both[0]), redact(both[1])),
        removed=tuple(map(redact_mapping, found.removed)),
        added=tuple(map(redact_mapping, found.added)),
        model=drop_secrets(found.model),
        settings=drop_secrets(found.settings),
    )


def _record(found: PredictorDifference) -> dict[str, Any]:
    both = None if found.instructions is None else list(found.instructions)
    return {
        "predictor": found.predictor,
        "only_in": found.only_in or None,
        "instructions": both,
        "demos": {
            "before": found.demo_counts[0],
            "after": found.demo_counts[1],
            "removed": [dict(demo) for demo in found.removed],
            "added": [dict(demo) for demo in found.added],
            "reordered": found.is_reordered,
        },
        "model": None if found.model is None else [None if one is None else dict(one) for one in found.model],
        "weights_differ": found.weights,
        "settings": None if found.settings is None else [dict(one) for one in found.settings],
    }


def _facts(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[str]:
    """What both say of their making, where it differs."""
    for name, render in (("optimizer", _optimizer), ("score", _score)):
        before, after = (render(facts.get(name)) for facts in (first, second))
        if before != after:
            yield f"{name}: {before} → {after}"


def _optimizer(facts: Any) -> str:
    from ..runtime.programs.optimizer_text import optimizer_text

    return optimizer_text(facts) if isinstance(facts, Mapping) else "unknown"


def _score(facts: Any) -> str:
    if not isinstance(facts, Mapping) or not isinstance(facts.get("after"), (int, float)):
        return "unknown"
    return f"{facts['after']:g} % ({facts.get('metric')}, {facts.get('examples')} examples)"


def _lines(found: PredictorDifference, first: Path, second: Path) -> Iterator[str]:
    """The difference of one predictor, for people."""
    yield click.style(found.predictor, bold=True)
    if found.only_in:
        yield f"  only in {first if found.only_in == 'first' else second}"
        return
    if found.instructions is not None:
        yield "  instructions:"
        yield from _text_lines(*found.instructions)
    before, after = found.demo_counts
    if found.removed or found.added:
        yield f"  demos: {before} → {after}, {len(found.removed)} removed, {len(found.added)} added"
        yield from (_removed(_demo(demo, found.added)) for demo in found.removed)
        yield from (_added(_demo(demo, found.removed)) for demo in found.added)
    elif found.is_reordered:
        yield f"  demos: the same {after} in another order"
    if found.model is not None:
        yield f"  model: {_model(found.model[0])} → {_model(found.model[1])}"
    if found.settings is not None:
        yield f"  settings: {_settings(found.settings[0])} → {_settings(found.settings[1])}"
    if found.weights:
        yield "  weights: the model's file has another content"
    elif found.weights is None:
        yield "  weights: unknown; both name the same file, or one has none beside it"


def _text_lines(before: str, after: str) -> Iterator[str]:
    old, new = before.splitlines(), after.splitlines()
    for kind, start, end, other_start, other_end in SequenceMatcher(None, old, new).get_opcodes():
        if kind == "equal":
            yield from (f"      {line}" for line in old[start:end])
        else:
            yield from map(_removed, old[start:end])
            yield from map(_added, new[other_start:other_end])


def _removed(text: str) -> str:
    return click.style(f"    - {text}", fg="red")


def _added(text: str) -> str:
    return click.style(f"    + {text}", fg="green")


def _demo(demo: Demo, others: Sequence[Demo]) -> str:
    """A demo in a line. Where it would look like one of the others, the values that differ are shown from
    where they do, and as JSON.
    """
    line = _line(demo, {})
    like = next((other for other in others if _line(other, {}) == line), None)
    return line if like is None else _line(demo, like)


def _line(demo: Demo, like: Demo) -> str:
    parts = []
    for name, value in demo.items():
        if name == "augmented":
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text, start = " ".join(text.split()), 0
        if name in like and like[name] != value:
            text, other = (json.dumps(each, ensure_ascii=False) for each in (value, like[name]))
            same = next((at for at, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), 0)
            start = max(0, same - _BEFORE) if len(text) > _LONGEST else 0
        shown = text[start : start + _LONGEST - 1] + "…" if len(text) - start > _LONGEST else text[start:]
        parts.append(f"{name}: {'…' if start else ''}{shown}")
    return " | ".join(parts)


def _model(model: Mapping[str, Any] | None) -> str:
    if model is None:
        return "that of the source"
    others = {name: value for name, value in model.items() if name != "model"}
    return f"{model['model']}{f' ({_settings(others)})' if others else ''}"


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in settings.items()) or "none"
