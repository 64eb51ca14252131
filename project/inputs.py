"""Inputs given as texts, or as JSON: they become values of the types that a program declares."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from msgspec import Struct

from ..base.files import UnreadableFile, decode, read_bytes, render_size
from ..base.text import list_names, near
from .errors import Misuse

LARGEST_INPUT = 64 * 2**20
"""In bytes."""
OTHERS = "**"
"""The name of an input that stands for all that have no other: a Python function's `**inputs`."""


class Input(Struct, frozen=True):
    """An input that a program takes."""

    name: str
    annotation: Any
    """The Python type that a value must have; `Any` takes everything."""
    shown: str
    """The type as the program writes it."""
    required: bool


def read_arguments(
    arguments: Sequence[str], inputs: Sequence[Input], standard_input: str | None
) -> dict[str, Any]:
    """The values of `key=value` arguments.

    `key=@path` takes the text of a file, or the file itself for an input that is a picture, a recording or a
    document, `key=@@…` a text that starts with `@`, and a lone `-` a JSON object from standard input. Raises
    `Misuse` for what is unknown, missing, or not of its type.
    """
    texts: dict[str, Any] = {}
    known = {one.name: one for one in inputs}
    for argument in map(as_utf8, arguments):
        if argument == "-":
            texts.update(_from_json(standard_input or ""))
            continue
        key, equals, text = argument.partition("=")
        if not equals:
            raise Misuse(f"`{argument}` is not an input", f"write inputs as key=value; {describe(inputs)}")
        if key in texts:
            raise Misuse(f"the input `{key}` is given twice")
        texts[key] = _text(key, text, known.get(key))
    return convert(texts, inputs)


def as_utf8(argument: str) -> str:
    """An argument of the command line as the user typed it, also where Python took the locale for ASCII."""
    if argument.isascii():
        return argument
    try:
        return os.fsencode(argument).decode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return argument


def convert(values: Mapping[str, Any], inputs: Sequence[Input]) -> dict[str, Any]:
    """Values by input name, each of the type that its input declares; raises as `read_arguments` does."""
    known = {one.name: one for one in inputs}
    for key in values:
        if key not in known and OTHERS not in known:
            close = near(key, known)
            suggestion = f"did you mean `{close}`? " if close else ""
            raise Misuse(f"unknown input `{key}`", suggestion + describe(inputs))
    missing = [one for one in inputs if one.required and one.name not in values]
    if missing:
        subject, verb = ("the input", "is") if len(missing) == 1 else ("the inputs", "are")
        raise Misuse(
            f"{subject} {list_names(one.name for one in missing)} {verb} missing",
            f"pass {' '.join(f'{one.name}=…' for one in missing)}; {describe(inputs)}",
        )
    return {key: _value(known.get(key) or known[OTHERS], value) for key, value in values.items()}


def describe(inputs: Sequence[Input]) -> str:
    """`the inputs are question: str and k: int (optional)`"""
    if not inputs:
        return "this program takes no inputs"
    each = [
        f"`{one.name}: {one.shown}`{'' if one.required else ' (optional)'}"
        for one in inputs
        if one.name != OTHERS
    ]
    joined = " and ".join(filter(None, [", ".join(each[:-1]), each[-1]]))
    return f"the input is {joined}" if len(each) == 1 else f"the inputs are {joined}"


def _text(key: str, text: str, one: Input | None) -> Any:
    if text.startswith("@@"):
        return text[1:]
    if not text.startswith("@"):
        return text
    path = text[1:]
    if one is not None and (kind := _kind_of_file(one.annotation)) is not None:
        return _file(key, path, kind, one)
    try:
        return decode(_read_argument_file(path), path)
    except UnreadableFile as problem:
        raise Misuse(
            f"the file of `{key}`, {path}, {problem.message}",
            f"`{key}=@path` reads a file; write {key}=@{text} for a text that starts with `@`",
        ) from None


def _kind_of_file(annotation: Any) -> Any:
    """The type of an input's values that are made of files, such as `Image`; None where it has none."""
    from ..runtime.types.annotations import custom_types

    return next((kind for kind in custom_types(annotation) if hasattr(kind, "from_path")), None)


def _file(key: str, path: str, kind: Any, one: Input) -> Any:
    from ..runtime.errors import InputError

    try:
        value = kind.from_path(path)
    except InputError as problem:
        raise Misuse(
            f"the file of `{key}` cannot be used: {problem}",
            f"`{key}=@path` reads a file; the input takes `{one.shown}`",
        ) from None
    return [value] if get_origin(one.annotation) is list else value


def _read_argument_file(path: str) -> bytes:
    """The bytes of a file, or of what a shell gives in place of one: `@<(command)`, `@/dev/stdin`."""
    if not path.startswith(("/dev/fd/", "/dev/stdin", "/proc/self/fd/")):
        return read_bytes(path, LARGEST_INPUT)
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_INPUT + 1)
    except OSError as error:
        raise UnreadableFile(path, "unreadable", f"cannot be read: {error.strerror}") from error
    if len(data) > LARGEST_INPUT:
        raise UnreadableFile(path, "too-large", f"is larger than {render_size(LARGEST_INPUT)}")
    return data


def _from_json(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise Misuse(
            f"standard input is not JSON: {problem}", 'it must be an object, like {"text": "…"}'
        ) from None
    if not isinstance(values, dict):
        raise Misuse("standard input is not a JSON object", 'it must look like {"text": "…"}')
    return values


def _value(one: Input, given: Any) -> Any:
    """The given value, or what its text stands for, in the type of its input."""
    from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

    if one.annotation is Any:
        return given
    try:
        adapter = TypeAdapter(one.annotation)
    except PydanticSchemaGenerationError:
        if isinstance(one.annotation, type) and isinstance(given, one.annotation):
            return given
        raise Misuse(
            f"the input `{one.name}` takes `{one.shown}`, which cannot be given as text",
            "call the program from Python",
        ) from None
    problem = ""
    for candidate in _readings(given):
        try:
            return adapter.validate_python(candidate)
        except ValidationError as error:
            first = error.errors()[0]
            where = "".join(f"[{step!r}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
            problem = f"{one.name}{where}: {first['msg'].removeprefix('Value error, ')}"
    raise Misuse(
        f"the input `{one.name}` takes `{one.shown}`, not {_shortened(given)}",
        problem + _example(one),
    )


def _readings(given: Any) -> list[Any]:
    """What a text may stand for: itself, JSON, a Python literal. Any other value stands for itself."""
    if not isinstance(given, str):
        return [given]
    readings: list[Any] = [given]
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(given)
            repr(value)  # A hexadecimal number may be one that Python cannot write again.
            readings.append(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        break
    return readings


def _shortened(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"`{text}`" if len(text) <= 60 else f"`{text[:57]}…`"


def _example(one: Input) -> str:
    """How a value that has parts is written."""
    if _kind_of_file(one.annotation) is not None:
        return f". Write {one.name}=@path for the content of a file"
    text = _shape(one.annotation)
    return f". It is written as JSON, like {one.name}='{text}'" if text[:1] in {"[", "{"} else ""


def _shape(annotation: Any) -> str:
    """A JSON value of a type, to show what one looks like."""
    options = [one for one in get_args(annotation) if one is not type(None)]
    origin = get_origin(annotation) or annotation
    if origin in {Union, UnionType}:
        return _shape(options[0])
    if origin in {list, set, frozenset, tuple}:
        return f"[{_shape(options[0]) if options else '…'}]"
    if origin is dict:
        return f'{{"key": {_shape(options[1]) if options else "…"}}}'
    if isinstance(fields := getattr(origin, "model_fields", None), dict):
        parts = (
            f'"{name}": {_shape(field.annotation)}' for name, field in fields.items() if field.is_required()
        )
        return "{" + ", ".join(parts) + "}"
    return {str: '"text"', int: "1", float: "0.5", bool: "true"}.get(origin, "…")
