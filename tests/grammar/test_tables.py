"""The grammar, the tables made from it, and what the parser needs of both."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from lark import Lark
from lark.lexer import Lexer

from dspyc.grammar.actions import ACTIONS
from dspyc.grammar.lexing.tokens import OPERATOR, TOKEN, vocabulary
from dspyc.grammar.parse import parse
from dspyc.grammar.parsing import build
from dspyc.grammar.parsing.driver import reductions
from dspyc.grammar.source import Source
from dspyc.grammar.tables import tables
from support.remembered import parse_anew
from support.syntax_cases import FOLDER, read


class NoLexer(Lexer):
    """Lark's own tokens are not used, so their collisions do not matter."""

    def __init__(self, _configuration: object) -> None:
        """Lark hands in its configuration."""

    def lex(self, data: object) -> object:  # type: ignore[override]
        """Never called."""
        raise AssertionError


def test_the_grammar_is_lalr_without_conflicts() -> None:
    grammar = build.GRAMMAR.read_text(encoding="utf-8")
    Lark(grammar, parser="lalr", start=list(build.STARTS), lexer=NoLexer, strict=True)


def test_a_conflict_would_be_found() -> None:
    ambiguous = 'start: a\na: a "+" a | "x"\n'
    with pytest.raises(Exception, match="conflict"):
        Lark(ambiguous, parser="lalr", lexer=NoLexer, strict=True)


def test_the_tables_belong_to_the_grammar() -> None:
    assert build.TABLES.read_text(encoding="utf-8") == build.build(), (
        "run `python -m dspyc.grammar.parsing.build`"
    )


def test_every_rule_has_its_function_and_every_function_its_rule() -> None:
    named = {rule.action for rule in tables().rules} - {"", "[]"}
    missing = named - set(ACTIONS)
    assert not missing
    helpers = {"check_type", "check_target", "dotted_expression", "Suite"}
    assert set(ACTIONS) - named == helpers
    assert len(reductions()) == len(tables().rules)


def test_no_rule_is_empty() -> None:
    """The driver relies on it: what is reduced begins where its first child begins."""
    assert min(rule.length for rule in tables().rules) == 1


@pytest.mark.parametrize("text", sorted(tables().literals))
def test_every_fixed_text_of_the_grammar_is_one_token(text: str) -> None:
    found = TOKEN.match(text)
    assert found is not None
    assert found.end() == len(text)
    if found.lastindex == OPERATOR:
        assert vocabulary().operators[text] == tables().literals[text]


def test_the_tables_hold_no_code() -> None:
    content = json.loads(build.TABLES.read_text(encoding="utf-8"))
    assert content["grammar"] == build.fingerprint(build.GRAMMAR.read_text(encoding="utf-8"))


def test_parsing_needs_neither_lark_nor_pickle() -> None:
    program = (
        "import sys\n"
        "from dspyc.grammar.parse import parse\n"
        "from dspyc.grammar.source import Source\n"
        "file = parse(Source('a.dspy', 'lm a = LM(\"x\")'))\n"
        "assert file.items[0].declaration is not None\n"
        "print(*sorted({'lark', 'pickle', 'pydantic', 'litellm'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_texts_are_parsed_in_threads_as_alone() -> None:
    from concurrent.futures import ThreadPoolExecutor

    texts = [read(path) for path in sorted((FOLDER / "valid").glob("*.dspy"))]
    alone = [parse(Source("a.dspy", text)) for text in texts]
    parse_anew()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda text: parse(Source("a.dspy", text)), texts * 4))
    finally:
        sys.setswitchinterval(interval)
    assert together == alone * 4
