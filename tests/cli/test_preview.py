"""`dspyc preview`: the prompt at a place of an unsaved text, without running a Python file."""

from __future__ import annotations

import json
import marshal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dspyc.cli.previews.answering import Answerer
from dspyc.cli.previews.question import Answer, Question

TOOLS = '''
import pathlib
from dataclasses import dataclass
from enum import Enum

pathlib.Path(__file__).with_name("executed").touch()


class Mood(Enum):
    GLAD = "glad"
    SAD = "sad"


MOST: int = 3


@dataclass
class Page:
    """A page of help."""

    title: str
    lines: list[str]


def search(query: str, k: int = 3) -> list[Page]:
    """Find pages."""
    raise SystemExit


LIMIT = compute()
'''
PROGRAM = '''\
from tools import LIMIT, Mood, Page, search

lm small = LM("openai/gpt-4o-mini")
configure(lm=small)

signature Sort:
    """Say what it is."""
    input message: str
    output mood: Mood

module Desk:
    input message: str
    output answer: str

    sort = Predict(Sort)
    reply = ChainOfThought("text, pages: list[Page], tone -> answer, best: Page")

    forward:
        found = sort(message=message)
        pages = search(found.mood)
        said = reply(text=message, pages=pages, tone="calm")
        return answer=said.answer

module desk = Desk()
module agent = ReAct("question -> answer", tools=[search])

dataset rows = Dataset("rows.csv", inputs=["message"])
evaluate accuracy = Evaluate(desk, devset=rows, metric=answer_exact_match)

test "a 😀 parcel":
    pred = desk(message="Where is my 😀 parcel?")
    assert pred.answer == "there"
'''


class Preview:
    """Asks about places in the program, in this process."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "desk.dspy"
        self.answerer = Answerer(python=False)

    def ask(self, place: str, text: str = PROGRAM, **more: Any) -> Answer:
        question = Question(id=7, path=str(self.path), text=text, offset=text.index(place), **more)
        answer = self.answerer.answer(question)
        assert answer.id == 7
        return answer


@pytest.fixture
def preview(tmp_path: Path) -> Iterator[Preview]:
    (tmp_path / "tools.py").write_text(TOOLS, encoding="utf-8")
    (tmp_path / "rows.csv").write_text("message,answer\nfirst row,a\nsecond row,b\n", encoding="utf-8")
    yield Preview(tmp_path)
    assert not (tmp_path / "executed").exists(), "a Python file was run"


@pytest.mark.parametrize(
    ("place", "subject", "predictors"),
    [
        ("found = sort", "desk.sort", ["desk.sort"]),
        ("tone=", "desk.reply", ["desk.reply.predict"]),
        ("reply = Chain", "desk.reply", ["desk.reply.predict"]),
        ("signature Sort", "desk.sort", ["desk.sort"]),
        ("module Desk", "desk", ["desk.sort", "desk.reply.predict"]),
        ("module desk", "desk", ["desk.sort", "desk.reply.predict"]),
        ("evaluate accuracy", "desk", ["desk.sort", "desk.reply.predict"]),
        ("pred = desk", "desk", ["desk.sort", "desk.reply.predict"]),
        ("module agent", "agent", ["agent.react", "agent.extract.predict"]),
        ("lm small", "", []),
    ],
)
def test_which_predictors_a_place_is_about(
    preview: Preview, place: str, subject: str, predictors: list[str]
) -> None:
    answer = preview.ask(place)
    assert (answer.problem, answer.subject) == ("", subject)
    assert [each.name for each in answer.prompts] == predictors


def test_values_reach_a_part_as_the_module_passes_them_on(preview: Preview) -> None:
    (reply,) = preview.ask("said = reply", automatic=True).prompts
    said = reply.messages[-1].text
    assert "Where is my 😀 parcel?" in said
    assert "[[ ## tone ## ]]\ncalm" in said
    assert reply.open == ["pages"]
    assert "{pages}" in said


def test_values_of_a_row_a_test_or_typed_in(preview: Preview) -> None:
    place = "found = sort"
    assert "{message}" in preview.ask(place).prompts[0].messages[-1].text
    row = preview.ask(place, dataset="rows", row=1)
    assert "second row" in row.prompts[0].messages[-1].text
    assert [(each.name, each.count) for each in row.datasets] == [("rows", 2)]
    chosen = preview.ask(place, test="a 😀 parcel", values={"message": "typed in"})
    assert "typed in" in chosen.prompts[0].messages[-1].text
    assert chosen.inputs[0].value == "typed in"


def test_what_python_files_declare_is_read_from_their_text(preview: Preview) -> None:
    sort = preview.ask("found = sort").prompts[0]
    assert "glad" in sort.messages[0].text
    assert '"title"' in preview.ask("said = reply").prompts[0].messages[0].text
    agent = preview.ask("module agent").prompts[0]
    assert "search" in agent.messages[0].text
    assert "Find pages." in agent.messages[0].text


def test_sizes_are_those_of_the_pieces(preview: Preview) -> None:
    sort = preview.ask("found = sort").prompts[0]
    assert [each.label for each in sort.pieces] == ["the fields", "the form", "the task", "the inputs"]
    assert sum(each.tokens for each in sort.pieces) == sort.tokens
    assert sort.cost is not None
    assert 0 < sort.cost < 0.001
    system = sort.messages[0].text
    covered = "".join(system[each.start : each.end] for each in sort.pieces if each.message == 0)
    assert covered == system


def test_records_and_what_makes_values(preview: Preview) -> None:
    text = (
        "import math\nfrom collections import Counter\nfrom statistics import mean\n\n"
        "type Order:\n    at: date\n    count: int where count > 0\n\n"
        'WORDS = Counter("aab").most_common(1)[0][0] + str(mean([1, 3]) + math.floor(math.pi))\n\n'
        "signature S:\n    input a: str\n    output b: Order | None\n    demo a=WORDS, b=None\n\n"
        "module m = Predict(S)\n"
    )
    answer = preview.ask("module m", text)
    assert answer.problem == ""
    said = "\n".join(each.text for each in answer.prompts[0].messages)
    assert "count" in said
    assert "a5" in said


def test_demos_are_pieces(preview: Preview) -> None:
    text = (
        'signature S:\n    input a: str\n    output b: str\n    demo a="1", b="2"\n\nmodule m = Predict(S)\n'
    )
    (prompt,) = preview.ask("module m", text).prompts
    assert [each.label for each in prompt.pieces][-3:] == ["demo 1", "demo 1", "the inputs"]


def test_a_mistake_is_told_and_the_next_text_is_read(preview: Preview) -> None:
    broken = preview.ask("module desk", PROGRAM.replace("Predict(Sort)", "Predict(Sorte)"))
    assert broken.problem.startswith("the file has an error: unknown name `Sorte`")
    assert preview.ask("module desk").problem == ""


def test_what_only_python_would_make_is_said(preview: Preview) -> None:
    text = 'from tools import LIMIT\n\nmodule m = BestOfN(Predict("a -> b"), N=LIMIT, reward_fn=LIMIT)\n'
    answer = preview.ask("module m", text)
    assert answer.problem == "" or answer.python


def test_the_process_answers_in_lines(tmp_path: Path) -> None:
    text = 'module m = Predict("a -> b")\nprint("noise")\n'.partition("print")[0]
    question = {"id": 1, "path": str(tmp_path / "m.dspy"), "text": text, "offset": 3, "values": {"a": "x"}}
    asked = f"nonsense\n{json.dumps(question)}\n"
    done = subprocess.run(
        [sys.executable, "-m", "dspyc", "preview"], input=asked, capture_output=True, text=True, check=True
    )
    refused, answer = map(json.loads, done.stdout.splitlines())
    assert "no question" in refused["problem"]
    assert answer["subject"] == "m"
    assert "[[ ## a ## ]]\nx" in answer["prompts"][0]["messages"][-1]["text"]


SHOWING = (
    'signature S:\n    input a: str\n    output b: str\n    demo a=TASK, b="x"\n\nmodule m = Predict(S)\n'
)


def shown(answer: Answer) -> str:
    assert answer.problem == ""
    return "\n".join(each.text for each in answer.prompts[0].messages)


FILES = {
    "more.dspy": 'from .names import WORD\n\nTASK = "first " + WORD\n',
    "names.dspy": 'WORD = "word"\n',
    "shown.dspy": f"from .more import TASK\n\n{SHOWING}",
}


@pytest.mark.parametrize("name", ["more.dspy", "names.dspy"])
@pytest.mark.parametrize("python", [False, True])
def test_a_changed_file_is_seen(tmp_path: Path, name: str, python: bool) -> None:
    for each, text in FILES.items():
        (tmp_path / each).write_text(text)
    answerer = Answerer(python)
    path = tmp_path / "shown.dspy"
    question = Question(id=1, path=str(path), text=path.read_text(), offset=path.read_text().index("m ="))
    assert "first word" in shown(answerer.answer(question))
    changed = FILES[name].replace("word", "other thing").replace("first", "another")
    (tmp_path / name).write_text(changed)
    said = shown(answerer.answer(question))
    assert ("other thing" in said) == (name == "names.dspy")
    assert ("another" in said) == (name == "more.dspy")


def test_a_changed_python_file_is_seen(tmp_path: Path) -> None:
    (tmp_path / "worded.py").write_text('from wording import WORD\n\nTASK = "first " + WORD\n')
    (tmp_path / "wording.py").write_text('WORD = "one"\n')
    text = f"from worded import TASK\n\n{SHOWING}"
    question = Question(id=1, path=str(tmp_path / "p.dspy"), text=text, offset=text.index("m ="))
    answerer = Answerer(python=True)
    assert "first one" in shown(answerer.answer(question))
    (tmp_path / "worded.py").write_text('from wording import WORD\n\nTASK = "second " + WORD\n')
    (tmp_path / "wording.py").write_text('WORD = "another"\n')
    assert "second another" in shown(answerer.answer(question))


def test_a_changed_state_is_seen(tmp_path: Path) -> None:
    text = (
        'module qa = Predict("question -> answer")\n'
        'dataset rows = Dataset([{"question": "a", "answer": "b"}], inputs=["question"])\n'
        "program tuned = LabeledFewShot(k=1).compile(qa, trainset=rows)\n"
    )
    path = tmp_path / "p.dspy"
    path.write_text(text)
    question = Question(id=1, path=str(path), text=text, offset=text.index("tuned"))
    answerer = Answerer(python=False)
    before = answerer.answer(question)
    done = subprocess.run(
        [sys.executable, "-m", "dspyc", "optimize", str(path)], capture_output=True, text=True, check=False
    )
    assert (tmp_path / "p.tuned.state.json").exists(), done.stderr
    assert len(answerer.answer(question).prompts[0].messages) > len(before.prompts[0].messages)


def test_nothing_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tools.py").write_text(
        "from typing import sys\nfrom pathlib import os as o\nField = o.system\n"
        "from subprocess import call\nY = Field('touch RAN')\n"
    )
    (tmp_path / "other.dspy").write_text("def f(x: str) -> str:\n    assert x\n    return x\n")
    monkeypatch.chdir(tmp_path)
    for head in Path(__file__).with_name("hostile.txt").read_text(encoding="utf-8").split("\n---\n"):
        text = f'{head}\nmodule m = Predict("a -> b")\n'
        question = Question(id=1, path=str(tmp_path / "h.dspy"), text=text, offset=text.index("m = Pre"))
        answer = Answerer(python=False).answer(question)
        assert sorted(each.name for each in tmp_path.iterdir()) == ["other.dspy", "tools.py"], head
        assert answer.problem, head


def test_code_that_was_kept_beside_a_file_is_not_executed(tmp_path: Path) -> None:
    for each, text in FILES.items():
        (tmp_path / each).write_text(text)
    loaded = 'import dspyc\ndspyc.load("shown.dspy")\n'
    subprocess.run([sys.executable, "-c", loaded], cwd=tmp_path, check=True)
    (kept,) = (tmp_path / "__pycache__").glob("more*")
    head, _, _ = kept.read_bytes().partition(b"\n")
    code = compile(f"open({str(tmp_path / 'RAN')!r}, 'w')\nTASK = 'x'", "more", "exec")
    kept.write_bytes(head + b"\n" + marshal.dumps(code))
    text = FILES["shown.dspy"]
    question = Question(id=1, path=str(tmp_path / "shown.dspy"), text=text, offset=text.index("m ="))
    assert "first word" in shown(Answerer(python=False).answer(question))
    assert not (tmp_path / "RAN").exists()
