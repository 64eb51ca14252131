"""The entries of a completion list: one function for each sort of thing that can be offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from ...base.diagnostic import Edit
from ...grammar.source import Span
from .. import types
from ..program import Symbol
from ..query.describe import describe_limits, documentation, parameter_doc
from ..query.keywords import Keyword
from ..types.display import display, display_value

CompletionKind: TypeAlias = Literal[
    "keyword",
    "class",
    "function",
    "field",
    "parameter",
    "variable",
    "value",
    "module",
    "type",
    "member",
    "constant",
]

EXPECTED, NEAR, DECLARED, RUNTIME, BUILTIN, WORD = range(6)
"""What is offered first: what fits the place, then what is near, and the language's words last."""


class Completion(Struct, frozen=True):
    """One thing that may stand at the cursor."""

    label: str
    kind: CompletionKind
    replaced: Span
    """The part of a word that is there already."""
    detail: str = ""
    doc: str = ""
    """Markdown."""
    rank: int = DECLARED
    """Lower comes first."""
    text: str = ""
    """What is inserted; empty for the label."""
    snippet: str = ""
    """The same with places to type in (`$1`, `${1:text}`), for an editor that has these; empty for none."""
    more: tuple[Edit, ...] = ()
    """What else is written where this is chosen, such as an import."""

    @property
    def inserted(self) -> str:
        """The plain text to insert."""
        return self.text or self.label


def keyword(word: Keyword, replaced: Span, rank: int, phrase: str) -> Completion:
    """A word of the language, or several that go together, with what usually follows them."""
    snippet = word.snippet if "$" in word.snippet else ""
    return Completion(phrase, "keyword", replaced, "keyword", word.doc, rank, snippet=snippet)


def symbol(found: Symbol, replaced: Span, rank: int | None = None) -> Completion:
    """A name in scope."""
    shown = _show_given(found) if found.kind in ("runtime", "builtin") else _show(found)
    rank = shown.rank if rank is None else rank
    return Completion(found.name, shown.kind, replaced, shown.detail, shown.doc, rank)


class _Shown(NamedTuple):
    """How a name is shown in a list."""

    kind: CompletionKind
    detail: str
    doc: str
    rank: int


def _show(found: Symbol) -> _Shown:
    kind = _KINDS.get(found.kind, "variable")
    if isinstance(found.type, types.Class | types.ModuleClass):
        kind = "class"
    elif isinstance(found.type, types.Function | types.Overloaded):
        kind = "function"
    elif isinstance(found.type, types.TypeForm):
        kind = "type"
    return _Shown(
        kind, _detail(found), _first_paragraph(found.doc or documentation(found.type)), _rank(found)
    )


@cache
def _show_given(found: Symbol) -> _Shown:
    """The same for what needs no declaration, which is in every list and always the same."""
    return _show(found)


def member(found: Symbol, replaced: Span, of: types.Type) -> Completion:
    """What may stand behind a dot; fields before methods, and these before other attributes.

    What an enumeration's value has of its own comes before what it has as a string.
    """
    is_method = isinstance(found.type, types.Function | types.Overloaded)
    if found.kind in ("input", "output", "field") or (isinstance(of, types.Enum) and not is_method):
        rank = EXPECTED
    else:
        rank = NEAR if is_method else DECLARED
    return symbol(found, replaced, rank)


def parameter(
    found: types.Parameter, replaced: Span, definition: types.ClassDefinition | None, rank: int
) -> Completion:
    """A parameter as a named argument, those that must be given first."""
    limits = describe_limits(found.limits)
    default = f" = {found.default}" if found.default else ""
    detail = f"{display(found.type)}{default}{f'  # {limits}' if limits else ''}"
    rank = rank if found.required else rank + 1
    return Completion(f"{found.name}=", "parameter", replaced, detail, parameter_doc(found, definition), rank)


def all_arguments(names: Sequence[str], replaced: Span) -> Completion:
    """All that a call must be given, with a place to type each value in."""
    label = ", ".join(f"{name}=…" for name in names)
    plain = ", ".join(f"{name}=" for name in names)
    snippet = ", ".join(f"{name}=${{{at}}}" for at, name in enumerate(names, 1))
    return Completion(
        label, "parameter", replaced, "all that is needed", rank=NEAR, text=plain, snippet=snippet
    )


def field_argument(found: types.Field, replaced: Span) -> Completion:
    """A field as a named argument: an input of a call, an attribute of a record, an output of `return`."""
    rank = EXPECTED if found.required else NEAR
    return Completion(f"{found.name}=", "field", replaced, display(found.type), found.description, rank)


def values(expected: types.Type, replaced: Span, rank: int) -> Iterator[Completion]:
    """The values that a type has, where they can be counted."""
    for option in types.options(expected):
        match option:
            case types.Literals(values=literals):
                for value in literals:
                    yield Completion(display_value(value), "value", replaced, rank=rank)
            case types.Enum(name=name, members=members):
                for each, value in members:
                    yield Completion(
                        f"{name}.{each}", "member", replaced, display_value(value), rank=EXPECTED
                    )
            case types.Builtin(name="bool"):
                yield Completion("True", "value", replaced, "bool", rank=rank)
                yield Completion("False", "value", replaced, "bool", rank=rank)
            case types.Nothing():
                yield Completion("None", "value", replaced, "None", rank=max(rank, NEAR))


def string_values(expected: types.Type, replaced: Span) -> Iterator[Completion]:
    """The strings that a type allows, to stand inside quotes that are there already."""
    for option in types.options(expected):
        if isinstance(option, types.Literals):
            for value in option.values:
                if isinstance(value, str):
                    yield Completion(value, "value", replaced, rank=EXPECTED)


def named(
    names: Iterable[str], replaced: Span, kind: CompletionKind, detail: str, rank: int = DECLARED
) -> Iterator[Completion]:
    """Bare names of one sort."""
    for name in names:
        yield Completion(name, kind, replaced, detail, rank=rank)


def without_equals(offered: Completion) -> Completion:
    """The same for a place that an `=` follows already."""
    return replace(offered, text=offered.label[:-1]) if offered.label.endswith("=") else offered


def unique(offered: Iterable[Completion]) -> tuple[Completion, ...]:
    """Each label once, by rank."""
    found: dict[str, Completion] = {}
    for each in offered:
        known = found.get(each.label)
        if known is None or each.rank < known.rank:
            found[each.label] = each
    return tuple(sorted(found.values(), key=lambda each: each.rank))


_KINDS: Mapping[str, CompletionKind] = {
    "type": "type",
    "alias": "type",
    "enum": "type",
    "signature": "type",
    "module": "module",
    "module class": "class",
    "function": "function",
    "program": "module",
    "constant": "constant",
    "python": "module",
    "input": "field",
    "output": "field",
    "field": "field",
    "member": "member",
    "parameter": "parameter",
    "part": "module",
}


def _rank(found: Symbol) -> int:
    match found.kind:
        case "local" | "input" | "part" | "parameter" | "output" | "field" | "member":
            return NEAR
        case "runtime":
            return RUNTIME
        case "builtin":
            return BUILTIN
        case _:
            return DECLARED


def _detail(found: Symbol) -> str:
    match found.type:
        case types.Class(definition=definition):
            return f"class {definition.name}"
        case types.TypeForm(type=types.Record()):
            return "type"
        case types.TypeForm(type=types.Enum()):
            return "enum"
        case types.Signature():
            return "signature"
    return display(found.type) if types.known(found.type) else found.kind


def _first_paragraph(doc: str) -> str:
    return doc.strip().partition("\n\n")[0]
