"""Requests of synchronous code, which are sent in the caller's thread: time, size, breaks, interrupts, forks.

What is the same for all ways to a server is the subject of `test_lm.py` and `test_openai_transport.py`.
"""

from __future__ import annotations

import asyncio
import datetime
import gzip
import ipaddress
import json
import os
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeAlias

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.lm.transports import direct, io_loop, network

ANSWER = json.dumps(
    {
        "id": "x",
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
    }
).encode()


Answering: TypeAlias = Callable[[socket.socket], None]


class Server:
    """Accepts connections, reads each request whole, and lets a function answer on the bare socket."""

    def __init__(self, answer: Answering, context: ssl.SSLContext | None = None) -> None:
        self.answer, self.context = answer, context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connections: list[socket.socket] = []
        self.heads: list[bytes] = []
        self.gone = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def api_base(self) -> str:
        scheme = "http" if self.context is None else "https"
        return f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}/v1"

    @property
    def place(self) -> tuple[str, str, int]:
        """How the pool knows it."""
        return "http", "127.0.0.1", self.listener.getsockname()[1]

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self.context is not None:
                # Its socket is this one's from now on, and closed with it where the handshake fails.
                connection = self.context.wrap_socket(
                    connection, server_side=True, do_handshake_on_connect=False
                )
                connection.do_handshake()  # type: ignore[attr-defined]
            with connection.makefile("rb") as stream:
                self.answer_all(connection, stream)
        connection.close()
        self.gone.set()

    def answer_all(self, connection: socket.socket, stream: IO[bytes]) -> None:
        while line := stream.readline():
            head = [line]
            while head[-1].strip():
                head.append(stream.readline())
            length = next(each for each in head if each.lower().startswith(b"content-length:"))
            stream.read(int(length.split(b":")[1]))
            self.heads.append(b"".join(head))
            self.answer(connection)


@contextmanager
def serving(answer: Answering, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(answer, context)
    try:
        yield server
    finally:
        # To close a socket does not wake the thread that waits for it.
        for each in (server.listener, *server.connections):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def saying(body: bytes = ANSWER, *headers: str) -> Answering:
    lines = ["HTTP/1.1 200 OK", f"content-length: {len(body)}", *headers]
    whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return lambda connection: connection.sendall(whole)


def at(server: Server, **options: Any) -> dspy.LM:
    options = {"api_key": "none", "num_retries": 0, "cache": False, "timeout": 10, **options}
    return dspy.LM("openai/any", api_base=server.api_base, **options)


def test_a_call_imports_no_other_client() -> None:
    code = (
        "import sys, dspyc.runtime as dspy\n"
        "assert dspy.LM('openai/any', api_base=sys.argv[1], api_key='k', cache=False)('x') == ['hi']\n"
        "print(sorted({'aiohttp', 'httpx', 'litellm', 'openai'} & set(sys.modules)))"
    )
    with serving(saying()) as server:
        found = subprocess.run(
            [sys.executable, "-W", "always::ResourceWarning", "-c", code, server.api_base],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert server.gone.wait(10)
    assert (found.stdout, found.stderr) == ("[]\n", "")


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_what_a_server_says_before_its_answer_is_not_the_answer(status: str) -> None:
    before = f"HTTP/1.1 {status}\r\nlink: </x>\r\n\r\n".encode()

    def answer(connection: socket.socket) -> None:
        connection.sendall(before * 2)
        content = f"answer {len(server.heads)}".encode()
        saying(ANSWER.replace(b'"hi"', b'"' + content + b'"'))(connection)

    with serving(answer) as server:
        lm = at(server)
        assert [lm("x") for _ in range(3)] == [[f"answer {number}"] for number in (1, 2, 3)]
        assert len(server.connections) == 1


def test_a_connection_that_is_no_longer_http_is_not_given_back() -> None:
    with serving(lambda connection: connection.sendall(b"HTTP/1.1 101 Switching\r\n\r\n")) as server:
        for _ in range(2):
            with pytest.raises(dspy.LMError):
                at(server)("x")
        assert len(server.connections) == 2


def test_threads_have_a_connection_each_and_leave_them_to_the_next() -> None:
    together = threading.Barrier(4, timeout=10)

    def answer(connection: socket.socket) -> None:
        together.wait()
        saying()(connection)

    with serving(answer) as server, ThreadPoolExecutor(4) as pool:
        lm = at(server)
        for _ in range(3):
            assert list(pool.map(lambda _: lm("x"), range(4))) == [["hi"]] * 4
        assert len(server.connections) == 4


def test_a_connection_that_the_server_has_closed_is_not_used() -> None:
    def answer(connection: socket.socket) -> None:
        saying()(connection)
        connection.shutdown(socket.SHUT_RDWR)

    with serving(answer) as server:
        lm = at(server)
        for number in range(3):
            assert lm("x") == ["hi"]
            assert server.gone.wait(10)
            server.gone.clear()
            assert len(server.connections) == number + 1


def test_what_nobody_asked_for_is_no_answer_to_the_next() -> None:
    asked = threading.Event()

    def answer(connection: socket.socket) -> None:
        saying()(connection)
        assert asked.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong")

    with serving(answer) as server:
        lm = at(server)
        for _ in range(3):
            asked.clear()
            assert lm("x") == ["hi"]
            ((_, idle),) = direct._Idle.by_place[server.place]
            asked.set()
            assert select.select([idle], [], [], 10)[0]


def test_an_idle_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(direct._Idle, "is_watched", False)
    with serving(saying()) as server:
        at(server)("x")
        assert server.gone.wait(10)


def test_an_answer_in_drops_is_bounded_by_the_whole_time() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n")
        with suppress(OSError):
            while True:
                connection.sendall(b"x")
                time.sleep(0.02)

    with serving(answer) as server, pytest.raises(dspy.LMTimeoutError):
        at(server, timeout=0.3)("x")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1000\r\n\r\n" + ANSWER[:20],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x-a: b\r\n" * 500 + b"\r\n",
        b"",
    ],
)
def test_half_an_answer_is_none(answer: bytes) -> None:
    def answer_and_go(connection: socket.socket) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    with (
        serving(answer_and_go) as server,
        pytest.raises((dspy.LMTransportError, dspy.LMServerError)) as caught,
    ):
        at(server)("x")
    assert caught.value.retryable


@pytest.mark.parametrize(("name", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_packed_answer_is_unpacked(name: str, pack: Callable[[bytes], bytes]) -> None:
    with serving(saying(pack(ANSWER), f"content-encoding: {name}")) as server:
        assert at(server)("x") == ["hi"]
    assert b"accept-encoding: identity" in server.heads[0]


def test_a_packed_answer_is_bounded_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(b" " * 100_000 + ANSWER)
    with serving(saying(packed[:-20], "content-encoding: gzip")) as server:
        with pytest.raises(dspy.LMTransportError, match="the connection broke"):
            at(server)("x")
        monkeypatch.setattr(network, "LARGEST", 10_000)
        server.answer = saying(packed, "content-encoding: gzip")
        with pytest.raises(dspy.LMCollectionLimitError):
            at(server)("x")


INTERRUPTED = """
import os, signal, sys, threading, time
import dspyc.runtime as dspy
lm = dspy.LM("openai/any", api_base=sys.argv[1], api_key="k", cache=False)
def interrupt():
    sys.stdin.readline()  # the request has arrived
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    lm("x")
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of another kind")
def test_an_interrupt_ends_the_wait_and_the_connection() -> None:
    arrived = threading.Event()
    with serving(lambda connection: arrived.set()) as server:
        child = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, server.api_base],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert arrived.wait(30)
        assert child.communicate("\n", timeout=10)[0] == "interrupted\n"
        assert server.gone.wait(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_makes_connections_of_its_own() -> None:
    code = (
        "import os, sys, dspyc.runtime as dspy\n"
        "lm = dspy.LM('openai/any', api_base=sys.argv[1], api_key='k', cache=False, num_retries=0)\n"
        "lm('a'); lm('b')\n"
        "child = os.fork()\n"
        "assert lm('c') == ['hi']\n"
        "if child: assert os.waitpid(child, 0)[1] == 0; assert lm('d') == ['hi']\n"
    )
    with serving(saying()) as server:
        command = [sys.executable, "-W", "always::ResourceWarning", "-c", code, server.api_base]
        ended = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)
        assert ended.stderr == ""
        assert len(server.connections) == 2
        assert len(server.heads) == 5


def test_a_proxy_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for cached in (network.proxy_for, direct.place_of):
        cached.cache_clear()
    try:
        with serving(saying()) as proxy:
            for name in ("no_proxy", "NO_PROXY"):
                monkeypatch.delenv(name, raising=False)
            monkeypatch.setenv("http_proxy", proxy.api_base.removesuffix("/v1"))
            lm = dspy.LM("openai/any", api_base="http://models.example/v1", api_key="k", cache=False)
            assert lm("x") == ["hi"]
        assert proxy.heads[0].startswith(b"POST http://models.example/v1/chat/completions ")
    finally:
        for cached in (network.proxy_for, direct.place_of):
            cached.cache_clear()


def test_an_address_that_has_to_be_escaped() -> None:
    with serving(saying()) as server:
        lm = dspy.LM("openai/any", api_base=f"{server.api_base}/mödel a", api_key="k", cache=False)
        assert lm("x") == ["hi"]
    assert server.heads[0].startswith(b"POST /v1/m%C3%B6del%20a/chat/completions ")


def test_what_listens_on_one_of_several_addresses_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(saying()) as server:
        port = server.listener.getsockname()[1]
        free = socket.create_server(("127.0.0.1", 0))
        closed = free.getsockname()[1]
        free.close()

        async def resolve(self: Any, host: str, _: Any, **options: Any) -> list[Any]:
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
            return [(*kind, ("127.0.0.1", closed)), (*kind, ("127.0.0.1", port))]

        monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", resolve)
        lm = dspy.LM("openai/any", api_base="http://two.example/v1", api_key="k", cache=False)
        assert lm("x") == ["hi"]


def test_a_name_that_is_looked_up_for_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(self: Any, host: str, port: Any, **options: Any) -> list[Any]:
        import asyncio

        await asyncio.sleep(60)
        return []

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", resolve)
    lm = dspy.LM(
        "openai/any", api_base="http://slow.example/v1", api_key="k", cache=False, timeout=0.2, num_retries=0
    )
    with pytest.raises(dspy.LMTransportError, match="cannot be reached: the connection timed out"):
        lm("x")


# --- TLS ------------------------------------------------------------------------------------------------


def made_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "here.pem"
    written = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(written + made.public_bytes(serialization.Encoding.PEM))
    return file


def test_a_secured_server_is_used_again_and_an_unknown_one_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = made_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    try:
        with serving(saying(), context) as server:
            network.tls.cache_clear()
            with pytest.raises(dspy.LMTransportError, match="CERTIFICATE_VERIFY_FAILED"):
                at(server)("x")
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            network.tls.cache_clear()
            lm = at(server)
            assert [lm("x") for _ in range(3)] == [["hi"]] * 3
            assert len(server.heads) == 3
            assert len(server.connections) == 2  # that of the refused one among them
    finally:
        network.tls.cache_clear()


def test_the_loop_of_requests_is_still_there_for_others() -> None:
    async def here() -> str:
        return threading.current_thread().name

    assert io_loop.wait(here) == "dspyc-requests"


# --- answers that arrive while the time ends ------------------------------------------------------------


def test_what_arrived_in_time_is_read_on_a_loop_that_was_held_up() -> None:
    """A timer and an answer that are due in the same turn of the loop: the answer wins."""
    body = b" " * 300_000 + ANSWER  # more than one read of the loop brings

    def answer(connection: socket.socket) -> None:
        io_loop.later(0, lambda: time.sleep(0.6))  # over the end of the time
        time.sleep(0.1)
        saying(body)(connection)

    async def ask(lm: dspy.LM) -> Any:
        return await lm.acall("q")

    with serving(answer) as server:
        assert asyncio.run(ask(at(server, timeout=0.4, num_retries=2))) == ["hi"]
        assert len(server.heads) == 1


def test_a_loop_that_was_held_up_still_gives_up_on_silence() -> None:
    def answer(connection: socket.socket) -> None:
        io_loop.later(0, lambda: time.sleep(0.3))

    with serving(answer) as server, pytest.raises(dspy.LMTimeoutError):
        asyncio.run(at(server, timeout=0.2).acall("q"))


def test_what_arrived_in_time_is_read_by_a_thread_that_was_held_up() -> None:
    here, there = socket.socketpair()
    with here, there:
        source = direct._Source(here, time.monotonic() - 1)
        there.sendall(b"late")
        buffer = bytearray(8)
        assert source.readinto(buffer) == 4
        assert buffer[:4] == b"late"
        with pytest.raises(TimeoutError):
            source.readinto(buffer)


def test_what_still_trickles_after_the_time_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "_LAST_LOOKS", 0.0)
    here, there = socket.socketpair()
    with here, there:
        source = direct._Source(here, time.monotonic() - 1)
        there.sendall(b"trickle")
        source.readinto(bytearray(1))
        time.sleep(0.001)
        with pytest.raises(TimeoutError):
            source.readinto(bytearray(1))
