"""What is left behind: descriptors, words on the terminal, warning filters, processes that do not end."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.errors import LMInvalidRequestError, LMTransportError
from dspyc.runtime.lm.transports import limits, litellm, posting
from support.openai_server import Dropped, Failure, Malformed, OpenAIServer, RateLimit, Raw, Reply


def run(code: str, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


LOOPS = """
import asyncio, json, os, sys, warnings
before = list(warnings.filters)
import dspyc.runtime as dspy
import dspyc
assert warnings.filters == before
lm = dspy.LM(
    "openai/any", api_base=sys.argv[1], api_key="k-123456", cache=False, num_retries=0,
    **json.loads(os.environ.get("TEST_LM_OPTIONS", "{}")),
)

async def ask():
    await asyncio.gather(*(lm.acall(str(number)) for number in range(3)))
    async for _ in lm.astream("x"):
        pass

def open_files():
    return len(os.listdir("/proc/self/fd"))

lm("x")
asyncio.run(ask())
asyncio.run(ask())
warmed = open_files()
for _ in range(30):
    asyncio.run(ask())
assert open_files() <= warmed + 1, (warmed, open_files())
added = [one for one in warnings.filters if one not in before]
assert all(action == "ignore" and message is not None for action, message, *_ in added), added
"""


def test_loops_leave_nothing_behind(server: OpenAIServer, carrier: str) -> None:
    ended = run(LOOPS, server.api_base)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


FAILING = """
import asyncio, json, logging, os, sys
import dspyc.runtime as dspy

lm = dspy.LM(
    "openai/any", api_base=sys.argv[1], api_key="k-123456", cache=False, num_retries=0,
    **json.loads(os.environ.get("TEST_LM_OPTIONS", "{}")),
)

async def stream():
    async for _ in lm.astream("x"):
        pass

ways = [lambda: lm("x"), lambda: asyncio.run(lm.acall("x")), lambda: asyncio.run(stream())]
for number in range(int(sys.argv[2])):
    try:
        ways[number % 3]()
        print("answered")
    except dspy.LMError as error:
        print(error)
for model in ("nonsense", "foo/bar", "anthropic/any", "huggingface/some/model"):
    for way in (lambda: one("x"), lambda: asyncio.run(one.acall("x"))):
        one = dspy.LM(model, cache=False, num_retries=0, timeout=0.01)
        try:
            way()
        except dspy.LMError as error:
            print(error)
"""
ODD = [
    Failure(401),
    Failure(404, "no such model", "model_not_found"),
    Failure(400, "bad"),
    Failure(500),
    RateLimit(),
    Malformed(),
    Dropped(),
    Raw({"choices": []}),
    Raw({"usage": {"prompt_tokens": "x"}}),
    Raw({"usage": None, "service_tier": "odd", "more": {"a": 1}}),
    Reply("x", finish_reason="odd"),
    Reply(None),
]


def test_failures_are_told_in_our_words_only(server: OpenAIServer, carrier: str) -> None:
    server.script(*(step for step in ODD for _ in range(3)))
    ended = run(FAILING, server.api_base, str(3 * len(ODD)), seconds=120)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Traceback" not in ended.stdout
    assert "litellm" not in ended.stdout.replace("or another that litellm knows", "")


ABANDONED = """
import asyncio, json, os, sys, time
import dspyc.runtime as dspy

class Slow(dspy.BaseLM):
    def complete(self, request):
        print("asked", flush=True)
        time.sleep(60)
        print("the process was kept", flush=True)

class Slow2(dspy.BaseLM):
    def forward(self, prompt=None, messages=None, **kwargs):
        print("asked", flush=True)
        time.sleep(60)
        print("the process was kept", flush=True)

lm = {"complete": Slow, "forward": Slow2}.get(sys.argv[1], lambda: None)()
if lm is None:
    extra = {"custom_llm_provider": "openai"} if sys.argv[1] == "litellm" else {}
    lm = dspy.LM("openai/any", api_base=sys.argv[2], api_key="k-123456", cache=False, **extra)
    print("asked", flush=True)

async def main():
    try:
        await asyncio.wait_for(lm.acall("x"), 0.3 if sys.argv[1] != "litellm" else 8)
    except asyncio.TimeoutError:
        print("given up", flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["complete", "forward", "http", "litellm"])
def test_a_model_that_still_runs_does_not_keep_the_process(server: OpenAIServer, kind: str) -> None:
    server.latency = 60
    ended = run(ABANDONED, kind, server.api_base, seconds=120)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "asked\ngiven up\n", "")
    assert server.answered == 0


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An address that answers no attempt to connect."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}/v1"
        for one in waiting:
            one.close()


@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_cannot_be_reached_is_told_soon(
    black_hole: str,
    asynchronous: bool,
    carrier: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.retry.FIRST_DELAY", 0.01)
    monkeypatch.setattr(limits, "CONNECT_SECONDS", 0.5)
    given = []
    module = {"http": posting, "litellm": litellm}[carrier]
    really = limits.time_limit

    def noting(settings: Mapping[str, Any]) -> limits.TimeLimit:
        given.append(really(settings))
        return given[-1]

    monkeypatch.setattr(module, "time_limit", noting)
    lm = dspy.LM("openai/any", api_base=black_hole, api_key="k-123456", cache=False)
    with pytest.raises(LMTransportError, match="cannot be reached") as caught:
        asyncio.run(lm.acall("x")) if asynchronous else lm("x")
    assert caught.value.unreachable
    assert caught.value.__notes__ == ["after 3 attempts"]
    first = next(record for record in caplog.records if record.name == "dspyc")
    assert "trying again" in first.getMessage()
    assert [each.connect for each in given] == [limits.FIRST_CONNECT_SECONDS, 0.5, 0.5]
    assert limits.FIRST_CONNECT_SECONDS < 2


def test_a_name_that_does_not_exist_is_not_tried_for_long(
    carrier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyc.runtime.lm.retry.FIRST_DELAY", 0.01)
    lm = dspy.LM("openai/any", api_base="http://no-such-host.invalid/v1", api_key="k-123456", cache=False)
    with pytest.raises(LMTransportError, match="cannot be resolved") as caught:
        lm("x")
    assert caught.value.__notes__ == ["after 3 attempts"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_half_a_character_is_no_failure_of_the_server(
    server: OpenAIServer, carrier: str, asynchronous: bool
) -> None:
    lm = dspy.LM("openai/any", api_base=server.api_base, api_key="k-123456", num_retries=5)
    with pytest.raises(LMInvalidRequestError) as caught:
        asyncio.run(lm.acall("a \ud800 b")) if asynchronous else lm("a \ud800 b")
    assert not getattr(caught.value, "__notes__", [])
    assert not server.requests


def test_functions_in_threads_give_their_results() -> None:
    from dspyc.runtime.execution.threads import run_in_thread

    async def many() -> list[int]:
        return await asyncio.gather(*(run_in_thread(lambda n=n: n * n) for n in range(200)))

    for _ in range(3):
        assert asyncio.run(many()) == [n * n for n in range(200)]

    async def failing() -> None:
        await run_in_thread(next, iter(()))

    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(failing())
