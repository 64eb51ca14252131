"""Python functions for the programs of this folder."""

import asyncio

import dspyc

NOTES: list[str] = []


def note(text: str) -> str:
    """Remember a text: an effect, whose order can be seen."""
    NOTES.append(text)
    return text


@dspyc.pure
def shout(text: str) -> str:
    return text.upper()


async def fetch(text: str) -> str:
    if not dspyc.runtime.execution.drive.blocking.get():
        await asyncio.sleep(0)
    return f"fetched {text}"
