"""A project with mistakes, and what `dspyc check` says of it."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from dspyc.cli.main import run

HELPERS = '''\
"""Helpers."""

def clean(text: str) -> str:
    return text.strip()
'''
SHARED = '''\
"""Names that other files import."""

signature Answer:
    """Answer."""
    input question: str
    output answer: str

module answer = Predict(Answer)
'''
USER = '''\
"""Uses the names of another file."""

from json import dumps
from helpers import clean
from shared import answer
from later import thing

def ask(text: str) -> str:
    return answer(question=clean(text)).reply
'''
FILES = {
    "dspyc.toml": "",
    "helpers.py": HELPERS,
    "shared.dspy": SHARED,
    "user.dspy": USER,
    "desk/good.dspy": "x = 1\n",
    "desk/wrong.dspy": "x: int = 'a'\ny = 1 +\n",
}


def write_project(folder: Path) -> None:
    """Write its files."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def checked(*arguments: str) -> str:
    """What a check prints and how it exits."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        code = run(["check", *arguments])
    return f"{out.getvalue()}[exit {code}]"


def fresh(*arguments: str) -> str:
    """What it prints without anything that was kept."""
    return checked("--no-cache", *arguments)
