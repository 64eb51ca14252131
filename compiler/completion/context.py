"""What a cursor stands in: the sort of place, the nodes around it, the call, the names that are known."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from ...base.once import once
from ...grammar import syntax
from ...grammar.parse import Parsed, parse_item
from ...grammar.source import Span
from .. import types
from ..analysis import FileAnalysis
from ..program import Item, Symbol
from ..query.at import children
from ..trees import declared_names, walk
from .calls import ActiveCall, active_call
from .expectation import expected_type
from .marker import MARKER, Marked, mark
from .reading import Reading, path_to_marker, read

Kind: TypeAlias = Literal[
    "nothing",  # a comment, a number, a name that is being made up
    "words",  # where only keywords may stand
    "statement",  # the begin of a statement, where a value may stand, too
    "value",
    "argument",  # an argument of a call: a value, or a parameter's name
    "label",  # the name before the `=` of an argument, where a value cannot stand
    "member",  # behind a dot
    "type",
    "literal",  # in the brackets of `Literal[…]`
    "pattern",  # of a `case`
    "module",  # of an import
    "imported name",
    "text",  # in a string
]
"""The sort of place that a cursor stands in."""


class Context(Struct, frozen=True, dict=True):
    """What a cursor stands in."""

    analysis: FileAnalysis
    kind: Kind
    marked: Marked
    reading: Reading | None
    """The item with the marker as the parser reads it; None in a string."""
    item: Item
    """The same, resolved."""
    path: tuple[syntax.Node, ...]
    """The nodes around the cursor, outermost first; the last one is the marker's."""

    @property
    def prefix(self) -> str:
        """The part of a word that stands before the cursor."""
        return self.marked.prefix

    @property
    def replaced(self) -> Span:
        """What a completion replaces."""
        return self.marked.replaced

    @property
    def node(self) -> syntax.Node | None:
        """The node that stands at the cursor."""
        return self.path[-1] if self.path else None

    def above(self, *kinds: type[syntax.Node]) -> syntax.Node | None:
        """The nearest node of these classes around the cursor."""
        return next((each for each in reversed(self.path[:-1]) if isinstance(each, kinds)), None)

    @property
    def parent(self) -> syntax.Node | None:
        """The node right around the one at the cursor."""
        return self.path[-2] if len(self.path) > 1 else None

    @once
    def expected(self) -> types.Type:
        """The type that the value at the cursor should have; Unknown where nothing says so."""
        return expected_type(self.item, self.path)

    @once
    def call(self) -> ActiveCall | None:
        """The innermost call that the cursor is among the arguments of."""
        return active_call(self.item, self.path)

    @once
    def behind_comma(self) -> Context | None:
        """Where a value is complete: what another one would stand in that a comma leads to; None without."""
        reading = read(self.marked.behind_comma())
        return _resolved(self.analysis, reading) if reading.takes_name else None

    @once
    def names(self) -> Mapping[str, Symbol]:
        """The names that may be used at the cursor, nearest first."""
        found: dict[str, Symbol] = {}
        unbound = self._unbound
        for span, symbol in reversed(self.item.visible):
            is_bound = symbol.name not in ("", MARKER) and id(symbol.node) not in unbound
            if is_bound and span.start <= self.marked.offset < span.end:
                found.setdefault(symbol.name, symbol)
        program = self.analysis.program
        own = self._own_names
        for name in program.names():
            known = None if name in found or name in own else program.lookup(name)
            if known is not None:
                found[name] = known
        return found

    @property
    def _unbound(self) -> frozenset[int]:
        """The names, by identity, that get their values behind the cursor, from what is written there."""
        unbound: set[int] = set()
        for above, below in pairwise(self.path):
            match above:
                case (
                    syntax.For(target=target, iterable=iterable)
                    | syntax.ComprehensionClause(target=target, iterable=iterable)
                ) if iterable is below:
                    unbound |= {id(each) for each in walk(target)}
                case syntax.FunctionDeclaration() | syntax.ModuleDeclaration() if isinstance(
                    below, syntax.Parameter
                ):
                    unbound |= {id(each.name) for each in above.parameters}
        return frozenset(unbound)

    @property
    def _own_names(self) -> frozenset[str]:
        """The names that the item declares by the value that is being written: they do not exist yet."""
        match self.item.declaration:
            case (
                syntax.ValueDeclaration()
                | syntax.ConstantDeclaration()
                | syntax.TypeAliasDeclaration()
                | syntax.FromImport()
                | syntax.Import()
                | syntax.ModuleDeclaration() as declaration
            ):
                return frozenset((*(each.text for each in declared_names(declaration)), MARKER))
            case _:
                return frozenset((MARKER,))


def context_at(analysis: FileAnalysis, offset: int) -> Context:
    """What the cursor at an offset of a file stands in."""
    marked = mark(analysis.file, max(0, min(offset, len(analysis.source.text))))
    if marked.ground == "string":
        return _in_string(analysis, marked)
    if marked.ground == "nothing":
        return Context(analysis, "nothing", marked, None, _unread(analysis, marked), ())
    reading = read(marked)
    if not reading.states:
        return Context(analysis, "nothing", marked, reading, _unread(analysis, marked), ())
    if not reading.takes_name:
        return Context(analysis, "words", marked, reading, _unread(analysis, marked), reading.path)
    context = _resolved(analysis, reading)
    return replace(context, kind="nothing") if marked.ground == "number" else context


def call_at(analysis: FileAnalysis, offset: int) -> ActiveCall | None:
    """The call that an offset is among the arguments of, be it in one of these or behind one."""
    context = context_at(analysis, offset)
    if context.kind != "words":
        return context.call
    # The cursor is still in the argument before the one that could follow.
    following = context.behind_comma
    call = following.call if following is not None else None
    if following is None or call is None or call.argument is not following.parent:
        return call
    return call.one_before()


def _resolved(analysis: FileAnalysis, reading: Reading) -> Context:
    marked, path = reading.marked, reading.path
    item = analysis.item_instead(marked.start, reading.parsed)
    context = Context(analysis, _kind(path, item), marked, reading, item, path)
    call = context.call
    if context.kind == "argument" and call is not None and not call.takes_position:
        return replace(context, kind="label")
    return context


def _unread(analysis: FileAnalysis, marked: Marked) -> Item:
    return analysis.item_instead(marked.start, Parsed(marked.text, None, ()))


# --- in code --------------------------------------------------------------------------------------------


def _kind(path: tuple[syntax.Node, ...], item: Item) -> Kind:
    """The sort of place, by the node that the marker has become and the one around it."""
    if not path:
        return "words"
    node, parent = path[-1], path[-2] if len(path) > 1 else None
    if isinstance(node, syntax.Identifier):
        return _kind_of_identifier(node, parent)
    if id(node) in item.annotations:
        return "type"
    if _is_target(path):
        return "nothing"
    match parent:
        case syntax.ExpressionStatement():
            return "statement"
        case syntax.Assign(target=target) if target is node:
            return "statement"
        case syntax.Argument(name=None, star=""):
            return "argument"
        case syntax.ValuePattern():
            return "pattern"
    subscript = next((each for each in reversed(path) if isinstance(each, syntax.Subscript)), None)
    if subscript is not None and id(subscript) in item.annotations:
        return "literal" if _names_literal(subscript) else "type"
    return "value"


def _kind_of_identifier(node: syntax.Identifier, parent: syntax.Node | None) -> Kind:
    match parent:
        case syntax.Attribute():
            return "member"
        case syntax.Argument() | syntax.ClassPattern() | syntax.Removal():
            return "label"
        case syntax.CapturePattern():
            return "pattern"
        case syntax.FromImport(module=module) | syntax.Import(module=module) if node in module:
            return "module"
        case syntax.ImportedName(name=name) if name is node:
            return "imported name"
        case syntax.AnnotatedAssign():
            return "statement"
        case _:
            return "nothing"


def _is_target(path: tuple[syntax.Node, ...]) -> bool:
    """Whether the marker is a name that a `for` gives."""
    for above, below in pairwise(path):
        if isinstance(above, syntax.For | syntax.ComprehensionClause) and above.target is below:
            return True
    return False


def _names_literal(subscript: syntax.Subscript) -> bool:
    return isinstance(subscript.value, syntax.Name) and subscript.value.text == "Literal"


# --- in strings -----------------------------------------------------------------------------------------


def _in_string(analysis: FileAnalysis, marked: Marked) -> Context:
    """A place in a string, or in a signature that is written as one."""
    context = _read_string(analysis, marked)
    signature = _signature_path(context)
    if signature is None and "->" not in _value(context):
        # A signature that is still without its outputs.
        signature = _signature_path(_read_string(analysis, marked.with_more(" -> output")))
    if signature is None:
        return context
    item, path = signature
    kind: Kind = "type" if path and id(path[-1]) in item.annotations else "nothing"
    return Context(analysis, kind, marked, None, item, path)


def _read_string(analysis: FileAnalysis, marked: Marked) -> Context:
    item = analysis.item_instead(marked.start, parse_item(marked.text))
    path = _path_to_string(item, marked.offset)
    return Context(analysis, "text" if path else "nothing", marked, None, item, path)


def _path_to_string(item: Item, offset: int) -> tuple[syntax.Node, ...]:
    path: list[syntax.Node] = []
    node: syntax.Node | None = item.declaration
    while node is not None:
        path.append(node)
        if isinstance(node, syntax.String):
            return tuple(path)
        node = next(
            (each for each in children(item, node) if each.span.start <= offset < each.span.end), None
        )
    return ()


def _value(context: Context) -> str:
    return context.node.value if isinstance(context.node, syntax.String) else ""


def _signature_path(context: Context) -> tuple[Item, tuple[syntax.Node, ...]] | None:
    """The item and the nodes around the marker in a signature that is written as a string; None in others."""
    node = context.node
    signature = context.item.signature_string(node) if isinstance(node, syntax.String) else None
    if signature is None or not signature.fields:
        return None
    for field in signature.fields:
        path = path_to_marker(field)
        if path:
            return context.item, (*context.path, *path)
    return context.item, ()
