"""What fits where."""

from __future__ import annotations

from . import lookup
from . import model as types
from .generic import has_variables
from .model import Type
from .union import MOST_VALUES, known, options, union

_WIDER = {
    "bool": {"int", "float", "complex", "Decimal"},
    "int": {"float", "complex", "Decimal"},
    "float": {"complex"},
    "datetime": {"date"},
}


def assignable(source: Type, target: Type) -> bool:
    """Whether a value of one type may stand where another is asked for.

    Values are immutable, so containers are covariant. Of a union every option has to fit: what tests have
    ruled out is not among them.
    """
    if source is target or not known(source):
        return True
    if source.__class__ is types.Builtin and target.__class__ is types.Builtin:  # most often
        return target.name == "object" or _fits_builtin(source, target.name)
    if isinstance(source, types.Union):
        return all(assignable(each, target) for each in source.options)
    match target:
        case (
            types.Unknown()
            | types.Anything()
            | types.Never()
            | types.Variable()
            | types.Builtin(name="object")
        ):
            return True
        case types.Union(options=options):
            if isinstance(source, types.Literals):
                return all(
                    any(assignable(types.Literals((value,)), each) for each in options)
                    for value in source.values
                )
            return any(assignable(source, each) for each in options)
        case types.Nothing():
            return isinstance(source, types.Nothing) or source == types.Literals((None,))
        case types.Literals(values=values):
            return _fits_literals(source, values)
        case types.Builtin(name=name):
            return _fits_builtin(source, name)
        case types.List(item=item):
            return (isinstance(source, types.List) and assignable(source.item, item)) or _is_open_iterable(
                source
            )
        case types.Set(item=item):
            return isinstance(source, types.Set) and assignable(source.item, item)
        case types.Dict(key=key, value=value):
            return (
                isinstance(source, types.Dict)
                and assignable(source.key, key)
                and assignable(source.value, value)
            )
        case types.Tuple():
            return isinstance(source, types.Tuple) and _fits_tuple(source, target)
        case types.Iterable(item=item):
            inside = iterated(source)
            return inside is not None and assignable(inside, item)
        case types.Record():
            return (
                (isinstance(source, types.Record) and _is_kind_of(source, target))
                or (isinstance(source, types.Dict) and assignable(source.key, types.STR))
                or _becomes(source, _own_type(target))
            )
        case types.Enum(members=members, open=is_open):
            if isinstance(source, types.Enum) and (source.name, source.path) == (target.name, target.path):
                return target.whole is None or {*source.members} <= {*members}
            values = lookup.member_values(members)
            return is_open or assignable(source, types.Literals(values))
        case types.Callback(role=role):
            if role and isinstance(source, types.Instance) and source.definition.is_a("BaseLM"):
                return False  # it can be called, but not with what these are called with
            if role == "tool" and isinstance(source, types.ModuleClass):
                return False
            # A server among the tools stands for all of its own.
            return _callable(source) or (role == "tool" and _instance_of(source, "ToolServer"))
        case types.SignatureLike():
            return isinstance(source, types.Signature | types.SignatureLike) or assignable(source, types.STR)
        case types.AnyModule():
            return isinstance(source, types.Module | types.AnyModule) or _instance_of(source, "Module")
        case types.Instance(definition=definition):
            return _fits_instance(source, definition)
        case types.Dataset():
            if isinstance(source, types.List) and isinstance(source.item, types.Builtin | types.Literals):
                return source.item == types.Builtin("object")
            return isinstance(source, types.Dataset | types.List | types.Tuple) or _is_open_iterable(source)
        case types.Signature() | types.TypeForm() | types.Class():
            return isinstance(source, types.Signature | types.TypeForm | types.Class)
        case types.Module():
            return isinstance(source, types.Module | types.AnyModule)
        case types.Prediction() | types.Fields():
            return isinstance(source, types.Prediction | types.Fields | types.Dataset | types.Instance)
        case types.ModuleClass() | types.Function() | types.Overloaded() | types.PythonModule():
            return True


def _is_kind_of(source: types.Record, target: types.Record) -> bool:
    """Whether a record is another one, or extends it."""
    each: types.Record | None = source
    while each is not None:
        if each == target:
            return True
        each = each.extends
    return False


def _fits_literals(source: Type, values: tuple[types.Value, ...]) -> bool:
    if isinstance(source, types.Builtin):
        # Of so many constants in a list only the classes are known; they may be these.
        return len(values) > MOST_VALUES and source.name in lookup.classes(values)
    wanted = lookup.constants(values)
    return isinstance(source, types.Literals) and all((type(v), v) in wanted for v in source.values)


def _fits_builtin(source: Type, name: str) -> bool:
    if isinstance(source, types.Builtin):
        return source.name == name or name in _WIDER.get(source.name, ())
    if isinstance(source, types.Literals):
        classes = lookup.classes(source.values)
        return all(each == name or name in _WIDER.get(each, ()) for each in classes)
    if isinstance(source, types.Enum):
        return name == "str" and lookup.classes(lookup.member_values(source.members)) == {"str"}
    if name == "type":
        return isinstance(source, types.TypeForm | types.Class | types.Signature | types.ModuleClass)
    if name == "str" and isinstance(source, types.Record):
        return _own_type(source) == "Reasoning"
    return isinstance(source, types.Instance) and source.definition.is_a(name)


def _fits_tuple(source: types.Tuple, target: types.Tuple) -> bool:
    if target.rest is not None:
        inside = iterated(source)
        return inside is None or assignable(inside, target.rest)
    if source.rest is not None:
        return all(assignable(source.rest, each) for each in target.items)
    return len(source.items) == len(target.items) and all(map(assignable, source.items, target.items))


def _fits_instance(source: Type, wanted: types.ClassDefinition) -> bool:
    match source:
        case types.Instance(definition=given):
            # Whoever writes `LM` for a parameter means any model, such as a scripted one.
            asked = "BaseLM" if wanted.name == "LM" else wanted.name
            return given.is_a(asked) or not given.complete
        case types.Module(definition=given):
            # A module with a body of a `.dspy` file has no class of its own to look at.
            return (given is not None and given.is_a(wanted.name)) or _may_be_module(wanted)
        case types.Prediction() | types.Fields():
            return wanted.name in ("Prediction", "Example")
        case types.Dataset():
            return wanted.name == "Dataset"
        case types.Dict():
            return True  # pydantic makes a model from a dictionary
        case types.Record():
            return not wanted.complete
        case _:
            return False


def _may_be_module(wanted: types.ClassDefinition) -> bool:
    """Whether a module may be where this class is asked for: a protocol only says what it can do."""
    return wanted.is_a("Module") or wanted.is_a("Protocol") or not wanted.complete


def _own_type(wanted: types.Record) -> str:
    """The name of one of the runtime's own field types, such as `Image`; nothing for other records."""
    folder = wanted.path.replace("\\", "/").rpartition("/")[0]
    return wanted.name if folder.endswith("/runtime/types") else ""


def _becomes(source: Type, wanted: str) -> bool:
    """Whether a value becomes one of the runtime's own field types where one is wanted."""
    if wanted == "History":
        return _fits_conversation(source)
    if wanted not in _OF_TEXT or not _fits_builtin(source, "str"):
        return False
    beginnings = _OF_TEXT[wanted]
    # Of a text that is not known, nothing can be said.
    values = source.values if isinstance(source, types.Literals) and beginnings else ()
    return all(str(value).strip().startswith(beginnings) for value in values)


_OF_TEXT: dict[str, tuple[str, ...]] = {
    "Audio": ("data:audio/",),
    "Code": (),
    "Document": (),
    "File": ("data:",),
    "Image": ("data:", "http://", "https://", "gs://"),
    "Reasoning": (),
}
"""The runtime's types that a text becomes, and how it has to begin: a path is never read."""


def _fits_conversation(source: Type) -> bool:
    """Whether a value is a list of turns, which becomes a conversation: each turn is a dict."""
    if not isinstance(source, types.List | types.Tuple):
        return False
    turn = iterated(source)
    return turn is not None and assignable(turn, types.Dict(types.STR, types.ANY))


def _instance_of(source: Type, base: str) -> bool:
    return isinstance(source, types.Instance) and (
        source.definition.is_a(base) or not source.definition.complete
    )


def _is_open_iterable(source: Type) -> bool:
    """Whether a value of some class may be a list, as far as is known."""
    return isinstance(source, types.Instance) and (
        not source.definition.complete or source.definition.is_a("Sequence")
    )


def _callable(source: Type) -> bool:
    match source:
        case types.Function() | types.Overloaded() | types.Callback() | types.Module() | types.Class():
            return True
        case types.TypeForm() | types.ModuleClass():
            return True
        case types.Instance(definition=definition):
            return "__call__" in definition.members or not definition.complete
        case _:
            return False


_BY_ITEMS = frozenset({"__getitem__", "__getattr__", "__getattribute__"})
"""Other methods by which a value may be gone through."""


def iterated(kind: Type) -> Type | None:
    """What a `for` over a value gives; Unknown when that cannot be told, None when there is nothing in it."""
    match kind:
        case types.Unknown() | types.Anything() | types.Never():
            return types.UNKNOWN
        case types.List(item=item) | types.Set(item=item) | types.Iterable(item=item):
            return item
        case types.Dict(key=key):
            return key
        case types.Tuple(items=items, rest=rest):
            return rest if rest is not None else union(*items) if items else types.NEVER
        case types.Builtin(name="str"):
            return types.STR
        case types.Builtin(name="range" | "bytes"):
            return types.INT
        case types.Literals(values=values):
            return types.STR if all(isinstance(value, str) for value in values) else None
        case types.Union(options=options):
            found = [each for each in map(iterated, options) if each is not None]
            return union(*found) if found else None
        case types.Dataset(columns=columns):
            return types.Fields(columns)
        case types.TypeForm(type=types.Enum() as enum):
            return enum
        case types.Instance(definition=definition):
            walks = definition.members.get("__iter__")
            if walks is None and definition.complete and _BY_ITEMS.isdisjoint(definition.members):
                return None
            given = walks.returns if isinstance(walks, types.Function) else types.UNKNOWN
            held = given.item if isinstance(given, types.Iterable) else types.UNKNOWN
            return types.UNKNOWN if has_variables(held) else held
        case types.Builtin() | types.Nothing() | types.Module() | types.Function() | types.Enum():
            return None
        case types.Signature() | types.ModuleClass() | types.TypeForm():
            return None
        case types.Class(definition=definition) if definition.complete and not definition.is_a("Enum"):
            return None
        case _:
            return types.UNKNOWN


def may_be_pair(key: Type) -> bool:
    """Whether a key of a dict may have two parts, as far as is known; a text is no pair of letters."""
    return any(
        not known(each)
        or each == types.Builtin("object")
        or isinstance(each, types.Record)
        or (
            (each not in (types.STR, types.NEVER) and not isinstance(each, types.Literals))
            and iterated(each) is not None
        )
        for each in options(key)
    )
