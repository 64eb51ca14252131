"""What a model is told of a Python session: its variables, and what was run in it; with DSPy's names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..signature.fields import Field
from ..values.rendering import to_json_types

_PREVIEW = 1_000
"""How many characters of a variable are shown."""
_SHOWN = 10_000
"""How many characters of an output are shown."""


@dataclass(frozen=True)
class REPLVariable:
    """A variable of the session: what it is, without all of its value.

    Attributes:
        name: its name in the code.
        type_name: the name of its type.
        total_length: how many characters its value has as text.
        preview: the beginning and the end of that text.
        desc: what the signature says of it.
        constraints: the limits of its values, in words.
    """

    name: str
    type_name: str
    total_length: int
    preview: str
    desc: str = ""
    constraints: str = ""

    @classmethod
    def from_value(
        cls, name: str, value: Any, field_info: Field | None = None, preview_chars: int = _PREVIEW
    ) -> REPLVariable:
        """A variable with a value of any type.

        Args:
            name: its name.
            value: its value.
            field_info: the signature's field, for its description and constraints.
            preview_chars: how many characters of the value are shown.
        """
        plain = to_json_types(value)
        text = (
            json.dumps(plain, ensure_ascii=False, indent=2) if isinstance(plain, (dict, list)) else str(plain)
        )
        return cls(
            name,
            type(value).__name__,
            len(text),
            middle_left_out(text, preview_chars, "..."),
            (field_info.desc or "") if field_info is not None else "",
            field_info.constraint_text if field_info is not None else "",
        )

    def format(self) -> str:
        """The variable as the prompt has it."""
        lines = [f"Variable: `{self.name}` (access it in your code)", f"Type: {self.type_name}"]
        if self.desc:
            lines.append(f"Description: {self.desc}")
        if self.constraints:
            lines.append(f"Constraints: {self.constraints}")
        lines.append(f"Total length: {self.total_length:,} characters")
        return "\n".join([*lines, f"Preview:\n```\n{self.preview}\n```"])


@dataclass(frozen=True)
class REPLEntry:
    """One step in the session: the code, what came of it, and why it was run."""

    code: str
    output: str
    reasoning: str = ""

    @staticmethod
    def format_output(output: str, max_output_chars: int = _SHOWN) -> str:
        """An output as the prompt has it: its beginning and end where it is long, after its length."""
        omitted = f"\n\n... ({len(output) - max_output_chars:,} characters omitted) ...\n\n"
        return f"Output ({len(output):,} chars):\n{middle_left_out(output, max_output_chars, omitted)}"

    def format(self, index: int, max_output_chars: int = _SHOWN) -> str:
        """The step as the prompt has it; `index` counts from 0."""
        why = f"Reasoning: {self.reasoning}\n" if self.reasoning else ""
        code = f"Code:\n```python\n{self.code}\n```"
        shown = self.format_output(self.output, max_output_chars)
        return f"=== Step {index + 1} ===\n{why}{code}\n{shown}"


@dataclass(frozen=True)
class REPLHistory:
    """All steps of a session so far; `append` gives another history."""

    entries: tuple[REPLEntry, ...] = ()
    max_output_chars: int = _SHOWN

    def append(self, *, reasoning: str = "", code: str, output: str) -> REPLHistory:
        """The history with one more step."""
        return REPLHistory((*self.entries, REPLEntry(code, output, reasoning)), self.max_output_chars)

    def format(self) -> str:
        """The steps as the prompt has them."""
        if not self.entries:
            return "You have not interacted with the REPL yet: no code has run."
        steps = (entry.format(index, self.max_output_chars) for index, entry in enumerate(self.entries))
        return "\n".join(steps)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[REPLEntry]:
        return iter(self.entries)


def middle_left_out(text: str, limit: int, instead: str) -> str:
    """A text's beginning and end, where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    return text[: limit // 2] + instead + text[len(text) - (limit - limit // 2) :]
