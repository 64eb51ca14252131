"""What to colour in a text: every character belongs to a piece, and every piece has a role.

The roles come from the grammar itself: the pieces are its tokens, and what a word is, a keyword or a name,
and whose, is read off the syntax tree. So highlighting can never disagree with the parser. Where a
declaration cannot be parsed, the lexer decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias, get_args

from msgspec import Struct, field

from . import syntax
from .lexing.lexer import lex
from .lexing.tokens import vocabulary
from .lossless import Lexeme, tokenize
from .parse import Item, parse
from .signature_string import parse_signature_string
from .source import Source
from .trees import walk
from .words import CONSTANTS, FIELD_WORDS, HEADS

Role: TypeAlias = Literal[
    "declaration",
    "import",
    "direction",
    "keyword",
    "operator word",
    "constant word",
    "class",
    "function",
    "constant",
    "field",
    "parameter",
    "argument",
    "attribute",
    "call",
    "type",
    "namespace",
    "name",
    "number",
    "string",
    "docstring",
    "prefix",
    "escape",
    "brace",
    "operator",
    "punctuation",
    "comment",
    "pragma",
    "space",
    "error",
]
"""What a piece is. The first six are keywords, those from `class` to `name` are names by what they stand for,
and the others are named by their form; `prefix` is the letters before a string's quote, and `brace` what
begins, ends and formats a replacement field."""

ROLES: tuple[Role, ...] = get_args(Role)
_PLAIN = {"bool", "bytes", "date", "datetime", "float", "int", "str", "time", "timedelta"}
_OTHERS = {"Any", "Decimal", "Literal", "Path", "UUID", "dict", "frozenset", "list", "set", "tuple"}
BUILTIN_TYPES = frozenset(_PLAIN | _OTHERS)
"""The types whose names belong to the language, where a type is expected."""
_OPERATOR_WORDS = frozenset({"and", "in", "is", "not", "or"})
_IMPORT_WORDS = frozenset({"import", "from"})
_CALLABLE_KINDS = frozenset({"module", "program", "evaluate"})
_PUNCTUATION = frozenset({",", ":", "."})
_PRAGMA = re.compile(r"#\s*dspyc:\s*ignore\b")
_HEAD_OF_STRING = re.compile(r"([A-Za-z]*)(\"\"\"|'''|\"|')")
_ESCAPE = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}\n]+\}|[0-7]{1,3}|\r\n|[\s\S])"
)
_ESCAPE_OR_BRACES = re.compile(rf"{_ESCAPE.pattern}|\{{\{{|\}}\}}")
_BRACES = re.compile(r"\{\{|\}\}")


class Piece(NamedTuple):
    """A part of a text and what it is."""

    start: int
    role: Role
    text: str


def highlight(text: str) -> Iterator[Piece]:
    """The pieces of a text in order; joined, they are the text, whatever the text is."""
    for item in parse(Source("text.dspy", text)).items:
        meaning = _read(item)
        strings = _Strings()
        for each in item.parsed.tokens:
            for piece in _pieces(each, meaning, strings):
                yield piece._replace(start=item.start + piece.start)


class _Meaning(Struct):
    """What the syntax tree of an item says of its words and strings, by the offsets where they begin."""

    names: dict[int, Role] = field(default_factory=dict)
    docstrings: set[int] = field(default_factory=set)
    signatures: set[int] = field(default_factory=set)
    """The strings that hold a signature: `"question -> answer"`."""
    keywords: set[int] = field(default_factory=set)
    """The soft keywords."""
    is_import: bool = False


class _Strings(Struct):
    """The f-strings that are open, innermost last: their quotes, and whether they are raw."""

    quotes: list[str] = field(default_factory=list)
    raw: list[bool] = field(default_factory=list)
    text_at: int = -1
    """Where the next piece is text of the innermost f-string and never the start of another."""

    def after(self, each: Lexeme) -> Literal["start", "text", "end"] | None:
        """What a lexeme is of an f-string; call once for each."""
        is_text_position = each.start == self.text_at
        if each.kind != "f-string":
            if each.text == "}" and self.quotes:
                self.text_at = each.end
            return None
        if self.quotes and each.text == self.quotes[-1]:
            self.quotes.pop()
            return "end"
        head = _HEAD_OF_STRING.fullmatch(each.text)
        if head is not None and not is_text_position:
            self.quotes.append(head[2])
            self.raw.append("r" in head[1].lower())
            self.text_at = each.end
            return "start"
        return "text"


def _read(item: Item) -> _Meaning:
    """What is known of an item's words; without a tree, what the lexer takes for keywords."""
    meaning = _Meaning()
    declaration = item.declaration
    known = vocabulary()
    soft = {token.start for token in lex(item.text).tokens if token.kind in known.fallbacks}
    if declaration is None:
        meaning.keywords = soft
        return meaning
    meaning.is_import = isinstance(declaration, syntax.FromImport | syntax.Import)
    for node in walk(declaration):
        _note(node, meaning)
    meaning.keywords = soft - meaning.names.keys()
    return meaning


def _note(node: syntax.Node, meaning: _Meaning) -> None:
    """Add what a node says; what an outer node has said of a name stands."""
    say = meaning.names.setdefault
    match node:
        case syntax.FileDocstring(value=value):
            meaning.docstrings.add(value.span.start)
        case syntax.FromImport(module=module) | syntax.Import(module=module):
            for name in module:
                say(name.span.start, "namespace")
        case syntax.ValueDeclaration(kind=kind, names=names):
            role: Role = (
                "class" if kind == "signature" else "function" if kind in _CALLABLE_KINDS else "constant"
            )
            for name in names:
                say(name.span.start, role)
        case syntax.TypeAliasDeclaration(name=name, value=value):
            say(name.span.start, "class")
            _note_type(value, meaning)
        case syntax.TypeDeclaration() | syntax.EnumDeclaration() | syntax.SignatureDeclaration():
            say(node.name.span.start, "class")
            _note_docstring(node.docstring, meaning)
        case syntax.ModuleDeclaration():
            say(node.name.span.start, "function")
            _note_docstring(node.docstring, meaning)
        case syntax.FunctionDeclaration():
            say(node.name.span.start, "function")
            _note_docstring(node.docstring, meaning)
            _note_type(node.returns, meaning)
        case syntax.ConstantDeclaration(name=name, annotation=annotation):
            say(name.span.start, "constant")
            _note_type(annotation, meaning)
        case syntax.Field(name=name, type=annotation):
            say(name.span.start, "field")
            _note_type(annotation, meaning)
        case syntax.Removal(names=names):
            for name in names:
                say(name.span.start, "field")
        case syntax.Member(name=name):
            say(name.span.start, "constant")
        case syntax.Part(name=name):
            say(name.span.start, "function")
        case syntax.Parameter(name=syntax.Identifier() as name, annotation=annotation):
            say(name.span.start, "parameter")
            _note_type(annotation, meaning)
        case syntax.AnnotatedAssign(annotation=annotation):
            _note_type(annotation, meaning)
        case syntax.Call(function=function, arguments=arguments):
            _note_call(function, arguments, meaning)
        case syntax.Argument(name=syntax.Identifier() as name):
            say(name.span.start, "argument")
        case syntax.Attribute(name=name):
            say(name.span.start, "attribute")
        case syntax.Name(text=text) | syntax.Identifier(text=text) if text:
            say(node.span.start, "class" if text[0].isupper() and not text.isupper() else "name")
        case _:
            pass


def _note_call(
    function: syntax.Expression, arguments: tuple[syntax.Argument, ...], meaning: _Meaning
) -> None:
    match function:
        case syntax.Name(text=text, span=span):
            meaning.names.setdefault(span.start, "class" if text[:1].isupper() else "call")
        case syntax.Attribute(name=name):
            meaning.names.setdefault(name.span.start, "call")
        case _:
            pass
    if arguments and arguments[0].name is None and isinstance(arguments[0].value, syntax.String):
        string = arguments[0].value
        if (
            "->" in string.raw
            and "\\" not in string.raw
            and not parse_signature_string(string.value).problems
        ):
            meaning.signatures.add(string.span.start)


def _note_docstring(docstring: syntax.String | None, meaning: _Meaning) -> None:
    if docstring is not None:
        meaning.docstrings.add(docstring.span.start)


def _note_type(annotation: syntax.Expression | None, meaning: _Meaning) -> None:
    """Note the names of a type; names inside of `Literal[…]` are types, too."""
    if annotation is None:
        return
    for node in walk(annotation):
        if isinstance(node, syntax.Name) and node.text:
            meaning.names.setdefault(node.span.start, "type" if node.text in BUILTIN_TYPES else "class")


def _pieces(each: Lexeme, meaning: _Meaning, strings: _Strings) -> Iterator[Piece]:
    """The pieces of a token."""
    start, text = each.start, each.text
    of_f_string = strings.after(each)
    match each.kind:
        case "space" | "newline":
            yield Piece(start, "space", text)
        case "comment":
            yield Piece(start, "pragma" if _PRAGMA.match(text) else "comment", text)
        case "number" | "error":
            yield Piece(start, each.kind, text)
        case "string":
            yield from _string(start, text, meaning)
        case "f-string":
            yield from _f_string(start, text, of_f_string, strings)
        case "open" | "close":
            yield Piece(start, "brace" if strings.quotes and text in "{}" else "punctuation", text)
        case "operator":
            yield Piece(start, "punctuation" if text in _PUNCTUATION else "operator", text)
        case "keyword" | "name":
            yield Piece(start, _word(start, text, meaning, is_hard=each.kind == "keyword"), text)


def _word(start: int, text: str, meaning: _Meaning, *, is_hard: bool) -> Role:
    if not is_hard and start not in meaning.keywords:
        return meaning.names.get(start, "name")
    if text in CONSTANTS:
        return "constant word"
    if text in _OPERATOR_WORDS:
        return "operator word"
    if text in _IMPORT_WORDS or meaning.is_import:
        return "import"
    if text in FIELD_WORDS:
        return "direction"
    return "declaration" if text in HEADS or text == "lambda" else "keyword"


def _f_string(
    start: int, text: str, part: Literal["start", "text", "end"] | None, strings: _Strings
) -> Iterator[Piece]:
    match part:
        case "start":
            yield from _with_prefix(start, text, "string", None)
        case "end":
            strings.raw.pop()
            yield Piece(start, "string", text)
        case _:
            raw = bool(strings.raw) and strings.raw[-1]
            yield from _cut(start, text, "string", _BRACES if raw else _ESCAPE_OR_BRACES)


def _string(start: int, text: str, meaning: _Meaning) -> Iterator[Piece]:
    if start in meaning.signatures:
        yield from _signature(start, text)
        return
    prefix = _HEAD_OF_STRING.match(text)
    is_raw = prefix is not None and "r" in prefix[1].lower()
    role: Role = "docstring" if start in meaning.docstrings else "string"
    yield from _with_prefix(start, text, role, None if is_raw else _ESCAPE)


def _with_prefix(start: int, text: str, role: Role, escapes: re.Pattern[str] | None) -> Iterator[Piece]:
    head = _HEAD_OF_STRING.match(text)
    behind = head.end(1) if head else 0
    if behind:
        yield Piece(start, "prefix", text[:behind])
    yield from _cut(start + behind, text[behind:], role, escapes)


def _cut(start: int, text: str, role: Role, escapes: re.Pattern[str] | None) -> Iterator[Piece]:
    """A string's text, its escapes apart."""
    done = 0
    for found in escapes.finditer(text) if escapes is not None else ():
        if found.start() > done:
            yield Piece(start + done, role, text[done : found.start()])
        yield Piece(start + found.start(), "escape", found[0])
        done = found.end()
    if done < len(text):
        yield Piece(start + done, role, text[done:])


def _signature(start: int, text: str) -> Iterator[Piece]:
    """A string that holds a signature, as the fields and types that it consists of."""
    head = _HEAD_OF_STRING.match(text)
    assert head is not None
    if head[1]:
        yield Piece(start, "prefix", head[1])
    yield Piece(start + head.end(1), "string", head[2])
    inside = text[head.end() : -len(head[2])]
    meaning = _Meaning()
    signature = parse_signature_string(inside)
    for each in (*signature.inputs, *signature.outputs):
        for node in walk(each):
            _note(node, meaning)
    shift = start + head.end()
    for lexeme in tokenize(inside):
        for piece in _pieces(lexeme, meaning, _Strings()):
            yield piece._replace(start=shift + piece.start)
    yield Piece(start + len(text) - len(head[2]), "string", head[2])
