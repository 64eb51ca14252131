"""Values that never change, expressions compiled late, and what a module has if it has been imported."""

from __future__ import annotations

import copy
import json
import operator
import pickle
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from dspyc.base.expressions import pattern
from dspyc.base.frozen import EmptyDict, frozen_record, replaced
from dspyc.base.later import loaded
from dspyc.base.text import dedented


@frozen_record
class Point:
    """A place."""

    x: int
    y: int = 2
    kind: ClassVar[str] = "point"

    @property
    def sum(self) -> int:
        return self.x + self.y


@frozen_record
class Wide:
    a: int
    b: int = 1
    c: int = 2
    d: int = 3
    e: tuple[int, ...] = ()
    f: Any = None


@frozen_record
class Made:
    first: str
    second: str
    third: str = "c"
    fourth: str = "d"
    fifth: str = "e"

    def __init__(self, both: str) -> None:
        self._fill(both[0], both[1])  # type: ignore[attr-defined]


@frozen_record
class Nothing:
    pass


def test_a_value_is_its_fields() -> None:
    point = Point(1)
    assert (point.x, point.y, point.sum, point.kind, Point.kind) == (1, 2, 3, "point", "point")
    assert Point(y=5, x=4) == Point(4, 5) != Point(4)
    assert repr(point) == "Point(x=1, y=2)"
    assert Point.__doc__ == "A place."
    assert len({Point(1), Point(1, 2), Point(2)}) == 2
    assert Nothing() == Nothing() != Point(1)
    assert point != (1, 2)
    match point:
        case Point(x, y):
            assert (x, y) == (1, 2)


@pytest.mark.parametrize("value", [Point(1), Wide(1), Made("ab"), Wide(1, 2, 3, 4, (5,), [6])])
def test_a_value_never_changes_and_can_be_copied(value: Any) -> None:
    name = value.__match_args__[0]
    with pytest.raises(AttributeError, match="does not change"):
        setattr(value, name, 9)
    with pytest.raises(AttributeError):
        value.other = 9
    with pytest.raises(AttributeError, match="does not change"):
        delattr(value, name)
    assert not hasattr(value, "__dict__")
    # By value in this process: nothing here comes from a file or a network.
    for twin in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301
        assert twin == value
        assert type(twin) is type(value)


def test_a_constructor_takes_what_its_fields_say() -> None:
    for wrong in (lambda: Point(), lambda: Point(1, 2, 3), lambda: Wide(1, g=2)):  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            wrong()
    wide = Wide(1, f=6, c=7)
    assert [getattr(wide, name) for name in "abcdef"] == [1, 1, 7, 3, (), 6]
    assert replaced(wide, a=2) == Wide(2, f=6, c=7)
    assert [getattr(Made("xy"), name) for name in Made.__match_args__] == ["x", "y", "c", "d", "e"]  # type: ignore[attr-defined]


def test_a_class_below_one_has_fields_of_its_own() -> None:
    class Deeper(Wide):
        __slots__ = ("note",)

    deeper = Deeper(1, f="x")
    assert (deeper.a, deeper.f, type(deeper)) == (1, "x", Deeper)
    assert deeper != Wide(1, f="x")


def test_an_expression_is_compiled_when_it_is_used() -> None:
    found = pattern(r"(\d+)-(?P<name>\w+)")
    assert "search" not in vars(found)
    match = found.search("a 12-b")
    assert match is not None
    assert (match[1], match["name"]) == ("12", "b")
    assert found.sub("x", "1-a 2-b") == "x x"
    assert (found.pattern, found.groups) == (r"(\d+)-(?P<name>\w+)", 2)
    assert pattern(rb"a+").fullmatch(b"aaa") is not None


def test_only_what_is_imported_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    from decimal import Decimal

    assert loaded("decimal", "Decimal") == (Decimal,)
    assert loaded("decimal", "Missing") == ()
    monkeypatch.delitem(sys.modules, "decimal")
    assert loaded("decimal", "Decimal") == ()


@pytest.mark.parametrize(
    "text", ["", "a", "a\nb", "  a\n  b", "  a\n\n    b", "\ta\n\tb", "a\n  b", "a\n \nb", "\n"]
)
def test_indentation_is_taken_away_as_by_the_standard_library(text: str) -> None:
    from textwrap import dedent

    assert dedented(text) == dedent(text)


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an entry": lambda empty: operator.setitem(empty, "a", 1),
    "update": lambda empty: empty.update(a=1),
    "setdefault": lambda empty: empty.setdefault("a", 1),
    "in place": lambda empty: operator.ior(empty, {"a": 1}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_empty_dict_that_values_share_gets_no_entries(change: str) -> None:
    empty = EmptyDict()
    with pytest.raises(TypeError, match="do not change"):
        CHANGES[change](empty)
    assert (empty, json.dumps(empty), empty | {"a": 1}) == ({}, "{}", {"a": 1})


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])  # noqa: S301
def test_its_copies_are_plain_dicts(copied: Any) -> None:
    assert type(copied(EmptyDict())) is dict
