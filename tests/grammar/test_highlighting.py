"""Highlighting says of every character what the parser takes it for, and Pygments gets that."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments import highlight as write
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_all_lexers, get_lexer_by_name, get_lexer_for_filename
from pygments.token import Error, Keyword, Name, Number, Operator, String, Token

from dspyc.grammar import syntax
from dspyc.grammar.highlighting import BUILTIN_TYPES, ROLES, Piece, highlight
from dspyc.grammar.lexing.lexer import lex
from dspyc.grammar.lexing.tokens import vocabulary
from dspyc.grammar.parse import parse
from dspyc.grammar.pygments_lexer import TOKENS, DspyLexer
from dspyc.grammar.source import Source
from dspyc.grammar.trees import walk
from dspyc.grammar.words import HARD_KEYWORDS, SOFT_KEYWORDS
from support import corpus

KEYWORDS = frozenset(ROLES[: ROLES.index("class")])
NAMES = frozenset(ROLES[ROLES.index("class") : ROLES.index("number")])
RIGHT = sorted(corpus.right())
TEXTS = {**corpus.right(), **corpus.broken()}


def shown(text: str) -> str:
    """The pieces of a text with their roles, blanks left out."""
    return " ".join(f"{each.text}|{each.role}" for each in highlight(text) if each.role != "space")


def test_the_corpus_is_there() -> None:
    assert len(corpus.right()) > 60
    assert len(corpus.broken()) > 40


@pytest.mark.parametrize("where", sorted(TEXTS))
def test_the_pieces_are_the_text(where: str) -> None:
    text = TEXTS[where]
    end = 0
    for piece in highlight(text):
        assert piece.start == end
        end += len(piece.text)
        assert text[piece.start : end] == piece.text
    assert end == len(text)


@pytest.mark.parametrize("where", RIGHT)
def test_the_roles_agree_with_the_parser(where: str) -> None:
    """A word is a keyword where the parser has no name, and strings, numbers and signs are its tokens."""
    text = TEXTS[where]
    roles = {piece.start: piece for piece in highlight(text)}
    inside = {
        start for piece in roles.values() for start in range(piece.start, piece.start + len(piece.text))
    }
    assert inside == set(range(len(text)))
    known = vocabulary()
    for item in parse(Source("page.dspy", text)).items:
        assert item.declaration is not None or not item.text.strip() or item.text.lstrip()[0] == "#"
        names = _names(item.declaration)
        for token in lex(item.text).tokens:
            piece = roles.get(item.start + token.start, Piece(0, "space", ""))
            if token.text.isidentifier():
                assert piece.text == token.text
                is_name = token.start in names
                assert (piece.role in NAMES) is is_name, piece
                assert (piece.role in KEYWORDS) is not is_name, piece
            elif token.kind == known.number:
                assert piece.role == "number"
                assert piece.text == token.text
            elif token.kind == known.string:
                assert piece.role in {"string", "docstring", "prefix"}
            elif token.text and token.kind not in known.of_f_strings:
                assert piece.role in {"operator", "punctuation", "brace"}, piece


def _names(declaration: syntax.Declaration | None) -> set[int]:
    nodes = walk(declaration) if declaration is not None else ()
    return {each.span.start for each in nodes if isinstance(each, syntax.Name | syntax.Identifier)}


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="input outp:=f\"'{}()[],.#\n\t\\->é0", max_size=60))
def test_any_text_is_cut_into_its_pieces(text: str) -> None:
    assert "".join(piece.text for piece in highlight(text)) == text


def test_soft_keywords_are_keywords_only_where_they_are() -> None:
    text = "signature input:\n    input input: str where output(input)\n    output where: str\n"
    assert shown(text) == (
        "signature|declaration input|class :|punctuation input|direction input|field :|punctuation str|type "
        "where|keyword output|call (|punctuation input|name )|punctuation output|direction where|field "
        ":|punctuation str|type"
    )
    text = "def f(case: int) -> int:\n    match case:\n        case 1:\n            return match\n"
    assert "match|keyword case|name :|punctuation case|keyword 1|number" in shown(text)
    assert "return|keyword match|name" in shown(text)


def test_strings_show_escapes_fields_and_signatures() -> None:
    assert shown('x = "a\\n\\x41"') == 'x|constant =|operator "a|string \\n|escape \\x41|escape "|string'
    assert '"\\n"|string' in shown('x = r"\\n"')
    assert shown('x = f"{y!r:>{w}} {{ {z}"').endswith(
        'f|prefix "|string {|brace y|name !r|operator :|punctuation >|string {|brace w|name }|brace '
        '}|brace  |string {{|escape  |string {|brace z|name }|brace "|string'
    )
    # A quote of another f-string in the text does not start one.
    assert shown('x = f"{y}f\'"').endswith("}|brace f'|string \"|string")
    assert shown("x = f\"{f'{y}'}\"").count("prefix") == 2
    shows = shown('module m = Predict("q, other: list[Passage] -> a: float")')
    assert "q|field" in shows
    assert "list|type [|punctuation Passage|class" in shows
    assert "->|operator a|field :|punctuation float|type" in shows
    assert '"q - a"|string' in shown('module m = Predict("q - a")')


def test_what_does_not_parse_keeps_its_keywords() -> None:
    shows = shown("module m:\n    input x: str\n    forward:\n        return ] y = 1\n")
    assert "module|declaration" in shows
    assert "input|direction" in shows
    assert "return|keyword" in shows
    assert "?|error" in shown("x = ?")


def test_every_role_has_a_token_and_is_reached() -> None:
    assert TOKENS.keys() == set(ROLES)
    seen = {piece.role for text in TEXTS.values() for piece in highlight(text)}
    assert set(ROLES) - seen == set()


def test_pygments_finds_the_lexer() -> None:
    assert isinstance(get_lexer_by_name("dspy"), DspyLexer)
    assert isinstance(get_lexer_by_name("dspyc"), DspyLexer)
    assert isinstance(get_lexer_for_filename("triage.dspy"), DspyLexer)
    ours = [tuple(map(list, rest)) for name, *rest in get_all_lexers() if name == "dspyc"]
    assert ours == [(["dspy", "dspyc"], ["*.dspy"], ["text/x-dspy"])]
    assert DspyLexer.analyse_text(corpus.right()["examples/classify.dspy"]) > 0
    assert DspyLexer.analyse_text("def f():\n    return 1\n") == 0


@pytest.mark.parametrize("where", RIGHT)
def test_pygments_gets_the_text_without_an_error(where: str) -> None:
    text = TEXTS[where]
    tokens = list(get_lexer_by_name("dspy").get_tokens_unprocessed(text))
    assert "".join(value for _, _, value in tokens) == text
    assert [value for _, kind, value in tokens if kind in Error] == []
    for _, kind, value in tokens:
        assert kind in Token
        if value in HARD_KEYWORDS and kind not in String:
            assert kind in Keyword or kind in Operator.Word
        if kind in Keyword:
            assert value in HARD_KEYWORDS | SOFT_KEYWORDS | BUILTIN_TYPES | {"lambda"}
        if kind in Number:
            assert re.match(r"[\d.]", value)
        if kind in Name:
            assert value.isidentifier()


def test_pygments_writes_html() -> None:
    html = write('lm gpt = LM("openai/x")\n', get_lexer_by_name("dspy"), HtmlFormatter(nowrap=True))
    assert '<span class="kd">lm</span>' in html
    assert '<span class="no">gpt</span>' in html
    assert '<span class="s">"openai/x"</span>' in html.replace("&quot;", '"')


def test_the_types_of_the_textmate_grammar_are_those_of_the_highlighting() -> None:
    grammar = json.loads(
        (corpus.ROOT / "editors" / "vscode" / "syntaxes" / "dspyc.tmLanguage.json").read_text(
            encoding="utf-8"
        )
    )
    patterns = grammar["repository"]["type"]["patterns"]
    words = "|".join(each["match"] for each in patterns if each["name"] == "support.type.dspyc")
    assert set(re.findall(r"[A-Za-z]{3,}", words)) <= BUILTIN_TYPES
