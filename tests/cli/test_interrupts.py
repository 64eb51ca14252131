"""Commands that are interrupted, run twice, or run under another locale."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SLOW = '''\
import time
from pathlib import Path

from dspyc.runtime import Module, Prediction


class Slow(Module):
    """Answers with the question, slowly."""

    def forward(self, question: str) -> Prediction:
        with Path("calls.txt").open("a", encoding="utf-8") as calls:
            calls.write(question + "\\n")
        if question == "hang":
            Path("hanging").touch()
            time.sleep(600)
        time.sleep(0.05)
        return Prediction(answer=question)
'''
PROGRAM = "from slow import Slow\n\nmodule slow = Slow()\n"
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    (tmp_path / "p.dspy").write_text(PROGRAM, encoding="utf-8")
    return tmp_path


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("dspyc")), *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


# --- Ctrl-C ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", range(8))
def test_an_early_interrupt_is_no_traceback(folder: Path, moment: int) -> None:
    """From the first line of our code on, whenever the signal comes."""
    hook = f"""
import os, signal, sys
seen = 0
def trace(event, arguments):
    global seen
    if event == "import" and str(arguments[0]).startswith("dspyc"):
        seen += 1
        if seen == {5 + 9 * moment}:
            os.kill(os.getpid(), signal.SIGINT)
from runpy import run_module
sys.argv = ["dspyc", "check", "p.dspy"]
sys.addaudithook(trace)
from dspyc.__main__ import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv = ['dspyc', 'check', 'p.dspy']\n" + hook],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 130
    assert done.stderr in ("", "\ninterrupted\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["one", "rows"])
def test_a_blocked_command_ends(folder: Path, command: str, number: signal.Signals) -> None:
    (folder / "rows.jsonl").write_text('{"question": "hang"}\n{"question": "a"}\n')
    arguments = ["question=hang"] if command == "one" else ["--inputs", "rows.jsonl", "--output", "out.jsonl"]
    with start(folder, "run", "p.dspy", *arguments) as process:
        wait_for(folder / "hanging", process)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode in (130, 128 + number)
    assert b"Traceback" not in said
    assert not [name for name in os.listdir(folder) if name.endswith((".tmp", ".lock"))]


def test_an_interrupted_build_leaves_no_halves(folder: Path) -> None:
    """The copy of a model is stopped after each of its blocks."""
    state = {"format": "x", "lm": "gguf/p.model.gguf"}
    (folder / "p.q.state.json").write_text(json.dumps(state), encoding="utf-8")
    (folder / "p.model.gguf").write_bytes(os.urandom(2**20))
    code = """
import os, shutil, signal, sys
whole = shutil.copyfileobj
def half(source, target, length=0):
    target.write(source.read(20))
    target.flush()
    os.kill(os.getpid(), signal.SIGINT)
shutil.copyfileobj = half
sys.argv = ["dspyc", "build", "p.dspy", "--out", "built"]
from dspyc.__main__ import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 130, done.stderr
    assert sorted(os.listdir(folder / "built")) == ["p.py", "p.pyi"]


# --- two runs -------------------------------------------------------------------------------------------


def test_a_second_run_into_an_output_is_refused(folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"question": "hang"}\n{"question": "b"}\n')
    (folder / "link.jsonl").symlink_to("out.jsonl")
    with start(folder, "run", "p.dspy", "--inputs", "rows.jsonl", "--output", "out.jsonl") as first:
        wait_for(folder / "hanging", first)
        for name in ("out.jsonl", "./out.jsonl", "link.jsonl", str(folder / "out.jsonl")):
            with start(folder, "run", "p.dspy", "--inputs", "rows.jsonl", "--output", name) as second:
                _, said = second.communicate(timeout=60)
            assert second.returncode == 2
            assert f"another run (process {first.pid}) is writing to" in said.decode()
        first.kill()
    assert (folder / "calls.txt").read_text().split() in (["hang", "b"], ["b", "hang"])
    # The first was killed, and so holds no lock; what it answered is kept.
    (folder / "rows.jsonl").write_text('{"question": "c"}\n{"question": "b"}\n')
    with start(folder, "run", "p.dspy", "--inputs", "rows.jsonl", "--output", "out.jsonl") as third:
        third.communicate(timeout=60)
    assert third.returncode == 0
    assert sorted((folder / "calls.txt").read_text().split()) == ["b", "c", "hang"]


@pytest.mark.parametrize("name", ["rows.jsonl", "out.jsonl"])
def test_rows_and_results_are_regular_files(folder: Path, name: str) -> None:
    (folder / "rows.jsonl").write_text('{"question": "a"}\n')
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    with start(folder, "run", "p.dspy", "--inputs", "rows.jsonl", "--output", "out.jsonl") as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said.decode().replace("`", "").startswith(f"error: {name} is a named pipe, not a file")


# --- locale ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", [{}, PLAIN], ids=["utf-8", "plain"])
def test_arguments_and_json_in_every_locale(folder: Path, environment: dict[str, str]) -> None:
    with start(folder, "run", "p.dspy", "question=grün 日本", "--json", **environment) as process:
        out, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, b"")
    assert json.loads(out) == {"answer": "grün 日本"}
    assert (folder / "calls.txt").read_text(encoding="utf-8") == "grün 日本\n"


FALLBACK = """\
configure(lm=DummyLM(["no answer"] * 9))

module M:
    input question: str
    output answer: str
    p = Predict("question -> answer: int")
    forward:
        return answer=str(p(question=question).answer)
    fallback:
        return answer="none"

module m = M()
"""


def test_what_a_fallback_hides_is_said_on_request(tmp_path: Path) -> None:
    (tmp_path / "p.dspy").write_text(FALLBACK, encoding="utf-8")
    for options, notes in (((), 0), (("-v",), 1)):
        with start(tmp_path, *options, "run", "p.dspy", "question=a") as process:
            out, said = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, b"answer: none\n"), said
        assert said.decode().count("note: the fallback of `M` is used, because it failed with") == notes
