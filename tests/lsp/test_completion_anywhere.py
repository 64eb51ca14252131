"""Completion at every place: it never raises, offers nothing twice, and what it offers fits the grammar."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from dspyc.compiler.analysis import FileAnalysis
from dspyc.compiler.completion.complete import complete
from dspyc.compiler.completion.items import Completion
from dspyc.compiler.completion.signature_help import signature_help
from dspyc.compiler.completion.surroundings import Nothing
from dspyc.compiler.query import keywords
from dspyc.grammar.lexing.tokens import HARD_KEYWORDS
from dspyc.grammar.lossless import tokenize
from dspyc.grammar.parse import parse_item
from dspyc.grammar.tables import tables
from support.programs import PROGRAM, analyse

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = {"everything once": PROGRAM} | {
    path.stem: path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("**/*.dspy"))
}
programs = pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS.keys())
CUT_OFF = {"E002", "E003"}
"""Brackets and strings that are not closed."""
OPERATORS = {"==", "!=", "<=", ">=", "->", "+=", "-=", "*=", "**", "//"}
RESERVED = HARD_KEYWORDS | set(keywords.WORDS)


class Around(Nothing):
    """A module beside the program."""

    def modules(self, _level: int, _packages: Sequence[str]) -> tuple[str, ...]:
        return ("tools",)


def ask(analysis: FileAnalysis, offset: int) -> tuple[Completion, ...]:
    found = complete(analysis, offset, Around())
    labels = [each.label for each in found]
    assert len(labels) == len(set(labels))
    for help_ in signature_help(analysis, offset):
        assert all(0 <= each.start < each.end <= len(help_.label) for each in help_.parameters)
    return found


def test_every_word_of_the_grammar_is_known() -> None:
    assert {text for text in tables().literals if text.isidentifier()} == set(keywords.WORDS)


@programs
def test_anywhere_in_a_program(text: str) -> None:
    analysis = analyse(text)
    for offset in random.Random(1).sample(range(len(text) + 1), min(150, len(text))):
        ask(analysis, offset)


@pytest.mark.parametrize("seed", range(25))
def test_anywhere_in_a_program_with_a_character_less(seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(list(PROGRAMS.values()))
    at = chance.randrange(len(text))
    analysis = analyse(text[:at] + text[at + 1 :])
    for offset in {at, max(0, at - 1), min(at + 1, len(text) - 1), *chance.sample(range(len(text)), 10)}:
        ask(analysis, offset)


@pytest.mark.parametrize("seed", range(25))
def test_anywhere_in_a_program_that_is_cut_off(seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(list(PROGRAMS.values()))
    at = chance.randrange(len(text))
    rest = text.find("\n", at)
    analysis = analyse(text[:at] + (text[rest:] if rest >= 0 and seed % 2 else ""))
    for offset in range(max(0, at - 3), at + 1):
        ask(analysis, offset)


@programs
def test_an_accepted_name_fits(text: str) -> None:
    """In a whole program each offer in the place of a name leaves the item without a mistake."""
    chance = random.Random(2)
    analysis = analyse(text)
    places = list(ends_of_words(text))
    for offset in chance.sample(places, min(40, len(places))):
        offered = [each for each in ask(analysis, offset) if each.kind != "keyword"]
        for each in chance.sample(offered, min(10, len(offered))):
            assert problems_with(analysis, each, text[offset:]) == [], (text[:offset][-60:], each.label)


@programs
def test_an_accepted_word_fits(text: str) -> None:
    """Where the text is cut off behind an accepted word, nothing is wrong but that it is cut off."""
    chance = random.Random(3)
    analysis = analyse(text)
    for offset in chance.sample(range(len(text)), min(60, len(text))):
        in_margin = not text[:offset].rpartition("\n")[2].strip() and text[offset] == " "
        around = text[offset - 1 : offset + 1]
        if in_margin or around.strip().isidentifier() or around in OPERATORS:
            continue  # where no line, or no word, begins
        for each in ask(analysis, offset):
            if each.kind == "keyword":
                item = analysis.file.item_at(offset)
                assert item is not None
                before = item.text[: each.replaced.start - item.start]
                problems = parse_item(f"{before}{each.inserted}\n").problems
                found = [problem for problem in problems if problem.code not in CUT_OFF]
                assert all(problem.span.end >= len(before) + len(each.label) for problem in found), (
                    before[-60:],
                    each.label,
                    found,
                )


@programs
def test_an_accepted_line_fits(text: str) -> None:
    """A word that begins a line brings what makes it a whole line, block or declaration."""
    for offset in line_starts(text):
        margin = text[offset:][: len(text[offset:]) - len(text[offset:].lstrip(" "))]
        before = f"{text[:offset]}{margin}"
        analysis = analyse(f"{before}\n{text[offset:]}")
        known = len(tuple(analysis.file.problems()))
        for each in ask(analysis, len(before)):
            if each.kind == "keyword" and each.snippet:
                line = filled(each.snippet).replace("\n", f"\n{margin}").rstrip(" ")
                after = analyse(f"{before}{line}\n{text[offset:]}")
                assert len(tuple(after.file.problems())) <= known, (before[-60:], line)


def ends_of_words(text: str) -> Iterator[int]:
    """The offsets right behind names, where what is offered takes the place of a name."""
    word = ""
    for at, character in enumerate(text):
        if character.isidentifier() or (word and character.isdigit()):
            word += character
        else:
            if word and word not in RESERVED and character not in "\"'":
                yield at
            word = ""


def problems_with(analysis: FileAnalysis, accepted: Completion, behind: str) -> list[str]:
    """What is wrong with the item in which a completion is accepted; a name's `=` may lack its value."""
    item = analysis.file.item_at(accepted.replaced.start)
    assert item is not None
    start, end = (each - item.start for each in accepted.replaced)
    text = accepted.inserted if not accepted.inserted.endswith("=") else f"{accepted.inserted}None"
    found = parse_item(f"{item.text[:start]}{text}{item.text[end:]}").problems
    return [each.message for each in found]


def line_starts(text: str) -> list[int]:
    """Some offsets where lines start that hold code; in brackets, lines are not what a text is made of."""
    found, depth = [0], 0
    for token in tokenize(text):
        depth += (token.kind == "open") - (token.kind == "close")
        if token.kind == "newline" and not depth and text[token.end : token.end + 1] not in ("", "\n", "#"):
            found.append(token.end)
    found = [at for at in found if not text[at:].lstrip().startswith('"""')]
    return random.Random(4).sample(found, min(12, len(found)))


def filled(snippet: str) -> str:
    """A snippet with its places filled in: `${1:name}` by `name`, `$0` by `x`."""
    if snippet.startswith("demo"):
        return snippet.replace("$0", "x=1")
    text = re.sub(r"\$\{\d:([^}]*)\}", r"\1", snippet)
    return re.sub(r"\$\{?\d\}?", "x", text)


def test_a_comparison_offers_all_choices_where_a_test_above_has_left_one() -> None:
    text = (
        "module sort = Predict(\"text -> pile: Literal['now', 'later', 'never']\")\n\n"
        'test "t":\n    found = sort(text="a")\n    assert found.pile == "now"\n    assert found.pile == ""'
    )
    assert [each.label for each in ask(analyse(text), len(text) - 1)] == ["now", "later", "never"]
    elif_ = (
        text.replace("    assert", "    if")
        .replace('== "now"', '== "now":\n        x = 1')
        .replace('    if found.pile == ""', '    elif found.pile == ""')
    )
    assert [each.label for each in ask(analyse(elif_), len(elif_) - 1)] == ["later", "never"]
