"""What is remembered of recent texts, and what is let go."""

from __future__ import annotations

from dspyc.base.recent import recent
from dspyc.grammar.parse import MAX_REMEMBERED, parse_item


def test_what_was_asked_for_lately_is_remembered() -> None:
    made: list[str] = []

    @recent(3_000)
    def upper(text: str) -> str:
        made.append(text)
        return text.upper()

    assert [upper(each) for each in ("a", "b", "a")] == ["A", "B", "A"]
    assert made == ["a", "b"]
    for number in range(40):
        assert upper(f"{number} ") == f"{number} "
        assert upper("a") == "A"
    assert made.count("a") == 1, "it was asked for all the time"
    upper("b")
    assert made.count("b") == 2, "long ago"


def test_large_texts_take_the_place_of_many() -> None:
    made: list[int] = []

    @recent(10_000)
    def length(text: str) -> int:
        made.append(len(text))
        return len(text)

    for size in (10, 6_000, 6_001, 6_002, 10):
        assert length("x" * size) == size
    assert made == [10, 6_000, 6_001, 6_002, 10]


def test_whoever_types_does_not_fill_the_memory() -> None:
    """Each key makes another text of the declaration: their size is limited, not only their number."""
    text = "# " + "x" * 20_000
    for number in range(2 * MAX_REMEMBERED // len(text)):
        parse_item(f"{text}{number}\n")
    kept = sum(map(len, {*parse_item._new, *parse_item._old}))
    assert kept <= MAX_REMEMBERED + len(text)
