"""Where the keys and values of a JSON text stand: the same as a reader of JSON finds."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dspyc.base.json_places import places

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


def leaves(value: Any, path: tuple[str | int, ...]) -> dict[tuple[str | int, ...], Any]:
    if isinstance(value, dict):
        return {at: leaf for key, each in value.items() for at, leaf in leaves(each, (*path, key)).items()}
    if isinstance(value, list):
        return {at: leaf for key, each in enumerate(value) for at, leaf in leaves(each, (*path, key)).items()}
    return {path: value}


@given(_VALUES, st.sampled_from([None, 2]), st.booleans())
def test_every_value_is_found_where_it_stands(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    found = list(places(text))
    assert all(text[each.span.start : each.span.end] == each.text for each in found)
    assert {each.path: json.loads(each.text) for each in found if not each.is_key} == leaves(value, ())
    assert all(json.loads(each.text) == each.path[-1] for each in found if each.is_key)
