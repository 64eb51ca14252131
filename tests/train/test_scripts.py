"""The scripts that made the shipped models and measure them, on a few rows of our own."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.train

ROOT = Path(__file__).parents[2]
ROWS = [
    ("Where has my card got to?", "card_arrival"),
    ("I cannot pay with my phone", "apple_pay_or_google_pay"),
    ("The machine kept my card", "card_swallowed"),
    ("May my daughter have an account?", "age_limit"),
]
UTTERANCES = {
    "AddToPlaylist": "put this song on my list",
    "BookRestaurant": "a table for two tonight",
    "GetWeather": "will it rain",
    "PlayMusic": "play some jazz",
    "RateBook": "five stars for this novel",
    "SearchCreativeWork": "find that film",
    "SearchScreeningEvent": "what is on at the cinema",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "banking77").mkdir(parents=True)
    (folder / "snips").mkdir()
    for split in ("train", "test"):
        with open(folder / "banking77" / f"{split}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "category"), *ROWS])
    labels = sorted({label for _, label in ROWS}, reverse=True)
    (folder / "banking77" / "categories.json").write_text(json.dumps(labels), encoding="utf-8")
    for intent, text in UTTERANCES.items():
        content = json.dumps(
            {intent: [{"data": [{"text": text}, {"text": " £", "entity": "x"}]}]}, ensure_ascii=False
        )
        (folder / "snips" / f"train_{intent}_full.json").write_bytes(content.encode("latin-1"))
        (folder / "snips" / f"validate_{intent}.json").write_bytes(content.encode("utf-8"))
    return folder


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "training"))
    import train_banking

    return train_banking


def test_the_recipe_makes_a_model_that_answers(
    scripts: ModuleType,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recipe = scripts.Recipe("small", scripts.Plan(steps=3, dropout=0.1, average=0.5), per_label=1)
    monkeypatch.setattr(scripts, "RECIPES", (recipe,))
    monkeypatch.setattr(sys, "argv", ["train_banking.py", "--data", str(data), "--output", str(tmp_path)])
    scripts.main()
    assert "small: " in capsys.readouterr().out

    import measure_banking
    from banking_data import banking, banking_labels
    from banking_prompts import example_task

    task, rows = example_task(banking_labels(data)), banking(data, "test")
    right, read = measure_banking.accuracy(task, f"gguf/{tmp_path}/small.gguf", rows)
    assert read == 1, "the grammar holds even a model that has learned nothing to the format"
    assert 0 <= right <= 1


def test_the_data_is_read_as_it_is(scripts: ModuleType, data: Path) -> None:
    from banking_data import Example, banking, banking_labels, few_per_label, snips

    assert banking(data, "train") == [Example(*row) for row in ROWS]
    assert banking_labels(data) == ("age_limit", "apple_pay_or_google_pay", "card_arrival", "card_swallowed")
    assert snips(data, "train") == [Example(f"{text} £", intent) for intent, text in UTTERANCES.items()]
    assert snips(data, "validate") == snips(data, "train")
    twice = [Example("a", "x"), Example("b", "x"), Example("c", "y")]
    assert sorted(example.label for example in few_per_label(twice, 1, seed=0)) == ["x", "y"]
