"""Whatever values demos hold, a state gives them back as they were, in their types."""

from __future__ import annotations

import datetime
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyc.runtime import Example, InputField, LabeledFewShot, OutputField, Predict, Program, Signature

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["None", "null", "", " a ", "1", "true", "[[ ## x ## ]]", "{}", "[1]", '"q"', "yes"]
)
VALUES: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "text": (str, TEXT),
    "maybe": (str | None, st.none() | TEXT),
    "number": (int, st.integers(-(2**53), 2**53)),
    "real": (float, st.floats(allow_nan=False, allow_infinity=False)),
    "flag": (bool, st.booleans()),
    "choice": (Literal["a", "b", "None"], st.sampled_from(["a", "b", "None"])),
    "texts": (list[str], st.lists(TEXT, max_size=3)),
    "table": (dict[str, int], st.dictionaries(TEXT, st.integers(-9, 9), max_size=3)),
    "pair": (tuple[int, str], st.tuples(st.integers(-9, 9), TEXT)),
    "either": (int | str, st.integers(-9, 9) | TEXT),
    "day": (datetime.date, st.dates()),
    "moment": (datetime.datetime, st.datetimes()),
    "price": (
        Decimal,
        st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=0, max_value=99),
    ),
}


@pytest.mark.parametrize("name", VALUES)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_demo_comes_back(name: str, data: st.DataObject) -> None:
    annotation, values = VALUES[name]
    value = data.draw(values)
    signature = Signature({"q": (str, InputField()), name: (annotation, OutputField())}, "Answer.")
    row = Example({"q": "why", name: value}).with_inputs("q")
    with tempfile.TemporaryDirectory() as folder:

        def made() -> Program:
            source = Path(folder) / "f.dspy"
            return Program(LabeledFewShot(), Predict(signature), name="p", source=source, trainset=[row])

        made().optimize()
        [demo] = made().predictors()[0].demos or []
    assert demo[name] == value
    assert type(demo[name]) is type(value)
