"""Which names stand for this machine, in the address of a request."""

from __future__ import annotations

LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")


def host_of(header: str) -> str:
    """The host in a `Host` header, without its port."""
    host, _, port = header.rpartition(":")
    return host if port.isdigit() else header
