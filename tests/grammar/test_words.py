"""The language's words stand once, in the grammar; what repeats them is generated or read from it."""

from __future__ import annotations

import json
import keyword
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from dspyc.compiler.declared import has_constructor
from dspyc.compiler.facts import SymbolKind
from dspyc.compiler.query import keywords
from dspyc.compiler.query.symbols import OutlineKind
from dspyc.compiler.rules.words import NOUNS
from dspyc.grammar import words
from dspyc.grammar.parse import parse_item
from dspyc.grammar.split import split
from support.scripts import import_script

SYNTAXES = Path(__file__).parents[2] / "editors" / "vscode" / "syntaxes"


def test_the_words_are_those_of_the_language() -> None:
    assert set(keyword.kwlist) == words.HARD_KEYWORDS
    assert {"lm", "tools", "dataset", "optimizer", "program", "evaluate"} == words.VALUE_KINDS
    assert words.DECLARING.keys() == words.VALUE_KINDS | {"module", "signature", "type", "enum", "def"}
    assert words.DECLARING.keys() | {"test", "configure", "from", "import"} == words.HEADS
    assert {"input", "output"} == words.FIELD_WORDS
    assert words.BODY_WORDS["signature"] == {"input", "output", "demo", "del"}
    assert words.BODY_WORDS["type"] == {"del"}
    assert words.BODY_WORDS["module"] == {"input", "output", "forward", "fallback"}
    assert words.BODY_WORDS["def"] == words.BODY_WORDS["test"] == words.STATEMENT_WORDS
    assert {"elif", "else", "case", "except"} == words.CLAUSE_WORDS
    assert {"if", "for", "match", "forward", "def", "test", "signature"} <= words.SUITE_WORDS
    assert set() == words.SOFT_KEYWORDS & words.HARD_KEYWORDS
    assert words.may_follow("forward") == {":"}
    assert words.may_follow("input") == {"NAME"}


def test_every_word_that_begins_a_line_is_explained() -> None:
    lines = [each.word for each in keywords.LINES]
    assert len(lines) == len(set(lines))
    assert set(lines) == words.HEADS | words.MEMBER_WORDS | words.STATEMENT_WORDS | words.CLAUSE_WORDS
    others = {each.word for each in (*keywords.OPERATORS, *keywords.VALUES, *keywords.BEHIND)}
    assert others - words.HARD_KEYWORDS == words.SOFT_KEYWORDS - set(lines)


def test_the_words_that_declare_values_are_kinds_of_symbols() -> None:
    assert {"module", "signature", "type"} | words.VALUE_KINDS == words.VALUED
    assert set(get_args(SymbolKind)) >= words.VALUED
    assert set(get_args(OutlineKind)) >= words.VALUED - {"type"}
    assert NOUNS.keys() | {"tools", "type"} == words.VALUED


@pytest.mark.parametrize("word", sorted(words.SOFT_KEYWORDS))
def test_a_soft_keyword_is_a_name_elsewhere(word: str) -> None:
    text = f"def f({word}: int) -> int:\n    {word} = {word} + g({word}={word}).{word}\n    return {word}\n"
    assert parse_item(text).problems == ()


@pytest.mark.parametrize("word", sorted(words.HARD_KEYWORDS))
def test_a_hard_keyword_is_never_one(word: str) -> None:
    assert parse_item(f"def f({word}: int) -> int:\n    return 1\n").problems != ()


@pytest.mark.parametrize("word", sorted(words.DECLARING))
def test_every_declaring_word_starts_an_item_inside_an_open_bracket(word: str) -> None:
    sign = next(iter(words.DECLARING[word] - {","}))
    head = f"{word} name{sign}"
    assert [chunk.text for chunk in split(f"x = (\n{head}\n")] == ["x = (\n", f"{head}\n"]


def generator() -> ModuleType:
    return import_script(SYNTAXES / "generate.py")


def test_the_highlighting_has_the_words_of_the_grammar() -> None:
    written = (SYNTAXES / "dspyc.tmLanguage.json").read_text(encoding="utf-8")
    assert written == generator().generate(), "run `python editors/vscode/syntaxes/generate.py`"
    json.loads(written)


def test_the_template_repeats_no_group_of_words() -> None:
    template = (SYNTAXES / "dspyc.tmLanguage.template.json").read_text(encoding="utf-8")
    groups = generator().groups()
    assert not [name for name, group in groups.items() if "|" in group and group in template]


def test_something_fits_each_word_that_declares_a_value() -> None:
    assert [word for word in words.VALUE_KINDS if not has_constructor(word)] == []
