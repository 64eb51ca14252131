"""The ASGI application in this process: what it makes of any body, and of runs that stop in the middle."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dspyc.cli.serve import endpoints_of
from dspyc.serving import connections
from dspyc.serving.app import make_app
from dspyc.serving.settings import Settings

PROGRAM = '''from slow_model import Slow

configure(lm=Slow())

type Seller:
    name: str
    age: int where age >= 0

signature Ask:
    """Answer."""
    input text: str
    input seller: Seller | None = None
    input tags: list[str] = []
    output answer: str

module ask = Predict(Ask)
'''
MODEL = '''import asyncio

from dspyc.runtime import BaseLM, Response


class Slow(BaseLM):
    """Takes a moment; counts who is there."""

    model = "slow"
    running = 0
    started = 0

    async def acomplete(self, request):
        Slow.started += 1
        Slow.running += 1
        try:
            await asyncio.sleep(0.005)
        finally:
            Slow.running -= 1
        return Response(["[[ ## answer ## ]]\\nyes\\n\\n[[ ## completed ## ]]"], finish_reason="stop")
'''


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("app") / "served.dspy"
    found.write_text(PROGRAM)
    (found.parent / "slow_model.py").write_text(MODEL)
    return found


def app(path: Path, **changes: Any) -> Any:
    made = replace(Settings(targets=((str(path), None),), max_body=2_000, max_batch=5), **changes)
    return make_app(endpoints_of(made), made)


def client(service: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url="http://localhost")


def post(service: Any, body: bytes, place: str = "/programs/ask", **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with client(service) as there:
            sent = {"content-type": "application/json", **headers}
            return await there.post(place, content=body, headers=sent)

    return asyncio.run(ask())


def test_a_run(path: Path) -> None:
    answer = post(app(path), b'{"text": "Is it?", "seller": {"name": "Ada", "age": "36"}}')
    assert (answer.status_code, answer.json()) == (200, {"answer": "yes"})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
fields = st.fixed_dictionaries(
    {}, optional={"text": json_values, "seller": json_values, "tags": json_values, "rows": json_values}
)


@settings(max_examples=25, deadline=None)
@given(
    body=st.binary(max_size=60)
    | st.one_of(json_values, fields).map(lambda value: json.dumps(value).encode()),
    place=st.sampled_from(["/programs/ask", "/programs/ask/batch", "/programs/ask/stream"]),
)
def test_any_body_gets_an_answer_or_a_clear_refusal(path: Path, body: bytes, place: str) -> None:
    service = _shared(path)
    answer = post(service, body, place)
    assert answer.status_code in (200, 400, 422), (answer.status_code, answer.text)
    if answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"]
        assert "Traceback" not in answer.text


_APPS: dict[Path, Any] = {}


def _shared(path: Path) -> Any:
    return _APPS.setdefault(path, app(path))


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"text": "' + b"x" * 3_000 + b'"}', {}, 413),
        (b"[" * 1_900, {}, 400),
        (b'{"text": "a"}', {"content-type": "text/plain"}, 415),
        (b'{"text": "a"}', {"content-encoding": "gzip"}, 415),
        (b'{"text": "a"}', {"host": "evil.example"}, 421),
        (b'{"text": "a", "text2": "b"}', {}, 422),
        (b'{"text": "a", "seller": {"name": "Ada", "age": -1}}', {}, 422),
        (b'{"text": "\\ud800"}', {}, 400),
        (b"\xff\xfe{}", {}, 400),
        (b"", {}, 400),
        (b'{"text": "a", "text": "b"}', {}, 400),
        (b'{"text": "a", "seller": {"name": "Ada", "age": 1, "name": "Bob"}}', {}, 400),
    ],
)
def test_hostile_bodies(path: Path, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = post(_shared(path), body, **headers)
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == status


def test_a_lie_about_the_length_is_found_out_while_reading(path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b'{"text": "' + b"x" * 100

    async def ask() -> httpx.Response:
        async with client(_shared(path)) as there:
            sent = {"content-type": "application/json"}
            return await there.post("/programs/ask", content=endless(), headers=sent)

    assert asyncio.run(ask()).status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b'{"text": "'
        await asyncio.sleep(60)

    async def ask() -> httpx.Response:
        async with client(_shared(path)) as there:
            sent = {"content-type": "application/json"}
            return await there.post("/programs/ask", content=slow(), headers=sent)

    monkeypatch.setattr("dspyc.serving.gate.BODY_SECONDS", 0.05)
    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["title"]) == (408, "The body did not arrive in time")


def test_a_body_that_comes_steadily_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steady() -> AsyncIterator[bytes]:
        yield b'{"text": "'
        for _ in range(10):
            yield b"x" * 50
            await asyncio.sleep(0.05)
        yield b'"}'

    async def ask() -> httpx.Response:
        async with client(_shared(path)) as there:
            sent = {"content-type": "application/json"}
            return await there.post("/programs/ask", content=steady(), headers=sent)

    monkeypatch.setattr("dspyc.serving.gate.BODY_SECONDS", 0.2)
    monkeypatch.setattr("dspyc.serving.gate.SLOWEST", 250, raising=False)
    assert asyncio.run(ask()).status_code == 200


def test_a_place_with_a_slash_behind_it_leads_nowhere(path: Path) -> None:
    answer = post(_shared(path), b'{"text": "a"}', "/programs/ask/")
    assert (answer.status_code, answer.headers.get("location")) == (404, None)


def answers(path: Path, *asked: Sequence[bytes | float]) -> list[bytes]:
    """What comes back on connections, each with what is sent and the seconds to wait in between."""

    async def ask(port: int, steps: Sequence[bytes | float]) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for step in steps:
            if isinstance(step, bytes):
                writer.write(step)
            else:
                await asyncio.sleep(step)
        got = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return got

    async def serve() -> list[bytes]:
        made = uvicorn.Config(app(path), port=0, http=connections.Connection, lifespan="off", log_config=None)
        made.timeout_keep_alive = 2
        made.load()
        server = uvicorn.Server(made)
        server.lifespan = made.lifespan_class(made)
        await server.startup()
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            return await asyncio.gather(*(ask(port, steps) for steps in asked))
        finally:
            await server.shutdown()

    return asyncio.run(serve())


ASKED = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_a_request_has_to_come_in_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections without one are closed; those with one are left alone, and closed once nothing follows."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    part = ASKED[:14]
    nothing, half, whole, more, slow = answers(
        path, [], [part], [ASKED], [ASKED + part], [ASKED, 0.1, part, 0.5, ASKED[14:]]
    )
    assert (nothing, half) == (b"", b"")
    assert [one.count(b"200 OK") for one in (whole, more, slow)] == [1, 1, 1]


def test_the_time_between_requests_is_not_that_of_a_head(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1.5)
    [got] = answers(path, [ASKED, 1.2, ASKED[:14], 0.5, ASKED[14:]])
    assert got.count(b"200 OK") == 2


def test_nothing_is_lost_when_many_ask_at_once(path: Path) -> None:
    service = app(path, max_concurrency=8, max_waiting=500)

    async def ask_all() -> list[int]:
        async with client(service) as there:
            many = [there.post("/programs/ask", json={"text": str(number)}) for number in range(200)]
            return [answer.status_code for answer in await asyncio.gather(*many)]

    assert asyncio.run(ask_all()) == [200] * 200


def test_who_is_stopped_in_the_middle_leaves_nothing_running(path: Path) -> None:
    service = app(path, max_concurrency=4, max_waiting=500)

    async def stop_in_the_middle() -> Any:
        import slow_model

        async with client(service) as there:
            many = [
                asyncio.create_task(there.post("/programs/ask", json={"text": str(number)}))
                for number in range(40)
            ]
            while not slow_model.Slow.running:
                await asyncio.sleep(0.005)
            for each in many:
                each.cancel()
            found = await asyncio.gather(*many, return_exceptions=True)
            metrics = (await there.get("/metrics")).text
            return found, slow_model.Slow.running, metrics

    found, running, metrics = asyncio.run(stop_in_the_middle())
    assert any(isinstance(each, asyncio.CancelledError) for each in found)
    assert running == 0
    assert "dspyc_runs_running 0.0" in metrics or "running 0.0" in metrics


def test_keys_in_this_process(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSPYC_SERVE_KEY", "one, two")
    service = app(path)
    body = b'{"text": "a"}'
    assert post(service, body).status_code == 401
    assert post(service, body, authorization="Bearer three").status_code == 401
    assert post(service, body, authorization="Bearer two").status_code == 200
    assert post(service, body, **{"x-api-key": "one"}).status_code == 200
