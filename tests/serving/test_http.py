"""`dspyc serve`: real processes, asked over real connections."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.support.openai_server import Failure, OpenAIServer, RateLimit, Reply

PROGRAM = '''"""Programs that are served."""

from helpers import odd

lm main = LM("openai/any", api_base="%s", api_key="canary-sk-1234567890", cache=False, num_retries=0)
configure(lm=main)

type Seller:
    name: str
    age: int

signature Classify:
    """Say what somebody wants."""
    input text: str "what they wrote"
    output intent: Literal["buy", "sell"] "what they want"

module Offer:
    """An offer from a seller."""
    input seller: Seller
    input count: int = 2
    output lines: list[str]
    ask = Predict("text -> line")

    forward:
        drafts = [ask(text=f"{seller.name} {number}") for number in range(count)]
        return lines=[draft.line for draft in drafts]

module Odd:
    """Does what no program should."""
    input what: str
    output text: str

    forward:
        return text=odd(what)

module classify = Predict(Classify)
module offer = Offer()
module odd_one = Odd()
'''
HELPERS = """
import asyncio
import sys

from pydantic import BaseModel


class Inner(BaseModel):
    internal_id: int


def odd(what: str) -> str:
    if what == "exit":
        sys.exit(3)
    if what == "cancel":
        raise asyncio.CancelledError
    if what == "own":
        Inner.model_validate({})
    return "cut \\ud83d off"
"""
KEYED = {"DSPYC_SERVE_KEY": "first-key, second-key"}


@contextmanager
def serving(path: Path, *options: str, env: dict[str, str] | None = None) -> Iterator[Service]:
    """A service of a file on a free port."""
    command = [sys.executable, "-m", "dspyc", "serve", str(path), "--port", "0", *options]
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    ) as process:
        service = Service(process)
        try:
            yield service
        finally:
            process.kill()
            service.reader.join(20)


class Service:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[str] = []
        assert process.stderr is not None
        line = process.stderr.readline()
        self.log.append(line)
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert found is not None, line + process.stderr.read()
        self.port = int(found[1])
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self._wait()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)

    def _wait(self) -> None:
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            except OSError:
                assert self.process.poll() is None, self.log
                time.sleep(0.02)

    def ask(
        self, path: str, body: Any = None, *, method: str = "POST", headers: dict[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """The status, the body and the headers of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json", **(headers or {})}
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        text = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        is_json = "json" in found.get("content-type", "")
        return answer.status, json.loads(text) if is_json else text.decode(), found


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def path(model: OpenAIServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("serving") / "served.dspy"
    found.write_text(PROGRAM % model.api_base)
    (found.parent / "helpers.py").write_text(HELPERS)
    return found


@pytest.fixture(scope="module")
def shared(path: Path) -> Iterator[Service]:
    with serving(path, "--max-body", "10000", "--max-batch", "5", "--timeout", "20") as found:
        yield found


@pytest.fixture
def service(shared: Service, model: OpenAIServer) -> Service:
    model.reset()
    model.answer = None
    return shared


def intent(value: str) -> str:
    return f"[[ ## intent ## ]]\n{value}\n\n[[ ## completed ## ]]"


def test_a_program_takes_and_gives_json(service: Service, model: OpenAIServer) -> None:
    model.script(intent("sell"))
    status, outputs, headers = service.ask("/programs/classify", {"text": "I have an old bike"})
    assert (status, outputs) == (200, {"intent": "sell"})
    assert headers["content-type"] == "application/json"


def test_records_and_defaults(service: Service, model: OpenAIServer) -> None:
    model.answer = lambda body: "[[ ## line ## ]]\n" + body["messages"][-1]["content"].split("\n")[1]
    status, outputs, _ = service.ask("/programs/offer", {"seller": {"name": "Ada", "age": 36}})
    assert (status, outputs) == (200, {"lines": ["Ada 0", "Ada 1"]})


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, ["seller"]),
        ({"seller": {"name": "Ada"}}, ["seller.age"]),
        ({"seller": {"name": "Ada", "age": "old"}, "count": "x"}, ["seller.age", "count"]),
        ({"seller": {"name": "Ada", "age": 1}, "colour": "red"}, ["colour"]),
        ({"seller": None}, ["seller"]),
    ],
)
def test_inputs_that_do_not_fit_are_named(service: Service, given: Any, fields: list[str]) -> None:
    status, problem, headers = service.ask("/programs/offer", given)
    assert status == 422
    assert headers["content-type"] == "application/problem+json"
    assert [each["field"] for each in problem["errors"]] == fields


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"[" * 9_000, {}, 400),
        (b"", {}, 400),
        (b"[1]", {}, 422),
        (b"3", {}, 422),
        (b'{"text": "' + b"a" * 20_000 + b'"}', {}, 413),
        (b'{"text": "a"}', {"content-type": "text/plain"}, 415),
        (b'{"text": "a"}', {"content-type": "application/x-www-form-urlencoded"}, 415),
        (b'{"text": "a"}', {"content-encoding": "gzip"}, 415),
        (b'{"text": "\\ud800"}', {}, 400),
    ],
)
def test_hostile_bodies_are_refused(
    service: Service, model: OpenAIServer, body: bytes, headers: dict[str, str], status: int
) -> None:
    found, problem, _ = service.ask("/programs/classify", body, headers=headers)
    assert found == status
    assert problem["status"] == status
    assert problem["title"]
    assert not model.requests


def test_a_body_that_lies_about_its_length(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall(
            b"POST /programs/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        piece = b"a" * 4_000
        for _ in range(4):
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        assert b" 413 " in connection.recv(4_000)


def test_what_is_not_there(service: Service) -> None:
    status, problem, _ = service.ask("/programs/clasify", {"text": "a"})
    assert (status, problem["detail"]) == (404, "there is classify, offer, odd_one")
    assert service.ask("/nothing")[0] == 404
    status, _, headers = service.ask("/programs/classify", method="GET")
    assert (status, headers["allow"]) == (405, "POST")


def test_other_names_of_this_machine_are_refused(service: Service, model: OpenAIServer) -> None:
    status, problem, _ = service.ask("/programs/classify", {"text": "a"}, headers={"host": "evil.example"})
    assert (status, problem["title"]) == (421, "Unknown host")
    assert not model.requests


@pytest.mark.parametrize(
    ("step", "status"),
    [
        (RateLimit(7), 503),
        (Failure(500), 502),
        (Failure(401), 500),
        (Reply("no field in here"), 502),
    ],
)
def test_a_model_that_fails(service: Service, model: OpenAIServer, step: Any, status: int) -> None:
    model.script(*[step] * 4)
    before = len(service.log)
    found, problem, headers = service.ask("/programs/classify", {"text": "a secret of the caller"})
    assert found == status
    assert "canary" not in json.dumps(problem)
    if status == 503:
        assert headers["retry-after"] == "7"
    assert not any("canary" in line or "Traceback" in line for line in service.log[before:])


def events_of(text: str) -> list[tuple[str, Any]]:
    found = re.findall(r"event: (.*)\ndata: (.*)\n\n", text)
    return [(name, json.loads(data)) for name, data in found]


def test_a_stream(service: Service, model: OpenAIServer) -> None:
    model.script(intent("buy"))
    status, text, headers = service.ask("/programs/classify/stream", {"text": "a"})
    events = events_of(text)
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    pieces = [data for name, data in events if name == "piece"]
    assert "".join(piece["text"] for piece in pieces) == "buy"
    assert pieces[-1]["complete"]
    assert events[-1] == ("outputs", {"intent": "buy"})


def test_a_stream_that_fails_says_so_at_its_end(service: Service, model: OpenAIServer) -> None:
    model.script(*[Failure(500)] * 4)
    status, text, _ = service.ask("/programs/classify/stream", {"text": "a"})
    name, problem = events_of(text)[-1]
    assert (status, name, problem["status"]) == (200, "error", 502)
    assert service.ask("/programs/classify/stream", {})[0] == 422


def test_a_batch(service: Service, model: OpenAIServer) -> None:
    model.answer = lambda body: intent("buy" if "bread" in body["messages"][-1]["content"] else "sell")
    rows = [{"text": "bread"}, {}, {"text": "a bike"}, 3]
    status, answer, _ = service.ask("/programs/classify/batch", {"rows": rows})
    results = answer["results"]
    assert status == 200
    assert results[0] == {"outputs": {"intent": "buy"}}
    assert results[1]["error"]["errors"][0]["field"] == "text"
    assert results[2] == {"outputs": {"intent": "sell"}}
    assert results[3]["error"]["status"] == 422
    assert service.ask("/programs/classify/batch", {"rows": rows * 2})[0] == 413
    assert service.ask("/programs/classify/batch", {"text": "a"})[0] == 422


def test_the_openapi_document_says_what_is_taken_and_given(service: Service) -> None:
    status, document, _ = service.ask("/openapi.json", method="GET")
    schemas = document["components"]["schemas"]
    assert (status, document["openapi"]) == (200, "3.1.0")
    assert schemas["classifyInputs"]["properties"]["text"]["description"] == "what they wrote"
    assert schemas["classifyOutputs"]["properties"]["intent"]["enum"] == ["buy", "sell"]
    assert schemas["offerInputs"]["required"] == ["seller"]
    assert set(schemas["Seller"]["properties"]) == {"name", "age"}
    assert set(document["paths"]) == {
        f"/programs/{name}{end}"
        for name in ("classify", "offer", "odd_one")
        for end in ("", "/stream", "/batch")
    }
    for reference in re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(document)):
        assert reference in schemas


def test_the_page_and_the_list(service: Service) -> None:
    status, page, headers = service.ask("/", method="GET")
    assert status == 200
    assert "Say what somebody wants." in page
    assert "default-src 'none'" in headers["content-security-policy"]
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
    _, listed, _ = service.ask("/programs", method="GET")
    assert [each["name"] for each in listed["programs"]] == ["classify", "offer", "odd_one"]


def test_the_counters(service: Service, model: OpenAIServer) -> None:
    model.script(intent("buy"))
    service.ask("/programs/classify", {"text": "a"})
    _, text, _ = service.ask("/metrics", method="GET")
    assert re.search(r'dspyc_runs_total\{program="classify",status="200"\} \d+', text)
    assert re.search(r'dspyc_tokens_total\{kind="prompt",model="openai/any",program="classify"\} [1-9]', text)
    assert "dspyc_running 0.0" in text


def test_who_goes_away_is_not_paid_for(service: Service, model: OpenAIServer) -> None:
    model.reset()
    model.script(*[Reply(intent("buy"), delay=30)] * 2)
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall(
            b"POST /programs/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b'Content-Length: 13\r\n\r\n{"text": "a"}'
        )
        model.wait_for(1)
        assert 'status="499"' not in service.ask("/metrics", method="GET")[1]
    # The model would answer in half a minute; nobody waits for it.
    for _ in range(500):
        if 'status="499"' in service.ask("/metrics", method="GET")[1]:
            break
        time.sleep(0.02)
    else:
        pytest.fail("the run goes on")


@pytest.mark.parametrize("what", ["exit", "cancel", "own"])
def test_a_program_ends_nothing_but_its_own_run(service: Service, what: str) -> None:
    before = len(service.log)
    status, problem, _ = service.ask("/programs/odd_one", {"what": what})
    assert (status, problem["title"], "errors" in problem) == (500, "The program failed", False)
    _, text, _ = service.ask("/programs/odd_one/stream", {"what": what})
    assert [name for name, _ in events_of(text)][-1] == "error"
    assert service.ask("/health", method="GET")[0] == 200
    assert any("odd_one" in line for line in service.log[before:])


def test_half_a_character_loses_no_answer(service: Service) -> None:
    rows = [{"what": "a"}, {"what": "own"}, {"what": "b"}]
    assert service.ask("/programs/odd_one", {"what": "a"})[1] == {"text": "cut \ufffd off"}
    results = service.ask("/programs/odd_one/batch", {"rows": rows})[1]["results"]
    assert [list(each) for each in results] == [["outputs"], ["error"], ["outputs"]]


def test_a_batch_leaves_room_for_others(path: Path, model: OpenAIServer) -> None:
    model.reset()
    model.answer = lambda body: intent("buy")
    model.latency = 0.2
    rows = [{"text": str(number)} for number in range(40)]
    with (
        serving(path, "--max-concurrency", "4", "--max-waiting", "2") as service,
        ThreadPoolExecutor(2) as pool,
    ):
        batch = pool.submit(service.ask, "/programs/classify/batch", {"rows": rows})
        model.wait_for(1)
        assert service.ask("/programs/classify", {"text": "a"})[0] == 200
        assert not batch.done()
        _, answer, _ = batch.result()
        assert answer["results"] == [{"outputs": {"intent": "buy"}}] * 40


def test_keys(path: Path, model: OpenAIServer) -> None:
    model.reset()
    with serving(path, env=KEYED) as service:
        assert service.ask("/health", method="GET")[0] == 200
        for headers in ({}, {"x-api-key": "other"}, {"authorization": "Bearer other"}):
            status, _, found = service.ask("/programs/classify", {"text": "a"}, headers=headers)
            assert (status, found["www-authenticate"]) == (401, "Bearer")
        _, problem, _ = service.ask("/metrics", method="GET")
        assert problem == {
            "title": "A key is needed",
            "status": 401,
            "detail": "send it in the header X-API-Key, or in Authorization after the word Bearer",
        }
        status, door, _ = service.ask("/", method="GET")
        assert (status, "This service wants a key" in door, "classify" in door) == (401, True, False)
        assert "classify" in service.ask("/", method="GET", headers={"x-api-key": "first-key"})[1]
        assert not model.requests
        for headers in ({"x-api-key": "first-key"}, {"authorization": "bearer second-key"}):
            model.script(intent("buy"))
            assert service.ask("/programs/classify", {"text": "a"}, headers=headers)[0] == 200
        assert "first-key" not in "".join(service.log)


def test_too_many_at_once(path: Path, model: OpenAIServer) -> None:
    model.reset()
    model.answer = lambda body: intent("buy")
    model.latency = 0.5
    with (
        serving(path, "--max-concurrency", "2", "--max-waiting", "3") as service,
        ThreadPoolExecutor(20) as pool,
    ):
        answers = list(pool.map(lambda _: service.ask("/programs/classify", {"text": "a"}), range(20)))
        refused = [headers for status, _, headers in answers if status == 503]
        served = [status for status, _, _ in answers if status == 200]
        assert len(served) + len(refused) == 20
        assert len(served) >= 5
        assert refused
        assert all(headers["retry-after"] == "1" for headers in refused)
        assert model.most_in_flight == 2


def test_a_run_that_takes_too_long(path: Path, model: OpenAIServer) -> None:
    model.reset()
    model.script(*[Reply(intent("buy"), delay=30)] * 2)
    with serving(path, "--timeout", "0.3") as service:
        status, problem, _ = service.ask("/programs/classify", {"text": "a"})
        assert (status, problem["title"]) == (504, "The program took too long")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_lets_runs_end(path: Path, model: OpenAIServer, workers: str) -> None:
    model.reset()
    model.answer = lambda body: intent("buy")
    model.latency = 1.0
    model.gather = 16
    with serving(path, "--workers", workers) as service, ThreadPoolExecutor(16) as pool:
        runs = [pool.submit(service.ask, "/programs/classify", {"text": "a"}) for _ in range(16)]
        model.wait_for(16)
        service.process.send_signal(signal.SIGTERM)
        assert [run.result()[0] for run in runs] == [200] * 16
        assert service.process.wait(30) == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", service.port), timeout=5)


def test_a_stop_ends_what_takes_too_long(path: Path, model: OpenAIServer) -> None:
    model.reset()
    model.answer = lambda body: intent("buy")
    model.latency = 20.0
    with serving(path, "--grace", "0") as service, ThreadPoolExecutor(1) as pool:
        run = pool.submit(service.ask, "/programs/classify", {"text": "a"})
        model.wait_for(1)
        service.process.send_signal(signal.SIGTERM)
        assert run.result()[:2] == (503, {"title": "The service stops", "status": 503})
        assert service.process.wait(30) == 0
        service.reader.join(20)
        assert "Traceback" not in "".join(service.log)


def test_a_stream_that_a_stop_ends_says_so(path: Path, model: OpenAIServer) -> None:
    model.reset()
    model.answer = lambda body: intent("buy")
    model.latency = 20.0
    with serving(path, "--grace", "0") as service, ThreadPoolExecutor(1) as pool:
        run = pool.submit(service.ask, "/programs/classify/stream", {"text": "a"})
        model.wait_for(1)
        service.process.send_signal(signal.SIGTERM)
        status, text, _ = run.result()
        assert status == 200
        assert events_of(text)[-1] == ("error", {"title": "The service stops", "status": 503})
        assert service.process.wait(30) == 0


def test_workers_end_with_their_parent(path: Path) -> None:
    with serving(path, "--workers", "2") as service:
        service.process.kill()
        service.process.wait()
        # The workers hold the other end of the log, which ends with the last of them.
        service.reader.join(60)
        assert not service.reader.is_alive()


def test_processes_count_together(path: Path, model: OpenAIServer) -> None:
    model.reset()
    model.answer = lambda body: intent("buy")
    with serving(path, "--workers", "2") as service:
        for _ in range(30):
            assert service.ask("/programs/classify", {"text": "a"})[0] == 200
        _, text, _ = service.ask("/metrics", method="GET")
        assert 'dspyc_runs_total{program="classify",status="200"} 30.0' in text


def refusal(path: Path, *options: str) -> str:
    """What is said by a service that does not start."""
    command = [sys.executable, "-m", "dspyc", "serve", str(path), *options]
    environment = {name: value for name, value in os.environ.items() if name != "DSPYC_SERVE_KEY"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.returncode in (1, 2)
    return done.stderr


def test_what_does_not_start(path: Path, tmp_path: Path) -> None:
    assert "everybody who reaches this machine" in refusal(path, "--host", "0.0.0.0", "--port", "0")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"cannot listen on 127.0.0.1:{port}" in refusal(path, "--port", port)
    broken = tmp_path / "broken.dspy"
    broken.write_text("module x = Predict(Nothing)\n")
    assert "Nothing" in refusal(broken, "--port", "0")
    empty = tmp_path / "empty.dspy"
    empty.write_text('"""Nothing."""\n')
    assert "declares no module or program" in refusal(empty, "--port", "0")
    assert "has no program or module called `other`" in refusal(Path(f"{path}:other"), "--port", "0")
