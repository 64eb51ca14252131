"""Builds `_catalog.json` from the runtime's source (`python -m dspyc.compiler.catalog.build`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import source, stubs
from .encoding import Encoder

PATH = Path(__file__).with_name("_catalog.json")


def build() -> str:
    """The text of `_catalog.json` for the runtime as it stands."""
    encoder = Encoder(source.FOLDER)
    content: dict[str, Any] = {
        "public": _types(encoder, {name: source.lookup(name) for name in source.names()}),
        "settings": encoder.parameters(source.settings()),
        "call_settings": encoder.parameters(source.call_settings()),
        "configuration": encoder.parameters(source.configuration()),
        "plain_module": source.plain_module(),
        "reserved_fields": source.reserved_fields(),
        "functions": _types(encoder, stubs.functions()),
        "constructors": _types(encoder, stubs.constructors()),
        "methods": {owner: _types(encoder, members) for owner, members in stubs.methods().items()},
    }
    content["classes"] = dict(sorted(encoder.classes.items()))
    content["records"] = dict(sorted(encoder.records.items()))
    return _layout(content)


def _types(encoder: Encoder, found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: encoder.kind(kind) for name, kind in found.items()}


def _layout(content: Mapping[str, Any]) -> str:
    """JSON with one line for each name, member and parameter list, so that changes can be read and merged."""
    sections = []
    for section, entries in content.items():
        if not isinstance(entries, dict):
            sections.append(f"{_json(section)}: {_json(entries)}")
            continue
        lines = ",\n".join(f"  {_json(name)}: {_entry(entry)}" for name, entry in entries.items())
        sections.append(f"{_json(section)}: {{\n{lines}\n}}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _entry(entry: Any) -> str:
    if not isinstance(entry, dict) or "members" not in entry:
        return _json(entry)
    lines = []
    for key, value in entry.items():
        if key == "members" and value:
            members = ",\n".join(f"      {_json(name)}: {_json(each)}" for name, each in value.items())
            lines.append(f"    {_json(key)}: {{\n{members}\n    }}")
        else:
            lines.append(f"    {_json(key)}: {_json(value)}")
    return "{\n" + ",\n".join(lines) + "\n  }"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    PATH.write_text(build(), encoding="utf-8")
