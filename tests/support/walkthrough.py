"""Follows a page of the documentation word by word: its files, its commands, what they print.

A block of code with `title="FILE"` is written to that file. Of a `console` block, each line that starts with
`$` is run, and the lines below it are what it prints on standard output and error; without any, that is not
compared. `…` in such a line stands for any text, and a line of `…` for any lines. A command ends at two
spaces and a `#`. `sh` blocks install things or need a network and are not run.
"""

from __future__ import annotations

import io
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from dspyc.cli.main import run

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?P<language>\w+)(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
_SECONDS = re.compile(r"\b\d+\.\d+ s\b")


@dataclass(frozen=True)
class Block:
    """A block of code of a page."""

    language: str
    title: str | None
    text: str
    start: int
    """Where its text starts in the page."""


@dataclass(frozen=True)
class Step:
    """A command and what it is to print."""

    line: str
    """As the page has it."""
    expected: str

    @property
    def command(self) -> str:
        """What is run: the line without its comment."""
        return self.line.partition("  #")[0].rstrip()


def read_blocks(page: str) -> list[Block]:
    """The blocks of a page, in their order."""
    return [
        Block(
            found["language"],
            title[1] if (title := _TITLE.search(found["info"])) else None,
            found["text"],
            found.start("text"),
        )
        for found in _FENCE.finditer(page)
    ]


def read_steps(console: str) -> list[Step]:
    """The commands of a console block."""
    first, *steps = re.split(r"^\$ ", console, flags=re.MULTILINE)
    assert not first.strip(), first
    split = (each.partition("\n") for each in steps)
    return [Step(line, output) for line, _, output in split]


def agrees(expected: str, printed: str, numbers: bool = True) -> bool:
    """Whether what a command printed is what the page says; without `numbers`, those may differ."""
    lines = [_pattern(line) for line in expected.strip("\n").splitlines()]
    pattern = "".join(lines)
    if not numbers:
        # A trained model is the same on the same machine; on another its score differs by some rows.
        pattern = re.sub(r"\\d\+\\\.\\d\+|\d+(?:\\\.\d+)?", r"\\d+(?:\\.\\d+)?", pattern)
    return re.fullmatch(pattern, printed.strip("\n") + "\n") is not None


def _pattern(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*?"
    parts = (re.escape(_SECONDS.sub("\0", part)) for part in line.rstrip().split("…"))
    return r"[^\n]*?".join(parts).replace("\0", r"\d+\.\d+ s") + r"[ ]*\n"


@dataclass
class Walk:
    """Somebody who follows pages, in a folder of their own."""

    home: Path
    servers: list[subprocess.Popen[str]] = field(default_factory=list)
    port: str = "8000"
    code: int = 0
    """How the last command of ours ended."""

    def follow(self, page: str, skip: Sequence[str] = ()) -> Iterator[tuple[Step, str]]:
        """Each command of a page with what it printed, but for those with a word of `skip`."""
        for block in read_blocks(page):
            if block.title is not None:
                path = Path(block.title)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
            elif block.language == "console":
                for step in read_steps(block.text):
                    if not any(word in step.command.split() for word in skip):
                        yield step, self.perform(step.command)

    def perform(self, command: str) -> str:
        """Run a command; what it prints."""
        words = [os.path.expanduser(word) for word in shlex.split(command)]
        # What is done with the output is another program's; `< FILE` is put into our standard input.
        for sign in ("|", ">"):
            words = words[: words.index(sign)] if sign in words else words
        if "<" in words:
            given = Path(words[words.index("<") + 1]).read_bytes()
            with patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8")):
                return self.perform(shlex.join(words[: words.index("<")]))
        match words:
            case ["cd", folder]:
                os.chdir(folder)
                return ""
            case ["mkdir", folder]:
                Path(folder).mkdir()
                return ""
            case ["cp", "-r", source, target]:
                shutil.copytree(ROOT / source, target)
                return ""
            case ["cat", name]:
                return Path(name).read_text(encoding="utf-8")
            case ["rm", name]:
                Path(name).unlink()
                return ""
            case ["ls"]:
                return "".join(f"{name}\n" for name in sorted(os.listdir()) if not name.startswith("."))
            case ["curl", *rest]:
                return self._ask(rest)
            case ["dspyc", "serve", *rest]:
                return self._serve(rest)
            case ["dspyc", *rest]:
                return _printed_by(lambda: self._run(rest))
            case ["python", name]:
                return _printed_by(lambda: _run_script(name))
            case ["pytest", *rest]:
                return self._pytest(rest)
        raise AssertionError(f"the walkthrough cannot run: {command}")

    def _run(self, words: Sequence[str]) -> None:
        self.code = run(words)

    def _serve(self, words: Sequence[str]) -> str:
        server = subprocess.Popen(
            [sys.executable, "-m", "dspyc", "serve", *words, "--port", "0", "--quiet"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.servers.append(server)
        assert server.stdout is not None
        printed = ""
        for line in server.stdout:
            printed += line
            if found := re.search(r":(\d+)$", line.strip()):
                self.port = found[1]
                return printed.replace(self.port, "8000")
        raise AssertionError(printed)

    def _ask(self, words: Sequence[str]) -> str:
        url, headers, body, rest = "", {}, None, list(words)
        while rest:
            match rest.pop(0):
                case "-H":
                    name, _, value = rest.pop(0).partition(": ")
                    headers[name] = value
                case "-d":
                    body = rest.pop(0).encode()
                case "-s":
                    pass
                case word:
                    url = word.replace(":8000", f":{self.port}").replace("localhost", "127.0.0.1")
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
            text: str = answer.read().decode()
        return text if text.endswith("\n") else text + "\n"

    def _pytest(self, words: Sequence[str]) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def close(self) -> None:
        """End the servers that were started."""
        for server in self.servers:
            server.terminate()
            server.communicate(timeout=60)


def _run_script(name: str) -> None:
    # As `python FILE` does it, from the folder of the file.
    sys.path.insert(0, os.getcwd())
    try:
        runpy.run_path(name, run_name="__main__")
    finally:
        sys.path.remove(os.getcwd())


def _printed_by(action: Callable[[], object]) -> str:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with redirect_stdout(out), redirect_stderr(out):
        action()
    buffer = out.buffer
    assert isinstance(buffer, io.BytesIO)
    printed = buffer.getvalue().decode()
    return printed + ("" if printed.endswith("\n") or not printed else "\n")


def rewritten(page: str, printed: Sequence[tuple[Step, str]]) -> str:
    """The page with what its commands have printed, where it shows that and differs."""
    for step, output in printed:
        if step.expected.strip() and not agrees(step.expected, output):
            shown = f"$ {step.line}\n"
            page = page.replace(shown + step.expected, f"{shown}{_stripped(output)}\n", 1)
    return page


def _stripped(output: str) -> str:
    return "\n".join(line.rstrip() for line in output.splitlines()).strip("\n")
