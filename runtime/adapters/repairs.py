"""What was repaired to read an answer: found by comparing what the model wrote with the values.

Nothing is noted while answers are read, so it costs nothing until somebody asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..prediction import Repair
from ..signature.fields import Field
from ..signature.signature import Signature
from ..types.content import IN_ANSWER
from ..values import candidates, repair
from ..values.drafts import without_drafts
from ..values.reading import ReadError
from ..values.rendering import render, to_json_types, unescape_markers
from .elements import find_fields, members_of
from .objects import find_object
from .sections import split_sections

_LONGEST_SHOWN = 200


def repairs_of(
    adapter: Any, signature: type[Signature], text: str, values: Mapping[str, Any]
) -> tuple[Repair, ...]:
    """The repairs of an answer, those of the whole first, then by field.

    Args:
        adapter: what has read the answer.
        signature: its outputs.
        text: what the model wrote.
        values: what was read.
    """
    values = {**values, **_read_again(adapter, signature, text)}
    fields = {name: field for name, field in signature.output_fields.items() if name in values}
    if not fields or _is_as_asked(adapter, signature, text, values):
        return ()
    return tuple(_found(adapter, fields, text, values))


def _read_again(adapter: Any, signature: type[Signature], text: str) -> Mapping[str, Any]:
    """The values as they were read, since the program may have changed them; none where that is unknown."""
    if getattr(adapter, "asks_to_read", False):
        return {}
    try:
        found: Mapping[str, Any] = adapter.parse(signature, text)
    except Exception:  # noqa: BLE001 a reader of the user's own may raise anything
        return {}
    return found


def _is_as_asked(adapter: Any, signature: type[Signature], text: str, values: Mapping[str, Any]) -> bool:
    """Whether the answer is, but for space and the end marker, what its adapter writes for the values."""
    try:
        asked = adapter.format_assistant_message_content(signature, values)
    except Exception:  # noqa: BLE001 a hook of the user's own may raise anything
        return False
    return _squeezed(asked) == _squeezed(text)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text).removesuffix("[[##completed##]]")


def _found(
    adapter: Any, fields: Mapping[str, Field], text: str, values: Mapping[str, Any]
) -> Iterator[Repair]:
    answer = without_drafts(text)
    if answer != text:
        yield _repair("", "draft", text.removesuffix(answer), None)
    own = _form_of(adapter)
    form, sources = _sources(own, frozenset(fields), answer)
    alone = next(iter(fields)) if len(fields) == 1 else None
    if form != own and alone is not None and form == "other":
        sources = {alone: answer.strip()}
    elif form != own:
        yield _repair("", "form", answer, None)
    elif form == "object" and (around := _around_object(answer)) is not None:
        yield _repair("", around, answer, None)
    for name, field in fields.items():
        if name in sources:
            source = sources[name]
            plain = to_json_types(values[name], IN_ANSWER)
            if form == "elements" and source[:1] == "<" and isinstance(plain, (dict, list)):
                # Elements inside are as good as JSON.
                yield from _of_json(name, _in_element(answer, name, field.annotation), plain)
            elif isinstance(source, str) and form != "object":
                yield from _of_text(name, field.annotation is str, source, values[name], plain)
            else:
                yield from _of_json(name, source, plain)
        elif form != "other":
            yield _repair(name, "missing", "", values[name])


def _form_of(adapter: Any) -> str:
    """How an adapter asks for the outputs: as one object, elements, or sections."""
    names = {cls.__name__ for cls in type(adapter).__mro__}
    return "object" if "JSONAdapter" in names else "elements" if "XMLAdapter" in names else "sections"


def _sources(own: str, names: frozenset[str], answer: str) -> tuple[str, dict[str, Any]]:
    """The form of an answer, and what it has for each field: a text, or a value of JSON."""
    ways = {"sections": _in_sections, "object": _in_object, "elements": _in_elements}
    for form in (own, *(form for form in ways if form != own)):
        try:
            found = ways[form](answer, names)
        except ReadError:
            continue
        if found:
            return form, found
    return "other", {}


def _in_sections(answer: str, names: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in split_sections(answer, names):
        if name in names:
            found.setdefault(name, text)
    return found


def _in_object(answer: str, names: frozenset[str]) -> dict[str, Any]:
    found = find_object(answer, names) or {}
    return {name: value for name, value in found.items() if name in names}


def _in_elements(answer: str, names: frozenset[str]) -> dict[str, Any]:
    return {
        name: text[element.start : element.end].strip()
        for name, elements in find_fields(answer, names).items()
        for text, element in elements[:1]
    }


def _in_element(answer: str, name: str, annotation: Any) -> Any:
    """What the elements inside of a field's hold, as values of JSON's types."""
    try:
        return to_json_types(members_of(find_fields(answer, {name})[name], annotation), IN_ANSWER)
    except ReadError:
        return None


def _around_object(answer: str) -> str | None:
    """What kept an answer from being its object and nothing else."""
    stripped = answer.strip()
    if candidates.whole_json(stripped) is not None:
        return None
    return _packing(stripped)


def _packing(text: str) -> str:
    """How the value stands in a text that is not JSON: in a fence, among other text, or broken."""
    if any(candidates.whole_json(part.strip()) is not None for part in candidates.fenced(text)):
        return "fence"
    if any(candidates.whole_json(span.text) is not None for span in candidates.bracketed(text)):
        return "surroundings"
    return "syntax"


def _of_text(path: str, is_text: bool, source: str, value: Any, plain: Any) -> Iterator[Repair]:
    """The repairs of a field that stands in the answer as a text."""
    text = unescape_markers(source).strip()
    if text == (value.strip() if is_text and isinstance(value, str) else render(value)):
        return
    if not isinstance(plain, (dict, list)):
        yield _repair(path, "value", text, value)
        return
    given = candidates.whole_json(text)
    if given is None:
        yield _repair(path, _packing(text), text, value)
        given = _best_guess(text)
    if given is not None:
        yield from _of_json(path, given[0], plain)


def _best_guess(text: str) -> tuple[Any] | None:
    """The value in a text that has one among other things."""
    parts = [*candidates.fenced(text), *(span.text for span in candidates.bracketed(text))]
    found = [each for part in parts if (each := candidates.whole_json(part.strip())) is not None]
    return found[0] if found else repair.repaired(text)


def _of_json(path: str, given: Any, plain: Any) -> Iterator[Repair]:
    """How a value differs from the value of JSON that was given for it."""
    if given == plain and isinstance(given, bool) == isinstance(plain, bool):
        return
    if isinstance(plain, dict) and isinstance(given, dict):
        yield from _of_dict(path, given, plain)
    elif isinstance(plain, list) and isinstance(given, list) and len(plain) == len(given):
        for index, (before, after) in enumerate(zip(given, plain, strict=True)):
            yield from _of_json(f"{path}[{index}]", before, after)
    else:
        yield _repair(path, "value", given, plain)


def _of_dict(path: str, given: Mapping[str, Any], plain: Mapping[str, Any]) -> Iterator[Repair]:
    keys = {_folded(key): key for key in given}
    meant = {name: name if name in given else keys.get(_folded(name)) for name in plain}
    if not any(key is not None for key in meant.values()):
        yield _repair(path, "structure", given, plain)
        return
    for name, key in meant.items():
        if key is None:
            if plain[name] not in (None, [], {}):
                yield _repair(f"{path}.{name}", "missing", "", plain[name])
            continue
        if key != name:
            yield _repair(f"{path}.{name}", "key", key, name)
        yield from _of_json(f"{path}.{name}", given[key], plain[name])
    used = set(meant.values())
    for key in given:
        if key not in used:
            yield _repair(f"{path}.{key}", "left out", given[key], None)


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", str(name)).lower()


def _repair(field: str, kind: str, text: Any, value: Any) -> Repair:
    written = text if isinstance(text, str) else render(text)
    return Repair(field, kind, written[:_LONGEST_SHOWN], value)
