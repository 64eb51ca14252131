"""Servers that clients reach over the network: sessions apart, and what ends them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dspyc.lsp.connection import read_body
from dspyc.lsp.listening import refused

PROGRAM = "x = wrong\n"


@contextmanager
def listening(*options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server at a free port of this machine, and the port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dspyc", "lsp", *options], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"127\.0\.0\.1:(\d+)$", line)
        assert found, line
        yield process, int(found[1])
    finally:
        process.terminate()
        process.wait(20)
        assert process.stderr is not None
        process.stderr.close()


@pytest.fixture(scope="module")
def tcp() -> Iterator[int]:
    with listening("--tcp", "0") as (process, port):
        yield port
        assert process.poll() is None


@pytest.fixture(scope="module")
def web_socket() -> Iterator[int]:
    with listening("--websocket", "127.0.0.1:0", "--origin", "https://ours.example") as (process, port):
        yield port
        assert process.poll() is None


class Session:
    """A client over TCP."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.stream = self.socket.makefile("rwb")

    def send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.stream.flush()

    def receive(self) -> Any:
        body = read_body(self.stream)  # type: ignore[arg-type]
        return None if body is None else json.loads(body)

    def start(self, process: int | None) -> Any:
        params = {"processId": process, "rootUri": None, "capabilities": {}}
        self.send(id=1, method="initialize", params=params)
        answer = self.receive()
        self.send(method="initialized", params={})
        return answer["result"]

    def found(self, uri: str, text: str) -> list[str]:
        document = {"uri": uri, "languageId": "dspyc", "version": 1, "text": text}
        self.send(method="textDocument/didOpen", params={"textDocument": document})
        while (message := self.receive())["method"] != "textDocument/publishDiagnostics":
            pass
        return [each["code"] for each in message["params"]["diagnostics"]]

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


def test_two_clients_have_sessions_of_their_own(tcp: int) -> None:
    one, other = Session(tcp), Session(tcp)
    for each in (one, other):
        assert each.start(os.getpid())["serverInfo"]["name"] == "dspyc"
    uri = "file:///nowhere/a.dspy"
    assert one.found(uri, PROGRAM) == ["E101"]
    assert other.found(uri, "x = 1\n") == []
    one.send(id=2, method="shutdown")
    assert one.receive()["result"] is None
    one.send(method="exit")
    assert one.receive() is None
    assert other.found("file:///nowhere/b.dspy", PROGRAM) == ["E101"]
    one.close()
    other.close()


def test_nothing_is_run_for_a_client_over_the_network(tcp: int) -> None:
    session = Session(tcp)
    assert "executeCommandProvider" not in session.start(None)["capabilities"]
    asked = {"command": "dspyc.run", "arguments": ["/nowhere/a.dspy", "x"]}
    session.send(id=2, method="workspace/executeCommand", params=asked)
    while (answer := session.receive()).get("id") != 2:
        pass
    assert "starts no commands" in answer["error"]["message"]
    session.close()


RUNNABLE = 'module qa = Predict("question -> answer")\n\ntype Kind:\n    name: str\n'


@pytest.mark.parametrize(
    ("options", "lenses"), [({}, []), ({"commands": True}, ["dspyc.run", "dspyc.prompt"])]
)
def test_lenses_over_the_network_start_nothing(tcp: int, options: Any, lenses: list[str]) -> None:
    """But for a client that runs them itself; what only tells is there for all."""
    session = Session(tcp)
    params = {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": options}
    session.send(id=1, method="initialize", params=params)
    assert "executeCommandProvider" not in session.receive()["result"]["capabilities"]
    session.found("file:///nowhere/a.dspy", RUNNABLE)
    session.send(
        id=3, method="textDocument/codeLens", params={"textDocument": {"uri": "file:///nowhere/a.dspy"}}
    )
    while (answer := session.receive()).get("id") != 3:
        pass
    told = [each["command"]["command"] if "command" in each else "counted" for each in answer["result"]]
    assert told == [*lenses, "counted"]
    session.close()


def test_the_number_of_a_process_elsewhere_says_nothing(tcp: int) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    session = Session(tcp)
    session.start(gone.pid)
    time.sleep(0.5)
    assert session.found("file:///nowhere/a.dspy", PROGRAM) == ["E101"]
    session.close()


def test_a_client_that_says_no_more_gets_its_answers(tcp: int) -> None:
    session = Session(tcp)
    params: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}
    session.send(id=1, method="initialize", params=params)
    session.send(id=2, method="shutdown")
    session.socket.shutdown(socket.SHUT_WR)
    assert [session.receive()["id"] for _ in range(2)] == [1, 2]
    assert session.receive() is None
    session.close()


def test_a_client_that_goes_takes_its_session_along() -> None:
    with listening("--tcp", "0") as (process, port):
        session = Session(port)
        session.start(None)
        assert len(children(process.pid)) == 1
        session.close()
        eventually(lambda: not children(process.pid))


def test_a_web_page_that_posts_here_is_not_listened_to(tcp: int) -> None:
    session = Session(tcp)
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}'
    session.stream.write(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    session.stream.flush()
    assert session.receive() is None
    session.close()


def test_the_server_ends_with_the_process_that_it_is_for() -> None:
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with listening("--tcp", "0", "--clientProcessId", str(editor.pid)) as (process, port):
        session = Session(port)
        session.start(None)
        assert editor.stdin is not None
        editor.stdin.close()
        editor.wait()
        assert process.wait(20) == 0
        assert session.receive() is None
        session.close()


def test_ctrl_c_ends_all_quietly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dspyc", "lsp", "--tcp", "0"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    session = Session(int(process.stderr.readline().rpartition(":")[2]))
    session.start(None)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(20) in (0, 130)
    assert session.receive() is None
    assert process.stderr.read() == ""
    process.stderr.close()
    session.close()


def test_a_server_that_is_killed_leaves_no_session_behind() -> None:
    with listening("--tcp", "0") as (process, port):
        session = Session(port)
        session.start(None)
        (child,) = children(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        eventually(lambda: not is_running(child))
        session.close()


def test_clients_over_web_socket(web_socket: int) -> None:
    async def talk() -> None:
        async with aiohttp.ClientSession() as http:
            pages: list[str | None] = [None, "https://ours.example"]
            for page in pages:
                headers = {} if page is None else {"Origin": page}
                async with http.ws_connect(f"ws://127.0.0.1:{web_socket}/any", headers=headers) as client:
                    params = {"processId": None, "rootUri": None, "capabilities": {}}
                    await client.send_json(
                        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
                    )
                    assert (await client.receive_json())["result"]["serverInfo"]["name"] == "dspyc"
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await http.ws_connect(
                    f"ws://127.0.0.1:{web_socket}", headers={"Origin": "https://evil.example"}
                )
            async with http.get(f"http://127.0.0.1:{web_socket}/") as page_of_none:
                assert page_of_none.status == 426

    asyncio.run(talk())


@pytest.mark.parametrize(
    ("origin", "is_refused"),
    [
        (None, False),
        ("http://localhost", True),
        ("http://[::1]:80", True),
        ("http://127.0.0.1.evil.example", True),
        ("http://localhost.evil.example", True),
        ("null", True),
        ("https://ours.example", False),
        ("https://ours.example.evil", True),
        ("file://", True),
    ],
)
def test_which_pages_may_connect(origin: str | None, *, is_refused: bool) -> None:
    assert bool(refused(origin, ["https://ours.example"])) is is_refused


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "example.org:0"])
def test_other_hosts_need_a_word(address: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dspyc", "lsp", "--tcp", address], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--without-key" in done.stderr


def children(process: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_running(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def eventually(holds: Any) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
