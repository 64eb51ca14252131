"""Constant expressions whose value would fill the memory, or take for ever to make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...trees import children
from ..rule import DECLARATIONS, Findings, rule, written
from ..walking import nodes_of, remembered
from .running import Asked, Runner, asked_for
from .sizes import LIMIT, UNKNOWN, Measure, Measuring, is_growing


@rule("E117", "runaway-constant", *DECLARATIONS)
def runaway_constant(program: Program, item: Item, node: syntax.Declaration) -> Findings:
    """An expression of constants has a value that is far too large.

    Constants are computed when the file is loaded. A value of more than ten million items (characters,
    entries, iterations of a loop) or a million binary digits would fill the memory or never finish. The
    functions that a constant calls count, too.

    ```dspy
    limit = 9 ** 9 ** 9
    #       ^^^^^^^^^^^ E117 `9 ** 9 ** 9` is too large: over 10,000,000 items
    ```

    ```dspy
    limit = 9 ** 9
    ```
    """
    calls = _calls_functions(item)
    constants = _constants(item)
    growing = [each for kind in _MAKING for each in item.nodes(kind) if is_growing(each)]
    if not (calls or growing or constants):
        return

    def call(node: syntax.Call, arguments: Sequence[Measure]) -> Measure | None:
        asked = asked_for(node, arguments) if _is_function(item, node) else None
        return None if asked is None else program.ask(_size_of_call, asked)

    measuring = Measuring(lambda name: _size_of(program, item, name), call if calls else None)
    if not calls and _is_small(program, item, measuring, growing):
        return
    for each in nodes_of(item):
        if isinstance(each, _GROWING) and _is_culprit(measuring, each):
            text = written(item, each)
            shown = f"`{text}`" if len(text) <= 40 else "this"
            is_large = measuring.measure(each).items > LIMIT
            words = f"is too large: over {LIMIT:,} items" if is_large else f"takes over {LIMIT:,} steps"
            yield runaway_constant.at(each, f"{shown} {words}")


def _is_small(program: Program, item: Item, measuring: Measuring, growing: Sequence[syntax.Node]) -> bool:
    """Whether nothing can be too large, since nothing that may be larger than its parts together is large.

    All else is at most as large as its parts together, and there are fewer of them than characters.
    """
    constants = _constants(item)
    sizes = [program.ask(_size_of_constant, each) or UNKNOWN for each in constants]
    sizes += [measuring.measure(each) for each in growing]
    if constants:  # a loop over a constant has as many turns as that has items
        sizes += [measuring.measure(each) for each in item.nodes(syntax.Comprehension)]
    largest = max([len(item.text), *(each.items for each in sizes)])
    return largest * len(item.text) <= LIMIT and not any(each.is_runaway for each in sizes)


_GROWING = (
    syntax.Binary,
    syntax.Comprehension,
    syntax.Call,
    syntax.FString,
    syntax.List,
    syntax.Tuple,
    syntax.Set,
    syntax.Dict,
    syntax.Subscript,
)
"""What can have a larger value than what stands in it."""
_MAKING = (syntax.Binary, syntax.Call, syntax.Comprehension, syntax.Interpolation)
"""What can have a larger value than the text that it is written as, even where no constant is named."""


def _is_culprit(measuring: Measuring, node: syntax.Node) -> bool:
    """Whether a node is too large and nothing in it is."""
    return measuring.measure(node).is_runaway and not any(
        measuring.measure(each.value if isinstance(each, syntax.Argument) else each).is_runaway
        for each in _operands(node)
    )


def _operands(node: syntax.Node) -> list[syntax.Node]:
    found: list[syntax.Node] = []
    for each in children(node):
        inside = isinstance(each, syntax.DictEntry | syntax.ComprehensionClause | syntax.Interpolation)
        found += children(each) if inside else (each,)
    return found


@remembered
def _calls_functions(item: Item) -> bool:
    """Whether a declaration calls a `def` when the file is loaded."""
    kinds = (syntax.FunctionDeclaration, syntax.TestDeclaration, syntax.ModuleDeclaration)
    if isinstance(item.declaration, kinds):
        return False
    return any(_is_function(item, each) for each in item.nodes(syntax.Call))


def _is_function(item: Item, node: syntax.Call) -> bool:
    kind = item.type_of(node.function)
    return isinstance(kind, types.Function) and kind.origin == "declared"


def _size_of_call(program: Program, asked: Asked) -> Measure | None:
    """What a function makes of arguments of some sizes."""
    return Runner(_Functions(program)).answer(asked)


class _Functions:
    """The functions and constants of a file."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def declaration(self, name: str) -> syntax.FunctionDeclaration | None:
        """The `def` of a name, of this file or of the one that it is imported from."""
        symbol = self._program.symbols.get(name)
        node = symbol.node if symbol is not None else None
        return node if isinstance(node, syntax.FunctionDeclaration) else None

    def size_of(self, name: str) -> Measure:
        """The size of a constant."""
        return self._program.ask(_size_of_constant, name) or UNKNOWN


def _size_of(program: Program, item: Item, node: syntax.Name) -> Measure:
    """The size of what a name in an item stands for, where that is a constant of the file."""
    size = program.ask(_size_of_constant, node.text) if _is_constant(item, node) else None
    return UNKNOWN if size is None else size


def _is_constant(item: Item, node: syntax.Name) -> bool:
    symbol = item.symbol_of(node)
    return symbol is not None and symbol.kind in ("constant", "alias")


def _size_of_constant(program: Program, name: str) -> Measure:
    sizes = program.ask(_sizes, None)
    return UNKNOWN if sizes is None else sizes.measure(name)


def _sizes(program: Program, _: None) -> _Sizes:
    return program.combine(_constant, _Sizes)


class _Constant(Struct, frozen=True, eq=False):
    """A constant of a file, for as long as its declaration stays what it is."""

    name: str
    value: syntax.Expression
    needed: tuple[str, ...]
    """The constants that it names."""
    names: frozenset[int]
    """The identities of the nodes that name them."""

    def measured(self, known: Mapping[str, Measure]) -> Measure:
        """Its size, given those of other constants."""
        names = self.names
        return Measuring(
            lambda node: known.get(node.text, UNKNOWN) if id(node) in names else UNKNOWN
        ).measure(self.value)


@remembered
def _constant(item: Item) -> _Constant | None:
    """The constant that an item declares."""
    match item.declaration:
        case (
            syntax.ConstantDeclaration(name=name, value=value)
            | syntax.TypeAliasDeclaration(name=name, value=value)
        ):
            names = [each for each in item.nodes(syntax.Name) if _is_constant(item, each)]
            return _Constant(name.text, value, _constants(item), frozenset(map(id, names)))
        case _:
            return None


class _Sizes:
    """The sizes of a file's constants, each found out once, after those of the constants that it names.

    It is kept from one check of the file to the next, until one of the constants is another.
    """

    def __init__(self, constants: Sequence[_Constant | None]) -> None:
        self._constants = {each.name: each for each in constants if each is not None}
        self._known: dict[str, Measure] = {}

    def measure(self, name: str) -> Measure:
        """The size of a constant; one that depends on itself counts as one item there."""
        known = self._known.get(name)
        if known is not None:
            return known
        waiting = [name]
        begun: set[str] = set()
        while waiting:
            each = waiting[-1]
            constant = self._constants.get(each) if each not in self._known else None
            needed = [other for other in constant.needed if self._is_new(other, begun)] if constant else []
            begun.add(each)
            if needed:
                waiting += needed
                continue
            waiting.pop()
            if constant is not None:
                self._known[each] = constant.measured(self._known)
        return self._known.get(name, UNKNOWN)

    def _is_new(self, name: str, begun: set[str]) -> bool:
        return name not in begun and name not in self._known


@remembered
def _constants(item: Item) -> tuple[str, ...]:
    """The names in an item that stand for constants of the file."""
    names = (each.text for each in item.nodes(syntax.Name) if _is_constant(item, each))
    return tuple(dict.fromkeys(names))
