"""A server on loopback that answers the calls of Hugging Face's hub that downloading a dataset makes."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

COMMIT = "a" * 40


@contextmanager
def hub(files: dict[str, dict[str, bytes]]) -> Iterator[tuple[str, list[str]]]:
    """Serve datasets; yields the server's address and the paths that were asked for.

    Args:
        files: the content of each file by its name, by "OWNER/NAME@REVISION".
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(self.path.partition("?")[0])
            asked.append(path)
            for name, content in files.items():
                repo, _, revision = name.partition("@")
                if path == f"/api/datasets/{repo}/tree/{revision}":
                    listed = [
                        {"type": "file", "path": file, "size": len(data), "oid": COMMIT}
                        for file, data in content.items()
                    ]
                    return self._answer(json.dumps(listed).encode(), "application/json")
                prefix = f"/datasets/{repo}/resolve/{revision}/"
                if path.startswith(prefix) and path.removeprefix(prefix) in content:
                    return self._answer(content[path.removeprefix(prefix)], "application/octet-stream")
            repos = {name.partition("@")[0] for name in files}
            known = any(f"/{repo}/" in f"{path}/" for repo in repos)
            code = "EntryNotFound" if known else "RepoNotFound"
            self._answer(b"", "text/plain", 404, {"X-Error-Code": code})

        def do_HEAD(self) -> None:
            self.do_GET()

        def _answer(
            self, body: bytes, kind: str, status: int = 200, more: dict[str, str] | None = None
        ) -> None:
            self.send_response(status)
            headers = {
                "Content-Type": kind,
                "Content-Length": str(len(body)),
                "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
                "X-Repo-Commit": COMMIT,
            }
            for name, value in {**headers, **(more or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
