"""`dspyc debug`: breakpoints in `.dspy` files, steps from line to line, values."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dspyc.cli.debugging.adapter import read_message, translated, words, write_message
from dspyc.cli.main import run
from dspyc.loader.compiling import analyse, compiled
from support.dap_client import DebugClient

PROGRAM = """\
lm small = DummyLM([{"answer": "yes"}, {"answer": "no"}, {"answer": "both"}])
configure(lm=small)

type Pair:
    left: str
    right: str

module Both:
    input message: str
    output answer: str

    one = Predict("message -> answer")
    two = Predict("message, other -> answer")

    forward:
        a = one(message=message)
        b = one(message=message + "!")
        size = len(a.answer)
        pair = Pair(left=a.answer, right=b.answer)
        c = two(message=message, other=pair.right)
        return answer=f"{c.answer} {size}"

module both = Both()

test "it runs":
    pred = both(message="hey")
    assert pred.answer == "both 3"
"""
FIRST = 16


@pytest.fixture
def session(tmp_path: Path) -> Iterator[tuple[DebugClient, Path]]:
    path = tmp_path / "both.dspy"
    path.write_text(PROGRAM, encoding="utf-8")
    client = DebugClient([sys.executable, "-m", "dspyc", "debug", "--adapter"])
    yield client, path
    client.close()


def launched(client: DebugClient, path: Path, lines: list[int], **arguments: Any) -> None:
    client.request("initialize", adapterID="dspyc", pathFormat="path", linesStartAt1=True)
    launch = client.send("launch", program=str(path), **arguments)
    client.event("initialized")
    given = [{"line": each} for each in lines]
    set_ = client.request("setBreakpoints", source={"path": str(path)}, breakpoints=given)
    assert all(each["verified"] for each in set_["breakpoints"])
    client.request("configurationDone")
    client.answer(launch)


def stopped(client: DebugClient) -> tuple[int, dict[str, Any], dict[str, dict[str, Any]]]:
    """The thread that has stopped, its innermost frame, and the variables there by name."""
    thread = client.event("stopped")["threadId"]
    frame = client.request("stackTrace", threadId=thread)["stackFrames"][0]
    (scope, *_) = client.request("scopes", frameId=frame["id"])["scopes"]
    found = client.request("variables", variablesReference=scope["variablesReference"])["variables"]
    return thread, frame, {each["name"]: each for each in found}


def test_a_breakpoint_stops_and_steps_go_from_line_to_line(session: tuple[DebugClient, Path]) -> None:
    client, path = session
    launched(client, path, [FIRST], target="both", inputs={"message": "hey"})
    thread, frame, values = stopped(client)
    assert Path(frame["source"]["path"]).name == "both.dspy"
    assert values["message"]["value"] == "'hey'"

    seen = []
    for _ in range(5):
        seen.append(frame["line"])
        client.request("next", threadId=thread)
        thread, frame, values = stopped(client)
    assert seen == [FIRST, FIRST + 1, FIRST + 2, FIRST + 3, FIRST + 4]
    assert frame["line"] == FIRST + 5

    # Calls are independent here, so they would be in flight; in a debugger each is done when its line is.
    assert values["a"]["value"] == "Prediction(answer='yes')"
    assert values["b"]["value"] == "Prediction(answer='no')"
    assert values["size"]["value"] == "3"
    inside = client.request("variables", variablesReference=values["a"]["variablesReference"])["variables"]
    assert [(each["name"], each["value"]) for each in inside] == [("answer", "'yes'")]
    told = client.request("evaluate", expression="a.answer + b.answer", frameId=frame["id"], context="hover")
    assert told["result"] == "'yesno'"

    client.request("continue", threadId=thread)
    client.event("terminated")
    assert "answer: both 3" in client.output


def test_a_test_is_debugged(session: tuple[DebugClient, Path]) -> None:
    client, path = session
    line = PROGRAM.splitlines().index('    assert pred.answer == "both 3"') + 1
    launched(client, path, [line], command="test", test="it runs")
    thread, frame, values = stopped(client)
    assert frame["line"] == line
    assert values["pred"]["value"] == "Prediction(answer='both 3')"
    client.request("continue", threadId=thread)
    client.event("terminated")
    assert "1 passed" in client.output


def test_loading_a_file_stands_on_no_line_inside_of_a_body(tmp_path: Path) -> None:
    path = tmp_path / "both.dspy"
    path.write_text(PROGRAM, encoding="utf-8")
    found = {line for _, _, line in compiled(analyse(str(path))).code.co_lines() if line}
    lines = PROGRAM.splitlines()
    assert [lines[each - 1] for each in sorted(found) if lines[each - 1].startswith("        ")] == []
    assert lines.index('    assert pred.answer == "both 3"') + 1 not in found


def test_what_a_configuration_stands_for() -> None:
    given = {
        "program": "/w/a b.dspy",
        "target": "qa",
        "inputs": {"q": "x = y", "n": [1]},
        "args": ["--usage"],
    }
    assert words(given) == ["run", "/w/a b.dspy:qa", "q=x = y", "n=[1]", "--usage"]
    assert words({"program": "/a.dspy", "test": "t"}) == ["test", "/a.dspy", "--title", "t"]
    assert words({"program": "/a.dspy", "command": "eval", "target": "e"}) == ["eval", "/a.dspy:e"]


def test_a_program_counts_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    launch = {"type": "request", "command": "launch", "arguments": {"program": "src/a.dspy"}}
    given = translated(launch)["arguments"]
    assert given["args"] == ["run", str(tmp_path / "src" / "a.dspy")]
    assert given["cwd"] == str(tmp_path / "src")


def test_what_is_not_the_protocol_ends_the_adapter() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dspyc", "debug", "--adapter"],
        input=b"Content-Length: x\r\n\r\n{}",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr


WITHOUT_DEBUGPY = """
import dspyc.cli.debug
from dspyc.cli.main import run

dspyc.cli.debug.find_spec = lambda name: None
raise SystemExit(run(["debug", "--adapter"]))
"""


def test_an_editor_is_told_that_debugpy_is_missing() -> None:
    asked = io.BytesIO()
    for number, name in enumerate(("initialize", "launch"), 1):
        write_message(asked, {"seq": number, "type": "request", "command": name, "arguments": {}})
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DEBUGPY], input=asked.getvalue(), capture_output=True, check=False
    )
    answers = io.BytesIO(done.stdout)
    for number, name in enumerate(("initialize", "launch"), 1):
        answer = read_message(answers)
        assert answer is not None
        assert (answer["request_seq"], answer["command"], answer["success"]) == (number, name, False)
        assert answer["body"]["error"]["format"] == (
            "debugging needs the package `debugpy`\npip install 'dspyc[debug]'"
        )
    assert read_message(answers) is None
    assert done.returncode == 2
    assert b"debugging needs the package" in done.stderr


def test_the_adapter_ends_with_debugpy() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "dspyc", "debug", "--adapter"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as adapter:
        children = Path(f"/proc/{adapter.pid}/task/{adapter.pid}/children")
        if not children.exists():
            adapter.kill()
            pytest.skip("children are listed on Linux only")
        while not (found := children.read_text().split()):
            assert adapter.poll() is None
            time.sleep(0.05)
        os.kill(int(found[0]), signal.SIGKILL)
        assert adapter.wait(30) == 1
        assert adapter.stderr is not None
        assert b"Traceback" not in adapter.stderr.read()


IN_FLIGHT = """
import asyncio
from dspyc.cli.debugging.inside import show_values
from dspyc.runtime.execution.flow import Step

USES = {
    "key": lambda step: step["a"], "length": len, "all": list, "field": lambda step: step.a,
    "true": bool, "itself": lambda step: step == step, "other": lambda step: step == Step(None, 1),
    "reflected": lambda step: Step(None, 1) == step, "text": repr, "empty": lambda _: bool(Step(None, [])),
    "done": lambda _: Step(None, 1) == Step(None, 1),
}

async def main():
    show_values()
    step = Step(asyncio.create_task(asyncio.sleep(60)))
    for name, use in USES.items():
        try:
            print(name, use(step))
        except AttributeError as error:
            print(name, "is refused:", error)

asyncio.run(main())
"""


def test_a_step_in_flight_has_no_value_yet() -> None:
    done = subprocess.run([sys.executable, "-c", IN_FLIGHT], capture_output=True, text=True, check=True)
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    refused = "is refused: the call is still in flight, or has failed"
    assert said == {
        **dict.fromkeys(("key", "length", "all"), refused),
        "field": f"{refused}, so there is no `a` yet",
        **{"true": "True", "itself": "True", "other": "False", "reflected": "False"},
        **{"text": "<a call in flight>", "done": "True", "empty": "False"},
    }


@pytest.mark.parametrize(
    ("given", "said"), [([], "name the program"), (["--adapter", "a.dspy"], "takes no program")]
)
def test_misuse(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["debug", *given]) == 2
    assert said in capsys.readouterr().err
