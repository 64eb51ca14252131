"""A server on this machine that answers chat completions, after a while: `python answering.py SECONDS`.

It prints its port. Where a request asks for a stream, the answer comes in `TOKENS` pieces. It does as little
as it can, so that what a client takes is what is seen.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

TEXT = "[[ ## answer ## ]]\nBlue\n\n[[ ## completed ## ]]"
BODY = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": TEXT}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }
).encode()
TOKENS = 400
_PIECES = [
    "[[ ##",
    " answer",
    " ## ]]",
    "\n",
    *(["word "] * (TOKENS - 8)),
    "\n\n",
    "[[ ## ",
    "completed",
    " ## ]]",
]
_CHUNK = {**json.loads(BODY), "object": "chat.completion.chunk", "usage": None}
_CHOICES = [
    *({"index": 0, "finish_reason": None, "delta": {"content": piece}} for piece in _PIECES),
    {"index": 0, "finish_reason": "stop", "delta": {}},
]
_CHUNKS = [
    *({**_CHUNK, "choices": [choice]} for choice in _CHOICES),
    {**_CHUNK, "choices": [], "usage": json.loads(BODY)["usage"]},
]
_EVENTS = [f"data: {json.dumps(chunk)}\n\n" for chunk in _CHUNKS]
STREAM = "".join([*_EVENTS, "data: [DONE]\n\n"]).encode()
STREAM_HEAD = (
    f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {len(STREAM)}\r\n\r\n".encode()
)
HEAD = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n".encode()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Answer every request of a connection."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [each for each in head.split(b"\r\n") if each.lower().startswith(b"content-length:")]
            body = await reader.readexactly(int(lengths[0].split(b":")[1]))
            await asyncio.sleep(seconds)
            writer.write(STREAM_HEAD + STREAM if json.loads(body).get("stream") else HEAD + BODY)
    writer.close()


async def serve(seconds: float) -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(lambda *ends: answer(*ends, seconds), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def start(seconds: float) -> tuple[subprocess.Popen[str], str]:
    """Start a server in a process of its own; the process, and the address to call."""
    command = [sys.executable, str(Path(__file__)), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
