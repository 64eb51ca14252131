"""Models inside of servers, notebooks and other processes: limits and connections are shared and fit each."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import dspyc.runtime as dspy
from support.asked import KEY, model
from support.openai_server import Failure, OpenAIServer, Silent


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)


def fetched(address: str) -> str:
    with urlopen(address, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


@pytest.mark.parametrize("path", ["awaits", "threads"])
def test_a_web_server_asks_for_many_at_once(server: OpenAIServer, path: str) -> None:
    server.latency = 0.05
    server.answer = lambda body: f"[[ ## answer ## ]]\nto {body['messages'][-1]['content'].split()[5]}"
    ask = dspy.Predict("question -> answer", lm=model(server, max_concurrency=6, cache=False))

    async def awaits(request: Request) -> PlainTextResponse:
        return PlainTextResponse((await ask.acall(question=request.query_params["q"])).answer)

    async def threads(request: Request) -> PlainTextResponse:
        found = await run_in_threadpool(ask, question=request.query_params["q"])
        return PlainTextResponse(found.answer)

    app = Starlette(routes=[Route("/awaits", awaits), Route("/threads", threads)])
    with served(app) as address, ThreadPoolExecutor(24) as pool:
        found = list(pool.map(fetched, [f"{address}/{path}?q=q{number}" for number in range(24)]))
    assert found == [f"to q{number}" for number in range(24)]
    assert 1 < server.most_in_flight <= 6


def test_a_web_client_that_goes_away_cancels_its_call(server: OpenAIServer) -> None:
    server.script(Silent(20))
    lm = model(server, max_concurrency=1, cache=False)

    async def gone() -> None:
        call = asyncio.create_task(lm.acall("x"))
        await asyncio.sleep(0.2)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(gone())
    assert lm("next") == ["This is a test!"]


def test_below_a_loop_that_runs_as_in_a_notebook(server: OpenAIServer) -> None:
    lm = model(server, max_concurrency=2, rpm=1000, cache=False)

    async def cell() -> list[Any]:
        first = lm("one")
        return [*first, *(await lm.acall("two")), *lm("three")]

    assert asyncio.run(cell()) == ["This is a test!"] * 3


def test_a_call_that_blocks_its_loop_does_not_wait_for_it(server: OpenAIServer) -> None:
    server.latency = 0.3
    lm = model(server, max_concurrency=1, cache=False)

    async def cell() -> list[Any]:
        task = asyncio.create_task(lm.acall("on the loop"))
        await asyncio.sleep(0.1)
        return [*lm("below it"), *(await task)]

    assert asyncio.run(asyncio.wait_for(cell(), 20)) == ["This is a test!"] * 2
    assert lm._limits is not None
    assert lm._limits.gate is not None
    assert lm._limits.gate.in_flight == 0


def test_the_first_error_cancels_the_others(server: OpenAIServer) -> None:
    server.script(Failure(400, "bad"), *[Silent(20)] * 3)
    lm = model(server, cache=False)

    async def together() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(lm.acall(str(number)))
                await asyncio.sleep(0.05)

    began = time.monotonic()
    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(together())
    assert time.monotonic() - began < 10
    assert [type(each) for each in caught.value.exceptions] == [dspy.LMInvalidRequestError]


def ask_elsewhere(lm: dspy.LM, question: str) -> tuple[list[Any], int]:
    return lm(question), os.getpid()


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_a_limited_model_goes_to_other_processes(server: OpenAIServer, way: str) -> None:
    lm = model(server, max_concurrency=1, rpm=1000, cache=False)
    lm("here")
    with ProcessPoolExecutor(2, multiprocessing.get_context(way)) as pool:
        found = list(pool.map(ask_elsewhere, [lm] * 4, "abcd"))
    assert [texts for texts, _ in found] == [["This is a test!"]] * 4
    assert os.getpid() not in {process for _, process in found}


SCENE = """
import os, sys, threading, time
import dspyc.runtime as dspy
options = {"max_concurrency": 1, "cache": False, "num_retries": 0}
lm = dspy.LM("openai/x", api_base=sys.argv[1], api_key=sys.argv[2], **options)
lm("warm")
busy = threading.Thread(target=lm, args=("slow",), daemon=True)
busy.start()
time.sleep(0.3)
child = os.fork()
if child == 0:
    # The place that the parent's thread holds is not held here.
    os._exit(0 if lm("child") == ["This is a test!"] else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_waits_for_no_call_of_its_parent(server: OpenAIServer) -> None:
    server.script("first", Silent(30))
    command = [sys.executable, "-c", SCENE, server.api_base, KEY]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=25, check=False)
    assert ended.stdout == "0\n", ended.stderr


INTERRUPTED = """
import sys, threading, _thread
import dspyc.runtime as dspy
lm = dspy.LM("openai/x", api_base=sys.argv[1], api_key=sys.argv[2], rpm=1, cache=False)
lm("first")
threading.Timer(0.5, _thread.interrupt_main).start()
try:
    lm("waits for a minute")
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_an_interrupt_ends_waiting_for_ones_turn(server: OpenAIServer) -> None:
    command = [sys.executable, "-c", INTERRUPTED, server.api_base, KEY]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=25, check=False)
    assert ended.stdout == "interrupted\n", ended.stderr
