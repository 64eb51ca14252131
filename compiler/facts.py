"""What was found out about a declaration: what its names stand for, the types of its expressions.

Everything in here follows from the text of the declaration and from what it read of others, and counts from
the start of its text: lines that are added above change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

from ..base.diagnostic import Diagnostic
from ..base.span import Span
from ..grammar import syntax
from . import types
from .types import Type

SymbolKind: TypeAlias = Literal[
    "lm",
    "type",
    "alias",
    "enum",
    "signature",
    "module",  # a module that can be called: `module NAME = …`
    "module class",  # `module NAME(…):`, which constructs modules
    "function",
    "tools",
    "dataset",
    "optimizer",
    "program",
    "evaluate",
    "constant",
    "python",  # an imported Python module
    "imported",  # a name of a Python module
    "unresolved",  # declared or imported, but nothing is known of it
    "input",
    "output",
    "parameter",
    "part",
    "local",
    "field",  # of a record, a prediction, an example
    "member",  # of an enumeration or of a class
    "runtime",
    "builtin",
]


class Symbol(Struct, frozen=True, eq=False):
    """What a name stands for.

    As long as what a declaration means stays the same, its symbol stays the same object, also when its body
    or its documentation changes.
    """

    name: str
    kind: SymbolKind
    type: types.Type
    """The type of the name used as a value; `types.TypeForm` and the like for the name of a type."""
    place: types.Place | None = None
    """Where it is declared; `Program.locate` finds it in the file as that is now. None for built-ins."""
    item: str | None = None
    """The key, in the same file, of the item that declares it; None for names of other files."""
    node: syntax.Node | None = None
    """The declaration, field, part or parameter, of this or another `.dspy` file."""
    doc: str = ""


class Binding(Struct, frozen=True):
    """Which argument of a call is which parameter."""

    callee: types.Type
    parameters: tuple[types.Parameter, ...] | None
    """What the callee takes; None when that cannot be known."""
    matched: tuple[tuple[syntax.Argument, types.Parameter], ...] = ()
    missing: tuple[types.Parameter, ...] = ()
    """Required parameters without an argument."""
    unknown: tuple[syntax.Argument, ...] = ()
    """Named arguments that the callee does not have."""
    repeated: tuple[syntax.Argument, ...] = ()
    """Arguments for a parameter that has one already."""
    surplus: tuple[syntax.Argument, ...] = ()
    """Positional arguments that the callee does not take."""

    def argument(self, name: str) -> syntax.Argument | None:
        """The argument of a parameter."""
        for argument, parameter in self.matched:
            if parameter.name == name:
                return argument
        return None


UNBOUND = Binding(types.UNKNOWN, None)
"""That of a call whose arguments were not compared with anything."""


class CallKind(Struct, frozen=True):
    """What running a call means for the generated code."""

    target: Literal["module", "lm", "function", "python", "print", "constructor", "builtin", "unknown"]
    """A module; an LM called with a text; a `def`; a Python function; `print`; a class or record; a pure
    built-in."""
    awaits: bool
    """Whether it makes model calls (itself or through a `def`) or is an async Python function."""
    effects: bool
    """Whether it must keep its order among the other calls with effects.

    A module's call has none of its own, though its `forward` may call Python functions: those keep their
    order within one call of the module.
    """
    only_prints: bool = False
    """Whether its effects are nothing but what it prints, which may be printed again."""


UNKNOWN_CALL = CallKind("unknown", awaits=False, effects=True)


class SignatureString(Struct, frozen=True):
    """A signature written as a string: its fields and problems; spans count from the start of the item."""

    interface: types.Interface
    fields: tuple[syntax.Field, ...]
    problems: tuple[Diagnostic, ...] = ()


class ImportTarget(Struct, frozen=True):
    """Where an import leads."""

    kind: Literal["dspy", "python", "opaque", "missing", "unreadable", "ambiguous", "self"]
    """To a `.dspy` or `.py` file, a module that is not read, nothing, what cannot be read, two files at once,
    the file itself."""
    path: str = ""
    names: Callable[[], Sequence[str]] = tuple
    """What can be imported from it, as far as that is known."""
    valid: bool = True
    """Whether a Python file could be parsed."""
    problem: str = ""
    """Why the file cannot be read, as a clause that follows its name."""
    cycle: tuple[str, ...] = ()
    """The files through which values are imported in a cycle, this file first and last."""
    is_in_cycle: bool = False
    """Whether the imported file imports this one, itself or through others, be it types or values."""
    beside: tuple[str, ...] = ()
    """The modules in the folder where one is missing."""


RiskKind: TypeAlias = Literal["code", "commands", "files", "network"]
"""Execute code, run commands, change files, reach the network."""


class Risk(Struct, frozen=True):
    """One thing that a function may do."""

    kind: RiskKind
    name: str
    """What it calls, by its full name: `subprocess.run`."""


class PythonFacts(Struct, frozen=True):
    """What a Python function's text tells beside its type."""

    risks: tuple[Risk, ...] = ()
    """What it may do, each kind once."""
    untyped: tuple[str, ...] = ()
    """The parameters that have no annotation."""


NOTHING_KNOWN = PythonFacts()


class DataFile(Struct, frozen=True):
    """What is known of a data file, of which only the beginning is read."""

    columns: tuple[str, ...] | None = None
    """The columns of all its rows; None where rows may have others, or that cannot be told."""
    problem: str = ""
    """Why it cannot be read, as a clause that follows its name; empty where no reason is known."""
    is_missing: bool = False
    beside: tuple[str, ...] = ()
    """The names of the data files in the folder of a missing one."""


class SavedPredictor(Struct, frozen=True):
    """A predictor of which a state has kept what was learned, with the fields that it had then."""

    name: str
    inputs: tuple[tuple[str, str], ...]
    """Names, and types as text."""
    outputs: tuple[tuple[str, str], ...]


class SavedState(Struct, frozen=True):
    """What is known of the state of a program."""

    predictors: tuple[SavedPredictor, ...] = ()
    problem: str = ""
    """Why it cannot be read, as a clause that follows its name; empty where it can."""
    before: float | None = None
    """The score without what was learned, in percent; None where nothing measured it."""
    after: float | None = None
    metric: str = ""
    examples: int = 0
    """How many rows were measured."""
    created: str = ""
    """When it was made, as ISO 8601 writes it."""


class ItemFacts(Struct, frozen=True, eq=False):
    """What is known of the nodes of an item, by the identity of the node; of the rest nothing is."""

    symbols: Mapping[int, Symbol]
    """What a `Name`, an `Identifier` or an `Attribute`'s name stands for."""
    types: Mapping[int, Type]
    """The type of an expression; of an annotation, the type it names. What is evident is left out."""
    bindings: Mapping[int, Binding]
    """How the arguments of a call fit."""
    strings: Mapping[int, SignatureString]
    """The fields of strings that stand where a signature is expected."""
    annotations: Mapping[int, syntax.Expression]
    """The expressions that stand where a type is expected."""
    unresolved: Mapping[int, syntax.Name]
    """The names in expressions that mean nothing where they stand."""
    visible: Sequence[tuple[Span, Symbol]]
    """The names that the item itself brings, each with the range in which it can be used."""
    target: ImportTarget | None = None
    """Where an import leads."""
    exhaustive: frozenset[int] = frozenset()
    """The `match`es one of whose cases is always taken, the `if`s of which a branch is, and their branches
    of which one further up is."""
    untaken: Mapping[int, Type] = {}
    """What other `match`es and `if`s leave of the value that they tell apart, where they list its choices."""
    data: Mapping[int, DataFile] = {}
    """The data files that the item's datasets are made of, by the identity of the string that names them."""
    state: SavedState | None = None
    """The state of the program that the item declares, where there is one."""


def evident_type(node: syntax.Node) -> types.Type:
    """The type of a constant, which needs no remembering; Unknown for other expressions."""
    if isinstance(node, syntax.String):
        return types.Literals((node.value,))
    match node:
        case syntax.Constant(value=None):
            return types.NONE
        case syntax.Constant(value=(bool() | int()) as value):
            return types.Literals((value,))
        case syntax.Constant(value=float()):
            return types.FLOAT
        case _:
            return types.UNKNOWN


NO_FACTS = ItemFacts({}, {}, {}, {}, {}, {}, ())


_TELLING = (types.Literals, types.Enum, types.Record, types.Nothing)
"""The types of what is left that say which case was forgotten."""


class Draft(Struct, eq=False):
    """An item while it is resolved: what is found out is written down here."""

    key: str
    text: str
    declaration: syntax.Declaration | None
    broken: bool
    """Whether it has syntax problems, so that what seems to be missing may only be unfinished."""
    symbols: dict[int, Symbol] = field(default_factory=dict)
    types: dict[int, Type] = field(default_factory=dict)
    bindings: dict[int, Binding] = field(default_factory=dict)
    strings: dict[int, SignatureString] = field(default_factory=dict)
    annotations: dict[int, syntax.Expression] = field(default_factory=dict)
    unresolved: dict[int, syntax.Name] = field(default_factory=dict)
    visible: list[tuple[Span, Symbol]] = field(default_factory=list)
    target: ImportTarget | None = None
    exhaustive: set[int] = field(default_factory=set)
    untaken: dict[int, Type] = field(default_factory=dict)
    data: dict[int, DataFile] = field(default_factory=dict)
    state: SavedState | None = None

    def note_exhaustive(self, node: syntax.Node, *, holds: bool) -> None:
        """Remember whether one of the branches of a statement, or above a branch, is always taken."""
        (self.exhaustive.add if holds else self.exhaustive.discard)(id(node))

    def note_untaken(self, node: syntax.Node, before: Type, left: Type | None) -> None:
        """Remember what a statement has left of the choices that it tells apart."""
        if left is not before and isinstance(left, _TELLING):
            self.untaken[id(node)] = left
        else:
            self.untaken.pop(id(node), None)

    def data_of(self, node: syntax.Node) -> DataFile | None:
        """What is known of the data file that a string names."""
        return self.data.get(id(node))

    def symbol_of(self, node: syntax.Node) -> Symbol | None:
        """What a name stands for."""
        return self.symbols.get(id(node))

    def type_of(self, node: syntax.Node) -> Type:
        """The type of an expression."""
        found = self.types.get(id(node))
        return evident_type(node) if found is None else found

    def facts(self) -> ItemFacts:
        """What was found out."""
        return ItemFacts(
            self.symbols or NO_FACTS.symbols,
            self.types or NO_FACTS.types,
            self.bindings or NO_FACTS.bindings,
            self.strings or NO_FACTS.strings,
            self.annotations or NO_FACTS.annotations,
            self.unresolved or NO_FACTS.unresolved,
            tuple(self.visible),
            self.target,
            frozenset(self.exhaustive) if self.exhaustive else NO_FACTS.exhaustive,
            self.untaken or NO_FACTS.untaken,
            self.data or NO_FACTS.data,
            self.state,
        )


Answers: TypeAlias = dict[tuple[Callable[[Any, Any], object], Any], object]
"""What a program was asked, about a name, an item or a function, and what it answered."""


class Checked(Struct, frozen=True, eq=False):
    """What the rules for items find in one, counted from its start, and what that depends on."""

    findings: tuple[Diagnostic, ...]
    names: frozenset[tuple[str, str]]
    """The names whose meaning was asked for."""
    answers: Answers
    """What else was asked, and the answers."""
