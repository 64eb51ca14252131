"""Names in sentences, and suggestions."""

from __future__ import annotations

import pytest

from dspyc.base.text import clip, did_you_mean, list_names, near, plural


@pytest.mark.parametrize(
    ("name", "candidates", "found"),
    [
        ("anwser", ["answer", "question"], "answer"),
        ("predict", ["dict", "Predict"], "Predict"),
        ("maxtokens", ["max_token", "max_tokens"], "max_tokens"),
        ("answer", ["answer"], None),
        ("x", ["answer"], None),
        ("_", ["__", "answer"], None),
        ("", ["answer"], None),
        ("a" * 100_000, ["a" * 99_999], None),
    ],
)
def test_near(name: str, candidates: list[str], found: str | None) -> None:
    assert near(name, candidates) == found
    assert did_you_mean(name, candidates) == (f"; did you mean `{found}`?" if found else "")


def test_names_in_a_sentence() -> None:
    assert list_names([]) == "nothing"
    assert list_names(["a"]) == "`a`"
    assert list_names(iter("ab")) == "`a` and `b`"
    assert list_names("abc", "or") == "`a`, `b` or `c`"


def test_counts() -> None:
    assert [plural(count, "file") for count in (0, 1, 2, 1200)] == [
        "0 files",
        "1 file",
        "2 files",
        "1,200 files",
    ]


def test_clip() -> None:
    assert clip("abc", 3) == "abc"
    assert clip("abcdefgh", 4) == "ab\n… 4 characters left out …\ngh"
