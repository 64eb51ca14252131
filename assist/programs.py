"""Tools that load or run programs, each in a process of its own: prompt, run, test.

Loading a file imports the Python files that it names. `prompt` runs them, like runs and tests, only where
whoever started the server has allowed runs; elsewhere what their texts declare stands in for them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ..base.secrets import redact
from .folder import Folder, Refused
from .tool import Parameter, Tool

TIMEOUT = 300.0
"""Seconds that a run may take."""
LONGEST = 20_000
"""How many characters of what a process writes an answer has."""
_ALLOW = "start the server with `dspyc mcp --allow-run` to allow it"
_NEEDS = "which is not run here"
"""How it is said that something comes from Python."""
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def _prompt(folder: Folder, path: str, name: str = "", inputs: Mapping[str, Any] | None = None) -> str:
    try:
        return _command(
            folder, ["prompt", "--without-python", _target(folder.program(path), name)], _values(inputs)
        )
    except Refused as refused:
        advice = f"; {_ALLOW}" if _NEEDS in str(refused) else ""
        raise Refused(f"{refused}{advice}") from None


def _prompt_of_any(folder: Folder, path: str, name: str = "", inputs: Mapping[str, Any] | None = None) -> str:
    return _command(folder, ["prompt", _target(folder.program(path), name)], _values(inputs))


def _run(folder: Folder, path: str, name: str = "", inputs: Mapping[str, Any] | None = None) -> str:
    return _command(folder, ["run", "--json", _target(folder.program(path), name)], _values(inputs))


def _test(folder: Folder, path: str, title: str = "") -> str:
    return _command(folder, ["test", folder.program(path), *(["-k", title] if title else [])])


def _target(full: str, name: str) -> str:
    return f"{full}:{name}" if name else full


def _values(inputs: Mapping[str, Any] | None) -> list[str]:
    """Inputs as the command line takes them; a text stands as it is, also one that begins with `@`."""
    found = []
    for name, value in (inputs or {}).items():
        if not name.isidentifier():
            raise Refused(f"`{name}` is not the name of an input")
        if isinstance(value, str) and not value.startswith("@"):
            found.append(f"{name}={value}")
        else:
            found.append(f"{name}={json.dumps(value)}")
    return found


def _command(folder: Folder, arguments: Sequence[str], values: Sequence[str] = ()) -> str:
    """What a command of dspyc writes.

    Raises:
        Refused: it fails, or takes too long.
    """
    end = ["--", *values] if values else []
    # -P: a file of the folder that is called like a module of Python or of dspyc is not that module.
    command = [sys.executable, "-P", "-m", __package__.partition(".")[0], *arguments, *end]
    try:
        done = subprocess.run(
            command,
            cwd=folder.path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT,
            check=False,
            env={**os.environ, "NO_COLOR": "1"},
        )
    except subprocess.TimeoutExpired:
        raise Refused(f"stopped after {TIMEOUT:.0f} seconds") from None
    text = _ANSI.sub("", f"{done.stdout.rstrip()}\n{done.stderr.rstrip()}").strip()
    text = redact(text)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n({len(text) - LONGEST} more characters)"
    if done.returncode:
        raise Refused(text or f"it failed with exit code {done.returncode}")
    return text


_PATH = Parameter("path", "string", "A .dspy file, from the server's folder.", is_required=True)
_NAME = Parameter("name", "string", "A program or module of the file, where there are several.")
_INPUTS = Parameter("inputs", "object", "Values of inputs, by name.")
_PROMPT = (
    "prompt",
    "The exact messages that a program would send, with an estimate of the tokens. Nothing is sent.",
    (_PATH, _NAME, _INPUTS),
)
WITHOUT_RUNS = (Tool(*_PROMPT, _prompt),)
WITH_RUNS = (
    Tool(*_PROMPT, _prompt_of_any, runs_programs=True),
    Tool(
        "run",
        "Run a program on one input; it calls its language model, which may cost money.",
        (_PATH, _NAME, _INPUTS),
        _run,
        runs_programs=True,
    ),
    Tool(
        "test",
        "Run the tests of a file; they call the file's language model, which may cost money.",
        (_PATH, Parameter("title", "string", "Only tests whose titles contain this.")),
        _test,
        runs_programs=True,
    ),
)
