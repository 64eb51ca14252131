"""A file into its items, without parsing them."""

from __future__ import annotations

import pytest

from dspyc.grammar.split import Chunk, split


def pieces(text: str) -> list[str]:
    chunks = split(text)
    assert "".join(chunk.text for chunk in chunks) == text
    assert [chunk.start for chunk in chunks] == sorted({chunk.start for chunk in chunks})
    return [chunk.text for chunk in chunks]


HEADS = [
    "lm a = 1",
    "tools a = 1",
    "dataset a, b = 1",
    "optimizer a = 1",
    "program a = 1",
    "evaluate a = 1",
    "module a = 1",
    "module a(x: int):",
    "module a:",
    'signature a = "x -> y"',
    "signature a:",
    "type a = int",
    "type a:",
    "enum a:",
    "def a(x):",
    'test "a":',
    "test 'a':",
    "from .a import b",
    "from ... import b",
    "import a.b as c",
    "configure(lm=a)",
    "A = 1",
    "A: list[int] = [1]",
    "A: int | None = None",
]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(
    "before", ["x = f(\n", 'x = """text\n', "signature S:\n    input a: [\n", "x = {'a': [\n# c\n\n"]
)
def test_a_head_in_column_0_always_starts_an_item(before: str, head: str) -> None:
    assert len(pieces(before + head + "\n")) == 2


@pytest.mark.parametrize(
    "line",
    [
        *(
            "    lm a = 1",
            "from here on it is prose",
            "test cases follow",
            "a == 1",
            "# lm a = 1",
            ")",
            "] = 1",
        ),
        *("", "a word: b", "if x: y = 1", "lmfoo", "types of things:", "note: this is text"),
    ],
)
def test_other_lines_inside_a_string_start_none(line: str) -> None:
    assert len(pieces(f'"""text\n{line}\n"""\n')) == 1


def test_other_lines_outside_start_items_too() -> None:
    assert pieces("lm a = 1\nhello\n@pure\nwhile x:\n    y\n") == [
        "lm a = 1\n",
        "hello\n",
        "@pure\n",
        "while x:\n    y\n",
    ]


def test_lines_of_a_body_in_column_0_belong_to_the_item_above() -> None:
    assert len(pieces("signature S:\ninput a: str\noutput b: str\nforward:\nreturn x\n")) == 1


def test_comments_right_above_belong_to_an_item_and_others_to_the_one_before() -> None:
    text = "# top\n\n# about a\nlm a = 1\n\n# between\n\n# about b\n# more\nlm b = 2\n# end\n"
    assert pieces(text) == [
        "# top\n\n# about a\nlm a = 1\n\n# between\n\n",
        "# about b\n# more\nlm b = 2\n# end\n",
    ]


def test_closing_brackets_and_comments_may_stand_in_column_0() -> None:
    assert len(pieces("x = f(\n    1,\n# c\n)\n")) == 1
    assert len(pieces("module m:\n    input a: str\n# c\n    output b: str\n")) == 1


def test_an_empty_file_has_no_items() -> None:
    assert pieces("") == []
    assert pieces("\n") == ["\n"]
    assert pieces("# c") == ["# c"]


@pytest.mark.parametrize(
    "start", ['"""What it is."""\n', "# a comment\n", "type A:\n    n: int\n", "\n", ")\n", ""]
)
def test_a_mark_at_the_start_changes_no_item(start: str) -> None:
    text = f"{start}x = 1\ny = 2\n"
    first, *rest = split(text)
    assert split("\ufeff\ufeff" + text) == [
        Chunk(0, "\ufeff\ufeff" + first.text),
        *(Chunk(each.start + 2, each.text) for each in rest),
    ]
    assert split("\ufeff") == [Chunk(0, "\ufeff")]
