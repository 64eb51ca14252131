"""`DataLoader` and the data sets of papers, from local folders that are laid out as theirs are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from dspyc.runtime import ConfigurationError, DataError, Example, Prediction, context
from dspyc.runtime.datasets import GSM8K, Banking77, DataLoader, HotPotQA
from dspyc.runtime.datasets.gsm8k import gsm8k_metric, parse_integer_answer
from support.hub import hub

LOADER = DataLoader()


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_csv_file_has_the_types_that_its_columns_have(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("text,n,x,ok,mixed,none\na,1,1.5,True,1,\nb,,2,false,a,\n", encoding="utf-8")
    first, second = LOADER.from_csv(str(path), input_keys=("text",))
    assert dict(first) == {"text": "a", "n": 1, "x": 1.5, "ok": True, "mixed": "1", "none": None}
    assert dict(second) == {"text": "b", "n": None, "x": 2.0, "ok": False, "mixed": "a", "none": None}
    assert dict(first.inputs()) == {"text": "a"}
    assert [dict(row) for row in LOADER.from_csv(str(path), fields=["n"])] == [{"n": 1}, {"n": None}]
    with pytest.raises(DataError, match="has no column `m`; it has `text`, `n`"):
        LOADER.from_csv(str(path), fields=["m"])


@pytest.mark.parametrize("name", ["r.json", "r.jsonl"])
@pytest.mark.parametrize("is_list", [True, False])
def test_json_in_both_forms(tmp_path: Path, name: str, is_list: bool) -> None:
    rows = [{"a": 1, "b": {"c": [2]}}, {"a": 2, "b": None}]
    path = tmp_path / name
    if is_list and name == "r.json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        lines(path, rows)
    assert [dict(row) for row in LOADER.from_json(str(path))] == rows


def test_parquet(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"q": ["x", "y"], "n": [1, 2]}), tmp_path / "r.parquet")
    rows = LOADER.from_parquet(str(tmp_path / "r.parquet"), fields=["q"], input_keys=("q",))
    assert [dict(row.inputs()) for row in rows] == [{"q": "x"}, {"q": "y"}]


def test_a_data_frame() -> None:
    class Frame:
        columns = ("a", "b")

        def iterrows(self) -> Iterator[tuple[int, dict[str, int]]]:
            yield 0, {"a": 1, "b": 2}

    assert [dict(row) for row in LOADER.from_pandas(Frame())] == [{"a": 1, "b": 2}]
    assert [dict(row) for row in LOADER.from_pandas(Frame(), fields=["b"])] == [{"b": 2}]


def test_a_retriever() -> None:
    class Store:
        def get_objects(self, num_samples: int, fields: list[str]) -> list[dict[str, int]]:
            return [dict.fromkeys(fields, number) for number in range(num_samples)]

    with context(rm=Store()):
        assert [row.a for row in LOADER.from_rm(2, ["a"], ["a"])] == [0, 1]
    with pytest.raises(ConfigurationError, match="no retriever is set"):
        LOADER.from_rm(2, ["a"], ["a"])
    with context(rm=len), pytest.raises(ConfigurationError, match="has no `get_objects`"):
        LOADER.from_rm(2, ["a"], ["a"])


def test_sampling_and_splitting() -> None:
    rows = [Example(n=n) for n in range(20)]
    assert len(LOADER.sample(rows, 5)) == 5
    with pytest.raises(ConfigurationError, match="needs a list"):
        LOADER.sample(iter(rows), 5)  # type: ignore[arg-type]
    one, same = (LOADER.train_test_split(rows, random_state=3) for _ in range(2))
    assert [len(one["train"]), len(one["test"])] == [15, 5]
    assert one == same
    assert sorted(row.n for part in one.values() for row in part) == list(range(20))
    assert [row.n for row in rows] == list(range(20))
    parts = LOADER.train_test_split(rows, train_size=3, test_size=0.25, random_state=1)
    assert [len(parts["train"]), len(parts["test"])] == [3, 5]
    # The order is DSPy's: a shuffle by the module's generator, seeded.
    import random

    random.seed(3)
    numbers = list(range(20))
    random.shuffle(numbers)
    assert [row.n for row in one["train"]] == numbers[:15]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"train_size": 1.5}, "`train_size` must be a number of rows, or a share between 0 and 1, not 1.5"),
        ({"train_size": "all"}, "not 'all'"),
        ({"train_size": 30}, "`train_size` and `test_size` are 30 rows together, and there are 20"),
        ({"train_size": 15, "test_size": 6}, "are 21 rows together, and there are 20"),
    ],
)
def test_sizes_that_cannot_be(sizes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        LOADER.train_test_split([Example(n=n) for n in range(20)], **sizes)
    assert message in str(raised.value)


def test_hugging_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    parquet.write_table(pyarrow.table({"text": list("abcdefghij"), "label": list(range(10))}), tmp_path / "p")
    content = (tmp_path / "p").read_bytes()
    branch = {
        f"{config}/{split}/0000.parquet": content
        for config in ("main", "small")
        for split in ("train", "test")
    }
    with hub({"a/b@refs/convert/parquet": branch}) as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        both = LOADER.from_huggingface("a/b", "main", input_keys=("text",))
        assert {name: len(rows) for name, rows in both.items()} == {"train": 10, "test": 10}
        assert dict(both["test"][0].inputs()) == {"text": "a"}
        some = LOADER.from_huggingface("a/b", name="small", split="train[2:4]", fields=("label",))
        assert [dict(row) for row in some] == [{"label": 2}, {"label": 3}]
        assert len(LOADER.from_huggingface("a/b", "small", split="train[:20%]")) == 2
        assert len(LOADER.from_huggingface("a/b", "small", split="test[-3:]")) == 3
        assert list(LOADER.from_huggingface("a/b", "main", split=["train", "test[:1]"])) == [
            "train",
            "test[:1]",
        ]
        with pytest.raises(DataError, match="no split `valid`"):
            LOADER.from_huggingface("a/b", "main", split="valid")
        with pytest.raises(ConfigurationError, match="does not take `keep_in_memory`"):
            LOADER.from_huggingface("a/b", keep_in_memory=True)
        assert LOADER.from_huggingface("a/b", "small", split="test[-3:]", trust_remote_code=True)
        with pytest.raises(ConfigurationError, match="`fields` must be a tuple"):
            LOADER.from_huggingface("a/b", fields=["label"])  # type: ignore[arg-type]


# --- data sets of papers --------------------------------------------------------------------------------


def test_gsm8k_of_a_folder(tmp_path: Path) -> None:
    rows = [
        {"question": f"q{n}", "answer": f"First <<1+1=2>>2.\nThen more.\n#### {n * 1000:,}"}
        for n in range(600)
    ]
    lines(tmp_path / "train.jsonl", rows)
    lines(tmp_path / "test.jsonl", rows[:20])
    data = GSM8K(tmp_path)
    assert [len(data.train), len(data.dev), len(data.test)] == [200, 300, 20]
    assert not {row.question for row in data.train} & {row.question for row in data.dev}
    row = next(row for row in [*data.train, *data.dev] if row.question == "q7")
    assert (row.answer, row.gold_reasoning) == ("7000", "First <<1+1=2>>2. Then more.")
    assert dict(row.inputs()) == {"question": "q7"}
    assert [row.question for row in GSM8K(tmp_path).train] == [row.question for row in data.train]
    assert gsm8k_metric(row, Prediction(answer="The answer is $7,000.00 in all"))
    assert not gsm8k_metric(row, Prediction(answer="It is 7001"))


@pytest.mark.parametrize(
    ("answer", "number"),
    [("12", 12), ("It is 1,234 dollars.", 1234), ("3.7", 3), ("none", 0), ("", 0), ("1\n2", 1)],
)
def test_the_number_in_an_answer(answer: str, number: int) -> None:
    assert parse_integer_answer(answer) == number


def hotpot(n: int, **changes: Any) -> dict[str, Any]:
    facts = {"title": ["A", "B", "A"], "sent_id": [0, 1, 2]}
    row = {"id": f"i{n}", "question": f"q{n}", "answer": f"a{n}", "type": "bridge", "level": "hard"}
    return {**row, "supporting_facts": facts, "context": {"title": [], "sentences": []}, **changes}


def test_hotpotqa_of_a_folder(tmp_path: Path) -> None:
    train = [hotpot(n, level="hard" if n % 2 else "easy") for n in range(40)]
    lines(tmp_path / "train.jsonl", train)
    pairs = [["A", 0], ["B", 1]]
    (tmp_path / "dev_distractor.json").write_text(
        json.dumps([hotpot(n, supporting_facts=pairs) for n in range(100, 106)]), encoding="utf-8"
    )
    data = HotPotQA(train_seed=1, train_size=5, eval_seed=2023, dev_size=4, test_size=3, folder=tmp_path)
    assert [len(data.train), len(data.dev), len(data.test)] == [5, 4, 3]
    assert set(data.train[0].keys()) == {"question", "answer"}
    assert data.dev[0].gold_titles == {"A", "B"}
    assert data.test[0].gold_titles == {"A", "B"}
    assert data.train[0].dspy_split == "train"
    assert all(int(row.question[1:]) % 2 for row in [*data.train, *data.dev])
    assert len(HotPotQA(folder=tmp_path, only_hard_examples=False).train) == 30
    assert set(HotPotQA(folder=tmp_path, keep_details=True).dev[0].keys()) == {
        "id", "question", "answer", "type", "context", "gold_titles",
    }  # fmt: skip
    assert HotPotQA(folder=tmp_path, unofficial_dev=False).dev == []
    again = HotPotQA(train_seed=1, train_size=5, folder=tmp_path, input_keys=["question"])
    assert [row.question for row in again.train] == [row.question for row in data.train]
    assert again.train[0].dspy_uuid == data.train[0].dspy_uuid
    assert dict(again.train[0].inputs()).keys() == {"question"}
    data.reset_seeds(train_seed=2)
    assert [row.question for row in data.train] != [row.question for row in again.train]


def test_draws_by_seed(tmp_path: Path) -> None:
    lines(tmp_path / "train.jsonl", [hotpot(n) for n in range(80)])
    lines(tmp_path / "dev.jsonl", [hotpot(n) for n in range(4)])
    found = HotPotQA.prepare_by_seed(train_seeds=[1, 2], train_size=4, dev_size=10, folder=tmp_path)
    assert [len(one) for one in found.train_sets] == [4, 4]
    assert [len(one) for one in found.eval_sets] == [5, 5]
    assert not {row.question for row in found.eval_sets[0]} & {row.question for row in found.eval_sets[1]}
    with pytest.raises(DataError, match="too few examples for 2 draws"):
        HotPotQA.prepare_by_seed(train_seeds=[1, 2], train_size=4, dev_size=100, folder=tmp_path)


def test_banking77_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text,category\nWhere is it?,card_arrival\n", encoding="utf-8")
    lines(tmp_path / "test.jsonl", [{"text": "My PIN", "label": 21, "label_text": "change_pin"}])
    data = Banking77(tmp_path)
    assert [dict(row) for row in data.train] == [{"text": "Where is it?", "label": "card_arrival"}]
    assert [dict(row) for row in data.test] == [{"text": "My PIN", "label": "change_pin"}]
    assert dict(data.train[0].inputs()) == {"text": "Where is it?"}
    assert data.labels == ["card_arrival"]


def test_folders_that_lack_something(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no folder"):
        GSM8K(tmp_path / "nothing")
    with pytest.raises(DataError, match="has no data file whose name begins with `train`"):
        _ = GSM8K(tmp_path).train
    lines(tmp_path / "test.jsonl", [{"question": "q", "answer": "no mark"}])
    with pytest.raises(DataError, match="row 1 of GSM8K does not end in"):
        _ = GSM8K(tmp_path).test
