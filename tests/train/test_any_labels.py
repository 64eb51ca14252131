"""A program of a few lines learns the labels of a file that nobody here has seen, from `embedded/base`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import dspyc

pytestmark = pytest.mark.train

PROGRAM = """
configure(lm=LM("embedded/base"))

signature Sort:
    \"\"\"Name the drawer.\"\"\"
    input text: str
    output drawer: Values("train.csv", "drawer")

module sort = Predict(Sort)

def same(example, pred) -> bool:
    return example.drawer == pred.drawer

dataset train = Dataset("train.csv", inputs=["text"])
dataset dev = Dataset("dev.csv", inputs=["text"])
optimizer tune = BootstrapFinetune(train_kwargs={"steps": 150, "learning_rate": 0.003})
program sorted_out = tune.compile(sort, trainset=train, teacher="labels")
evaluate accuracy = Evaluate(sorted_out, devset=dev, metric=same)
"""

THINGS = [
    "hammer",
    "saw",
    "nail",
    "screw",
    "spoon",
    "fork",
    "knife",
    "plate",
    "sock",
    "shirt",
    "scarf",
    "glove",
    "pencil",
    "paper",
    "stapler",
    "ruler",
]
FRAMES = [
    "where does the {} go",
    "put my {} away",
    "i found a {}",
    "{} please",
    "is this the place of the {}",
    "sort the {} for me",
    "take this {}",
    "the {} is in the way",
    "here is one more {}",
]


def test_a_program_learns_the_labels_of_a_file(tmp_path: Path) -> None:
    rows = [
        f"{frame.format(thing)},drawer {ord(thing[0])}-{thing[-1]}" for thing in THINGS for frame in FRAMES
    ]
    random.Random(0).shuffle(rows)
    for name, part in (("train", rows[:110]), ("dev", rows[110:])):
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,drawer", *part, ""]), encoding="utf-8")
    path = tmp_path / "sort.dspy"
    path.write_text(PROGRAM, encoding="utf-8")
    program = dspyc.load(path)
    result = program.sorted_out.optimize(evaluation=program.accuracy)
    assert result.score_before is not None
    assert result.score_after is not None
    assert result.score_before < 30, "nobody told the base model of these"
    assert result.score_after > 75
    again = dspyc.load(path).sorted_out
    assert again(text="where does the hammer go").drawer == "drawer 104-r"
