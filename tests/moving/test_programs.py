"""Programs after the substance of published ones: they go through `dspyc import` and ask the same.

`prompts/` holds what DSPy 3.4.1 sends for the same programs and inputs, with the same answers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import dspyc
import dspyc.runtime as dspy
from dspyc.cli.main import run as main
from tests.support.plausible import answer_from_messages

HERE = Path(__file__).parent
# A name is that of a file, and what stands behind a dot tells several calls of one apart.
CALLS: dict[str, tuple[str, dict[str, Any]]] = json.loads((HERE / "calls.json").read_text())
STAYS = {
    "facility": ["init_dataset", "train_set`, `val_set`, `test_set"],
    "game": ["Player"],
    "invoices": ["DATA_DIR", "load_data", "data", "trainset", "devset"],
    "labels": ["rows_1", "random.Random(0).shuffle(rows_1)"],
    "rag_classes": ["f`, `data_1", "data", "random.Random(0).shuffle(data)"],
    "sentiment": ["file`, `rows"],
    "streaming_status": ["MyStatusMessageProvider"],
    "support": ["logger"],
    "tool_chat": ["Chat", "Answer", "weather", "calculator", "TOOLS", "ToolUser"],
    "toolbox": ["INVENTORY", "Warehouse", "make_converter", "warehouse", "convert"],
}
"""What stays Python of which program: data classes, classes of DSPy's own and its loaders have no form."""


TOGETHER = {"support"}
"""Programs that make calls at once, which have no order."""


class Recorder(dspy.BaseLM):
    """Answers from the prompt, and keeps it."""

    def __init__(self) -> None:
        super().__init__("recorder")
        self.seen: list[list[dict[str, Any]]] = []

    def forward(self, prompt: Any = None, messages: Any = None, **settings: Any) -> Any:
        self.seen.append([{"role": each["role"], "content": each["content"]} for each in messages])
        message = {"role": "assistant", "content": answer_from_messages(messages)}
        return {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {}, "model": "recorder"}


def moved(name: str, folder: Path) -> Path:
    file = name.partition(".")[0]
    assert main(["import", str(HERE / "programs" / f"{file}.py"), "--out", str(folder)]) == 0
    return folder / f"{file}.dspy"


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_program_asks_the_same(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = moved(name, tmp_path)
    told = capsys.readouterr()
    stays = STAYS.get(name.partition(".")[0], [])
    assert sum("stays Python" in line for line in told.err.splitlines()) == len(stays)
    assert all(f"`{each}` stays Python" in told.err for each in stays)
    assert main(["check", str(path)]) == 0
    assert "All checks passed" in capsys.readouterr().out

    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    attribute, inputs = CALLS[name]
    lm = Recorder()
    with dspy.context(lm=lm):
        program = getattr(dspyc.load(path), attribute)
        for predictor in program.predictors():
            predictor.lm = lm
        program(**inputs)
    expected = json.loads((HERE / "prompts" / f"{name}.json").read_text())
    if name in TOGETHER:
        assert sorted(map(json.dumps, lm.seen)) == sorted(map(json.dumps, expected))
    else:
        assert lm.seen == expected
