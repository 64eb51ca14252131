"""What holds for every text: nothing raised, nothing lost, one problem for one mistake, stable formatting."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from dspyc.grammar.formatting.format import format_source
from dspyc.grammar.lossless import tokenize
from dspyc.grammar.parse import File, parse, parse_signature_string
from dspyc.grammar.source import Source
from dspyc.grammar.split import split
from support.loosening import comments, loosened
from support.syntax_cases import FOLDER, read
from support.syntax_dump import dump

TEXTS = [read(path) for path in sorted((FOLDER / "valid").glob("*.dspy"))]
LONG = [text for text in TEXTS if len(text) > 100]
WORDS = [
    *(
        "signature",
        "module",
        "type",
        "enum",
        "def",
        "test",
        "lm",
        "dataset",
        "configure",
        "input",
        "output",
        "demo",
    ),
    *(
        "forward",
        "fallback",
        "match",
        "case",
        "suggest",
        "if",
        "else",
        "for",
        "in",
        "return",
        "assert",
        "lambda",
    ),
    *(
        "not",
        "and",
        "where",
        "from",
        "import",
        "while",
        "class",
        "try",
        "x",
        "y",
        "S",
        "1",
        "2.5",
        "'a'",
        '"b"',
    ),
    *(
        '"""',
        'f"{x}"',
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        "=",
        "==",
        ".",
        "*",
        "**",
        "+",
        "-",
        "|",
        "->",
    ),
    *(":=", ";", "\\", "@", "#", "!", "$", "\t", "\r", ""),
]
CODE = st.lists(st.sampled_from([*WORDS, " ", " ", "\n", "\n", "\n    ", "\n        "]), max_size=40).map(
    "".join
)
SPACED = st.lists(st.sampled_from([*WORDS, "\n", "\n    "]), max_size=30).map(" ".join)


def check(text: str) -> File:
    """Parse a text and look at what must be true of the result."""
    file = parse(Source("a.dspy", text))
    assert "".join(item.text for item in file.items) == text
    start = 0
    for item in file.items:
        assert item.start == start
        assert "".join(token.text for token in item.parsed.tokens) == item.text
        assert all(
            token.start == at
            for token, at in zip(item.parsed.tokens, offsets(item.parsed.tokens), strict=True)
        )
        for problem in item.parsed.problems:
            assert 0 <= problem.span.start <= problem.span.end <= len(item.text)
            assert problem.message
            for edit in (edit for fix in problem.fixes for edit in fix.edits):
                assert 0 <= edit.span.start <= edit.span.end <= len(item.text)
        start = item.end
    return file


def offsets(tokens: tuple) -> list[int]:  # type: ignore[type-arg]
    found, at = [], 0
    for token in tokens:
        found.append(at)
        at += len(token.text)
    return found


@given(st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_text(text: str) -> None:
    check(text)
    format_source(text)


@given(CODE | SPACED)
@settings(max_examples=200, deadline=None)
def test_any_sequence_of_tokens(text: str) -> None:
    check(text)
    formatted = format_source(text)
    assert format_source(formatted) == formatted


@given(st.sampled_from(LONG), st.floats(0, 1))
@settings(max_examples=120, deadline=None)
def test_any_prefix(text: str, part: float) -> None:
    check(text[: int(len(text) * part)])


@given(st.sampled_from(LONG), st.floats(0, 0.9999))
@settings(max_examples=120, deadline=None)
def test_any_single_deletion(text: str, part: float) -> None:
    at = int(len(text) * part)
    check(text[:at] + text[at + 1 :])


@given(
    st.lists(
        st.sampled_from(["a", "b", ": ", "->", ", ", "list[", "]", "str", "=", "'x'", "|", "(", " "]),
        max_size=20,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_signature_string(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = parse_signature_string(text)
    for problem in found.problems:
        assert 0 <= problem.span.start <= problem.span.end <= len(text)
    for field in (*found.inputs, *found.outputs):
        assert 0 <= field.span.start <= field.span.end <= len(text)


@given(st.sampled_from(LONG), st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_formatting_is_idempotent_and_keeps_meaning_and_comments(text: str, seed: int) -> None:
    text = loosened(text, random.Random(seed))
    file = parse(Source("a.dspy", text))
    formatted = format_source(text)
    assert format_source(formatted) == formatted
    again = parse(Source("a.dspy", formatted))
    if not list(file.problems()):
        assert trees(again) == trees(file)
        assert comments(formatted) == comments(text)
        assert all(line == line.rstrip() for line in formatted.split("\n") if '"""' not in text)


def trees(file: File) -> list[str]:
    return [dump(item.declaration, spans=False) for item in file.items if item.declaration]


def test_an_edit_leaves_the_other_items_as_they_are() -> None:
    chance = random.Random(3)
    for text in LONG:
        chunks = split(text)
        index = chance.randrange(len(chunks))
        chunk = chunks[index]
        at = chunk.start + chance.randrange(max(1, len(chunk.text.rstrip())))
        edited = text[:at] + chance.choice(['"""', "(", "[", '"', "{"]) + text[at:]
        after = {each.text for each in split(edited)}
        lost = [each.text for each in chunks if each.text not in after]
        assert len(lost) <= 2, edited


def mutated(chance: random.Random) -> str:
    """A valid program with one edit."""
    text = chance.choice(LONG)
    tokens = [token for token in tokenize(text) if token.kind not in {"space", "newline", "comment"}]
    token, other = chance.choice(tokens), chance.choice(tokens)
    at = chance.randrange(len(text))
    match chance.choice(["delete", "insert", "replace", "cut", "type", "erase"]):
        case "delete":
            return text[: token.start] + text[token.end :]
        case "insert":
            return text[: token.start] + other.text + " " + text[token.start :]
        case "replace":
            return text[: token.start] + other.text + " " + text[token.end :]
        case "cut":
            end = text.find("\n", token.start)
            return text[: token.start] + text[len(text) if end < 0 else end :]
        case "type":
            return text[:at] + chance.choice("()[]{}:,.=\"'\\ \t#@!x1;\n") + text[at:]
    return text[:at] + text[at + 1 :]


def test_one_mistake_gives_about_one_problem() -> None:
    chance = random.Random(11)
    counts = []
    while len(counts) < 600:
        count = len(list(check(mutated(chance)).problems()))
        if count:
            counts.append(count)
    assert sum(counts) / len(counts) <= 1.2
    assert sum(count == 1 for count in counts) / len(counts) >= 0.88


def test_what_is_broken_keeps_its_declaration() -> None:
    """Most edits inside a declaration leave a node of its kind, so the names of a file stay known."""
    chance = random.Random(5)
    kept = total = 0
    for text in LONG:
        names = declared(parse(Source("a.dspy", text)))
        for _ in range(8):
            at = chance.randrange(len(text))
            total += len(names)
            kept += len(names & declared(parse(Source("a.dspy", text[:at] + text[at + 1 :]))))
    assert kept / total > 0.97


def declared(file: File) -> set[str]:
    found: set[str] = set()
    for item in file.items:
        name = getattr(item.declaration, "name", None)
        found |= (
            {name.text}
            if name
            else {each.text for each in getattr(item.declaration, "names", ()) if hasattr(each, "text")}
        )
    return found
