"""What a predictor sends, as far as its declaration tells: for fields of plain types, without running it."""

from __future__ import annotations

import enum
from functools import lru_cache
from inspect import cleandoc
from typing import Any, Literal

from msgspec import Struct

from ..compiler import types
from ..compiler.analysis import FileAnalysis
from ..compiler.program import Item, Symbol
from ..compiler.query.at import find, item_of, symbol_at
from ..grammar import syntax

_ASKED = frozenset({"Predict", "ChainOfThought"})
"""The modules that ask once, with the fields of their signature."""
_OWN_FORM = ("gguf/", "embedded/")
"""The models whose files say how they are asked."""
_PLAIN: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_BYTES_PER_TOKEN, _TOKENS_PER_MESSAGE = 4, 4
"""As `dspyc prompt` estimates."""


class Prompt(Struct, frozen=True):
    """The messages of a predictor, with `{name}` in the places of its inputs."""

    texts: tuple[str, ...]

    @property
    def tokens(self) -> int:
        """About how many tokens they are, by their length."""
        return sum(len(each.encode()) // _BYTES_PER_TOKEN + _TOKENS_PER_MESSAGE for each in self.texts)


def prompt_at(analysis: FileAnalysis, offset: int) -> Prompt | None:
    """The prompt of the predictor whose name stands at an offset; None where only the program knows it."""
    found = find(analysis, offset)
    symbol = symbol_at(found) if found is not None else None
    item = item_of(analysis, symbol) if symbol is not None and symbol.kind in ("module", "part") else None
    return None if item is None or symbol is None or item.broken else _prompt_of(analysis, item, symbol)


def _prompt_of(analysis: FileAnalysis, item: Item, symbol: Symbol) -> Prompt | None:
    call = _construction(item, symbol)
    kind = item.type_of(call) if call is not None else None
    if call is None or not isinstance(kind, types.Module) or kind.definition is None:
        return None
    if kind.definition.name not in _ASKED or kind.interface.open or _has_own_form(analysis):
        return None
    if len(call.arguments) != 1 or call.arguments[0].star:
        return None
    instructions = _instructions(item, call.arguments[0].value)
    # A field of a string that says nothing of its type is a text.
    untyped = str if isinstance(call.arguments[0].value, syntax.String) else None
    fields = {
        each.name: _annotation(each.type) if types.known(each.type) else untyped
        for each in kind.interface.fields
    }
    if instructions is None or None in fields.values():
        return None
    return Prompt(_messages(kind.interface, fields, instructions))


def _construction(item: Item, symbol: Symbol) -> syntax.Call | None:
    """The call that makes a module or part."""
    declaration = item.declaration
    if isinstance(declaration, syntax.ValueDeclaration) and declaration.kind == "module":
        value: syntax.Expression | None = declaration.value
    elif isinstance(declaration, syntax.ModuleDeclaration):
        value = next((each.value for each in declaration.parts if each.name.text == symbol.name), None)
    else:
        value = None
    return value if isinstance(value, syntax.Call) else None


def _has_own_form(analysis: FileAnalysis) -> bool:
    """Whether something in the file may ask in another form than the usual one."""
    for item in analysis.program.items:
        for string in item.nodes(syntax.String):
            if string.value.startswith(_OWN_FORM):
                return True
        for argument in item.nodes(syntax.Argument):
            if argument.name is not None and argument.name.text == "adapter":
                return True
    return False


def _instructions(item: Item, signature: syntax.Expression) -> str | None:
    """The instructions of a signature, empty for the usual ones; None where they are not known."""
    match signature:
        case syntax.String():
            return ""
        case syntax.Name() if isinstance(item.type_of(signature), types.Signature):
            kind = item.type_of(signature)
            assert isinstance(kind, types.Signature)
            return cleandoc(kind.doc)
        case _:
            return None


def _annotation(kind: types.Type) -> Any:
    """A type as Python's; None for one that takes more to write down."""
    match kind:
        case types.Builtin(name=name):
            return _PLAIN.get(name)
        case types.Literals(values=values):
            return Literal[tuple(values)]
        case types.Enum(name=name, members=members, descriptions=()):
            if all(isinstance(value, str) for _, value in members):
                return _enum(name, members)
            return None
        case types.Union(options=options):
            rest = [each for each in options if not isinstance(each, types.Nothing)]
            only = _annotation(rest[0]) if len(rest) == 1 and len(options) == 2 else None
            return None if only is None else only | None
        case _:
            return None


@lru_cache(maxsize=256)
def _enum(name: str, members: tuple[tuple[str, str], ...]) -> Any:
    """An enumeration, one for all that ask: what is worked out for it is kept as long as it is.

    None for one of whose members Python makes something else, such as `mro` and `_x_`.
    """
    try:
        return enum.StrEnum(name, list(members))
    except (TypeError, ValueError):
        return None


def _messages(interface: types.Interface, fields: dict[str, Any], instructions: str) -> tuple[str, ...]:
    # The runtime writes them, so that they are those of a run; the first hover of a predictor loads it.
    from ..runtime.adapters.chat import ChatAdapter
    from ..runtime.signature.fields import InputField, OutputField
    from ..runtime.signature.signature import Signature

    made: dict[str, Any] = {}
    for each in interface.fields:
        limits = {
            name: value
            for name in ("ge", "gt", "le", "lt", "min_length", "max_length")
            if (value := getattr(each.limits, name)) is not None
        }
        make = InputField if each.direction == "input" else OutputField
        desc = {"desc": cleandoc(each.description)} if each.description else {}
        made[each.name] = (fields[each.name], make(**desc, **limits))
    # A call of the class makes another class.
    make_signature: Any = Signature
    signature = make_signature(made, instructions) if instructions else make_signature(made)
    values = {each.name: f"{{{each.name}}}" for each in interface.inputs}
    messages = ChatAdapter().format(signature, (), values)
    return tuple(str(each["content"]) for each in messages)
