"""The outputs of a program, for people and as JSON."""

from __future__ import annotations

import json
from typing import Any

import click


def as_json_values(prediction: Any) -> dict[str, Any]:
    """A prediction's outputs as values that JSON can hold."""
    from pydantic_core import to_jsonable_python

    outputs: dict[str, Any] = to_jsonable_python(dict(prediction.items()), fallback=str)
    return outputs


def render_outputs(outputs: dict[str, Any]) -> str:
    """Outputs for people: one line each where that does, else a block under the name."""
    lines = []
    for name, value in outputs.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        label = click.style(f"{name}:", fg="cyan", bold=True)
        if "\n" in text:
            lines += [label, *(f"  {line}" for line in text.splitlines())]
        else:
            lines.append(f"{label} {text}")
    return "\n".join(lines)
