"""What a renaming changes in the states of programs: the names of predictors and of fields.

What was learned for a predictor counts as long as its signature's fingerprint fits, so a state is only
changed where the fingerprint can be worked out again: where all that it is made of stands in the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeGuard

from ..base.files import UnreadableFile, decode, read_bytes
from ..base.json_places import JsonPlace, places
from ..compiler import types
from ..compiler.analysis import FileAnalysis
from ..compiler.program import Item
from ..grammar import syntax
from ..grammar.source import Source
from .limits import LARGEST_STATE
from .renamed import Elsewhere, Subject

_DEFAULT = re.compile(r"Given the fields .*, produce the fields ", re.DOTALL)
"""The instructions of a signature that has none of its own."""


def in_states(subject: Subject, paths: Iterable[str]) -> Iterator[Elsewhere]:
    """The edits of the states of these files' programs."""
    if subject.kind not in ("field", "part"):
        return
    for path in paths:
        text = subject.files.disk.read(path)
        if text is None or "program" not in text:
            continue
        try:
            analysis = subject.files.analyse(path)
        except FileNotFoundError:
            continue
        for item in analysis.program.items:
            file = state_file(path, item) if item.state is not None and not item.state.problem else ""
            if file:
                yield from _in_state(subject, analysis, item, file)


def state_file(path: str, item: Item) -> str:
    """The state of the program that an item of a file declares; empty where its path is not written."""
    match item.declaration:
        case syntax.ValueDeclaration(kind="program", names=(name,), value=syntax.Call()):
            given = written_state(item)
            stem = os.path.splitext(os.path.basename(path))[0]
            named = f"{stem}.{name.text}.state.json"
            if given is not None:
                named = given.value if isinstance(given, syntax.String) else ""
            return os.path.normpath(os.path.join(os.path.dirname(path), named)) if named else ""
        case _:
            return ""


def written_state(item: Item) -> syntax.Expression | None:
    """What a program's declaration says behind `state=`."""
    match item.declaration:
        case syntax.ValueDeclaration(kind="program", value=syntax.Call(arguments=arguments)):
            named = (each for each in arguments if each.name is not None and each.name.text == "state")
            return next((each.value for each in named), None)
        case _:
            return None


def _in_state(subject: Subject, analysis: FileAnalysis, item: Item, file: str) -> Iterator[Elsewhere]:
    wanted = _predictors(subject, analysis, item)
    if not wanted:
        return
    try:
        text = decode(read_bytes(file, LARGEST_STATE), file)
        content = json.loads(text)
    except (UnreadableFile, ValueError, RecursionError):
        return
    predictors = content.get("predictors") if isinstance(content, dict) else None
    if not isinstance(predictors, dict):
        return
    source = Source(file, text)
    found = list(places(text))
    for name, predictor in predictors.items():
        head = name.partition(".")[0].partition("[")[0]
        if head not in wanted:
            continue
        if subject.kind == "part":
            yield from _renamed_predictor(subject, source, found, name, head)
        else:
            yield from _renamed_field(subject, source, found, name, predictor)


def _predictors(subject: Subject, analysis: FileAnalysis, item: Item) -> set[str]:
    """The predictors of a program that a renaming is about, by the part that they belong to, or `self`."""
    call = getattr(item.declaration, "value", None)
    given = call.arguments if isinstance(call, syntax.Call) else ()
    students = (made for each in given if isinstance(made := item.type_of(each.value), types.Module))
    kind = next(students, None)
    if kind is None:
        return set()
    if kind.declared is None:
        return {"self"} if subject.is_field(analysis, kind.interface) else set()
    place = kind.declared.place
    there = analysis.program.locate(place) if place is not None else None
    if there is None or there.span is None:
        return set()
    other = subject.files.analyse(there.path)
    declared = other.program.item_at(there.span.start)
    node = declared.declaration if declared is not None else None
    if declared is None or not isinstance(node, syntax.ModuleDeclaration):
        return set()
    if subject.kind == "part":
        return {subject.old} if (there.path, node.name.text) == (subject.path, subject.inside) else set()
    wanted = set()
    for part in node.parts:
        made = declared.type_of(part.value)
        if isinstance(made, types.Module) and subject.is_field(other, made.interface):
            wanted.add(part.name.text)
    return wanted


def _renamed_predictor(
    subject: Subject, source: Source, found: list[JsonPlace], name: str, head: str
) -> Iterator[Elsewhere]:
    new = subject.new + name[len(head) :]
    for place in found:
        if place.is_key and place.path[-1] == name and _is_of_predictors(place.path):
            yield Elsewhere("state", source.uri, source, place.span, json.dumps(new, ensure_ascii=False))


def _is_of_predictors(path: tuple[str | int, ...]) -> bool:
    return len(path) > 1 and path[-2] == "predictors" and path[0] in ("predictors", "candidates")


def _renamed_field(
    subject: Subject, source: Source, found: list[JsonPlace], name: str, predictor: Any
) -> Iterator[Elsewhere]:
    signature = predictor.get("signature") if isinstance(predictor, dict) else None
    if not _is_signature(signature) or signature["fingerprint"] != _fingerprint(signature):
        return
    old, new = subject.old, subject.new
    renamed: dict[str, Any] = {
        kind: {new if each == old else each: text for each, text in signature[kind].items()}
        for kind in ("inputs", "outputs")
    }
    renamed["instructions"] = _instructions(signature["instructions"], old, new)
    fingerprint = _fingerprint(renamed)
    for place in found:
        inside = _inside(place.path, name)
        text = None
        if inside is None:
            continue
        if place.is_key and inside[-1] == old and _is_field(inside):
            text = new
        elif not place.is_key and inside == ("signature", "fingerprint"):
            text = fingerprint
        elif not place.is_key and inside in (("instructions",), ("signature", "instructions")):
            before = json.loads(place.text)
            text = _instructions(before, old, new)
            text = None if text == before else text
        if text is not None:
            yield Elsewhere("state", source.uri, source, place.span, json.dumps(text, ensure_ascii=False))


def _is_signature(found: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a value has all that the fingerprint of a signature is made of."""
    return (
        isinstance(found, dict)
        and all(isinstance(found.get(each), str) for each in ("instructions", "fingerprint"))
        and all(isinstance(found.get(each), dict) for each in ("inputs", "outputs"))
    )


def _is_field(inside: tuple[str | int, ...]) -> bool:
    """Whether a key below a predictor's entry is the name of a field, in its signature or in a demo."""
    match inside:
        case ("signature", "inputs" | "outputs", _) | ("demos", int(), _):
            return True
        case _:
            return False


def _inside(path: tuple[str | int, ...], name: str) -> tuple[str | int, ...] | None:
    """The keys below a predictor's entry, of the program or of a candidate; None elsewhere."""
    if path[:2] == ("predictors", name):
        return path[2:] or None
    if path[:1] == ("candidates",) and path[2:4] == ("predictors", name):
        return path[4:] or None
    return None


def _fingerprint(signature: dict[str, Any]) -> str:
    """The fingerprint of a signature whose types need no definitions, as the runtime works it out."""
    inputs, outputs = (list(signature[kind].items()) for kind in ("inputs", "outputs"))
    content = [signature["instructions"], inputs, outputs, {}]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _instructions(text: str, old: str, new: str) -> str:
    """Instructions that name the fields, because nothing else was said."""
    return text.replace(f"`{old}`", f"`{new}`") if text.endswith(".") and _DEFAULT.match(text) else text
