"""`dspyc preview`: the prompt at a place of a text, for editors."""

from __future__ import annotations

import sys

import click

from ..base import json


@click.command
@click.option(
    "--python", is_flag=True, help="Run the Python files that programs import, as `dspyc prompt` does."
)
def command(python: bool) -> int:
    """Answer editors' questions about prompts, in JSON lines.

    A question names a file, its text, saved or not, and a place in it; the answer has the exact messages of
    the predictors there, with their sizes and prices, and where values for its inputs are. Nothing is sent.
    Without --python nothing but the program itself is loaded: what Python files declare is read from their
    text, and they are not run.
    """
    import msgspec

    from .previews.answering import Answerer
    from .previews.question import Question

    out = sys.stdout
    sys.stdout = sys.stderr  # what a program prints is no answer
    answerer = Answerer(python)
    for line in sys.stdin.buffer:
        try:
            question = msgspec.json.decode(line, type=Question)
        except msgspec.DecodeError as problem:
            out.write(json.dump({"problem": f"this is no question: {problem}"}) + "\n")
        else:
            out.write(msgspec.json.encode(answerer.answer(question)).decode() + "\n")
        out.flush()
    return 0
