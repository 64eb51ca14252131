"""A Redis server for tests: Debian's, where it is installed, and a small one that speaks the protocol."""

from __future__ import annotations

import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KINDS = ("small", "real") if shutil.which("redis-server") else ("small",)


@contextmanager
def serving(kind: str, folder: Path) -> Iterator[str]:
    """A server of this kind while the block runs; its address."""
    if kind == "small":
        with _Server(("127.0.0.1", 0), _Connection) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"redis://127.0.0.1:{server.server_address[1]}/0"
            server.shutdown()
        return
    port = _free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.01)
    raise TimeoutError("the server does not start")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.values: dict[bytes, tuple[bytes, float]] = {}
        self.lock = threading.Lock()

    def value(self, key: bytes) -> bytes | None:
        found = self.values.get(key)
        return found[0] if found is not None and time.monotonic() < found[1] else None


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        while line := self.rfile.readline():
            words = []
            for _ in range(int(line[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:-2])
            with self.server.lock:
                self.wfile.write(self.answer(words[0].upper(), words[1:]))

    def answer(self, command: bytes, given: list[bytes]) -> bytes:
        store = self.server
        match command:
            case b"GET":
                value = store.value(given[0])
                return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
            case b"SET":
                options = [word.upper() for word in given[2:]]
                if b"NX" in options and store.value(given[0]) is not None:
                    return b"$-1\r\n"
                seconds = float("inf")
                if b"PX" in options:
                    seconds = int(given[3 + options.index(b"PX")]) / 1000
                store.values[given[0]] = (given[1], time.monotonic() + seconds)
                return b"+OK\r\n"
            case b"EVAL":
                script, _, key, token, *rest = given
                if store.value(key) != token:
                    return b":0\r\n"
                if b"del" in script:
                    del store.values[key]
                else:
                    store.values[key] = (token, time.monotonic() + int(rest[0]) / 1000)
                return b":1\r\n"
            case _:
                return b"+OK\r\n"
