"""JSON by ujson: what it writes comes back, as with `json`, and where it gives up `json` goes on."""

from __future__ import annotations

import json as standard
import math
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspyc.base import json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_is_written_comes_back_as_with_json(value: Any) -> None:
    text = json.dump(value)
    assert text.isascii()
    assert json.load(text) == json.load(text.encode()) == standard.loads(text) == value
    assert json.load(standard.dumps(value)) == value


@pytest.mark.parametrize(
    "value",
    [1e-07, 5e-324, 1.7976931348623157e308, -0.0, 1.0, 10**30, -(10**30), 2**64, "\ud800", "\udc00\ud800",
     "</a>", "\x00\x7f\u2028", "😀", {"": ""}, [[[]]], {"b": 1, "a": 2}],
)  # fmt: skip
def test_odd_values(value: Any) -> None:
    back = json.load(json.dump(value))
    assert back == value
    assert type(back) is type(value)
    assert str(back) == str(value)  # the sign of zero, the order of names


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none(value: float) -> None:
    assert str(json.load(json.dump([value]))[0]) == str(value)


def test_where_ujson_gives_up_json_goes_on() -> None:
    deep: Any = 1
    for _ in range(1500):
        deep = [deep]
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        assert json.load(json.dump(deep)) == deep
    finally:
        sys.setrecursionlimit(before)
    with pytest.raises(ValueError, match="deep"):
        json.load("[" * 100_000 + "]" * 100_000)


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nul", "1 2", "{'a': 1}", "\ufeff1"])
def test_what_is_not_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        json.load(text)


@pytest.mark.parametrize("value", [b"x", {1, 2}, object(), 1j])
def test_what_json_lacks(value: Any) -> None:
    for write in (json.dump, json.dump_strictly):
        with pytest.raises(TypeError):
            write([value])


@pytest.mark.parametrize(
    "value",
    [
        {"a": [], "b": {}, "c": [1, 2.5, None, True, "ü/\n\u2028"]},
        {"big": 10**400, "small": 1e-7, "large": 1e300},
        [[["deep"]]] * 3,
        {"text": "ends with half a pair \ud83d"},
    ],
)
def test_texts_for_people_are_read_again(value: Any) -> None:
    text = json.dump_for_people(value)
    assert standard.loads(text) == value
    assert "\n" in text


@pytest.mark.parametrize("value", [float("nan"), {"a": float("inf")}, {"a": object()}, {"a": {1, 2}}])
def test_no_texts_for_people_of_what_json_does_not_have(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        json.dump_for_people(value)
