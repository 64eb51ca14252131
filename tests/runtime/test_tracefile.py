"""Traces: what ran inside what and when, what is content, what is never written, and what goes wrong."""

from __future__ import annotations

import errno
import gc
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.execution.progress import report
from dspyc.runtime.optimizers.hearing import tell_trial
from dspyc.runtime.optimizers.trials import Trial

CANARY = "zebra-crossing"
KEY = "sk-abcdefghijklmnopqrstuvwxyz0123456789"


class Answering(dspy.BaseLM):
    """Answers by a function of the last message."""

    def __init__(self, answer: Callable[[str], str], **settings: Any) -> None:
        super().__init__(model="stub/one", cache=False, **settings)
        self.answer = answer

    def complete(self, request: Any) -> Any:
        text = self.answer(request.openai_messages[-1]["content"])
        usage = {"prompt_tokens": 80, "completion_tokens": 9, "total_tokens": 89}
        return dspy.Response([f"[[ ## answer ## ]]\n{text}"], usage, cost=0.0002)


class Pair(dspy.Module):
    """Asks two questions, one after the other, around a tool."""

    def __init__(self) -> None:
        super().__init__()
        self.first = dspy.Predict("question -> answer")
        self.second = dspy.ChainOfThought("question -> answer")
        self.double = dspy.Tool(lambda number: 2 * number, name="double")

    def forward(self, question: str) -> Any:
        answer = self.first(question=question).answer
        return self.first(question=f"{answer} {self.double(number=21)}")


@contextmanager
def traced(path: Path, lm: Any = None, **options: Any) -> Iterator[Any]:
    with dspy.TraceFile(path, **options) as trace:
        settings = {} if lm is None else {"lm": lm}
        with dspy.context(callbacks=[trace], **settings), trace.hearing():
            yield trace


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_trace_says_what_ran_inside_what(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    lm = Answering(lambda text: "yes", temperature=0.5)
    with traced(path, lm, content=True, program="pair.py", command="run"):
        Pair()(question="why?")
    head, *events = lines(path)
    assert head["dspyc_trace"] == 1
    assert (head["program"], head["command"], head["content"]) == ("pair.py", "run", True)
    assert head["process"] == os.getpid()
    starts = {event["call"]: event for event in events if "call" in event}
    ends = {event["end"]: event for event in events if "end" in event}
    assert [(one["what"], one["name"], one["within"]) for one in starts.values()] == [
        ("module", "Pair", None),
        ("module", "Predict", 1),
        ("lm", "stub/one", 2),
        ("tool", "double", 1),
        ("module", "Predict", 1),
        ("lm", "stub/one", 5),
    ]
    assert ends.keys() == starts.keys()
    assert all(ends[number]["at"] >= start["at"] >= 0 for number, start in starts.items())
    assert starts[1]["inputs"] == {"question": "why?"}
    assert starts[3]["settings"] == {"temperature": 0.5}
    assert starts[3]["messages"][-1] == ["user", lines_of_user(starts[3])]
    assert "why?" in lines_of_user(starts[3])
    assert ends[3]["tokens"] == [80, 9]
    assert ends[3]["cost"] == 0.0002
    assert ends[3]["answers"] == ["[[ ## answer ## ]]\nyes"]
    assert starts[4]["inputs"] == {"number": 21}
    assert ends[4]["outputs"] == {"result": 42}
    assert ends[1]["outputs"] == {"answer": "yes"}
    assert events[-1].keys() == {"finished"}
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def lines_of_user(start: dict[str, Any]) -> str:
    return str(start["messages"][-1][1])


def test_what_was_said_is_written_only_where_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"

    def answer(text: str) -> str:
        if "broken" in text:
            raise ValueError(f"{CANARY} cannot be answered")
        return CANARY

    devset = [
        dspy.Example(question=text, answer=CANARY).with_inputs("question") for text in (CANARY, "broken")
    ]
    told = dspy.Predict("question -> answer", instructions=CANARY)

    def run() -> None:
        with traced(path, Answering(answer)):
            dspy.Evaluate(devset=devset, metric=lambda e, p: e.answer == p.answer)(Pair())
            tell_trial(Trial(1, {"instruction": CANARY}, told, 5.0))
            report("evaluate", 1, 2, CANARY)
            Pair()(question=f"broken {CANARY}")

    with pytest.raises(ValueError, match="cannot be answered"):
        run()
    text = path.read_text()
    assert CANARY not in text
    events = lines(path)
    assert {event["what"] for event in events if "what" in event} == {"evaluate", "module", "lm", "tool"}
    assert [event.get("error") for event in events if "row" in event] == [None, "ValueError"]
    assert {event["error"] for event in events if "end" in event and "error" in event} == {"ValueError"}
    assert next(event["score"] for event in events if "trial" in event) == 5.0
    assert events[-1]["error"] == "ValueError"


@pytest.mark.parametrize(
    "inputs",
    [
        {"question": f"my key is {KEY}"},
        {"question": "a", "api_key": "an-odd-one-7331"},
        {"question": {"headers": {"Authorization": "Bearer an-odd-one-7331"}}},
        {"question": "https://me:an-odd-one-7331@example.com/x"},
    ],
)
def test_secrets_are_never_written(tmp_path: Path, inputs: dict[str, Any]) -> None:
    path = tmp_path / "run.jsonl"
    lm = Answering(lambda text: f"it is {KEY}", api_key=KEY)

    class Asking(dspy.Module):
        def forward(self, **given: Any) -> Any:
            return dspy.Predict("question -> answer")(question=str(len(given)))

    with traced(path, lm, content=True):
        Asking()(**inputs)
    text = path.read_text()
    assert KEY not in text
    assert "7331" not in text
    assert "[redacted]" in text


def test_calls_that_run_together_overlap(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    # Nobody is answered before all three have asked.
    barrier = threading.Barrier(3, timeout=30)

    def answer(text: str) -> str:
        barrier.wait()
        return "yes"

    ask = dspy.Predict("question -> answer")
    with traced(path, Answering(answer)):
        pairs = [(ask, dspy.Example(question=str(number)).with_inputs("question")) for number in range(3)]
        dspy.Parallel(num_threads=3)(pairs)
    events = lines(path)
    models = {event["call"]: event["at"] for event in events if event.get("what") == "lm"}
    ends = [event["at"] for event in events if event.get("end") in models]
    assert len(models) == len(ends) == 3
    assert max(models.values()) <= min(ends)
    parallel = next(event["call"] for event in events if event.get("name") == "Parallel")
    assert [event["within"] for event in events if event.get("name") == "Predict"] == [parallel] * 3


def test_a_call_that_fails_says_how(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"

    def answer(text: str) -> str:
        raise ValueError("no answer today")

    with pytest.raises(ValueError, match="no answer"), traced(path, Answering(answer), content=True):
        dspy.Predict("question -> answer")(question="a")
    errors = [event["error"] for event in lines(path) if "error" in event]
    assert errors == ["ValueError: no answer today"] * 3


def test_rows_of_an_evaluation(tmp_path: Path) -> None:
    path = tmp_path / "eval.jsonl"
    answers = {"a": "1", "b": "2"}
    devset = [dspy.Example(question=each, answer="1").with_inputs("question") for each in answers]
    evaluate = dspy.Evaluate(
        devset=devset,
        metric=lambda e, p: dspy.Score(float(e.answer == p.answer), feedback="compared"),
        repeats=2,
        keep_calls=True,
        require=50,
    )
    ask = dspy.Predict("question -> answer")
    with traced(path, Answering(lambda text: "1" if "\na\n" in text else "2"), content=True):
        evaluate(ask)
    events = lines(path)
    (result,) = [event for event in events if "result" in event]
    rows = [event for event in events if "row" in event]
    assert (result["rows"], result["require"], result["program"]) == (4, 50, "Predict")
    assert [(row["row"], row.get("repeat", 0), row["score"]) for row in rows] == [
        (0, 0, 1.0), (0, 1, 1.0), (1, 0, 0.0), (1, 1, 0.0),
    ]  # fmt: skip
    assert rows[0]["inputs"] == {"question": "a"}
    assert rows[0]["expected"] == {"answer": "1"}
    assert rows[2]["given"] == {"answer": "2"}
    assert rows[0]["feedback"] == "compared"
    assert rows[0]["calls"][0][0] == "stub/one"
    assert rows[0]["usage"] == [1, 89, 0.0002]
    progress = [event for event in events if "progress" in event]
    assert progress[-1]["done"] == progress[-1]["total"] == 4


def test_trials_of_a_search(tmp_path: Path) -> None:
    path = tmp_path / "optimize.jsonl"
    trainset = [dspy.Example(question=each, answer="1").with_inputs("question") for each in "abcd"]
    search = dspy.BootstrapRS(
        metric=lambda e, p, t=None: e.answer == p.answer, num_candidate_programs=2, max_labeled_demos=1
    )
    with traced(path, Answering(lambda text: "1"), content=True):
        search.compile(dspy.Predict("question -> answer"), trainset=trainset)
    events = lines(path)
    assert next(event["what"] for event in events if "what" in event) == "optimize"
    trials = [event for event in events if "trial" in event]
    assert trials[0]["score"] == 100.0
    assert trials[0]["full"] is True
    assert trials[0]["label"].startswith("seed")
    assert trials[0]["demos"] == {"self": 0}


def test_a_full_disk_ends_the_trace_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def write(descriptor: int, data: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with traced(tmp_path / "run.jsonl", Answering(lambda text: "yes")):
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", write)
            dspy.Predict("question -> answer")(question="a")
        assert dspy.Predict("question -> answer")(question="a").answer == "yes"
    assert [record.message for record in caplog.records] == ["the trace ends here: No space left on device"]
    assert len(lines(tmp_path / "run.jsonl")) == 1


def test_a_trace_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        dspy.TraceFile(tmp_path / "nowhere" / "run.jsonl")


def test_an_earlier_trace_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("x" * 10_000)
    dspy.TraceFile(path, program="new").close()
    assert [line.get("program") for line in lines(path)] == ["new", None]


OTHER = """
import sys
import dspyc.runtime as dspy
dspy.configure(callbacks=[dspy.TraceFile(sys.argv[1])])
dspy.Tool(print, name="print")()
print("open", flush=True)
exec(sys.stdin.read())
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes `run.jsonl`, and then runs what it is given."""
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-c", OTHER, str(tmp_path / "run.jsonl")]
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert process.stdout.readline() == "open\n"
        yield process


@pytest.mark.parametrize(
    ("ending", "error"),
    [("", None), ("sys.exit(3)", None), ("1 / 0", "ZeroDivisionError"), ("import os; os._exit(1)", "killed")],
)
def test_a_trace_that_nobody_closes(
    tmp_path: Path, other: subprocess.Popen[str], ending: str, error: str | None
) -> None:
    other.communicate(ending, timeout=60)
    last = lines(tmp_path / "run.jsonl")[-1]
    if error == "killed":
        assert "finished" not in last
    else:
        assert last["finished"] > 0
        assert last.get("error") == error


@pytest.mark.skipif(sys.platform == "win32", reason="there the file cannot be looked at meanwhile")
def test_a_trace_that_another_process_writes(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    path = tmp_path / "run.jsonl"
    before = path.read_text()
    with pytest.raises(OSError, match="another process writes this trace"):
        dspy.TraceFile(path)
    assert path.read_text() == before
    other.communicate("", timeout=60)
    dspy.TraceFile(path, program="mine").close()
    assert [line.get("program") for line in lines(path)] == ["mine", None]


def test_a_trace_that_is_begun_anew_or_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    first = dspy.TraceFile(path, program="first")
    second = dspy.TraceFile(path, program="second")
    first.on_tool_start("a", dspy.Tool(print, name="print"), {"kwargs": {}})
    assert [line.get("program") for line in lines(path)] == ["second"]
    del second
    gc.collect()
    assert lines(path)[-1].keys() == {"finished"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs permissions and named pipes")
def test_a_trace_is_a_file_of_its_owner_alone(tmp_path: Path) -> None:
    path, pipe = tmp_path / "run.jsonl", tmp_path / "pipe.jsonl"
    path.touch(0o644)
    with dspy.TraceFile(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    os.mkfifo(pipe)
    for special in (pipe, Path("/dev/null")):
        with pytest.raises(OSError, match="not a regular file"):
            dspy.TraceFile(special)


def test_values_that_have_no_line(tmp_path: Path) -> None:
    class Broken:
        def toDict(self) -> Any:  # noqa: N802
            raise RuntimeError("no fields")

    knot: dict[str, Any] = {}
    knot["itself"] = knot
    path = tmp_path / "run.jsonl"
    with traced(path, content=True) as trace:
        for number, value in enumerate([knot, Broken(), {"a": float("nan")}, ["x" * 99_000] * 90]):
            trace.on_tool_start(str(number), dspy.Tool(print, name="print"), {"kwargs": {"given": value}})
            trace.on_tool_end(str(number), value)

    def refuse(name: str) -> Any:
        raise AssertionError(f"{name} is no JSON")

    _, *events, _ = [json.loads(line, parse_constant=refuse) for line in path.read_text().splitlines()]
    assert [event.get("call") for event in events[::2]] == [1, 2, 3, 4]
    assert [event.get("end") for event in events[1::2]] == [1, 2, 3, 4]
    assert events[4]["inputs"] == {"given": {"a": None}}
    assert events[5]["outputs"] == {"a": None}
    assert [event["left_out"] > 8_900_000 for event in events[6:]] == [True, True]


def test_what_json_cannot_hold_and_what_is_long(tmp_path: Path) -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd one"

    path = tmp_path / "run.jsonl"
    with traced(path, Answering(lambda text: "yes"), content=True) as trace:
        trace.on_tool_start("a", dspy.Tool(print, name="print"), {"kwargs": {"one": Odd(), "two": {1, 2}}})
        trace.on_tool_end("a", "x" * 200_000)
        trace.on_tool_end("unknown", "nothing")
    _, start, end, _ = lines(path)
    assert start["inputs"] == {"one": "odd one", "two": [1, 2]}
    assert end["outputs"]["result"].endswith("… (100,000 more characters)")


def test_a_place_in_a_dspy_file(tmp_path: Path) -> None:
    from dspyc.loader.load import load

    source = tmp_path / "two.dspy"
    source.write_text(
        "module Two:\n"
        "    input question: str\n"
        "    output answer: str\n"
        '    ask = Predict("question -> answer")\n\n'
        "    forward:\n"
        "        first = ask(question=question)\n"
        "        second = ask(question=first.answer)\n"
        "        return answer=second.answer\n"
    )
    path = tmp_path / "run.jsonl"
    with traced(path, Answering(lambda text: "yes")):
        load(source).Two()(question="a")
    places = [event.get("place") for event in lines(path) if event.get("name") == "Predict"]
    assert places == ["two.dspy:7", "two.dspy:8"]
    assert "dspyc.runtime.programs.tracefile" in sys.modules
