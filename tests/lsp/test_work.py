"""How much work a keystroke is: what is looked at again, and how many calls that takes."""

from __future__ import annotations

from typing import Any

import pytest

from dspyc.grammar.source import Source
from dspyc.lsp import convert
from dspyc.lsp.connection import Connection
from dspyc.lsp.features import diagnostics
from dspyc.lsp.session import Server
from dspyc.lsp.workspace import Document
from support.counting import calls_of

PATH = "/nowhere/long.dspy"
URI = convert.uri_of(PATH)


class Sent(Connection):
    """A connection to nobody, which keeps what is sent."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Any]] = []

    def notify(self, method: str, params: Any) -> None:
        self.messages.append((method, params))


class Editing:
    """A file of so many signatures and modules, in which somebody types a comment."""

    def __init__(self, pairs: int, *, at_end: bool) -> None:
        self.connection = Sent()
        self.server = Server(self.connection)
        self.text = "".join(
            f'signature S{n}:\n    """Name it."""\n    input text: str\n    output label: str\n\n'
            f"module m{n} = Predict(S{n})\n\n"
            for n in range(pairs)
        )
        self.at = len(self.text) if at_end else self.text.index("input text", len(self.text) // 2)
        self.version = 0
        self.publish()
        self.project = self.server.files.project(PATH)

    def type(self) -> None:
        self.text = f"{self.text[: self.at]}#{self.text[self.at :]}"
        self.publish()

    def publish(self) -> None:
        self.version += 1
        self.server.files.put(Document(URI, PATH, self.version, Source(PATH, self.text)))
        diagnostics.publish(self.server, URI)


@pytest.mark.parametrize("at_end", [True, False], ids=["end", "middle"])
def test_a_keystroke_looks_at_few_declarations_again(at_end: bool) -> None:
    editing = Editing(160, at_end=at_end)
    checked, resolved = editing.project.checked, editing.project.resolved
    for _ in range(3):
        editing.type()
    assert editing.project.checked - checked <= 6
    assert editing.project.resolved - resolved <= 6
    versions = [params.version for _, params in editing.connection.messages]
    assert versions == [1, 2, 3, 4]


@pytest.mark.parametrize("at_end", [True, False], ids=["end", "middle"])
def test_a_keystroke_in_a_long_file_takes_few_calls(at_end: bool) -> None:
    """When this was written: 6,400 calls among 320 declarations, and 11 for each further one."""
    calls = {pairs: calls_of(Editing(pairs, at_end=at_end).type) for pairs in (160, 320)}
    assert calls[160] < 10_000
    assert calls[320] - calls[160] < 20 * 320
