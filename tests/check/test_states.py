"""What a check says of the states of programs: they are written by the runtime here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import dspyc
from dspyc.base.diagnostic import Diagnostic
from dspyc.compiler.analysis import Project
from dspyc.compiler.states import VERSION, saved_state
from dspyc.project.workspace import Workspace
from dspyc.runtime.state import format as written

PROGRAM = '''
configure(lm=LM("openai/gpt-4o-mini"))

signature Answer:
    """Answer briefly."""
    input question: str
    output answer: str

def brief(args, pred) -> float:
    return 1.0 / (1 + len(pred.answer))

module Ask:
    input question: str
    output answer: str
    draft = ChainOfThought(Answer)
    polish = [Predict("question, draft -> answer"), Predict("question, draft -> answer")]
    best = Refine(ChainOfThought("question, draft -> answer"), N=2, reward_fn=brief, threshold=1.0)
    forward:
        first = draft(question=question).answer
        second = polish[1](question=question, draft=polish[0](question=question, draft=first).answer).answer
        return answer=best(question=question, draft=second).answer

module ask = Ask()
module one = Predict(Answer)
dataset rows = Dataset([{"question": "1 + 1?", "answer": "2"}], inputs=["question"])
optimizer few = LabeledFewShot(k=1)
program tuned = few.compile(ask, trainset=rows)
program small = few.compile(one, trainset=rows, state="small.json")
'''


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file whose programs have states, as the runtime writes them."""
    path = tmp_path / "a.dspy"
    path.write_text(PROGRAM, encoding="utf-8")
    loaded = dspyc.load(path)
    loaded.tuned.optimize()
    loaded.small.optimize()
    return path


def check(path: Path) -> list[Diagnostic]:
    return list(Workspace().analyse(str(path)).diagnostics)


def test_a_state_that_fits_is_none(path: Path) -> None:
    assert (path.parent / "a.tuned.state.json").is_file()
    assert check(path) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "    output answer: str\n\ndef",
            "    output answer: str\n    output confidence: float\n\ndef",
            "the output `confidence` is new",
        ),
        (
            "    input question: str\n    output answer: str\n\ndef",
            "    output answer: str\n\ndef",
            "the input `question` is gone",
        ),
        (
            "    draft = ChainOfThought",
            "    draft = Predict",
            "the predictor `draft.predict` is gone, and 1 more",
        ),
        (
            '    polish = [Predict("question, draft -> answer"), ',
            '    extra = Predict("question -> answer")\n    polish = [Predict("question, draft -> answer"), ',
            "the predictor `extra` is new",
        ),
    ],
)
def test_a_state_that_fits_no_more(path: Path, old: str, new: str, words: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    found = [each for each in check(path) if each.code == "W505"]
    assert found
    assert words in found[0].message
    assert "dspyc optimize a.dspy:tuned" in str(found[0].help)


def test_the_finding_stands_where_the_state_is_named(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("Predict(Answer)", "ChainOfThought(Answer)")
    path.write_text(text, encoding="utf-8")
    (found,) = check(path)
    assert text[found.span.start : found.span.end] == '"small.json"'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not a state"),
        ("[1]", "is not a state"),
        ("{}", "has no `dspyc_state`"),
        ('{"dspyc_state": 99}', "has the format 99"),
        ('{"dspyc_state": 1, "predictors": {"self": {}}}', "is not a state"),
        ('{"dspyc_state": ' + "[" * 200_000, "is nested too deeply"),
    ],
)
def test_a_broken_state(path: Path, content: str, words: str) -> None:
    (path.parent / "small.json").write_text(content, encoding="utf-8")
    (found,) = check(path)
    assert found.code == "W506"
    assert words in found.message


def test_what_is_kept_is_what_the_runtime_writes(path: Path) -> None:
    assert written.VERSION == VERSION
    state = json.loads((path.parent / "a.tuned.state.json").read_text(encoding="utf-8"))
    found = saved_state(json.dumps(state).encode())
    names = [each.name for each in found.predictors]
    assert names == ["draft.predict", "polish[0]", "polish[1]", "best.module.predict"]


def test_a_state_that_appears_or_changes_is_looked_at_again() -> None:
    text = PROGRAM.replace("Ask()", 'Predict("a -> b")')
    files = {"a.dspy": text}
    project = Project(files.get)

    def codes() -> list[str]:
        return [each.code for each in project.check("a.dspy").diagnostics if each.code in ("W505", "W506")]

    assert codes() == []
    files["small.json"] = "{}"
    assert codes() == ["W506"]
    files["small.json"] = '{"dspyc_state": 1, "predictors": {"gone": {"signature": {}}}}'
    assert codes() == ["W505"]
    files["a.dspy"] = text.replace('"small.json"', '"other.json"')
    assert codes() == []
