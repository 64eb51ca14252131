"""Values, and how they are to be written, as the text that a prompt shows; byte for byte as DSPy's
ChatAdapter, save that markers inside values are escaped.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, get_args, get_origin

from ...base.expressions import pattern
from ..errors import InputError
from ..types.annotations import is_text_type, plain_annotation
from ..types.content import IN_ANSWER, IN_PROMPT, InAnswer, InPrompt
from ..types.members import described_choices
from ..types.records import schema_keys
from .ordering import in_order
from .validation import unusable_type, validator_for

Render: TypeAlias = "Callable[[Any], str]"

_MARKER = pattern(r"\[(\\*+)\[(\s*+#{2,}+\s*+\w++\s*+#{2,}+\s*+)\](\\*+)\]")
_ESCAPED = pattern(r"\[\\(\\*+)\[(\s*+#{2,}+\s*+\w++\s*+#{2,}+\s*+)\]\\(\\*+)\]")


def escape_markers(text: str) -> str:
    r"""The text with section markers in it broken, as `[\[ ## answer ## ]\]`: they are no structure."""
    return _MARKER.sub(r"[\\\1[\2]\\\3]", text) if "##" in text else text


def unescape_markers(text: str) -> str:
    """What `escape_markers` was given."""
    return _ESCAPED.sub(r"[\1[\2]\3]", text) if "##" in text else text


def render(value: Any) -> str:
    """A value as text: strings as they are, containers and records as JSON, other scalars as Python prints
    them; a `Type` as it is written for a model (`types/content.py`).

    Raises:
        InputError: a number of more digits than Python writes, or a `Type` that cannot be written.
    """
    return _render(value, IN_PROMPT)


def render_answer(value: Any) -> str:
    """The same for what a model is to write, which has no content parts."""
    return _render(value, IN_ANSWER)


def _render(value: Any, context: InPrompt | InAnswer) -> str:
    if type(value) is str:
        return escape_markers(value) if "##" in value else value
    try:
        if value is None or type(value) in (int, float, bool):
            return str(value)
        plain = to_json_types(value, context)
        if isinstance(plain, (dict, list)):
            return escape_markers(json.dumps(plain, ensure_ascii=False))
        return escape_markers(str(plain))
    except ValueError as error:
        if "integer string conversion" in str(error):
            raise InputError("a number of more than 4,300 digits cannot be put into a prompt") from None
        raise


def render_text(value: Any) -> str:
    """A value of a field that is text: a list becomes numbered pieces, all else is as `render` writes it."""
    if type(value) is str and "##" not in value:
        return value
    return _numbered(value) if isinstance(value, list) else render(value)


def to_json_types(value: Any, context: InPrompt | InAnswer | None = None) -> Any:
    """The value in JSON's types, sets in one order; what has no such form becomes its text.

    Args:
        value: any value.
        context: `IN_PROMPT` where a `Type` in it is to be written as it is for a model, `IN_ANSWER` where
            as a model writes it.
    """
    plain = _plain_copy(value)
    if plain is not _OTHER:
        return plain  # without importing what only others need
    from pydantic_core import to_jsonable_python

    try:
        value = in_order(value)
        plain = to_jsonable_python(value, by_alias=False, fallback=str, context=context)
    except Exception as error:  # a value whose own serialisation fails is still shown
        if context is not None and "`_serialized`" in str(error):
            _, _, reason = str(error).partition("`_serialized`: ")
            raise InputError(f"a value cannot be put into the prompt: {reason}") from error
        return str(value)
    return _named_as_in_schema(plain, value)


_ATOMS = frozenset({str, int, float, bool, type(None)})


_OTHER: Any = object()


def _plain_copy(value: Any) -> Any:
    """Lists, dicts and scalars of JSON's types anew; `_OTHER` where there is anything else, such as a text
    that JSON cannot hold.
    """
    kind = type(value)
    if kind is str:
        return value if value.isascii() or _is_unicode(value) else _OTHER
    if kind in _ATOMS:
        return value
    try:
        if kind is list:
            return _plain_items(value)
        return _plain_entries(value) if kind is dict else _OTHER
    except RecursionError:
        return _OTHER


def _plain_items(value: list[Any]) -> Any:
    items = []
    for item in value:
        # The first that is not plain ends it: a value that holds itself twice has 2^1000 of them.
        if (plain := _plain_copy(item)) is _OTHER:
            return _OTHER
        items.append(plain)
    return items


def _plain_entries(value: dict[Any, Any]) -> Any:
    entries = {}
    for key, item in value.items():
        if type(key) is not str or _plain_copy(key) is _OTHER or (plain := _plain_copy(item)) is _OTHER:
            return _OTHER
        entries[key] = plain
    return entries


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _named_as_in_schema(plain: Any, value: Any) -> Any:
    """The same with the fields of records under the names that their JSON schema has (their aliases)."""
    if isinstance(plain, list):
        if not isinstance(value, (list, tuple)) or len(plain) != len(value):
            return plain
        if _ATOMS.issuperset(map(type, value)):
            return plain
        return [_named_as_in_schema(item, of) for item, of in zip(plain, value, strict=True)]
    if not isinstance(plain, dict):
        return plain
    if isinstance(value, Mapping):
        if len(plain) != len(value) or _ATOMS.issuperset(map(type, value.values())):
            return plain
        pairs = zip(plain.items(), value.values(), strict=True)
        return {key: _named_as_in_schema(item, of) for (key, item), of in pairs}
    record: Any = type(value)
    keys = schema_keys(record)
    return {
        keys.get(name, name): _named_as_in_schema(item, getattr(value, name, None))
        for name, item in plain.items()
    }


def _numbered(items: list[Any]) -> str:
    if not items:
        return "N/A"
    if len(items) == 1:
        return _blob(items[0])
    return "\n".join(f"[{number}] {_blob(item)}" for number, item in enumerate(items, 1))


def _blob(item: Any) -> str:
    # Dicts as DSPy writes the steps of an agent, in a field that says nothing of its type.
    text = str(item) if type(item) is dict and _is_plain(item) else render(item)
    if not any(mark in text for mark in "\n«»"):
        return f"«{text}»"
    indented = text.replace("\n", "\n    ")
    return f"«««\n    {indented}\n»»»"


def _is_plain(value: Any) -> bool:
    """Whether a value is made of JSON's types only: no records, no pictures."""
    if type(value) is dict:
        return _ATOMS.issuperset(map(type, value)) and all(map(_is_plain, value.values()))
    return all(map(_is_plain, value)) if type(value) is list else type(value) in _ATOMS


def type_note(annotation: Any) -> str:
    """How a value of the type is to be written, in words; nothing for a string."""
    annotation = plain_annotation(annotation)
    if annotation is str or is_text_type(annotation):
        return ""
    if annotation is bool:
        return "must be True or False"
    if annotation in (int, float):
        return f"must be a single {annotation.__name__} value"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        told = "; ".join(described_choices(annotation))
        choices = "; ".join(str(member.value) for member in annotation)
        return f"must be one of: {choices}" + (f" ({told})" if told else "")
    if get_origin(annotation) is Literal:
        choices = "; ".join(str(choice) for choice in get_args(annotation))
        return f"must exactly match (no extra characters) one of: {choices}"
    return f"must adhere to the JSON schema: {json.dumps(json_schema(annotation), ensure_ascii=False)}"


def json_schema(annotation: Any) -> Any:
    """The JSON schema of a type, `type` first in each object and the other keys in alphabetical order.

    Raises:
        SignatureError: the type has none.
    """
    return _type_first(ordered_schema(annotation))


def ordered_schema(annotation: Any) -> Any:
    """The JSON schema of a type, with properties in the order of their record.

    Raises:
        SignatureError: the type has none.
    """
    from pydantic import PydanticUserError

    try:
        return validator_for(annotation).json_schema()
    except PydanticUserError as error:
        raise unusable_type(annotation) from error


def _type_first(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        keys = sorted(schema, key=lambda key: (key != "type", key))
        return {key: _type_first(schema[key]) for key in keys}
    return [_type_first(item) for item in schema] if isinstance(schema, list) else schema
