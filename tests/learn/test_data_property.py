"""Whatever strings rows hold, a data file gives them back."""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dspyc.runtime import Dataset

# A CSV file cannot tell an empty line from a row of one empty value, so every row has a number too.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ROWS = st.lists(st.fixed_dictionaries({"n": st.integers().map(str), "text": TEXT}), max_size=8)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_rows_come_back(rows: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, delimiter in (("rows.csv", ","), ("rows.tsv", "\t")):
            with (Path(folder) / name).open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, ["n", "text"], delimiter=delimiter)
                writer.writeheader()
                writer.writerows(rows)
        (Path(folder) / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        (Path(folder) / "rows.jsonl").write_text(lines, encoding="utf-8")
        for name in ("rows.csv", "rows.tsv", "rows.json", "rows.jsonl"):
            assert [dict(row) for row in Dataset(name, inputs=["text"], base=folder)] == rows, name


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.lists(st.floats(0, 1), min_size=1, max_size=4), st.integers())
def test_a_split_gives_every_row_to_one_part(count: int, weights: list[float], seed: int) -> None:
    total = sum(weights) or 1.0
    fractions = [weight / total for weight in weights]
    with tempfile.TemporaryDirectory() as folder:
        content = "n\n" + "".join(f"{n}\n" for n in range(count))
        (Path(folder) / "rows.csv").write_text(content, encoding="utf-8")
        parts = Dataset("rows.csv", base=folder).split(*fractions, seed=seed)
        shared_out = sorted(int(row.n) for part in parts for row in part)
    assert shared_out == (list(range(count)) if sum(weights) else [])
