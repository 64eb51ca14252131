"""What is typed while it is measured: the same keys in each language."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, repeat

from document import Edit
from languages import TYPED_LINE

COLUMN = len(TYPED_LINE)
INDENT = " " * 8
OPERAND = " + bonus"
STATEMENT = "total_weight = 2 * weight + bonus"
REMARK = "# a remark\n"


def typed_lines(text: str) -> list[int]:
    """The numbers of the lines that are typed at: one a body."""
    return [number for number, line in enumerate(text.split("\n")) if line == TYPED_LINE]


def middle(text: str) -> int:
    """The typed line nearest to the middle of a file."""
    half = text.count("\n") // 2
    return min(typed_lines(text), key=lambda line: abs(line - half))


def insertion(line: int, column: int, text: str) -> Edit:
    """Some text put in one place."""
    return Edit((line, column), (line, column), text)


def deletion(line: int, column: int, end_line: int, end_column: int) -> Edit:
    """Some text taken away."""
    return Edit((line, column), (end_line, end_column), "")


def typed(line: int, column: int, text: str) -> Iterator[Edit]:
    """A key for each character."""
    for offset, letter in enumerate(text):
        yield insertion(line, column + offset, letter)


def erased(line: int, column: int, text: str) -> Iterator[Edit]:
    """A backspace for each character."""
    for offset in reversed(range(len(text))):
        yield deletion(line, column + offset, line, column + offset + 1)


def body_round(line: int) -> Iterator[Edit]:
    """Keys that make mistakes and mend them; the text is then as before.

    An operand is typed and erased, letter by letter: a syntax error, unknown names, the right name. Then a
    statement is typed on a new line, and taken away at once.
    """
    yield from typed(line, COLUMN, OPERAND)
    yield from erased(line, COLUMN, OPERAND)
    yield insertion(line, COLUMN, "\n" + INDENT)
    yield from typed(line + 1, len(INDENT), STATEMENT)
    yield deletion(line, COLUMN, line + 1, len(INDENT) + len(STATEMENT))


def lines_round(line: int) -> Iterator[Edit]:
    """Lines come and go above all declarations; the text is then as before."""
    yield insertion(line, 0, "\n")
    yield insertion(line, 0, REMARK)
    yield deletion(line, 0, line + 1, 0)
    yield deletion(line, 0, line + 1, 0)


def body_keys(line: int, number: int) -> list[Edit]:
    """So many keys in a body."""
    return list(islice(chain.from_iterable(map(body_round, repeat(line))), number))


def line_keys(line: int, number: int) -> list[Edit]:
    """So many keys that move all declarations; whole rounds."""
    return list(islice(chain.from_iterable(map(lines_round, repeat(line))), number - number % 4))
