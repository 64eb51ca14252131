"""`dspyc serve --mcp`: the official client talks to a real process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.openai_server import Failure, OpenAIServer

PROGRAM = '''"""Tools."""

configure(lm=LM("openai/any", api_base="%s", api_key="canary-sk-1234567890", cache=False, num_retries=0))

signature Classify:
    """Say what somebody wants."""
    input text: str "what they wrote"
    output intent: Literal["buy", "sell"] "what they want"

module classify = Predict(Classify)
'''


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.mark.asyncio
async def test_a_program_is_a_tool(model: OpenAIServer, tmp_path: Path) -> None:
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    path = tmp_path / "tools.dspy"
    path.write_text(PROGRAM % model.api_base)
    started = StdioServerParameters(command=sys.executable, args=["-m", "dspyc", "serve", "--mcp", str(path)])
    async with Client(stdio_client(started)) as client:
        (tool,) = (await client.list_tools()).tools
        assert (tool.name, tool.description) == ("classify", "Say what somebody wants.")
        assert tool.input_schema["properties"]["text"]["description"] == "what they wrote"
        assert tool.output_schema is not None
        assert tool.output_schema["properties"]["intent"]["enum"] == ["buy", "sell"]

        model.script("[[ ## intent ## ]]\nsell\n\n[[ ## completed ## ]]")
        answer: Any = await client.call_tool("classify", {"text": "an old bike"})
        assert answer.structured_content == {"intent": "sell"}
        assert not answer.is_error

        wrong: Any = await client.call_tool("classify", {"txt": "a"})
        assert wrong.is_error
        assert "text: it is missing" in wrong.content[0].text

        model.script(*[Failure(500)] * 4)
        failed: Any = await client.call_tool("classify", {"text": "a"})
        assert failed.is_error
        assert failed.content[0].text.startswith("The model gave no answer that can be used")
