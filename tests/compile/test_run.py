"""Programs that run on a scripted model: what they give, and what was in flight when.

Each file of `run/` is a program; its `#!` lines say how it is called and what is expected:

    #! call: m(q="x")          the call; its arguments are literals
    #! slow: a 3               the model takes three times as long for the input `a`
    #! answer: a => yes        what it answers for it, in place of the input in angle brackets
    #! fail: b boom            it fails for it
    #! again: a => no          what it answers once it has been told what was wrong
    #! again fails: a boom     it fails once it has been told what was wrong
    #! result: {"s": "…"}      the outputs
    #! events: start a; end a  what happened, in this order
    #! trace: a b              the first inputs of the calls in the trace
    #! in flight: 2            the most that were in flight at once
    #! error: KIND text        the error, with a part of its message
    #! line: TEXT              the line of the program that the traceback ends at
    #! notes: a b              what the Python function `note` was called with, in this order
    #! suggestions: text       the messages of suggestions that were not followed
    #! prompt: text            a part of one of the prompts

Every program is run four times: on the background loop, awaited, without a loop, where nothing is
concurrent, and as the module that `dspyc build` writes.
"""

from __future__ import annotations

import ast
import asyncio
import re
import traceback
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

import dspyc
from dspyc.runtime import Prediction, ProgramAssertionError, context
from dspyc.runtime.execution import drive
from dspyc.runtime.execution.assertions import suggestions
from dspyc.runtime.execution.trace import flatten
from support.built import as_python
from support.scripted import ScriptedLM, echo

PROGRAMS = sorted((Path(__file__).parent / "run").glob("*.dspy"))


def expectations(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for key, value in re.findall(r"^#! ([a-z ]+): (.*)$", text, re.M):
        found[key].append(value)
    return found


def scripted(wanted: dict[str, list[str]]) -> ScriptedLM:
    slow = {name: int(times) for name, _, times in (each.rpartition(" ") for each in wanted["slow"])}
    answers = dict(each.split(" => ") for each in wanted["answer"])
    later = dict(each.split(" => ") for each in wanted["again"])
    failing = dict(each.split(" ", 1) for each in wanted["fail"])
    failing_later = dict(each.split(" ", 1) for each in wanted["again fails"])
    lm: ScriptedLM

    def answer(inputs: dict[str, str]) -> dict[str, Any] | Exception:
        name = next(iter(inputs.values()))
        if name in failing:
            return LookupError(failing[name])
        if "An earlier answer was not accepted" in lm.prompts[-1]:
            if name in failing_later:
                return LookupError(failing_later[name])
            if name in later:
                return {"answer": later[name]}
        return {"answer": answers[name]} if name in answers else echo(inputs)

    lm = ScriptedLM(answer, lambda inputs: slow.get(next(iter(inputs.values())), 1))
    return lm


def run(path: Path, wanted: dict[str, list[str]], mode: str, folder: Path) -> dict[str, Any]:
    module = as_python(path, folder) if mode == "built" else dspyc.load(path)
    notes: list[str] = []
    vars(module)["note"] = note = getattr(module, "note", None)
    if note is not None:
        note.__globals__["NOTES"] = notes
    lm = scripted(wanted)
    call = ast.parse(wanted["call"][0], mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    target = getattr(module, call.func.id)
    inputs = {each.arg or "": ast.literal_eval(each.value) for each in call.keywords}
    outcome: dict[str, Any] = {"lm": lm, "notes": notes, "error": None, "result": None}
    trace: list[Any] = []
    limits = {"max_concurrency": int(wanted["max concurrency"][0])} if wanted["max concurrency"] else {}
    with context(lm=lm, trace=trace, **limits), suggestions() as suggested:
        try:
            match mode:
                case "called" | "built":
                    outcome["result"] = target(**inputs)
                case "awaited":
                    outcome["result"] = asyncio.run(target.acall(**inputs))
                case "driven":
                    outcome["result"] = drive.drive(target.acall(**inputs))
        except (LookupError, ZeroDivisionError, ProgramAssertionError) as error:
            outcome["error"] = error
    outcome["trace"] = [next(iter(step[1].values())) for step in flatten(trace)]
    outcome["suggestions"] = [each.message for each in suggested]
    return outcome


@pytest.mark.parametrize("mode", ["called", "awaited", "driven", "built"])
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(path: Path, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = expectations(path.read_text(encoding="utf-8"))
    monkeypatch.syspath_prepend(str(path.parent))
    outcome = run(path, wanted, mode, tmp_path)
    lm, error = outcome["lm"], outcome["error"]
    if wanted["error"]:
        kind, _, message = wanted["error"][0].partition(" ")
        assert type(error).__name__ == kind
        assert message in str(error)
    elif error is not None:
        raise error
    if wanted["line"] and mode != "built":
        frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == str(path)]
        assert frames[-1].line == wanted["line"][0]
    for result in wanted["result"]:
        got = outcome["result"]
        assert (dict(got) if isinstance(got, Prediction) else got) == ast.literal_eval(result)
    for trace in wanted["trace"]:
        assert outcome["trace"] == trace.split(), "the trace has the order of the text"
    for notes in wanted["notes"]:
        assert outcome["notes"] == notes.split()
    for suggested in wanted["suggestions"]:
        assert outcome["suggestions"] == [suggested]
    for prompt in wanted["prompt"]:
        assert any(prompt in each for each in lm.prompts)
    if mode != "driven":
        for events in wanted["events"]:
            assert "; ".join(lm.events) == events
        for number in wanted["in flight"]:
            assert lm.most_in_flight == int(number)
    assert lm.in_flight == 0, "nothing is left running"


def test_there_are_programs() -> None:
    assert len(PROGRAMS) > 20
