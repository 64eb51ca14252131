"""What an editor says of a file of settings: what may be written, what a key means, where a text leads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from ..base.span import Span
from ..compiler.completion.items import EXPECTED, NEAR, Completion
from ..compiler.rules.register import CATEGORIES, KINDS, find
from .schema import schema
from .settings import FILES
from .toml_cursor import Cursor, cursor_at
from .toml_places import places
from .walking import entries

_ALWAYS = ("syntax", "settings")
"""Categories that no setting selects."""


class Told(Struct, frozen=True):
    """What something means, and where it stands."""

    span: Span
    text: str
    """Markdown."""


class Leads(Struct, frozen=True):
    """A text that leads to a file, or to the page of a kind of finding."""

    span: Span
    path: str = ""
    code: str = ""


def is_settings(path: str) -> bool:
    """Whether a file may hold settings."""
    return os.path.basename(path) in FILES


def complete(path: str, text: str, offset: int) -> tuple[Completion, ...]:
    """What may be written at an offset of a file of settings."""
    cursor = cursor_at(text, offset)
    if cursor is None:
        return ()
    taken = {each.path for each in places(text) if each.is_key and not each.span.contains(offset)}
    if cursor.kind == "head":
        return tuple(_heads(path, cursor, taken))
    described = _described(_inside(path, cursor.path))
    if described is None:
        return ()
    if cursor.kind == "key":
        return tuple(_keys(cursor, described, taken))
    return tuple(_values(path, cursor, described))


def hover(path: str, text: str, offset: int) -> Told | None:
    """What the key or text at an offset means."""
    place = next((each for each in places(text) if each.span.start <= offset <= each.span.end), None)
    inside = None if place is None else _inside(path, place.path)
    if place is None or inside is None:
        return None
    if not place.is_key:
        told = _selector_told(place.value) if _is_selector(_described(inside)) else ""
        return Told(place.span, told) if told else None
    described = _described(inside)
    if described is not None and "description" in described and inside:
        return Told(place.span, _setting_told(inside, described))
    if inside and _is_selector((_described(inside[:-1]) or {}).get("propertyNames")):
        told = _selector_told(inside[-1])
        return Told(place.span, told) if told else None
    return None


def links(path: str, text: str) -> Iterator[Leads]:
    """Where the texts of a file of settings lead."""
    for place in places(text):
        inside = _inside(path, place.path)
        if not inside:
            continue
        named = place.value
        is_selector = _is_selector(_described(inside)) and not place.is_key
        if is_selector or (place.is_key and inside[:-1] == ("rules", "severity")):
            kind = find(named)
            if kind is not None:
                yield Leads(place.span, code=kind.code)
        elif inside == ("baseline",) and not place.is_key:
            target = os.path.join(os.path.dirname(path), named)
            if named and os.path.isfile(target):
                yield Leads(place.span, path=os.path.normpath(target))


# --- the schema -----------------------------------------------------------------------------------------


def _above(path: str) -> tuple[str, ...]:
    return ("tool", "dspyc") if os.path.basename(path) == "pyproject.toml" else ()


def _inside(path: str, keys: Sequence[str]) -> tuple[str, ...] | None:
    """The keys below the table of our settings; None outside of it."""
    above = _above(path)
    return tuple(keys[len(above) :]) if tuple(keys[: len(above)]) == above else None


def _described(keys: Sequence[str] | None) -> Mapping[str, Any] | None:
    """What the schema says of a key; None for one that it does not have."""
    if keys is None:
        return None
    found: Any = schema()
    for key in keys:
        inner = found.get("properties", {}).get(key, found.get("additionalProperties"))
        if not isinstance(inner, dict):
            return None
        found = inner
    return found if isinstance(found, dict) else None


def _is_selector(described: Mapping[str, Any] | None) -> bool:
    """Whether texts of a setting name kinds of findings."""
    found = (described or {}).get("items", described)
    return isinstance(found, dict) and found.get("$ref") == "#/$defs/selector"


# --- what may be written --------------------------------------------------------------------------------


def _heads(path: str, cursor: Cursor, taken: set[tuple[str, ...]]) -> Iterator[Completion]:
    above = _above(path)
    tables = [(), *_tables((), _described(()) or {})] if above else list(_tables((), _described(()) or {}))
    for table in tables:
        whole = (*above, *table)
        described = _described(table)
        if whole not in taken and described is not None:
            doc = str(described.get("description", ""))
            yield Completion(".".join(whole), "module", cursor.span, "table", doc, EXPECTED)


def _tables(above: tuple[str, ...], described: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, inner in described.get("properties", {}).items():
        if inner.get("type") == "object":
            yield (*above, name)
            yield from _tables((*above, name), inner)


def _keys(cursor: Cursor, described: Mapping[str, Any], taken: set[tuple[str, ...]]) -> Iterator[Completion]:
    for name, inner in described.get("properties", {}).items():
        if (*cursor.path, name) not in taken:
            text, snippet = _assignment(inner)
            detail = _type_told(inner)
            doc = inner.get("description", "")
            yield Completion(
                name, "field", cursor.span, detail, doc, EXPECTED, f"{name}{text}", f"{name}{snippet}"
            )
    if _is_selector(described.get("propertyNames")):
        for each in _selectors(cursor.span):
            if (*cursor.path, each.label) not in taken:
                yield Completion(
                    each.label, each.kind, cursor.span, each.detail, each.doc, each.rank,
                    f'{each.label} = "warning"', f'{each.label} = "${{1|error,warning,info|}}"',
                )  # fmt: skip


def _assignment(described: Mapping[str, Any]) -> tuple[str, str]:
    """What follows a key, as text and with a place to type in."""
    match described.get("type"):
        case "array":
            return " = []", ' = ["$1"]'
        case "boolean":
            value = "false" if described.get("default") is True else "true"
            return f" = {value}", f" = {value}"
        case "string":
            return ' = ""', ' = "$1"'
        case _:
            return " = {}", " = { $1 }"


def _values(path: str, cursor: Cursor, described: Mapping[str, Any]) -> Iterator[Completion]:
    if described.get("type") == "array" and not cursor.is_item:
        return
    for each in _texts(path, cursor, described):
        text = each.label if cursor.quote else f'"{each.label}"'
        if cursor.quote and not cursor.is_closed and not each.label.endswith("/"):
            text += cursor.quote
        yield Completion(each.label, each.kind, cursor.span, each.detail, each.doc, each.rank, text)
    if described.get("type") == "boolean" and not cursor.quote:
        for name in ("true", "false"):
            detail = "default" if described.get("default") is (name == "true") else ""
            yield Completion(name, "value", cursor.span, detail, rank=EXPECTED)


def _texts(path: str, cursor: Cursor, described: Mapping[str, Any]) -> Iterator[Completion]:
    """The texts that a setting may have, without quotes."""
    if _is_selector(described):
        yield from _selectors(cursor.span)
    for value in described.get("enum", ()):
        yield Completion(str(value), "value", cursor.span, rank=EXPECTED)
    name = cursor.path[-1] if cursor.path else ""
    folder = os.path.dirname(path)
    if name in ("src", "exclude", "extend-exclude"):
        for entry in entries(folder, ()):
            yield Completion(entry.rstrip("/"), "value", cursor.span, "folder", rank=EXPECTED)
    elif name == "baseline":
        for entry in entries(folder, (".json",)):
            if not entry.endswith("/"):
                yield Completion(entry, "value", cursor.span, "file", rank=EXPECTED)


def _selectors(span: Span) -> Iterator[Completion]:
    """What names kinds of findings: their codes and names, families, beginnings of codes, and `ALL`."""
    selectable = [each for each in KINDS.values() if each.category not in _ALWAYS]
    for each in selectable:
        yield Completion(each.code, "value", span, each.name, each.page.text, EXPECTED)
    yield Completion("ALL", "value", span, "every rule", rank=EXPECTED)
    for category in CATEGORIES:
        if category not in _ALWAYS:
            yield Completion(category, "value", span, "category", _family_told(category), NEAR)
    for beginning in sorted({each.code[:2] for each in selectable}):
        alike = [each.code for each in selectable if each.code.startswith(beginning)]
        yield Completion(beginning, "value", span, f"{alike[0]} to {alike[-1]}", rank=NEAR)
    for each in selectable:
        yield Completion(each.name, "value", span, each.code, each.page.text, NEAR)


# --- what something means -------------------------------------------------------------------------------


def _setting_told(keys: Sequence[str], described: Mapping[str, Any]) -> str:
    lines = [f"`{'.'.join(keys)}`: {_type_told(described)}", str(described["description"])]
    if "default" in described:
        import json

        lines.append(f"Default: `{json.dumps(described['default'])}`")
    return "\n\n".join(lines)


def _type_told(described: Mapping[str, Any]) -> str:
    match described.get("type"):
        case "array":
            return "list of rules" if _is_selector(described) else "list of strings"
        case "object":
            return "table"
        case "boolean":
            return "true or false"
        case _:
            return "string"


def _selector_told(name: str) -> str:
    """What a text selects, as Markdown; empty where it selects nothing."""
    kind = find(name)
    if kind is not None:
        return f"**{kind.code} {kind.name}** ({kind.severity}, {kind.category})\n\n{kind.page.text}"
    if name in CATEGORIES:
        return _family_told(name)
    if name == "ALL":
        return f"All {len(KINDS)} rules."
    alike = [f"{each.code} {each.name}" for each in KINDS.values() if each.code.startswith(name)]
    return "\n".join(f"- {each}" for each in alike) if name and name.isalnum() else ""


def _family_told(category: str) -> str:
    alike = (each for each in KINDS.values() if each.category == category)
    return "\n".join(f"- {each.code} {each.name}" for each in alike)
