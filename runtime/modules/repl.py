"""What a model is told of a Python session: its variables, and what was run in it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ..values.rendering import to_json_types

_PREVIEW = 1_000
"""How many characters of a variable are shown."""


class Variable(NamedTuple):
    """A variable of the session: what it is, without all of its value."""

    name: str
    type_name: str
    desc: str
    size: int
    preview: str

    @classmethod
    def of(cls, name: str, value: Any, desc: str | None) -> Variable:
        """A variable with a value of any type."""
        plain = to_json_types(value)
        text = (
            json.dumps(plain, ensure_ascii=False, indent=2) if isinstance(plain, (dict, list)) else str(plain)
        )
        return cls(name, type(value).__name__, desc or "", len(text), middle_left_out(text, _PREVIEW, "..."))

    def __str__(self) -> str:
        lines = [f"Variable: `{self.name}` (access it in your code)", f"Type: {self.type_name}"]
        if self.desc:
            lines.append(f"Description: {self.desc}")
        lines.append(f"Total length: {self.size:,} characters")
        return "\n".join([*lines, f"Preview:\n```\n{self.preview}\n```"])


class Entry(NamedTuple):
    """One step in the session: why, the code, and what came of it."""

    reasoning: str
    code: str
    output: str

    def show(self, number: int, limit: int) -> str:
        """The step as the prompt has it, its output up to a number of characters."""
        why = f"Reasoning: {self.reasoning}\n" if self.reasoning else ""
        omitted = f"\n\n... ({len(self.output) - limit:,} characters omitted) ...\n\n"
        output = middle_left_out(self.output, limit, omitted)
        return (
            f"=== Step {number} ===\n{why}Code:\n```python\n{self.code}\n```\n"
            f"Output ({len(self.output):,} chars):\n{output}"
        )


def show_history(entries: list[Entry], limit: int) -> str:
    """All steps as the prompt has them."""
    if not entries:
        return "You have not run any code yet."
    return "\n".join(entry.show(number, limit) for number, entry in enumerate(entries, 1))


def middle_left_out(text: str, limit: int, instead: str) -> str:
    """A text's beginning and end, where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    return text[: limit // 2] + instead + text[len(text) - (limit - limit // 2) :]
