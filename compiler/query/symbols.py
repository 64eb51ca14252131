"""The outline of a file: its declarations, and in them fields, members and parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias, cast

from msgspec import Struct

from ...grammar import syntax
from ...grammar.source import Span
from ..analysis import FileAnalysis

OutlineKind: TypeAlias = Literal[
    "lm",
    "record",
    "alias",
    "enum",
    "signature",
    "module",
    "function",
    "tools",
    "dataset",
    "optimizer",
    "program",
    "evaluate",
    "test",
    "constant",
    "configure",
    "input",
    "output",
    "attribute",
    "member",
    "part",
    "parameter",
    "forward",
    "fallback",
]


class OutlineEntry(Struct, frozen=True):
    """One line of the outline. Spans count from the start of the file; `name_span` is inside `span`."""

    name: str
    kind: OutlineKind
    detail: str
    span: Span
    name_span: Span
    children: tuple[OutlineEntry, ...] = ()


def outline(analysis: FileAnalysis) -> tuple[OutlineEntry, ...]:
    """The declarations of a file in their order; a declaration of several names gives several entries."""
    entries: list[OutlineEntry] = []
    for item in analysis.program.items:
        if item.declaration is not None:
            entries.extend(entry for entry in _declaration(item.declaration, _Text(item.start, item.text)))
    return tuple(entries)


class _Text(Struct, frozen=True):
    """The text of an item, to place nodes and to quote what is written."""

    start: int
    text: str

    def entry(
        self,
        node: syntax.Node,
        name: syntax.Identifier,
        kind: OutlineKind,
        detail: str = "",
        children: Iterable[OutlineEntry] = (),
    ) -> OutlineEntry:
        inside = Span(min(node.span.start, name.span.start), max(node.span.end, name.span.end))
        return OutlineEntry(
            name.text,
            kind,
            detail,
            inside.shifted(self.start),
            name.span.shifted(self.start),
            tuple(children),
        )

    def quote(self, node: syntax.Node | None) -> str:
        """What is written, on one line."""
        return "" if node is None else " ".join(self.text[node.span.start : node.span.end].split())


def _declaration(node: syntax.Declaration, text: _Text) -> Iterator[OutlineEntry]:
    match node:
        case syntax.ValueDeclaration(kind=kind, names=names, value=value):
            for name in names:
                if name.text:
                    # The words that declare values are kinds of entries, too; a test compares them.
                    yield text.entry(node, name, cast("OutlineKind", kind), _constructor(value, text))
        case syntax.TypeAliasDeclaration(name=name, value=value):
            yield text.entry(node, name, "alias", text.quote(value))
        case syntax.TypeDeclaration(name=name, attributes=attributes):
            yield text.entry(node, name, "record", "", (_field(each, text) for each in attributes))
        case syntax.EnumDeclaration(name=name, members=members):
            inside = (text.entry(each, each.name, "member", text.quote(each.value)) for each in members)
            yield text.entry(node, name, "enum", "", inside)
        case syntax.SignatureDeclaration(name=name, fields=fields):
            yield text.entry(node, name, "signature", "", (_field(each, text) for each in fields))
        case syntax.ModuleDeclaration(name=name):
            yield text.entry(node, name, "module", "", _module(node, text))
        case syntax.FunctionDeclaration(name=name, parameters=parameters, returns=returns):
            written = ", ".join(text.quote(each) for each in parameters)
            yield text.entry(
                node, name, "function", f"({written}) -> {text.quote(returns)}" if returns else f"({written})"
            )
        case syntax.TestDeclaration(title=title):
            yield OutlineEntry(
                title.value or "test",
                "test",
                "test",
                node.span.shifted(text.start),
                title.span.shifted(text.start),
            )
        case syntax.ConstantDeclaration(name=name, annotation=annotation):
            yield text.entry(node, name, "constant", text.quote(annotation))
        case syntax.ConfigureDeclaration():
            head = Span(node.span.start, min(node.span.start + len("configure"), node.span.end))
            yield OutlineEntry(
                "configure", "configure", "", node.span.shifted(text.start), head.shifted(text.start)
            )
        case syntax.FileDocstring() | syntax.FromImport() | syntax.Import():
            return


def _module(node: syntax.ModuleDeclaration, text: _Text) -> Iterator[OutlineEntry]:
    inside = [_field(each, text) for each in node.fields]
    inside += [text.entry(each, each.name, "part", _constructor(each.value, text)) for each in node.parts]
    inside += [
        text.entry(each, each.name, "parameter", text.quote(each.annotation))
        for each in node.parameters
        if each.name is not None
    ]
    yield from sorted(inside, key=lambda entry: entry.span)


def _field(node: syntax.Field, text: _Text) -> OutlineEntry:
    return text.entry(node, node.name, node.direction, text.quote(node.type))


def _constructor(value: syntax.Expression, text: _Text) -> str:
    """What a value is made by: `ChainOfThought` of `ChainOfThought("a -> b")`."""
    return text.quote(value.function) if isinstance(value, syntax.Call) else text.quote(value)
