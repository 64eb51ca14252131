"""`dspyc ui`: a real process over a folder, asked over real connections by who may and who may not."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.state.format import ProgramState, write
from dspyc.runtime.work.journal import Journal
from dspyc.runtime.work.task import Usage

HOSTILE = "</script><img src=x onerror=alert(1)>"
KEY = "sk-abcdefghijklmnopqrstuvwxyz0123456789"


class Stub(dspy.BaseLM):
    """Answers the last word of the question."""

    def __init__(self, answer: str = "") -> None:
        super().__init__(model="stub", cache=False)
        self.fixed = answer

    def complete(self, request: Any) -> Any:
        asked = request.openai_messages[-1]["content"].split("## question ## ]]\n")[1].split("\n")[0]
        if asked == "boom":
            raise ValueError("the model broke")
        return dspy.Response([f"[[ ## answer ## ]]\n{self.fixed or asked}"], {"total_tokens": 7}, cost=0.001)


def devset() -> list[Any]:
    rows = {"one": "one", "two": "two", "three": "3", "boom": "boom", HOSTILE: HOSTILE}
    return [dspy.Example(question=q, answer=a).with_inputs("question") for q, a in rows.items()]


def measured(answer: str = "") -> Any:
    evaluate = dspy.Evaluate(devset=devset(), metric=same, keep_calls=True, num_threads=1)
    with dspy.context(lm=Stub(answer)):
        return evaluate(dspy.Predict("question -> answer"))


def same(example: Any, prediction: Any) -> bool:
    return bool(example.answer == prediction.answer)


def write_trace(path: Path, answer: str = "", content: bool = True) -> None:
    trace = dspy.TraceFile(path, content, "qa.dspy:exact", "eval")
    with trace, dspy.context(callbacks=[trace]), trace.hearing():
        measured(answer)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one of each, and with what is none of them."""
    root = tmp_path_factory.mktemp("ui")
    write_trace(root / "good.trace.jsonl")
    write_trace(root / "bad.trace.jsonl", "one")
    write_trace(root / "quiet.trace.jsonl", content=False)
    result = measured()
    result.save_json(root / "rows.json")
    result.save_html(root / "report.html", "qa: same")
    (root / "below").mkdir()
    journal = Journal(root / "below" / "qa.journal.jsonl", {"program": "1"})
    journal.record_answer("a", "b", ["c"])
    for number, value in enumerate((1.0, 0.0, 1.0)):
        journal.record(str(number), "exact/evaluate", {"value": value}, Usage(1, 10, 0.5), 0.1)
    journal.record_failure("9", "exact/evaluate", ValueError(f"refused {KEY}"))
    journal.close()
    write(root / "qa.tuned.state.json", ProgramState("tuned", {}, (), {"score": {"before": 10, "after": 60}}))
    # What is not shown: other JSON, other pages, hidden folders, links that lead out.
    (root / "train.json").write_text('[{"question": "one", "score": 1}]')
    (root / "page.html").write_text("<!doctype html><p>Not ours</p>")
    (root / ".hidden").mkdir()
    write_trace(root / ".hidden" / "run.trace.jsonl")
    outside = tmp_path_factory.mktemp("outside") / "other.trace.jsonl"
    write_trace(outside)
    if os.name == "posix":
        (root / "link.trace.jsonl").symlink_to(outside)
        os.mkfifo(root / "pipe.jsonl")
    return root


@dataclass
class Viewer:
    """A running `dspyc ui`, and a browser that was given its address."""

    port: int
    token: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str, dict[str, str]]:
        given = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers=given)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), {k.lower(): v for k, v in answer.getheaders()}
        finally:
            connection.close()

    def json(self, path: str) -> Any:
        status, text, _ = self.ask(path)
        assert status == 200, text
        return json.loads(text)

    def key(self, name: str) -> str:
        return next(str(one["key"]) for one in self.json("/api/list")["files"] if one["name"] == name)


@pytest.fixture(scope="module")
def viewer(folder: Path) -> Iterator[Viewer]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dspyc", "ui", str(folder)], stderr=subprocess.PIPE, text=True
    )
    try:
        yield entered(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def entered(process: subprocess.Popen[str]) -> Viewer:
    """A browser that opens the address, and keeps the cookie."""
    assert process.stderr is not None
    match = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", process.stderr.readline())
    assert match is not None
    found = Viewer(int(match[1]), match[2])
    status, _, headers = found.ask(f"/?token={found.token}")
    assert (status, headers["location"]) == (303, "/")
    name, _, value = headers["set-cookie"].partition(";")[0].partition("=")
    assert "HttpOnly" in headers["set-cookie"]
    assert "samesite=strict" in headers["set-cookie"].lower()
    found.cookies = {name: value}
    return found


def test_what_there_is(viewer: Viewer) -> None:
    files = {one["name"]: one for one in viewer.json("/api/list")["files"]}
    assert {name: (one["kind"], one["what"], one["state"]) for name, one in files.items()} == {
        "good.trace.jsonl": ("trace", "evaluation", "finished"),
        "bad.trace.jsonl": ("trace", "evaluation", "finished"),
        "quiet.trace.jsonl": ("trace", "evaluation", "finished"),
        "rows.json": ("rows", "evaluation", "finished"),
        "report.html": ("report", "evaluation", "finished"),
        "below/qa.journal.jsonl": ("journal", "unfinished", "unfinished"),
        "qa.tuned.state.json": ("state", "learned", "finished"),
    }
    assert {files[name]["score"] for name in ("good.trace.jsonl", "rows.json", "report.html")} == {60.0}
    assert files["qa.tuned.state.json"]["score"] == 60
    assert files["good.trace.jsonl"]["program"] == "qa.dspy:exact"
    assert files["good.trace.jsonl"]["calls"] == 5
    assert files["good.trace.jsonl"]["cost"] == pytest.approx(0.004)
    assert files["good.trace.jsonl"]["results"][0]["errors"] == 1


def test_a_trace_and_what_was_said(viewer: Viewer) -> None:
    key = viewer.key("good.trace.jsonl")
    trace = viewer.json(f"/api/trace/{key}")
    assert [step[2:4] for step in trace["steps"][:3]] == [
        ["evaluate", "Predict"],
        ["module", "Predict"],
        ["lm", "stub"],
    ]
    assert [step[1] for step in trace["steps"][:3]] == [None, 1, 2]
    assert all(step[5] >= step[4] for step in trace["steps"])
    assert sum(step[6] is not None for step in trace["steps"]) == 2
    assert "two" not in json.dumps(trace["steps"])
    said = viewer.json(f"/api/trace/{key}/call/2")
    assert said["inputs"] == {"question": "one"}
    assert said["outputs"] == {"answer": "one"}
    assert viewer.ask(f"/api/trace/{key}/call/99")[0] == 404


def test_a_trace_that_grows_is_followed(viewer: Viewer, folder: Path) -> None:
    path = folder / "live.trace.jsonl"
    trace = dspy.TraceFile(path, program="live", command="run")
    try:
        trace.on_tool_start("a", dspy.Tool(print, name="print"), {"kwargs": {}})
        key = viewer.key("live.trace.jsonl")
        seen = viewer.json(f"/api/trace/{key}")
        assert (seen["state"], seen["total"], seen["steps"][0][5]) == ("running", 1, None)
        trace.on_tool_end("a", None)
        with path.open("ab") as file:
            file.write(b'{"call":7,"wit')
        assert viewer.json(f"/api/trace/{key}")["steps"][0][5] is not None
        with path.open("ab") as file:
            file.write(b'hin":null,"what":"lm","name":"m","at":1}\nnot a line\n{"end":99,"at":1}\n')
        assert [step[0] for step in viewer.json(f"/api/trace/{key}")["steps"]] == [1, 7]
    finally:
        trace.close(ValueError("over"))
    seen = viewer.json(f"/api/trace/{key}")
    assert (seen["state"], seen["error"]) == ("failed", "ValueError")
    # Begun anew, by a process that is gone.
    path.write_text('{"dspyc_trace":1,"process":2147483646,"command":"run","program":"again"}\n')
    seen = viewer.json(f"/api/trace/{key}")
    assert (seen["state"], seen["total"], seen["program"]) == ("stopped", 0, "again")
    path.unlink()
    assert viewer.ask(f"/api/trace/{key}")[:2] == (404, "The file is not there any more.\n")


HEAD = {"dspyc_trace": 1, "process": "one", "began": "today", "command": [], "program": {}}
CALL = {"call": 1, "within": None, "what": "lm", "name": "m", "at": 0.5}


@pytest.mark.parametrize(
    "lines",
    [
        [HEAD, CALL, {"end": 1, "at": 1, "tokens": "many", "cost": "much", "error": {"a": 1}}],
        [
            HEAD,
            {**CALL, "within": 1, "name": None, "what": ["x"]},
            {"end": [1], "at": 1},
            {"end": 1, "at": None},
        ],
        [HEAD, {**CALL, "at": "soon"}, {**CALL, "call": "x"}, {**CALL, "within": "y"}, {"call": 2}],
        [HEAD, {"progress": 7, "done": "all"}, {"trial": 1, "score": "high"}, {"trial": None, "demos": 3}],
        [
            HEAD,
            {"row": 1, "score": 1},
            {"result": None, "at": "x"},
            {"row": 0, "score": "?"},
            {"row": 0, "score": 1},
        ],
        [HEAD, {"finished": "never"}, {"finished": 1, "error": ["x"]}, [], 7, None, "x"],
    ],
)
def test_lines_that_are_not_as_they_should_be(viewer: Viewer, folder: Path, lines: list[Any]) -> None:
    path = folder / "odd.trace.jsonl"
    path.write_text(
        "\n".join(json.dumps(line, separators=(",", ":")) for line in lines) + "\nNaN\n" + "[" * 5000
    )
    try:
        key = viewer.key("odd.trace.jsonl")
        assert viewer.json(f"/api/trace/{key}")["name"] == "odd.trace.jsonl"
        for path_of in (f"/api/trace/{key}/call/1", f"/report/{key}", f"/report/{key}/0"):
            assert viewer.ask(path_of)[0] in (200, 404)
    finally:
        path.unlink()


START = b'{"dspyc_trace":1,"program":"p","content":true}\n'
MODEL = b'{"call":1,"within":null,"what":"lm","name":"x","at":0.1}\n'
ROW = b'[{"q":"a","example_a":"b","pred_a":"c","score":%s}]'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (b"odd.trace.jsonl", b'{"dspyc_trace":1,"program":"\\ud83d"}\n'),
        (b"odd.trace.jsonl", START + MODEL + b'{"end":1,"at":1,"answers":["\\ud83d"]}\n'),
        (b"odd.trace.jsonl", START + b'{"result":1,"metric":"\\ud83d"}\n{"row":0,"of":1,"score":1}\n'),
        (b"odd.trace.jsonl", START + MODEL + b'{"end":1,"at":1,"tokens":[1' + b"0" * 40 + b",1]}\n"),
        (b"odd.trace.jsonl", START + MODEL + b'{"end":1,"at":1,"x":1' + b"0" * 40 + b"}\n"),
        (b"odd.trace.jsonl", START + b'{"call":1,"within":null,"what":"lm","name":"x","at":1e400}\n'),
        (b"odd.trace.jsonl", START + b'{"finished":1' + b"0" * 400 + b"}\n"),
        (b"odd.trace.jsonl", START + b'{"row":0,"of":1,"score":1.0}\n'),
        (b"odd.trace.jsonl", START + b'{"result":1,"total":Infinity}\n{"row":0,"of":1,"score":1}\n'),
        (b"odd.trace.jsonl", START + b'{"result":1}\n{"row":0,"of":1,"score":1,"probabilities":7}\n'),
        (b"odd.json", ROW % (b"1" + b"0" * 400)),
        (b"odd.json", ROW % b'1,"repeat":Infinity'),
        (b"odd.state.json", b'{"dspyc_state":' + b"[" * 100_000),
    ]
    # Where the system lets a name be any bytes.
    + [(b"\xff.trace.jsonl", START)] * sys.platform.startswith("linux"),
)
def test_a_damaged_file_hides_no_other(viewer: Viewer, folder: Path, name: bytes, content: bytes) -> None:
    path = os.path.join(os.fsencode(folder), name)
    with open(path, "wb") as file:
        file.write(content)
    try:
        newest, *others = viewer.json("/api/list")["files"]
        assert newest["name"] == name.decode(errors="replace").replace("\ufffd", "?")
        assert others[0]["program"] != newest.get("program")
        for address in ("/api/trace/{}", "/api/trace/{}/call/1", "/report/{}", "/report/{}/0"):
            assert viewer.ask(address.format(newest["key"]))[0] in (200, 404)
    finally:
        os.unlink(path)


def test_numbers_in_addresses(viewer: Viewer) -> None:
    stranger = Viewer(viewer.port, viewer.token)
    for path in ("/api/trace/a/call/", "/report/a/"):
        for number in ("9" * 5000, "-1", "x"):
            assert viewer.ask(path + number)[0] == 404
            assert stranger.ask(path + number)[0] == 403


def test_evaluations_that_run_at_the_same_time(viewer: Viewer, folder: Path) -> None:
    lines: list[dict[str, Any]] = [{"dspyc_trace": 1, "content": True}]
    lines += [{"result": 1, "metric": "one"}, {"row": 0, "of": 1, "score": 1}]
    lines += [{"result": 2, "metric": "two"}, {"row": 1, "of": 1, "score": 1}]
    lines += [{"row": 0, "of": 2, "score": 0}]
    lines += [{"row": 0, "of": 3, "score": 0}, {"row": 2, "of": 1, "score": 0}]
    path = folder / "two.trace.jsonl"
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    try:
        told = viewer.json(f"/api/trace/{viewer.key('two.trace.jsonl')}")["results"]
        found = [(one["metric"], one["score"], one["rows"]) for one in told]
        assert found == [("one", 66.67, 3), ("two", 0, 1)]
    finally:
        path.unlink()


def test_events_tell_of_changes(viewer: Viewer, folder: Path) -> None:
    connection = HTTPConnection("127.0.0.1", viewer.port, timeout=30)
    cookie = "; ".join(f"{name}={value}" for name, value in viewer.cookies.items())
    connection.request("GET", "/events", headers={"Cookie": cookie})
    answer = connection.getresponse()

    def event() -> str:
        lines = [answer.readline().decode() for _ in range(3)]
        assert lines[0] == "event: changed\n"
        return lines[1]

    first = event()
    path = folder / "new.trace.jsonl"
    dspy.TraceFile(path).close()
    try:
        assert event() != first
    finally:
        path.unlink()
        connection.close()


def test_a_journal_says_how_far_a_run_is(viewer: Viewer) -> None:
    told = viewer.json(f"/api/journal/{viewer.key('below/qa.journal.jsonl')}")
    assert told["answers"] == 1
    (stage,) = told["stages"]
    assert (stage["name"], stage["done"], stage["score"], stage["errors"]) == ("exact/evaluate", 3, 66.67, 1)
    assert (stage["calls"], stage["tokens"], stage["cost"]) == (3, 30, 1.5)
    assert KEY not in json.dumps(told)


@pytest.mark.parametrize("name", ["good.trace.jsonl", "report.html", "rows.json"])
def test_the_report_of_an_evaluation(viewer: Viewer, name: str) -> None:
    status, page, headers = viewer.ask(f"/report/{viewer.key(name)}/0")
    assert status == 200
    assert HOSTILE not in page
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    rows = data["results"][0]["rows"]
    assert [row["score"] for row in rows] == [1, 1, 0, 0, 1]
    texts = data["texts"]
    assert [texts[row["inputs"]["question"]] for row in rows][:2] == ["one", "two"]
    assert texts[rows[2]["expected"]["answer"]] == "3"
    assert texts[rows[2]["given"]["answer"]] == "three"
    assert texts[rows[3]["error"]] == "ValueError: the model broke"
    if name != "rows.json":
        assert texts[rows[0]["calls"][0]["answer"]].endswith("one")
    assert "sandbox allow-scripts" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]


def test_reports_that_are_not_there(viewer: Viewer) -> None:
    assert viewer.ask(f"/report/{viewer.key('report.html')}")[1].count("<h1>qa: same</h1>") == 1
    assert "tuned: optimized" in viewer.ask(f"/report/{viewer.key('qa.tuned.state.json')}")[1]
    for path, why in {
        f"/report/{viewer.key('good.trace.jsonl')}/5": "Good.trace.jsonl has no result 6.\n",
        f"/report/{viewer.key('rows.json')}/7": "Rows.json has no result 8.\n",
        f"/report/{viewer.key('qa.tuned.state.json')}/0": "Qa.tuned.state.json holds no result.\n",
        "/report/0123456789abcdef": "The file is not there any more.\n",
        "/compare?before=a": "A comparison is of two results.\n",
        "/assets/..%2fgate.py": "There is nothing at this address.\n",
    }.items():
        assert viewer.ask(path)[:2] == (404, why)


@pytest.mark.parametrize("first", ["good.trace.jsonl", "report.html", "rows.json"])
def test_two_evaluations_are_compared(viewer: Viewer, first: str) -> None:
    before, after = viewer.key(first), viewer.key("bad.trace.jsonl")
    status, page, _ = viewer.ask(f"/compare?before={before}/0&after={after}/0")
    assert status == 200
    assert "indistinguishable" in page
    assert "McNemar" in page
    rows = json.loads(page.partition('id="data">')[2].partition("</script>")[0])["results"][0]["rows"]
    assert [row.get("delta") for row in rows] == [None, -1, None, None, -1]


def test_results_of_other_rows_are_not_compared(viewer: Viewer, folder: Path) -> None:
    (folder / "other.json").write_text(
        '[{"question": "ten", "example_answer": "1", "pred_answer": "1", "same": 1}]'
    )
    try:
        before, after = viewer.key("other.json"), viewer.key("good.trace.jsonl")
        status, text, _ = viewer.ask(f"/compare?before={before}/0&after={after}/0")
        assert status == 404
        assert text.startswith("The results cannot be compared: one has 1 examples, the other 5")
    finally:
        (folder / "other.json").unlink()


@pytest.mark.parametrize(
    "content",
    [
        '[{"pred_a": 1, "example_a": 1}]',
        '[{"pred_a": 1, "example_a": 1, "score": "high"}]',
        '[1, {"pred_a": 1}]',
        '[{"pred_a": ' + "[" * 3000,
        '[{"pred_a": 1}]',
    ],
)
def test_files_that_only_look_like_rows(viewer: Viewer, folder: Path, content: str) -> None:
    path = folder / "odd.json"
    path.write_text(content)
    try:
        key = viewer.key("odd.json")
        status, text, _ = viewer.ask(f"/report/{key}/0")
        assert (status, text) == (404, "Odd.json does not hold the rows of an evaluation.\n")
    finally:
        path.unlink()


def test_who_may_not_look(viewer: Viewer) -> None:
    stranger = Viewer(viewer.port, viewer.token)
    (name,) = viewer.cookies
    for path in ("/", "/api/list", "/events", "/nothing", "/assets/ui.js"):
        assert stranger.ask(path)[0] == 403
    assert stranger.ask("/?token=wrong")[0] == 403
    assert stranger.ask(f"/api/list?token={viewer.token}")[0] == 403
    assert Viewer(viewer.port, "", {name: "wrong"}).ask("/")[0] == 403
    # Another name of this machine, another page in the browser, another method.
    assert viewer.ask("/", Host="evil.example")[0] == 421
    assert viewer.ask(f"/?token={viewer.token}", Host="evil.example:80")[0] == 421
    assert viewer.ask("/api/list", Sec_Fetch_Site="cross-site")[0] == 403
    assert viewer.ask("/api/list", Sec_Fetch_Site="same-site")[0] == 403
    assert viewer.ask("/api/list", method="POST")[0] == 405
    assert viewer.ask("/api/list", Sec_Fetch_Site="same-origin")[0] == 200


def test_a_browser_that_comes_from_a_file(viewer: Viewer) -> None:
    arriving = Viewer(viewer.port, viewer.token)
    status, page, headers = arriving.ask(f"/?token={viewer.token}", Sec_Fetch_Site="cross-site")
    assert status == 200
    assert '<meta http-equiv="refresh" content="0; url=/">' in page
    assert "samesite=strict" in headers["set-cookie"].lower()
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert arriving.ask("/?token=wrong", Sec_Fetch_Site="cross-site")[0] == 403


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs $BROWSER, and `stat` of Linux")
def test_the_token_is_not_on_the_browsers_command_line(folder: Path, tmp_path: Path) -> None:
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    browser.write_text(
        f'#!/bin/sh\necho "$1" >{seen}.new\nstat -c %a "${{1#file://}}" >>{seen}.new\n'
        f'cat "${{1#file://}}" >>{seen}.new\nmv {seen}.new {seen}\n'
    )
    browser.chmod(0o700)
    with subprocess.Popen(
        [sys.executable, "-m", "dspyc", "ui", str(folder), "--open"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "BROWSER": str(browser)},
    ) as process:
        found = entered(process)
        for _ in range(600):
            if seen.exists():
                break
            time.sleep(0.05)
        address, mode, page = seen.read_text().split("\n", 2)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert found.token not in address
    assert f'url=http://127.0.0.1:{found.port}/?token={found.token}"' in page
    assert mode == "600"
    assert not Path(address.removeprefix("file://")).exists()


def test_the_page_may_ask_nobody_else(viewer: Viewer) -> None:
    status, page, headers = viewer.ask("/")
    assert status == 200
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert [each for each in addresses if not each.startswith(("/assets/", "#", "data:"))] == []
    for each in addresses:
        if each.startswith("/assets/"):
            assert viewer.ask(each)[0] == 200
    assert "<script>" not in page
    assert " style=" not in page


def test_nothing_is_written(viewer: Viewer, folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    for one in viewer.json("/api/list")["files"]:
        viewer.ask(f"/report/{one['key']}")
    time.sleep(0.02)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
