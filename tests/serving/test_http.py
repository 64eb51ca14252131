"""What a service of `dspyc serve` answers: a real process, asked over real connections."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.openai_server import Failure, OpenAIServer, RateLimit, Reply
from support.served import Service, events_of, intent, serving


@pytest.fixture(scope="module")
def shared(path: Path) -> Iterator[Service]:
    with serving(path, "--max-body", "10000", "--max-batch", "5", "--timeout", "20") as found:
        yield found


@pytest.fixture
def service(shared: Service, model: OpenAIServer) -> Service:
    model.reset()
    model.answer = None
    return shared


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
