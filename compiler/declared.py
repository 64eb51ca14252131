"""What a declaration's word says about its value: `optimizer NAME = …` declares what has a `compile`."""

from __future__ import annotations

from functools import cache

from . import catalog, types
from .types import Type


def holds(word: str, value: Type) -> bool:
    """Whether a value is what `WORD name = value` declares."""
    match word, value:
        case "lm", types.Instance(definition=definition):
            return definition.is_a("BaseLM")
        case "module" | "program", types.Module() | types.AnyModule():
            return True
        case "signature", types.Signature():
            return True
        case "dataset", types.List(item=item):
            return may_be_example(item)
        case "dataset", types.Dataset() | types.Tuple():
            return True
        case "optimizer", types.Instance(definition=definition):
            return "compile" in definition.members
        case "evaluate", types.Instance(definition=definition):
            return definition.is_a("Evaluate")
        case "tools", types.Instance(definition=definition):
            return definition.is_a("ToolServer")
        case _:
            return False


def may_be_example(kind: Type) -> bool:
    """Whether the items of a list may be examples, as far as is known; dicts and tuples are none."""
    others = types.Dict | types.Tuple | types.List | types.Set | types.Record | types.Literals
    return not isinstance(kind, others) and kind not in (types.STR, types.INT, types.FLOAT, types.BOOL)


def may_hold(word: str, value: Type) -> bool:
    """Whether a value is what `WORD name = value` declares, or too little is known of it to deny that."""
    match value:
        case types.Unknown() | types.Anything():
            return True
        case types.Instance(definition=definition) if not definition.complete:
            return word in ("lm", "optimizer", "evaluate", "tools") or holds(word, value)
        case _:
            return holds(word, value)


def constructed(constructor: Type) -> Type:
    """What calling a constructor gives, whatever it is called with; Unknown for what is no constructor."""
    match constructor:
        case types.Class(definition=definition) if definition.is_a("Module"):
            return types.Module(types.OPEN, definition)
        case types.Class(definition=definition) if definition.is_a("Dataset"):
            return types.Dataset(types.OPEN, definition)
        case types.Class(definition=definition) if definition.is_a("Signature"):
            return types.Signature(types.OPEN)
        case types.Class(definition=definition):
            return types.Instance(definition)
        case types.ModuleClass(interface=interface):
            return types.Module(interface, declared=constructor)
        case types.TypeForm(type=(types.Record() | types.Enum()) as made):
            return made
        case _:
            return types.UNKNOWN


def makes(word: str, constructor: Type) -> bool:
    """Whether calling a name gives what `WORD name = …` declares; not so for a base of such classes."""
    made = constructed(constructor)
    if not types.known(made) or not holds(word, made):
        return False
    return not isinstance(constructor, types.Class) or not is_base(word, constructor.definition)


@cache
def has_constructor(word: str) -> bool:
    """Whether the runtime has something to write behind `WORD name =`; a program comes from an optimizer."""
    if word == "program":
        return has_constructor("optimizer")
    return any(makes(word, found) for name in catalog.names() if (found := catalog.lookup(name)) is not None)


def is_base(word: str, definition: types.ClassDefinition) -> bool:
    """Whether a class of the runtime is only what its subclasses have in common."""
    if catalog.definition(definition.name) is not definition:
        return False
    return definition.name in _bases(word)


def is_common_base(definition: types.ClassDefinition) -> bool:
    """Whether a class of the runtime is a base of what some word declares, and nothing is made of it."""
    return any(is_base(word, definition) for word in ("lm", "optimizer", "evaluate", "tools"))


@cache
def _bases(word: str) -> frozenset[str]:
    classes = [found for name in catalog.names() if isinstance(found := catalog.lookup(name), types.Class)]
    kinds = {each.definition.name: each for each in classes if holds(word, constructed(each))}
    topmost = {
        name
        for name, each in kinds.items()
        if not any(base in kinds for base in each.definition.bases if base != name)
    }
    below = {
        base for each in kinds.values() for base in each.definition.bases if base != each.definition.name
    }
    return frozenset(topmost & below)
