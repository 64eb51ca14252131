"""What commands that serve have in common: a socket, packages of an extra, a server until it is stopped."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Any

from .errors import Refusal


def listen(host: str, port: int) -> socket.socket:
    """A socket at an address, before anything is loaded.

    Raises:
        Refusal: it cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.set_inheritable(True)
    except OSError as error:
        raise Refusal(
            f"cannot listen on {host}:{port}: {error.strerror}", "choose another --port, or 0 for a free one"
        ) from None
    return listener


def run_server(server: Any, listener: socket.socket) -> None:
    """Serve until a signal comes."""
    try:
        server.run(sockets=[listener])
    except (KeyboardInterrupt, SystemExit):
        # uvicorn stops in good order, and then raises the signal by which it was asked to.
        if not server.should_exit:
            raise


def require(extra: str, packages: Sequence[str]) -> None:
    """Refuse to go on without the packages of an extra.

    Raises:
        Refusal: one of them is not installed.
    """
    from importlib.util import find_spec

    if any(find_spec(each) is None for each in packages):
        raise Refusal("this needs packages that are not installed", f'run `pip install "dspyc[{extra}]"`')
