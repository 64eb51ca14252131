"""A process ends as it would have while a model in it is still at work for nobody."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = """
import asyncio, contextlib, sys
import dspyc.runtime as dspy
from dspyc.runtime.lm.transports import at_work
lm = dspy.LM("embedded/base", cache=False, num_retries=0, max_tokens=3000)
dspy.configure(lm=lm)
LONG = {"grammar": "root ::= some some some\\nsome ::= [a-z ]{900}"}
lm("x", max_tokens=1)
"""
LEFT = {
    "a timeout": """
with contextlib.suppress(dspy.LMTimeoutError):
    lm("x", timeout=0.05, **LONG)
""",
    "a call that is cancelled": """
async def main():
    await asyncio.wait_for(lm.acall("x", **LONG), 0.05)
with contextlib.suppress(TimeoutError):
    asyncio.run(main())
""",
    "a stream that is left": """
from dspyc.runtime.lm.request import Request
from dspyc.runtime.lm.transports.embedded import EmbeddedTransport
async def main():
    asked = Request(lm.model, [{"role": "user", "content": "x"}], {"max_tokens": 3000, **LONG})
    async for piece in EmbeddedTransport().astream(asked):
        break
asyncio.run(main())
""",
    "a prompt that is still read": """
at_work._PATIENCE = 0.0
with contextlib.suppress(dspy.LMTimeoutError):
    lm("a " * 1800, timeout=0.02, cache_prompt=False)
""",
}


@pytest.mark.parametrize("left", LEFT)
def test_the_exit_code_is_kept(left: str) -> None:
    program = f"{START}{LEFT[left]}print('said')\nsys.exit(3)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (3, "said\n"), done.stderr
