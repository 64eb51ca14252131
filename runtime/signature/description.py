"""Fields as the text that a prompt shows: their list, their placeholders, and what writes their values."""

from __future__ import annotations

from collections.abc import Mapping

from ..types.annotations import custom_types, plain_annotation, type_name
from ..values.rendering import Render, render, render_answer, render_text, type_note
from .fields import Field

FORMATTED = "formatted"
"""The option of a field whose values were written by an adapter already, markers and all:
`InputField(formatted=True)`.
"""


def renderer(field: Field) -> Render:
    """What writes this field's values."""
    if dict(field.extra).get(FORMATTED):
        return str
    if field.annotation is str:
        return render_text
    return render_answer if field.kind == "output" and custom_types(field.annotation) else render


def describe_fields(fields: Mapping[str, Field]) -> str:
    """The numbered list of fields with types, descriptions and constraints."""
    lines: list[str] = []
    for number, (name, field) in enumerate(fields.items(), 1):
        desc = "" if field.description == f"${{{name}}}" else field.description
        for kind in custom_types(field.annotation):
            if words := kind.description():
                desc += f"\n    Type description of {type_name(kind)}: {words}"
        lines.append(f"{number}. `{name}` ({type_name(plain_annotation(field.annotation))}): {desc}")
        if field.constraint_text:
            lines.append(f"Constraints: {field.constraint_text}")
    return "\n".join(lines).strip()


def placeholder(field: Field) -> str:
    """What stands for a field's value in the description of the structure, with the note on its form."""
    note = type_note(field.annotation) if field.kind == "output" else ""
    return f"{{{field.name}}}" + (f"        # note: the value you produce {note}" if note else "")
