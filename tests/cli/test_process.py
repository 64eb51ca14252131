"""What only a process of its own shows: what gets imported, signals, pipes, pytest's plugin."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

HEAVY = (
    "litellm",
    "openai",
    "httpx",
    "aiohttp",
    "requests",
    "torch",
    "numpy",
    "xllamacpp",
    "rich",
    "pygls",
    "pytest",
)

QA = 'module qa = Predict("question -> answer")\n'

ECHO = '''\
"""A program without a model: a Python module that answers with what it was asked."""

from slow import Echo

module echo = Echo()
'''

SLOW = '''\
"""A module that takes its time and counts its calls in a file."""

import time
from pathlib import Path

from dspyc.runtime import Module, Prediction


class Echo(Module):
    """Answers with the question."""

    def forward(self, question: str) -> Prediction:
        with Path("calls.txt").open("a") as calls:
            calls.write(question + "\\n")
        time.sleep(0.05)
        if question == "bad" and not Path("cured").exists():
            raise ValueError("no answer to this")
        return Prediction(answer=question.upper())
'''


def dspyc(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dspyc", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_check_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "qa.dspy").write_text(QA, encoding="utf-8")
    code = textwrap.dedent(f"""
        import sys
        from dspyc.cli.main import run
        assert run(["check", "qa.dspy"]) == 0
        print(*sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)
    """)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "All checks passed.\n"
    assert done.stderr.split() == []


def test_help_imports_nothing_of_the_runtime() -> None:
    code = """
        import sys
        from dspyc.cli.main import run
        assert run(["--help"]) == 0
        print(*(name for name in sys.modules if name.startswith("dspyc.runtime")), file=sys.stderr)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert "Examples" not in done.stderr
    assert done.stderr.split() == []


def test_the_plugin_imports_nothing_of_ours(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(
        "import sys\n\ndef test_x():\n    ours = {n for n in sys.modules if n.startswith('dspyc.')}\n"
        "    assert not ours & {'dspyc.runtime', 'dspyc.compiler', 'dspyc.grammar', 'dspyc.cli.main'}\n",
        encoding="utf-8",
    )
    (tmp_path / "qa.dspy").write_text(QA, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "dspyc.cli.pytest_plugin"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_pytest_collects_the_tests_of_programs(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    program = ECHO + textwrap.dedent("""
        test "a shout":
            pred = echo(question="ha")
            assert pred.answer == "HA"

        test "a whisper":
            pred = echo(question="ha")
            assert pred.answer == "ha"
    """)
    (tmp_path / "echo.dspy").write_text(program, encoding="utf-8")
    (tmp_path / "broken.dspy").write_text('test "never":\n    assert nothing\n', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "1 failed, 1 passed, 1 error" in done.stdout
    assert '13 |     assert pred.answer == "ha"' in done.stdout
    assert "pred.answer = 'HA'" in done.stdout
    assert "echo.dspy::a whisper - ProgramAssertionError: pred.answer ==" in done.stdout
    assert "there is no `nothing`" in done.stdout or "`nothing`" in done.stdout
    assert "Traceback" not in done.stdout


TAPED = """
lm scripted = DummyLM({"letter a": {"answer": "A"}, "letter b": {"answer": "B"}})
configure(lm=scripted)

module qa = Predict("question -> answer")

test "one letter":
    assert qa(question="letter a").answer == "A"

test "another letter":
    assert qa(question="letter b").answer == "B"
"""


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_pytest_records_and_replays(tmp_path: Path) -> None:
    path = tmp_path / "letters.dspy"
    path.write_text(TAPED, encoding="utf-8")
    recorded = run_pytest(tmp_path, "--dspyc-record")
    assert "2 passed" in recorded.stdout, recorded.stdout
    cassette = (tmp_path / "letters.cassette.jsonl").read_text(encoding="utf-8")
    assert cassette.count('"test":') == 2
    # No model is set any more: the recorded one stands in, and is not asked.
    path.write_text(TAPED.replace("configure(lm=scripted)", ""), encoding="utf-8")
    assert "2 passed" in run_pytest(tmp_path, "--dspyc-replay").stdout
    path.write_text(TAPED.replace('question="letter b"', 'question="letter c"'), encoding="utf-8")
    changed = run_pytest(tmp_path, "--dspyc-replay")
    assert "1 failed, 1 passed" in changed.stdout
    assert (
        'in the test "another letter" sends a request that letters.cassette.jsonl does not contain'
        in changed.stdout
    )
    assert (tmp_path / "letters.cassette.jsonl").read_text(encoding="utf-8") == cassette
    (tmp_path / "letters.cassette.jsonl").write_text("{", encoding="utf-8")
    assert "is damaged" in run_pytest(tmp_path, "--dspyc-replay").stdout


def test_pytest_replaces_models(tmp_path: Path) -> None:
    program = TAPED.replace("configure(", 'lm other = DummyLM({"letter a": {"answer": "A"}})\nconfigure(')
    (tmp_path / "letters.dspy").write_text(program, encoding="utf-8")
    assert "1 failed, 1 passed" in run_pytest(tmp_path, "--dspyc-lm", "scripted=other").stdout
    assert "1 failed, 1 passed" in run_pytest(tmp_path, "--dspyc-lm", "other").stdout
    unknown = run_pytest(tmp_path, "--dspyc-lm", "scripte=other")
    assert "letters.dspy has no `lm scripte`" in unknown.stderr + unknown.stdout
    assert "did you mean `scripted`?" in unknown.stderr + unknown.stdout
    both = run_pytest(tmp_path, "--dspyc-record", "--dspyc-replay")
    assert "cannot be combined" in both.stderr + both.stdout


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    """A folder with the program that echoes, and forty rows for it."""
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    (tmp_path / "echo.dspy").write_text(ECHO, encoding="utf-8")
    rows = "".join(json.dumps({"question": f"q{number}"}) + "\n" for number in range(40))
    (tmp_path / "rows.jsonl").write_text(rows, encoding="utf-8")
    return tmp_path


ROWS = ("run", "echo.dspy", "--inputs", "rows.jsonl", "--output", "out.jsonl")


def until_written(process: subprocess.Popen[bytes], path: Path, lines: int) -> None:
    for _ in range(600):
        if process.poll() is not None or (path.exists() and path.read_bytes().count(b"\n") >= lines):
            return
        time.sleep(0.02)


def test_a_run_killed_in_the_middle_loses_nothing_and_repeats_nothing(echo: Path) -> None:
    command = [sys.executable, "-m", "dspyc", *ROWS, "--num-threads", "2"]
    process = subprocess.Popen(command, cwd=echo, stderr=subprocess.DEVNULL)
    until_written(process, echo / "out.jsonl", 5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    written = (echo / "out.jsonl").read_bytes().count(b"\n")
    assert 5 <= written < 40
    again = dspyc(*ROWS, folder=echo)
    assert again.returncode == 0, again.stderr
    assert f"{written} rows of 40 are already in out.jsonl." in again.stderr
    records = [json.loads(line) for line in (echo / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [record["row"] for record in records] == list(range(40))
    assert [record["output"]["answer"] for record in records] == [f"Q{number}" for number in range(40)]
    calls = (echo / "calls.txt").read_text(encoding="utf-8").split()
    # Only what was under way when it was killed, one call a thread, is asked twice.
    assert len(calls) <= 42
    assert set(calls) == {f"q{number}" for number in range(40)}


def test_ctrl_c_stops_at_once_and_says_so(echo: Path) -> None:
    command = [sys.executable, "-m", "dspyc", *ROWS, "--num-threads", "2"]
    process = subprocess.Popen(command, cwd=echo, stderr=subprocess.PIPE)
    until_written(process, echo / "out.jsonl", 3)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=10)
    assert process.returncode == 130
    assert error.decode().strip().endswith("interrupted")
    assert "Traceback" not in error.decode()


def test_failed_rows_are_told_of_and_tried_again(echo: Path) -> None:
    (echo / "rows.jsonl").write_text(
        '{"question": "a"}\n{"question": "bad"}\n{"question": 1}\n', encoding="utf-8"
    )
    first = dspyc(*ROWS, folder=echo)
    assert first.returncode == 1
    assert "1 row done, written to out.jsonl." in first.stderr
    assert "2 rows failed" in first.stderr
    errors = [json.loads(line).get("error") for line in (echo / "out.jsonl").read_text().splitlines()]
    assert errors[0] is None
    assert errors[1] == "ValueError: no answer to this"
    assert errors[2].startswith("InputError: `rows.jsonl`, line 3: the input `question` takes `str`, not `1`")
    (echo / "cured").touch()
    second = dspyc(*ROWS, folder=echo)
    assert "1 row done" in second.stderr
    assert sorted((echo / "calls.txt").read_text().split()) == ["a", "bad", "bad"]


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m dspyc --help | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stderr == ""


def test_an_internal_error_is_short_and_says_how_to_report(tmp_path: Path) -> None:
    (tmp_path / "qa.dspy").write_text(QA, encoding="utf-8")
    code = """
        import sys
        from dspyc.project import disk
        from dspyc.cli.main import run
        WORDS = "a key: sk-abcdefghijklmnopqrstuv, a token: " + "canary-canary"
        def broken(data, path): raise RuntimeError(WORDS)
        disk._decode = broken
        sys.exit(run(["check", "qa.dspy"]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=tmp_path,
        env={**os.environ, "MY_TOKEN": "canary-canary"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: dspyc itself failed (<string>:6): RuntimeError: a key: [redacted],")
    assert "DSPYC_TRACEBACK=1" in done.stderr
    for secret in ("sk-abc", "canary-canary", "Traceback"):
        assert secret not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, tmp_path: Path) -> None:
    script = dspyc("completion", shell, folder=tmp_path)
    assert script.returncode == 0
    assert "_DSPYC_COMPLETE" in script.stdout
    words = {"bash": {"COMP_WORDS": "dspyc ch", "COMP_CWORD": "1"}}.get(
        shell, {"COMP_WORDS": "dspyc ch", "COMP_CWORD": "ch"}
    )
    if shell == "zsh":
        words = {"COMP_WORDS": "dspyc ch", "COMP_CWORD": "1"}
    done = dspyc(folder=tmp_path, _DSPYC_COMPLETE=f"{shell}_complete", **words)
    assert "check" in done.stdout


def test_an_empty_cell_leaves_an_optional_input_out(tmp_path: Path) -> None:
    module = "from dspyc.runtime import Module, Prediction\n\n\nclass Echo(Module):\n"
    module += "    def forward(self, question: str, n: int = 3, tone: str | None = 'kind') -> Prediction:\n"
    module += "        return Prediction(answer=f'{question} {n} {tone}')\n"
    (tmp_path / "slow.py").write_text(module, encoding="utf-8")
    (tmp_path / "echo.dspy").write_text(ECHO, encoding="utf-8")
    (tmp_path / "rows.csv").write_text("question,n,tone\na,,\n,5,rude\nb,x,\n", encoding="utf-8")
    done = dspyc(
        "run",
        "echo.dspy",
        "--inputs",
        "rows.csv",
        "--output",
        "out.jsonl",
        "--num-threads",
        "1",
        folder=tmp_path,
    )
    assert done.returncode == 1
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [record.get("output", {}).get("answer") for record in records] == ["a 3 kind", " 5 rude", None]
    assert records[2]["error"].startswith("InputError: `rows.csv`, line 4: the input `n` takes `int`")


def test_a_second_run_into_the_same_output_is_refused(echo: Path) -> None:
    command = [sys.executable, "-m", "dspyc", *ROWS, "--num-threads", "1"]
    process = subprocess.Popen(command, cwd=echo, stderr=subprocess.DEVNULL)
    until_written(process, echo / "out.jsonl", 2)
    process.send_signal(signal.SIGSTOP)
    second = dspyc(*ROWS, folder=echo)
    process.send_signal(signal.SIGCONT)
    assert second.returncode == 2
    assert f"another run (process {process.pid}) is writing to out.jsonl" in second.stderr
    assert process.wait(60) == 0
    assert len((echo / "calls.txt").read_text(encoding="utf-8").split()) == 40


def test_a_check_in_a_foreign_process_leaves_its_collector_alone(tmp_path: Path) -> None:
    (tmp_path / "qa.dspy").write_text(QA, encoding="utf-8")
    program = """
        import gc
        from dspyc.cli.main import run
        assert run(["check", "qa.dspy"]) == 0
        assert gc.isenabled()
        print("freed at the end")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("freed at the end\n"), done.stderr


def test_what_a_check_prints_is_all_there_though_nothing_is_freed(tmp_path: Path) -> None:
    (tmp_path / "wrong.dspy").write_text(
        "".join(f"name_{index} = nothing_{index}\n" for index in range(2000))
    )
    done = subprocess.run(
        [sys.executable, "-m", "dspyc", "check", "--output-format", "concise"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.count("E101") == 2000
    assert done.stdout.endswith("Found 2,000 errors.\n")
