"""Server-sent events: the data that a server sends in pieces, one after the other.

The format is that of the HTML standard, section "Server-sent events".
"""

from __future__ import annotations

from collections.abc import AsyncIterator

LONGEST = 16 << 20
"""In bytes; a longer line is a runaway."""
END = b"[DONE]"
"""What many servers say last."""


async def events(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of each event, up to `END`, which is given where the server says it.

    Raises:
        ValueError: a line is longer than `LONGEST`.
    """
    data: list[bytes] = []
    async for line in _lines(pieces):
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                data.append(value[1:] if value[:1] == b" " else value)
            continue
        event, data = b"\n".join(data), []
        if event.strip() == END:
            yield END
            return
        if event.strip():
            yield event
    # The last event of a server that does not end it with an empty line.
    event = b"\n".join(data).strip()
    if event:
        yield event


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines of a text that comes in pieces, without their ends."""
    rest: list[bytes] = []
    size = 0
    async for piece in pieces:
        if b"\n" not in piece:
            rest.append(piece)
            size += len(piece)
            if size > LONGEST:
                raise ValueError("a line of the answer is longer than 16 MB")
            continue
        *lines, last = b"".join([*rest, piece]).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
        rest, size = [last], len(last)
    if b"".join(rest):
        yield b"".join(rest).removesuffix(b"\r")
