"""What a test leaves of a type: `if x`, `x is None`, `x == "a"`, `x in (…)`, `isinstance(x, str)`.

Each function gives the type of a value for which the test came out so, `NEVER` where it cannot have.
"""

from __future__ import annotations

from collections.abc import Callable

from . import model as types
from .assignable import assignable
from .model import Type
from .overlap import overlaps
from .places import in_program
from .union import known, options, union

Narrow = Callable[[Type], Type]
"""What a test leaves of a value's type."""


def truthy(kind: Type) -> Type:
    """Of a value that counts as true."""
    return kind if _is_plain(kind) else _each(kind, _truthy)


def falsy(kind: Type) -> Type:
    """Of a value that counts as false."""
    return kind if _is_plain(kind) else _each(kind, _falsy)


def none(kind: Type) -> Type:
    """Of a value that is `None`."""
    return _each(kind, lambda each: each if isinstance(each, types.Nothing) else _constants(each, _is_none))


def not_none(kind: Type) -> Type:
    """Of a value that is not `None`."""
    if _is_plain(kind):
        return kind
    return _each(
        kind,
        lambda each: (
            types.NEVER
            if isinstance(each, types.Nothing)
            else _constants(each, lambda value: value is not None)
            if isinstance(each, types.Literals)
            else each
        ),
    )


def may_be_none(kind: Type) -> bool:
    """Whether a value can be `None` and something else."""
    return isinstance(kind, types.Union) and types.NONE in kind.options


def only_none_misfits(given: Type, wanted: Type) -> bool:
    """Whether a value would fit if it were not `None`."""
    return may_be_none(given) and assignable(not_none(given), wanted)


def equal(kind: Type, other: Type) -> Type:
    """Of a value that is equal to some value of another type."""
    if not known(other):
        return kind
    if isinstance(other, types.Nothing):
        return none(kind)
    if isinstance(kind, types.Literals) and isinstance(other, types.Literals):
        values = other.values
        return _constants(kind, lambda value: value in values)
    return _each(kind, lambda each: _equal(each, other))


def unequal(kind: Type, other: Type) -> Type:
    """Of a value that differs from a value of another type: only a type of one value says something."""
    if _is_plain(kind) or not _is_single(other):
        return kind
    return _each(kind, lambda each: _unequal(each, other))


def instance(kind: Type, of: Type) -> Type:
    """Of a value that is an instance of a class, or of one of a union of classes."""
    if not known(of):
        return kind
    if not known(kind) or kind == types.Builtin("object"):
        return of
    return _each(kind, lambda each: union(*(_instance(each, wanted) for wanted in options(of))))


def not_instance(kind: Type, of: Type) -> Type:
    """Of a value that is no instance of a class, nor of any of a union of classes."""
    if not known(of):
        return kind
    return _each(kind, lambda each: _not_instance(each, tuple(options(of))))


def _is_plain(kind: Type) -> bool:
    """Whether a type is one of which truth, `None` and single values tell nothing."""
    if isinstance(kind, types.Builtin):
        return kind.name != "bool"
    return isinstance(kind, _PLAIN)


_PLAIN = (types.List, types.Dict, types.Set, types.Unknown, types.Prediction)


def _each(kind: Type, narrow: Narrow) -> Type:
    """What is left of each option of a union; what is not known stays so."""
    if not isinstance(kind, types.Union):
        return narrow(kind) if known(kind) else kind
    left = [narrow(each) for each in kind.options]
    if all(map(_is_same, left, kind.options)):
        return kind
    return union(*left)


def _is_same(first: Type, second: Type) -> bool:
    return first is second


# --- truth ----------------------------------------------------------------------------------------------


def _truthy(kind: Type) -> Type:
    match kind:
        case types.Nothing() | types.Tuple(items=(), rest=None):
            return types.NEVER
        case types.Literals():
            return _constants(kind, bool)
        case types.Builtin(name="bool"):
            return types.Literals((True,))
        case types.Enum() if not kind.open:
            return _members(kind, lambda value: not _is_false_member(value))
        case _:
            return kind


def _falsy(kind: Type) -> Type:
    match kind:
        case types.Literals():
            return _constants(kind, lambda value: not value)
        case types.Builtin(name="bool"):
            return types.Literals((False,))
        case types.Enum() if not kind.open:
            return _members(kind, _is_false_member)
        case types.Record(interface=types.Interface(open=False)) | types.Function() | types.Overloaded():
            return types.NEVER
        case types.Signature() | types.Class() | types.TypeForm() | types.PythonModule():
            return types.NEVER
        case types.Tuple(rest=None, items=(_, *_)):
            return types.NEVER
        case _:
            return kind


def _is_false_member(value: types.Value) -> bool:
    """Members count as true, but for those of an enumeration of strings or numbers that are empty or 0."""
    return not value and isinstance(value, str | int)


# --- equality -------------------------------------------------------------------------------------------


def _equal(kind: Type, other: Type) -> Type:
    if not overlaps(kind, other) or (isinstance(kind, types.Nothing) and not _may_be_none(other)):
        return types.NEVER
    others = [each for each in options(other) if not isinstance(each, types.Nothing)]
    choices = [each for each in others if isinstance(each, types.Literals | types.Enum)]
    if len(choices) < len(others):
        return kind
    match kind:
        case types.Literals():
            return _constants(kind, lambda value: _is_among(value, choices))
        case types.Enum() if not kind.open:
            return _equal_members(kind, choices)
        case types.Builtin(name="bool"):
            return _constants(types.Literals((True, False)), lambda value: _is_among(value, choices))
        case types.Builtin(name="int" | "float") if choices and all(map(_is_only_itself, choices)):
            return types.NEVER
        case types.Builtin(name="str" | "int" as name):
            held = [value for each in choices for value in _values(each) if type(value).__name__ == name]
            # A member of an enumeration stays what it is, and is equal to a text.
            plain = all(isinstance(each, types.Literals) for each in choices)
            return types.Literals(tuple(dict.fromkeys(held))) if held and plain else kind
        case _:
            return kind


def _is_only_itself(kind: types.Literals | types.Enum) -> bool:
    """Whether a kind is an enumeration of a `.dspy` file whose members no number is equal to."""
    if not isinstance(kind, types.Enum) or kind.open or not in_program(kind.path):
        return False
    return not all(isinstance(value, str) for _, value in kind.members)


def _equal_members(kind: types.Enum, choices: list[types.Literals | types.Enum]) -> Type:
    names: set[str] = set()
    for choice in choices:
        if isinstance(choice, types.Enum):
            if (choice.name, choice.path) != (kind.name, kind.path):
                return kind
            names |= {name for name, _ in choice.members}
        else:
            names |= {name for name, value in kind.members if value in choice.values}
    left = kind.only(names)
    return left if left.members else types.NEVER


def _unequal(kind: Type, one: Type) -> Type:
    match kind, one:
        case types.Nothing(), types.Nothing():
            return types.NEVER
        case types.Literals(), types.Literals(values=(value,)):
            return _constants(kind, lambda each: each != value)
        case types.Builtin(name="bool"), types.Literals(values=(bool() as value,)):
            return types.Literals((not value,))
        case types.Enum(open=False), types.Literals(values=(value,)):
            return _members(kind, lambda each: each != value)
        case types.Enum(open=False), types.Enum(members=((gone, _),)) if _is_same_enum(kind, one):
            left = kind.only({name for name, _ in kind.members if name != gone})
            return left if left.members else types.NEVER
        case types.Literals(), types.Enum(members=((_, str() as value),)):
            return _constants(kind, lambda each: each != value)
        case _:
            return kind


def _is_same_enum(first: Type, second: Type) -> bool:
    return (
        isinstance(first, types.Enum)
        and isinstance(second, types.Enum)
        and (first.name, first.path) == (second.name, second.path)
    )


def _is_single(kind: Type) -> bool:
    """Whether a type has one value, as far as it can be told apart."""
    match kind:
        case types.Nothing():
            return True
        case types.Literals(values=values) | types.Enum(members=values, open=False):
            return len(values) == 1
        case _:
            return False


def _is_among(value: types.Value, choices: list[types.Literals | types.Enum]) -> bool:
    return any(value in _values(each) for each in choices)


def _values(kind: types.Literals | types.Enum) -> tuple[types.Value, ...]:
    return kind.values if isinstance(kind, types.Literals) else tuple(value for _, value in kind.members)


def _may_be_none(kind: Type) -> bool:
    return any(
        isinstance(each, types.Nothing)
        or not known(each)
        or (isinstance(each, types.Literals) and None in each.values)
        for each in options(kind)
    )


def _is_none(value: types.Value) -> bool:
    return value is None


def _constants(kind: Type, keep: Callable[[types.Value], object]) -> Type:
    """What is left of a choice of constants; of other types nothing is."""
    if not isinstance(kind, types.Literals):
        return types.NEVER
    left = tuple(value for value in kind.values if keep(value))
    return kind if len(left) == len(kind.values) else types.Literals(left) if left else types.NEVER


def _members(kind: types.Enum, keep: Callable[[types.Value], object]) -> Type:
    left = {name for name, value in kind.members if keep(value)}
    if len(left) == len(kind.members):
        return kind
    return kind.only(left) if left else types.NEVER


# --- classes --------------------------------------------------------------------------------------------


def _instance(kind: Type, of: Type) -> Type:
    match kind, of:
        case types.Iterable(item=item), types.List(item=types.Anything()):
            return types.List(item)
        case types.Iterable(item=item), types.Set(item=types.Anything()):
            return types.Set(item)
        case types.Iterable(item=item), types.Tuple():
            return types.Tuple((), item)
        case types.Builtin(name="float"), types.Builtin(name="int" | "bool"):
            return of
        case types.Literals(), types.Builtin(name=name):
            return _constants(kind, lambda value: _is_of_class(value, name))
        case types.Instance(definition=given), types.Instance(definition=wanted):
            if given.is_a(wanted.name):
                return kind
            return of if wanted.is_a(given.name) or not (given.complete and wanted.complete) else types.NEVER
    if _is_under(kind, of):
        return kind
    if _is_under(of, kind) or (isinstance(kind, types.Record) and isinstance(of, types.Record)):
        return of  # a record may extend another one
    return types.NEVER if _is_closed(kind) and _is_closed(of) else union(of)


def _not_instance(kind: Type, classes: tuple[Type, ...]) -> Type:
    match kind:
        case types.Builtin(name="float") if types.FLOAT in classes:
            # Where a number is asked for, a whole number may stand.
            return types.NEVER if types.INT in classes else types.INT
        case types.Literals():
            names = [each.name for each in classes if isinstance(each, types.Builtin)]
            return _constants(kind, lambda value: not any(_is_of_class(value, name) for name in names))
        case types.Instance(definition=given):
            gone = any(
                isinstance(each, types.Instance) and given.is_a(each.definition.name) for each in classes
            )
            return types.NEVER if gone else kind
        case _:
            return types.NEVER if any(_is_under(kind, each) for each in classes) else kind


def _is_of_class(value: types.Value, name: str) -> bool:
    own = type(value).__name__
    return own == name or (own == "bool" and name == "int") or name == "object"


def _is_under(kind: Type, of: Type) -> bool:
    """Whether every value of a type is an instance of a class."""
    match kind, of:
        case types.Builtin(name="bool"), types.Builtin(name="int"):
            return True
        case types.Builtin(name="datetime"), types.Builtin(name="date"):
            return True
        case _, types.Builtin(name="object"):
            return True
        case types.Builtin(name=first), types.Builtin(name=second):
            return first == second
        case types.Record(), types.Record():
            return assignable(kind, of)
        case types.Enum(), types.Builtin(name="str"):
            return bool(kind.members) and all(isinstance(value, str) for _, value in kind.members)
        case types.Enum(), types.Enum():
            return _is_same_enum(kind, of)
        case (types.List(), types.List()) | (types.Dict(), types.Dict()) | (types.Set(), types.Set()):
            return True
        case types.Tuple(), types.Tuple():
            return assignable(kind, of)
        case (types.Nothing(), types.Nothing()):
            return True
        case types.Module(), types.AnyModule():
            return True
        case _:
            return False


_CLOSED = (
    types.Builtin
    | types.List
    | types.Dict
    | types.Set
    | types.Tuple
    | types.Nothing
    | types.Literals
    | types.Enum
    | types.Record
)


def _is_closed(kind: Type) -> bool:
    """Whether it is known of a type which classes its values have."""
    return isinstance(kind, _CLOSED) and kind != types.Builtin("object")


# --- assignment -----------------------------------------------------------------------------------------


def assigned(declared: Type, given: Type) -> Type:
    """What a variable of a declared type holds right behind an assignment: of a union, the given options."""
    if not isinstance(declared, types.Union) or not known(given):
        return declared
    found: list[Type] = []
    for each in options(given):
        fitting = next((option for option in declared.options if assignable(each, option)), None)
        if fitting is None:
            return declared
        found.append(each if isinstance(each, types.Nothing | types.Literals) else fitting)
    left = union(*found)
    return declared if left == declared else left
