"""What a program prints, and what its fallback hides: on stderr and in the trace, in their order."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

import dspyc
from dspyc.runtime import Example, context
from dspyc.runtime.execution import drive, trace
from support.scripted import ScriptedLM

PROGRAM = '''\
signature Ask:
    """Answer."""
    input text: str
    output answer: str

module M:
    input q: str
    output s: str

    part = Predict(Ask)

    forward:
        slow = part(text="slow")
        print("slow is", slow.answer, sep=": ")
        print("beside", end="!\\n")
        quick = part(text="quick")
        print(told(quick.answer))
        many = [told(part(text=f"m{number}").answer) for number in range(3)]
        assert len(slow.answer) > LENGTH, "too short"
        return s=slow.answer + "".join(many)
    fallback:
        print("instead")
        return s="-"

def told(text: str) -> str:
    print("told", text)
    return text.upper()

module m = M()
'''
PRINTED = """\
slow is: <slow>
beside!
told <quick>
<QUICK>
told <m0>
told <m1>
told <m2>
"""


def run(folder: Path, mode: str, length: int = 0) -> tuple[str, list[Any], ScriptedLM]:
    (folder / "p.dspy").write_text(PROGRAM.replace("LENGTH", str(length)), encoding="utf-8")
    module = dspyc.load(folder / "p.dspy")
    slowness = {"slow": 4, "m0": 3, "quick": 2}
    lm = ScriptedLM(
        lambda inputs: {"answer": f"<{next(iter(inputs.values()))}>"},
        lambda inputs: slowness.get(next(iter(inputs.values())), 1),
    )
    steps: list[Any] = []
    with context(lm=lm, trace=steps):
        if mode == "awaited":
            made = asyncio.run(module.m.acall(q="q"))
        elif mode == "driven":
            made = drive.drive(module.m.acall(q="q"))
        else:
            made = module.m(q="q")
    return made.s, steps, lm


@pytest.mark.parametrize("mode", ["called", "awaited", "driven"])
def test_what_is_printed_has_the_order_of_the_text(
    tmp_path: Path, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer, steps, lm = run(tmp_path, mode)
    out, err = capsys.readouterr()
    assert answer == "<slow><M0><M1><M2>"
    assert (out, err) == ("", PRINTED)
    assert [each.text for each in trace.notes(steps)] == PRINTED.splitlines(keepends=True)
    assert [step[1]["text"] for step in trace.flatten(steps)] == ["slow", "quick", "m0", "m1", "m2"]
    assert lm.most_in_flight > 1 or mode == "driven"


@pytest.mark.parametrize("mode", ["called", "driven"])
def test_printing_does_not_keep_an_assert_from_trying_again(
    tmp_path: Path, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, lm = run(tmp_path, mode, length=20)
    assert capsys.readouterr().err.count("slow is: <slow>") == 3
    assert sum("An earlier answer was not accepted: too short" in prompt for prompt in lm.prompts) == 2


def test_what_a_fallback_hid_is_in_the_trace_and_told_at_info(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("dspyc"), "propagate", True)
    with caplog.at_level(logging.INFO, logger="dspyc"):
        answer, steps, _ = run(tmp_path, "driven", length=20)
    assert answer == "-"
    (hidden,) = [each for each in trace.notes(steps) if each.kind == "fallback"]
    assert hidden.text.startswith(
        "the fallback of `M` is used, because it failed with ProgramAssertionError: too short"
    )
    assert isinstance(hidden.error, dspyc.runtime.ProgramAssertionError)
    assert hidden.text in caplog.messages
    assert trace.notes(steps)[-1].text == "instead\n"


def test_a_module_prints_in_an_evaluation_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, "called")
    module = dspyc.load(tmp_path / "p.dspy")
    lm = ScriptedLM(lambda inputs: {"answer": "x"})
    capsys.readouterr()
    evaluate = dspyc.runtime.Evaluate(
        devset=[Example(q="a").with_inputs("q")], metric=lambda example, pred: True, display_progress=False
    )
    with context(lm=lm):
        evaluate(module.m)
    assert capsys.readouterr().err.startswith("slow is: x\nbeside!\ntold x\n")
