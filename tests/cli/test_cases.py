"""Runs the cases of this folder: commands, what they print, how they exit, and the files they work on.

A case is a text in the manner of Go's txtar:

    What the case shows.

    $ dspyc check bad.dspy
    …what it prints, standard output and error together…
    [exit 1]
    -- bad.dspy --
    …the file's text…

`[exit 0]` is left out. `$ cat FILE` shows a file, `$ ls` the names in the folder, `$ NAME=value dspyc …` sets
an environment variable, `$ dspyc … < FILE` gives standard input. A file's head may say `escaped` (the text
has Python's escapes for bytes) or `repeated N` (the text N times). `pytest --update` writes what was printed.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from dspyc.cli.main import run

CASES = sorted(Path(__file__).parent.glob("cases/*.txt"))
HEAD = re.compile(r"^-- (\S+)(?: (escaped|repeated \d+))? --$", re.MULTILINE)


@dataclass
class Step:
    """A command and what it is to print."""

    command: str
    expected: str


def read(text: str) -> tuple[str, list[Step], str]:
    """The introduction, the steps, and the part with the files."""
    first = HEAD.search(text)
    script, files = (text[: first.start()], text[first.start() :]) if first else (text, "")
    introduction, *steps = re.split(r"^\$ ", script, flags=re.MULTILINE)
    split = (step.partition("\n") for step in steps)
    return introduction, [Step(command, output) for command, _, output in split], files


def write_files(files: str, folder: Path) -> None:
    """Make the files of a case."""
    parts = HEAD.split(files)
    for name, how, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        body = text.removeprefix("\n")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if how == "escaped":
            data = body.removesuffix("\n").encode().decode("unicode_escape").encode("latin-1")
        elif how:
            data = body.encode() * int(how.split()[1])
        else:
            data = body.encode()
        path.write_bytes(data)


def perform(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run one step in the working folder; what it prints."""
    words = shlex.split(command)
    given = words[words.index("<") + 1] if "<" in words else None
    words = words[: words.index("<")] if given else words
    match words:
        case ["cat", name]:
            return Path(name).read_text(encoding="utf-8")
        case ["ls", *folder]:
            return "".join(f"{name}\n" for name in sorted(os.listdir(*folder)))
    with monkeypatch.context() as patched:
        while "=" in words[0]:
            patched.setenv(*words.pop(0).split("=", 1))
        assert words.pop(0) == "dspyc", command
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        patched.setattr(
            sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(given).read_bytes() if given else b""))
        )
        with redirect_stdout(out), redirect_stderr(out):
            code = run(words)
        printed = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
    printed += "" if printed.endswith("\n") or not printed else "\n"
    return printed + (f"[exit {code}]\n" if code else "")


def _steady(printed: str, folder: Path) -> str:
    """What was printed, without what differs from run to run: the folder, and how long things took."""
    return re.sub(r"\b\d+\.\d+ s\b", "0.0 s", printed.replace(str(folder), "FOLDER"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    introduction, steps, files = read(case.read_text(encoding="utf-8"))
    write_files(files, tmp_path)
    (tmp_path / "dspyc.toml").touch()
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "DSPYC_OUTPUT_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DSPYC_CACHE_DIR", str(tmp_path.parent / f"{tmp_path.name}-cache"))
    printed = [_steady(perform(step.command, monkeypatch), tmp_path) for step in steps]
    # The blank line before the next command, or before the files, is layout and not output.
    got = "".join(f"$ {step.command}\n{output}\n" for step, output in zip(steps, printed, strict=True))
    actual = introduction + got.rstrip("\n") + ("\n\n" if files else "\n") + files
    if request.config.getoption("--update", default=False):
        case.write_text(actual, encoding="utf-8")
    else:
        assert actual == case.read_text(encoding="utf-8")
