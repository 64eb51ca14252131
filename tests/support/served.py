"""A service of programs in a process of its own, asked over real connections."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

PROGRAM = '''"""Programs that are served."""

from helpers import odd

lm main = LM("openai/any", api_base="%s", api_key="canary-sk-1234567890", cache=False, num_retries=0)
configure(lm=main)

type Seller:
    name: str
    age: int

signature Classify:
    """Say what somebody wants."""
    input text: str "what they wrote"
    output intent: Literal["buy", "sell"] "what they want"

module Offer:
    """An offer from a seller."""
    input seller: Seller
    input count: int = 2
    output lines: list[str]
    ask = Predict("text -> line")

    forward:
        drafts = [ask(text=f"{seller.name} {number}") for number in range(count)]
        return lines=[draft.line for draft in drafts]

module Odd:
    """Does what no program should."""
    input what: str
    output text: str

    forward:
        return text=odd(what)

module classify = Predict(Classify)
module offer = Offer()
module odd_one = Odd()
'''
HELPERS = """
import asyncio
import sys

from pydantic import BaseModel


class Inner(BaseModel):
    internal_id: int


def odd(what: str) -> str:
    if what == "exit":
        sys.exit(3)
    if what == "cancel":
        raise asyncio.CancelledError
    if what == "own":
        Inner.model_validate({})
    return "cut \\ud83d off"
"""


@contextmanager
def serving(path: Path, *options: str, env: dict[str, str] | None = None) -> Iterator[Service]:
    """A service of a file on a free port."""
    command = [sys.executable, "-m", "dspyc", "serve", str(path), "--port", "0", *options]
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    ) as process:
        service = Service(process)
        try:
            yield service
        finally:
            process.kill()
            service.reader.join(20)


class Service:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[str] = []
        assert process.stderr is not None
        line = process.stderr.readline()
        self.log.append(line)
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert found is not None, line + process.stderr.read()
        self.port = int(found[1])
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self._wait()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)

    def _wait(self) -> None:
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            except OSError:
                assert self.process.poll() is None, self.log
                time.sleep(0.02)

    def ask(
        self, path: str, body: Any = None, *, method: str = "POST", headers: dict[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """The status, the body and the headers of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json", **(headers or {})}
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        text = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        is_json = "json" in found.get("content-type", "")
        return answer.status, json.loads(text) if is_json else text.decode(), found


def intent(value: str) -> str:
    """An answer of the model to `Classify`."""
    return f"[[ ## intent ## ]]\n{value}\n\n[[ ## completed ## ]]"


def events_of(text: str) -> list[tuple[str, Any]]:
    found = re.findall(r"event: (.*)\ndata: (.*)\n\n", text)
    return [(name, json.loads(data)) for name, data in found]
