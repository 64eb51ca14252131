"""Types as a short text that models read easily: `{name: string, age: int or null}` instead of a JSON schema.

The form is that of BAML's prompts (https://docs.boundaryml.com), with `#` for comments.
"""

from __future__ import annotations

import enum
import inspect
import json
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ..signature.fields import CONSTRAINT_WORDS, Field
from ..types.members import described_choices
from ..types.records import record_fields
from ..values import rendering

_NAMES: dict[Any, str] = {
    str: "string",
    int: "int",
    float: "float",
    bool: "boolean",
    type(None): "null",
    Any: "any JSON",
    list: "any JSON[]",
    dict: "dict[string, any JSON]",
}
_INDENT = "  "


def simplified(fields: Mapping[str, Field]) -> str:
    """The object of these fields as a short text."""
    lines = ["{"]
    writer = _Writer()
    for name, field in fields.items():
        told = [field.desc, field.constraint_text, *described_choices(field.annotation)]
        lines += _commented([text for text in told if text], name, writer.of(field.annotation, 1), 1)
    return "\n".join([*lines, "}"])


def simplified_type(annotation: Any) -> str:
    """A type as a short text."""
    return _Writer().of(annotation, 0)


class _Writer:
    """Writes types; a record that is there already is only named."""

    def __init__(self) -> None:
        self._around: list[Any] = []
        self._named: set[Any] = set()

    def of(self, annotation: Any, depth: int) -> str:
        """A type, whose lines after the first are indented so deep."""
        while get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        origin, arguments = get_origin(annotation), get_args(annotation)
        if getattr(annotation, "is_text", False):
            annotation = str  # a `Type` that is a text
        if annotation in _NAMES:
            return _NAMES[annotation]
        if origin in (Union, UnionType):
            arms = sorted(arguments, key=lambda arm: arm is type(None))
            return " or ".join(self.of(arm, depth) for arm in arms)
        if origin is Literal:
            return " or ".join(_as_json(choice) for choice in arguments)
        if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
            return " or ".join(_as_json(rendering.to_json_types(member)) for member in annotation)
        if origin in (list, set, frozenset, Sequence) or (origin is tuple and arguments[-1:] == (...,)):
            return self._list(arguments[0] if arguments else Any, depth)
        if origin is tuple:
            return f"[{', '.join(self.of(each, depth) for each in arguments)}]"
        if origin in (dict, Mapping):
            return f"dict[{self.of(arguments[0], depth)}, {self.of(arguments[1], depth)}]"
        if (fields := record_fields(annotation)) is not None:
            return self._record(annotation, fields, depth)
        return _by_schema(annotation)

    def _list(self, item: Any, depth: int) -> str:
        text = self.of(item, depth + 1)
        if "\n" in text:
            return f"[\n{_INDENT * (depth + 1)}{text}\n{_INDENT * depth}]"
        text = self.of(item, depth)
        return f"({text})[]" if " or " in text else f"{text}[]"

    def _record(self, kind: Any, fields: Mapping[str, tuple[Any, bool]], depth: int) -> str:
        if kind in self._around:
            self._named.add(kind)
            return str(kind.__name__)
        self._around.append(kind)
        described = _described(kind)
        lines = []
        for name, (annotation, _) in fields.items():
            if name in described:  # what the schema leaves out is not for the model to write
                told = [*described[name], *described_choices(annotation)]
                lines += _commented(told, name, self.of(annotation, depth + 1), depth + 1)
        self._around.pop()
        # The name is said only where something refers to it.
        opening = f"{{  # {kind.__name__}" if kind in self._named else "{"
        return "\n".join([opening, *lines, f"{_INDENT * depth}}}"])


def _commented(comments: Sequence[str], name: str, text: str, depth: int) -> list[str]:
    """The lines of a member, with what is said of it above."""
    indent = _INDENT * depth
    lines = [line.strip() for comment in comments for line in comment.splitlines()]
    above = [f"{indent}# {line}" for line in lines if line]
    return [*above, f"{indent}{name}: {text},"]


_WORDS = {
    "minimum": CONSTRAINT_WORDS["ge"],
    "maximum": CONSTRAINT_WORDS["le"],
    "exclusiveMinimum": CONSTRAINT_WORDS["gt"],
    "exclusiveMaximum": CONSTRAINT_WORDS["lt"],
    "minLength": CONSTRAINT_WORDS["min_length"],
    "maxLength": CONSTRAINT_WORDS["max_length"],
    "minItems": CONSTRAINT_WORDS["min_length"],
    "maxItems": CONSTRAINT_WORDS["max_length"],
    "pattern": CONSTRAINT_WORDS["pattern"],
    "multipleOf": CONSTRAINT_WORDS["multiple_of"],
}


def _described(kind: Any) -> dict[str, list[str]]:
    """What the JSON schema of a record says of its members, beside their types."""
    schema = rendering.ordered_schema(kind)
    if "$ref" in schema:
        schema = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    told: dict[str, list[str]] = {}
    for name, member in schema.get("properties", {}).items():
        limits = ", ".join(f"{words}{member[key]}" for key, words in _WORDS.items() if key in member)
        told[name] = [text for text in (member.get("description"), limits) if text]
    return told


def _by_schema(annotation: Any) -> str:
    """A type that is none of Python's containers, as its JSON schema names it: `string (date)`."""
    schema = rendering.ordered_schema(annotation)
    kind = schema.get("type")
    if "properties" in schema or not isinstance(kind, str):
        return json.dumps(schema, ensure_ascii=False) if schema else "any JSON"
    name = {"integer": "int", "number": "float"}.get(kind, kind)
    return f"{name} ({schema['format']})" if "format" in schema else name


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
