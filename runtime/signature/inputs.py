"""The inputs of a call and the fields of a row, complete and in their types; see `values.inputs`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from ...base.frozen import frozen_record
from ..errors import InputError, did_you_mean, list_names
from ..example import Example
from ..types.annotations import allows_none, is_history
from ..values.cells import EmptyCell
from ..values.inputs import Door, Misfit, door, take_anything
from .conditions import check_inputs, constrained_fields
from .fields import Field
from .signature import Signature

ROLES = ("user", "assistant", "system")
"""Who speaks in a message of a chat."""


Row: TypeAlias = tuple[int | None, str | None]
"""The number of a row in its data, and where it stands in a file."""
_NO_ROW: Row = (None, None)


@frozen_record
class _Expected:
    """What a signature expects, worked out once."""

    fields: dict[str, Field]
    required: tuple[str, ...]
    doors: tuple[tuple[str, Door, type | None], ...]
    """The inputs, each with what takes its values, and the class whose own values need no taking."""
    plain: tuple[tuple[str, Any], ...]
    """The inputs, each with that class."""
    history: str | None
    has_defaults: bool
    is_constrained: bool


def complete_inputs(signature: type[Signature], given: dict[str, Any], owner: str) -> dict[str, Any]:
    """The inputs of a call: those that were given in their types, and the defaults of the others.

    Args:
        signature: what the call is for.
        given: the values by name.
        owner: the name of what is called, for messages.

    Returns:
        the values in the order of the signature; an input that may be None and has no default is left out
        where it was not given.

    Raises:
        InputError: an input is unknown or missing, is not a value of its type, or breaks a condition.
    """
    expected = _expected(signature)
    values = given
    if given.keys() != expected.fields.keys():
        _verify_names(expected, given, owner)
        values = {
            name: given[name] if name in given else field.get_default()
            for name, field in expected.fields.items()
            if name in given or not field.is_required()
        }
    values = _typed(expected, values)
    if expected.history is not None:
        _verify_turns(signature, expected.history, values.get(expected.history))
    if expected.is_constrained:
        check_inputs(signature, values)
    return values


def are_whole(signature: type[Signature], given: dict[str, Any]) -> bool:
    """Whether these are all inputs of a call and nothing else, each of the very class that is expected: then
    `complete_inputs` would give them back as they are.
    """
    expected: _Expected = signature.__compiled__.get("expected") or _expected(signature)
    if len(given) != len(expected.plain) or expected.history is not None or expected.is_constrained:
        return False
    for name, plain in expected.plain:
        value: Any = given.get(name)
        if type(value) is not plain or (plain is str and not value.isascii()):
            return False
    return True


def all_inputs(signature: type[Signature], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every input of a signature, None for one that is left out: what a body or a reward reads.

    Values that are no inputs of the signature stay beside them.

    Raises:
        InputError: a value that is not one of its input's type.
    """
    expected = _expected(signature)
    values = {
        name: given[name] if name in given else None if field.is_required() else field.get_default()
        for name, field in expected.fields.items()
    }
    typed = _typed(expected, {name: value for name, value in values.items() if name in given})
    return {**given, **values, **typed}


def typed_example(signature: type[Signature] | None, example: Example, row: int | None = None) -> Example:
    """A row of data with the values of a program's fields in their types and its defaulted inputs there.

    Args:
        signature: the fields of the program; None leaves the row as it is.
        example: the row; it is not changed.
        row: its number, for the message.

    Raises:
        InputError: an input of the wrong type, or a label where a dict or list does not fit its record.
    """
    if signature is None or not (needs_types(signature) or _expected(signature).has_defaults):
        return example
    changes: dict[str, Any] = {}
    defaulted: list[str] = []
    store = example._store
    for name, field, take in _row_doors(signature):
        if name in store:
            value = store[name]
            if take is take_anything and type(value) is str and value.isascii() and value:
                continue
            convert = _labelled if field.kind == "output" else _input
            typed = convert(field, take, value, (row, example.origin))
            if typed is not value:
                changes[name] = typed
        elif field.kind == "input" and not field.is_required():
            changes[name] = field.get_default()
            defaulted.append(name)
    if not changes:
        return example
    twin = example.copy(**changes)
    keys = example._input_keys
    return twin if keys is None or not defaulted else twin.with_inputs(*keys, *defaulted)


def odd_labels(signature: type[Signature], example: Example) -> list[str]:
    """The outputs whose label in a row is not of their type, so that `typed_example` leaves it as it is."""
    found = []
    for name, field, take in _row_doors(signature):
        value = example._store.get(name)
        if field.kind != "output" or take is take_anything or value is None:
            continue
        is_empty = type(value) is EmptyCell and allows_none(field.annotation)
        if not (is_empty or isinstance(value, (Mapping, list, tuple)) or _fits(take, value)):
            found.append(name)
    return found


def _fits(take: Door, value: Any) -> bool:
    try:
        take(value)
    except Misfit:
        return False
    return True


def typed_demo(signature: type[Signature], demo: Mapping[str, Any] | Example) -> dict[str, Any]:
    """A demo's values in the types of their fields; what the signature does not name stays as it is.

    Raises:
        Misfit: a value that is not one of its field's type; its path begins with the field's name.
    """
    fields = signature.fields
    return {name: _of_demo(name, fields.get(name), value) for name, value in dict(demo).items()}


def as_demo(signature: type[Signature], example: Example) -> Example:
    """A row as a demo: its values in the types of the fields, or the row itself where one does not fit."""
    if not needs_types(signature):
        return example
    try:
        typed = typed_demo(signature, example)
    except Misfit:
        return example
    changes = {name: value for name, value in typed.items() if value is not example[name]}
    return example.copy(**changes) if changes else example


def _of_demo(name: str, field: Field | None, value: Any) -> Any:
    if field is None or value is None:
        return value
    try:
        return door(field.annotation)(value)
    except Misfit as misfit:
        raise misfit.within(name) from None


def needs_types(signature: type[Signature]) -> bool:
    """Whether a field is of a type that plain values have to be turned into."""
    found: bool | None = signature.__compiled__.get("needs_types")
    if found is None:
        found = any(door(field.annotation) is not take_anything for field in signature.fields.values())
        signature.__compiled__["needs_types"] = found
    return found


def _expected(signature: type[Signature]) -> _Expected:
    found: _Expected | None = signature.__compiled__.get("expected")
    if found is None:
        fields = signature.input_fields
        required = tuple(
            name
            for name, field in fields.items()
            if field.is_required() and not allows_none(field.annotation)
        )
        doors = tuple(
            (name, door(field.annotation), _plain_class(field.annotation)) for name, field in fields.items()
        )
        history = next((name for name, field in fields.items() if is_history(field.annotation)), None)
        has_defaults = not all(field.is_required() for field in fields.values())
        is_constrained = bool(constrained_fields(signature, "input"))
        plain = tuple((name, kind) for name, _, kind in doors)
        found = _Expected(fields, required, doors, plain, history, has_defaults, is_constrained)
        signature.__compiled__["expected"] = found
    return found


def _plain_class(annotation: Any) -> type | None:
    """The class whose values are taken as they are, but for texts that are not ASCII."""
    if annotation in (str, int, float, bool):
        found: type = annotation
        return found
    return str if door(annotation) is take_anything else None


def _row_doors(signature: type[Signature]) -> tuple[tuple[str, Field, Door], ...]:
    """All fields with what takes their values; a type's own hash is slow, so this is worked out once."""
    found: tuple[tuple[str, Field, Door], ...] | None = signature.__compiled__.get("row_doors")
    if found is None:
        found = tuple((name, field, door(field.annotation)) for name, field in signature.fields.items())
        signature.__compiled__["row_doors"] = found
    return found


def _verify_names(expected: _Expected, given: Iterable[str], owner: str) -> None:
    for name in given:
        if name not in expected.fields:
            hint = did_you_mean(name, expected.fields) or f"; it has {list_names(expected.fields)}"
            raise InputError(f"`{owner}` has no input `{name}`{hint}", field=name)
    names = set(given)
    if missing := [name for name in expected.required if name not in names]:
        raise InputError(
            f"the call is missing the input{'s' * (len(missing) > 1)} {list_names(missing)}", field=missing[0]
        )


def _verify_turns(signature: type[Signature], name: str, history: Any) -> None:
    """Complain about a turn of a conversation that the prompt could not show."""
    fields = signature.fields.keys() - {name}
    for number, turn in enumerate(getattr(history, "messages", ())):
        if fields.isdisjoint(turn) and not (turn.get("role") in ROLES and "content" in turn):
            raise InputError(
                f"a turn of a conversation has fields of the signature ({list_names(sorted(fields))}), or "
                f"`role` ({', '.join(ROLES)}) and `content`; `{name}[{number}]` has {list_names(turn)}",
                field=f"{name}[{number}]",
                value=turn,
            )


def _typed(expected: _Expected, values: dict[str, Any]) -> dict[str, Any]:
    """The values in their types; the same dict where all are already."""
    changes: dict[str, Any] = {}
    for name, take, plain in expected.doors:
        if name not in values:
            continue
        value = values[name]
        if type(value) is plain and (type(value) is not str or value.isascii()):
            continue
        if not isinstance(value, str):
            # Texts may be empty cells; of all else the door alone decides, and a misfit is told below.
            try:
                typed = take(value)
            except Misfit:
                pass
            else:
                if typed is not value:
                    changes[name] = typed
                continue
        typed = _input(expected.fields[name], take, value, _NO_ROW)
        if typed is not value:
            changes[name] = typed
    return {**values, **changes} if changes else values


def _input(field: Field, take: Door, value: Any, row: Row) -> Any:
    if type(value) is EmptyCell:
        if not field.is_required():
            return field.get_default()
        if allows_none(field.annotation):
            return None
    if take is not take_anything and isinstance(value, str) and not value.strip() and not field.is_required():
        return field.get_default()  # an empty cell of a table
    try:
        return take(value)
    except Misfit as misfit:
        text = f"the input {misfit.describe(field.name)}"
        raise _misfit(text, field, misfit, row) from None


def _labelled(field: Field, take: Door, value: Any, row: Row) -> Any:
    """A label; a plain one that is not of its type stays, because a metric may still compare it."""
    if value is None or (type(value) is EmptyCell and allows_none(field.annotation)):
        return None
    try:
        return take(value)
    except Misfit as misfit:
        if not isinstance(value, (Mapping, list, tuple)):
            return value
        text = f"the label {misfit.describe(field.name)}"
        raise _misfit(text, field, misfit, row) from None


def _misfit(text: str, field: Field, misfit: Misfit, row: Row) -> InputError:
    number, origin = row
    return InputError(text, field=field.name + misfit.path, value=misfit.value, row=number, origin=origin)
