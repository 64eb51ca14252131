"""The types of the language, and what functions, classes and fields are made of: one frozen class for each.

`Unknown` is the type of what could not be resolved; it fits everywhere, so that one mistake gives one
message. Records, enumerations, signatures and classes are the same type when their name and their file are.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from ...base.once import once
from .limits import NO_LIMITS, Limits
from .places import Place

Value: TypeAlias = str | int | float | bool | None
"""What may stand in a `Literal[…]`."""

# --- what functions, classes and fields are made of -----------------------------------------------------


class Parameter(Struct, frozen=True):
    """A parameter of a function, a constructor or a module."""

    name: str
    type: Type
    required: bool = True
    default: str = ""
    """The default as Python writes it, where there is one."""
    kind: Literal["positional-only", "", "keyword-only", "*", "**"] = ""
    limits: Limits = Limits()


class Field(Struct, frozen=True):
    """A field of a signature, module or data set, or an attribute of a record."""

    name: str
    type: Type
    direction: Literal["input", "output", "attribute"]
    required: bool = True
    description: str = ""
    place: Place | None = None
    default: str = ""
    """The default as it is written, where there is one and its text is known."""
    where: str = ""
    """The condition as it is written."""
    limits: Limits = NO_LIMITS
    """The bounds that the condition sets."""
    choices: tuple[Value, ...] = ()
    """The constants of which the condition asks for one."""


class Interface(Struct, frozen=True):
    """The fields of a signature or module, in their order."""

    name: str
    fields: tuple[Field, ...] = ()
    open: bool = False
    """Whether there may be further fields, because something could not be resolved."""

    @property
    def inputs(self) -> tuple[Field, ...]:
        """The input fields."""
        return tuple(each for each in self.fields if each.direction == "input")

    @property
    def outputs(self) -> tuple[Field, ...]:
        """The output fields."""
        return tuple(each for each in self.fields if each.direction == "output")

    def field(self, name: str) -> Field | None:
        """The field of this name; of an input and an output that share it, the output."""
        found = None
        for each in self.fields:
            if each.name == name:
                found = each
        return found


class Lazily:
    """The fields of a class that are read when they are first asked for, and kept."""

    __slots__ = ("_found", "_make")

    def __init__(self, make: Callable[[], Interface]) -> None:
        self._make = make
        self._found: Interface | None = None

    def __call__(self) -> Interface:
        """The fields."""
        found = self._found
        if found is None:
            found = self._found = self._make()
        return found


OPEN = Interface("", (), open=True)
"""The interface of what could not be resolved."""


class ClassDefinition(Struct, frozen=True, eq=False, dict=True):
    """A class of the runtime or of a Python file, read without running it."""

    name: str
    module: str
    """The dotted name of its Python module, or the path of the file."""
    bases: tuple[str, ...]
    """The names of the class and all its bases, the class first."""
    read_parameters: Callable[[], tuple[Parameter, ...] | None]
    """The constructor's parameters; None when they cannot be known."""
    read_members: Callable[[], Mapping[str, Type]]
    read_doc: Callable[[], str] = str
    read_place: Callable[[], Place | None] = lambda: None
    read_parameter_docs: Callable[[], Mapping[str, str]] = dict
    shape: InterfaceShape | None = None
    complete: bool = True
    """Whether all bases could be read, so that a name which is not among the members does not exist."""
    by_fields: bool = False
    """Whether the constructor's parameters are the annotated fields, which derived classes add to."""

    @once
    def parameters(self) -> tuple[Parameter, ...] | None:
        """The constructor's parameters; None when they cannot be known."""
        return self.read_parameters()

    @once
    def members(self) -> Mapping[str, Type]:
        """Public attributes and methods."""
        return self.read_members()

    @once
    def doc(self) -> str:
        """The docstring."""
        return self.read_doc()

    @once
    def place(self) -> Place | None:
        """Where the class is declared."""
        return self.read_place()

    @once
    def parameter_docs(self) -> Mapping[str, str]:
        """What is written under each parameter."""
        return self.read_parameter_docs()

    def is_a(self, base: str) -> bool:
        """Whether the class or one of its bases has this name."""
        return base in self.bases


class InterfaceShape(Struct, frozen=True):
    """How the fields of a module come from what it is constructed with; see the runtime's `Interface`."""

    of: str
    """The parameter that holds the signature or the module; empty where the fields are always the same."""
    inputs: tuple[Field, ...] = ()
    outputs: tuple[Field, ...] = ()
    reserved: str | None = None
    """An input that the class gives the predictors beneath it."""
    added: tuple[str, ...] = ()
    """The fields that the class's own predictors have besides."""
    calls: str | None = None
    """How many model calls one call makes at most, in the constructor's parameters and `answer`."""


# --- the types ------------------------------------------------------------------------------------------


class Unknown(Struct, frozen=True):
    """What could not be resolved. Fits everywhere."""


class Anything(Struct, frozen=True):
    """`Any`. Fits everywhere."""


class Nothing(Struct, frozen=True):
    """`None`."""


class Never(Struct, frozen=True):
    """The item of an empty list: fits everywhere, and disappears beside another type."""


class Builtin(Struct, frozen=True, cache_hash=True):
    """A class of Python's own without parameters: `str`, `int`, `date`, `Decimal` …"""

    name: str


class List(Struct, frozen=True, cache_hash=True):
    """`list[item]`"""

    item: Type
    columns: tuple[str, ...] = ()
    """The keys of its items, where it is written out as a list of dicts: the columns of rows."""


class Set(Struct, frozen=True, cache_hash=True):
    """`set[item]`"""

    item: Type


class Dict(Struct, frozen=True, cache_hash=True):
    """`dict[key, value]`"""

    key: Type
    value: Type


class Tuple(Struct, frozen=True, cache_hash=True):
    """`tuple[a, b]`, or `tuple[rest, ...]` where `rest` is not None."""

    items: tuple[Type, ...]
    rest: Type | None = None


class Iterable(Struct, frozen=True, cache_hash=True):
    """What a `for` may run over."""

    item: Type


class Literals(Struct, frozen=True, cache_hash=True):
    """`Literal["a", "b"]`"""

    values: tuple[Value, ...]


class Union(Struct, frozen=True, cache_hash=True):
    """`A | B`; made by `union`, so options are never unions themselves."""

    options: tuple[Type, ...]


class Variable(Struct, frozen=True):
    """A type that the arguments of a call decide: `T` in `sorted(xs: Iterable[T]) -> list[T]`."""

    name: str


def _none() -> None:
    return None


class Record(Struct, frozen=True):
    """A record: `type NAME:`, a pydantic model or a dataclass."""

    name: str
    path: str
    read: Callable[[], Interface]
    doc: str = ""
    place: Place | None = None
    by_position: bool = False
    """Whether the constructor takes attributes by position too, as a dataclass does."""
    extends: Record | None = None
    """The record of which it is a kind, with all of its attributes."""
    read_members: Callable[[], Mapping[str, Type]] = dict
    """Gives the methods and properties of a record of a Python file."""
    read_parameters: Callable[[], tuple[Parameter, ...] | None] = _none
    """Gives the parameters of a constructor that takes others than the attributes."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self.name == other.name and self.path == other.path

    def __hash__(self) -> int:
        return hash((self.name, self.path))

    @property
    def interface(self) -> Interface:
        """The attributes; read late, because records may be recursive."""
        return self.read()

    @property
    def members(self) -> Mapping[str, Type]:
        """The methods and properties, as far as they are known."""
        return self.read_members()

    @property
    def parameters(self) -> tuple[Parameter, ...] | None:
        """What the constructor takes by its own signature; None where that is the attributes."""
        return self.read_parameters()


class Enum(Struct, frozen=True):
    """An enumeration."""

    name: str
    path: str
    members: tuple[tuple[str, Value], ...] = ()
    doc: str = ""
    place: Place | None = None
    open: bool = False
    """Whether there may be further members, because its body could not be read."""
    whole: Enum | None = None
    """The enumeration with all its members, where `members` are only those that tests have left."""
    descriptions: tuple[tuple[str, str], ...] = ()
    """What members mean, by their names, where that is said."""

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Enum)
            and self.name == other.name
            and self.path == other.path
            and (self.whole is other.whole is None or self._left == other._left)
        )

    def __hash__(self) -> int:
        return hash((self.name, self.path))

    @property
    def _left(self) -> tuple[str, ...]:
        return () if self.whole is None else tuple(name for name, _ in self.members)

    def only(self, names: Container[str]) -> Enum:
        """The enumeration with these of its members left."""
        left = tuple(each for each in self.members if each[0] in names)
        whole = self.whole or self
        if len(left) == len(whole.members):
            return whole
        return Enum(self.name, self.path, left, self.doc, self.place, self.open, whole, self.descriptions)


class Signature(Struct, frozen=True, eq=False):
    """A signature as a value: what `Predict` takes."""

    interface: Interface
    doc: str = ""
    place: Place | None = None


class Module(Struct, frozen=True, eq=False):
    """A module that can be called: a part, a `module NAME = …`, a program."""

    interface: Interface
    definition: ClassDefinition | None = None
    """The runtime's or the user's class; None for a module with a body of a `.dspy` file."""
    declared: ModuleClass | None = None


class ModuleClass(Struct, frozen=True, eq=False):
    """`module NAME(parameters):`, from which modules are constructed."""

    name: str
    path: str
    parameters: tuple[Parameter, ...]
    read: Callable[[], Interface]
    doc: str = ""
    place: Place | None = None
    attributes: tuple[str, ...] = ()
    """The parts and construction parameters, which its modules have as attributes."""
    open: bool = False
    """Whether there may be further ones, because its body could not be read."""

    @property
    def interface(self) -> Interface:
        """The fields; read late, because an output's type may come from `forward`."""
        return self.read()


class Prediction(Struct, frozen=True, eq=False):
    """What a module's call gives: the outputs."""

    interface: Interface

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prediction) and self.interface is other.interface

    def __hash__(self) -> int:
        return id(self.interface)


class Fields(Struct, frozen=True, eq=False):
    """A signature, module, program or data set named as a type: all its fields."""

    interface: Interface

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fields) and self.interface is other.interface

    def __hash__(self) -> int:
        return id(self.interface)


class Dataset(Struct, frozen=True, eq=False):
    """A data set; its columns where they are known."""

    columns: Interface
    definition: ClassDefinition | None = None


class Function(Struct, frozen=True, eq=False):
    """A function or method."""

    name: str
    parameters: tuple[Parameter, ...]
    stated: Type
    """What it returns by its annotation; may hold variables that a call decides."""
    doc: str = ""
    place: Place | None = None
    origin: Literal["declared", "python", "builtin", "runtime"] = "builtin"
    is_async: bool = False
    pure: bool = False
    untyped: bool = False
    """Whether the parameters cannot be known, so that any arguments fit."""
    read: Callable[[], Interface] | None = None
    """Gives what the body returns, as the only output; for a `def` without a return type."""

    @property
    def returns(self) -> Type:
        """What it returns; read late where the body says it, because functions may call each other."""
        found = self.read().fields if self.read is not None else ()
        return found[0].type if found else self.stated


class Overloaded(Struct, frozen=True, eq=False):
    """A function with several ways to call it."""

    options: tuple[Function, ...]


class Callback(Struct, frozen=True):
    """A parameter that takes a function, by the shape that is asked for."""

    role: Literal["metric", "reward", "tool", ""]
    returns: Type
    parameters: tuple[Type, ...] | None = None
    """What the function is called with, where that is told."""


class SignatureLike(Struct, frozen=True):
    """A parameter that takes a signature or a string of one."""


class AnyModule(Struct, frozen=True):
    """A parameter that takes any module."""


class Instance(Struct, frozen=True, eq=False):
    """An object of a class of the runtime or of a Python file."""

    definition: ClassDefinition

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Instance) and self.definition is other.definition

    def __hash__(self) -> int:
        return id(self.definition)


class TypeForm(Struct, frozen=True, eq=False):
    """The name of a type used as a value: a record's or enumeration's constructor, an alias, `int`."""

    type: Type


class Class(Struct, frozen=True, eq=False):
    """A class of the runtime or of a Python file as a value: its constructor."""

    definition: ClassDefinition


class PythonModule(Struct, frozen=True, eq=False):
    """An imported Python module as a value."""

    name: str
    read: Callable[[str], Type | None]
    """The type of a member, Unknown when that cannot be told, None when there is no such member."""
    names: Callable[[], tuple[str, ...]]
    place: Place | None = None


Type: TypeAlias = (
    Unknown
    | Anything
    | Nothing
    | Never
    | Builtin
    | List
    | Set
    | Dict
    | Tuple
    | Iterable
    | Literals
    | Union
    | Variable
    | Record
    | Enum
    | Signature
    | Module
    | ModuleClass
    | Prediction
    | Fields
    | Dataset
    | Function
    | Overloaded
    | Callback
    | SignatureLike
    | AnyModule
    | Instance
    | TypeForm
    | Class
    | PythonModule
)

UNKNOWN = Unknown()
ANY = Anything()
NONE = Nothing()
NEVER = Never()
STR = Builtin("str")
INT = Builtin("int")
FLOAT = Builtin("float")
BOOL = Builtin("bool")
