"""How the rules put names into sentences."""

from __future__ import annotations

from collections.abc import Sequence

from ...base.text import did_you_mean, list_names
from ...base.text import near as near
from .. import types
from ..types import Type
from ..types.assignable import assignable
from ..types.display import display, display_value
from ..types.union import plain

NOUNS = {
    "lm": "a language model",
    "module": "a module",
    "signature": "a signature",
    "dataset": "a dataset",
    "optimizer": "an optimizer",
    "program": "the result of an optimizer's `compile(…)`",
    "evaluate": "an evaluation",
    "tools": "the tools of a server",
}
"""What the words that declare values declare."""

_BASES = {"BaseLM": "a language model", "Adapter": "an adapter", "Optimizer": "an optimizer"}
"""What the runtime's base classes are for who uses what is made of them."""

listed = list_names
meant = did_you_mean


def meant_or_has(name: str, candidates: Sequence[str]) -> str:
    """`; did you mean `x`?` where one is close, else the few there are."""
    close = meant(name, candidates)
    if close or not candidates:
        return close
    return f"; it has {listed(candidates)}" if len(candidates) <= 6 else ""


def nouns(noun: str, names: Sequence[str]) -> str:
    """A noun with the names that it is said of: "the input `a`", "the inputs `a` and `b`"."""
    return f"the {noun}{'s' if len(names) > 1 else ''} {listed(names)}"


def choices(values: Sequence[types.Value]) -> str:
    """``"a"`, `"b"` or `"c"``"""
    return listed([display_value(value) for value in values], "or")


def described(kind: Type) -> str:
    """A type as a part of a sentence: what somebody has, or what is asked for."""
    match kind:
        case types.Signature(interface=interface):
            return f"the signature `{interface.name}`" if interface.name else "a signature"
        case types.ModuleClass(name=name):
            return f"the module class `{name}`"
        case types.Module():
            return "a module"
        case types.AnyModule():
            return "a module"
        case types.SignatureLike():
            return "a signature"
        case types.Callback(role="metric"):
            return "a metric, `(example, pred)`"
        case types.Callback(role="reward"):
            return "a reward, `(args, pred)`"
        case types.Callback():
            return "a function"
        case types.Function() | types.Overloaded():
            return "a function"
        case types.Class(definition=definition):
            return f"the class `{definition.name}`"
        case types.Instance(definition=definition) if definition.name in _BASES:
            return _BASES[definition.name]
        case types.Dataset():
            return "a dataset"
        case types.PythonModule(name=name):
            return f"the Python module `{name}`"
        case types.Iterable(item=types.Builtin(name="object")):
            return "a collection"
        case types.Literals(values=(value,)):
            return f"`{display_value(value)}`"
        case types.Union(options=options):
            return listed_types(options)
        case _:
            return f"`{display(kind)}`"


def but_is(given: Type, wanted: Type) -> str:
    """What is wrong with a value where another is wanted: of a union only the options that do not fit."""
    wrong = [each for each in types.options(given) if not assignable(each, wanted)]
    if isinstance(given, types.Union) and len(wrong) < len(given.options):
        return f", but this may be {listed_types([plain(each) for each in wrong])}"
    return f", not {described(given if isinstance(given, types.Literals) else plain(given))}"


def listed_types(options: Sequence[Type]) -> str:
    """Several types as a part of a sentence."""
    words = list(dict.fromkeys(described(each) for each in options if not isinstance(each, types.Nothing)))
    if any(isinstance(each, types.Nothing) for each in options):
        words.append("`None`")
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)
