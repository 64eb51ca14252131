"""A model behind the loopback server, with a key that must not be seen anywhere."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dspyc.runtime as dspy
from dspyc.runtime.lm.control.gate import Gate, Passage
from support.openai_server import OpenAIServer

KEY = "sk-canary-0123456789abcdef"


def model(server: OpenAIServer, **options: Any) -> dspy.LM:
    return dspy.LM("openai/any", api_base=server.api_base, api_key=KEY, **{"num_retries": 0, **options})


def ask_all(lm: dspy.LM, count: int, asynchronous: bool) -> list[Any]:
    """Ask as many questions at once, in threads or in tasks."""
    if not asynchronous:
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda number: lm(str(number)), range(count)))

    async def together() -> list[Any]:
        return await asyncio.gather(*(lm.acall(str(number)) for number in range(count)))

    return asyncio.run(together())


def entered(gate: Gate, count: int) -> list[Passage]:
    """Passages that a gate has let through."""
    passages = [Passage() for _ in range(count)]
    assert [gate.enters(each) for each in passages] == [True] * count
    return passages
