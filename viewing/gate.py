"""Who may look: the browser that was given the address, and no other page that is open in it."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from msgspec import Struct
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from ..base.loopback import LOOPBACK, host_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REPORT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
)
"""A report brings its own script, and may be a file that somebody else has written: in its sandbox it is of
no origin, so it can ask nothing of this server, and its policy lets it ask nothing of any other.
"""
_HEADERS = {
    "content-security-policy": _POLICY,
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_OWN = ("none", "same-origin")
_ON = (
    '<!doctype html><meta http-equiv="refresh" content="0; url=/"><title>dspyc</title><a href="/">Go on</a>\n'
)


class Gate(Struct, frozen=True):
    """Lets in who has the token.

    It comes in the address once, and then in a cookie that scripts cannot read and other sites do not send.

    Attributes:
        token: the token.
        port: where the server listens; cookies do not tell ports apart, so the cookie's name does.
    """

    token: str
    port: int

    @property
    def cookie(self) -> str:
        """The name of the cookie."""
        return f"dspyc_ui_{self.port}"

    def refusal(self, request: Request) -> Response | None:
        """What is answered instead, or None for a request that may be made."""
        if host_of(request.headers.get("host", "")) not in LOOPBACK:
            # A page that somebody looks at could call this machine under a name of its own (DNS rebinding).
            return _refuse(421, "This server answers on this machine alone, as localhost or 127.0.0.1.")
        if request.method not in ("GET", "HEAD"):
            return _refuse(405, "There is nothing here that can be changed.")
        given = request.query_params.get("token")
        if given is not None and request.url.path == "/" and self._fits(given):
            # A browser that comes from a file or another page sends no cookie where that leads it: it has to
            # come from here.
            is_direct = request.headers.get("sec-fetch-site", "none") in _OWN
            answer = RedirectResponse("/", 303, _HEADERS) if is_direct else HTMLResponse(_ON, 200, _HEADERS)
            answer.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
            return answer
        if request.headers.get("sec-fetch-site", "none") not in _OWN:
            return _refuse(403, "Another page may not look at this.")
        if not self._fits(request.cookies.get(self.cookie, "")):
            return _refuse(403, "Open the address that `dspyc ui` has printed: it holds the token.")
        return None

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())


def guard(answer: Response) -> Response:
    """An answer with the headers that keep it here; a policy of its own stays."""
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


def _refuse(status: int, text: str) -> Response:
    return PlainTextResponse(text + "\n", status, _HEADERS)
