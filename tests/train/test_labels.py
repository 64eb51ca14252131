"""A program of a `.dspy` file is trained on the labels of its rows, for real."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import dspyc

pytestmark = pytest.mark.train

PROGRAM = """
configure(lm=LM("embedded/banking-base", max_tokens=20))

signature About:
    \"\"\"Say what the message is about.\"\"\"
    input text: str
    output label: str

module route = Predict(About)

def same(example, pred) -> bool:
    return example.label == pred.label

dataset rows = Dataset("messages.csv", inputs=["text"], rename={"subject": "label"})
dataset train, dev = rows.split(0.8, 0.2, seed=0)
optimizer tune = BootstrapFinetune(train_kwargs={"steps": 120, "learning_rate": 0.002})
program routed = tune.compile(route, trainset=train, teacher="labels")
evaluate accuracy = Evaluate(routed, devset=dev, metric=same)
"""

WORDS = {
    "money": ["cash", "euros", "a fee", "the exchange rate", "my top up", "a transfer"],
    "card": ["the card", "my pin", "a virtual card", "the card machine", "contactless", "a new card"],
    "person": ["my name", "my address", "my age", "my identity", "my phone number", "my details"],
}
FRAMES = ["What about {}?", "I have a question on {}", "Tell me of {} please", "{} is wrong"]


def test_a_base_model_learns_the_labels_of_a_file(tmp_path: Path) -> None:
    lines = [
        f"{frame.format(word)},{label}"
        for label, words in WORDS.items()
        for word in words
        for frame in FRAMES
    ]
    random.Random(0).shuffle(lines)
    (tmp_path / "messages.csv").write_text("\n".join(["text,subject", *lines, ""]), encoding="utf-8")
    path = tmp_path / "about.dspy"
    path.write_text(PROGRAM, encoding="utf-8")
    program = dspyc.load(path)
    result = program.routed.optimize(evaluation=program.accuracy)
    assert result.score_before is not None
    assert result.score_after is not None
    assert result.score_before < 20, "the base model does not know these labels"
    assert result.score_after > 70
    assert (tmp_path / "about.routed.gguf").is_file()
    assert dspyc.load(path).routed(text="What about my pin?").label in WORDS
