"""Requests to services that train: JSON in and out, asked again where that may help, no key in an error.

A training waits for minutes and asks every few seconds, so this is Python's own HTTP client, in the thread of
the job.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, ClassVar

from ...errors import LMError, LMTransportError, LMUnexpectedError
from ..redact import redact
from ..transports.failures import kind_of_status

Fields = dict[str, Any]
ATTEMPTS = 5
LONGEST_SECONDS = 120.0
_PASSING = (408, 409, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Rest:
    """A service at an address, and the key for it."""

    setting: ClassVar[str] = "api_base"
    """What says the address, for whoever has to check it."""
    address: str
    key: str | None = field(default=None, repr=False)

    def post(self, path: str, facts: Fields | None = None, again: bool = True) -> Fields:
        """Send a JSON object; see `ask`."""
        return self.ask("POST", path, json.dumps(facts or {}).encode(), "application/json", again)

    def ask(
        self, method: str, path: str, body: bytes | None = None, kind: str | None = None, again: bool = True
    ) -> Fields:
        """One request, asked again where that may help, unless it would do twice what it does.

        Raises:
            LMError: the service refused it, or could not be reached.
        """
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1 or not again
            try:
                return self._once(method, path, body, kind)
            except urllib.error.HTTPError as error:
                if last or error.code not in _PASSING:
                    raise self._refusal(error) from None
            except (OSError, HTTPException, ValueError) as error:
                if last:
                    raise self._unread(error) from None
            time.sleep(min(0.25 * 2**attempt, 4.0))
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, body: bytes | None, kind: str | None) -> Fields:
        headers = {"Accept": "application/json"}
        if kind is not None:
            headers["Content-Type"] = kind
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(f"{self.address}{path}", body, headers, method=method)
        with _opener.open(request, timeout=LONGEST_SECONDS) as answer:
            content = answer.read()
            if not content and answer.status == 204:
                return {}
            found = json.loads(content)
        if not isinstance(found, dict):
            raise LMUnexpectedError(
                self._without_key(f"`{self.address}{path}` did not answer with a JSON object")
            )
        return found

    def _refusal(self, error: urllib.error.HTTPError) -> LMError:
        """The service's error object as an error of ours."""
        try:
            words = _told(json.loads(error.read()))
        except (ValueError, KeyError, TypeError, OSError, HTTPException):
            words = f"HTTP status {error.code}"
        told_words = self._without_key(f"the server refused the training: {words}")
        return kind_of_status(error.code)(told_words, status=error.code)

    def _unread(self, error: Exception) -> LMTransportError:
        """The error of an answer that did not come, or is no whole JSON text."""
        reason = getattr(error, "reason", error)
        failed = "cannot be reached" if isinstance(error, OSError) else "gave no answer that can be read"
        return LMTransportError(
            self._without_key(f"`{self.address}` {failed}: {reason}; check the network and {self.setting}")
        )

    def _without_key(self, words: str) -> str:
        return redact(words, {"api_key": self.key, "address": self.address})


def _told(answer: Any) -> str:
    """What an error says: `{"error": {"message"}}` at OpenAI, `{"error_code", "message"}` at Databricks."""
    if "error_code" in answer:
        return f"{answer.get('message') or 'no reason is given'} ({answer['error_code']})"
    told = answer["error"]
    return str(told["message"] if isinstance(told, Mapping) else told)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Goes where it was told to and nowhere else: Python's own takes the key along to another host."""

    def redirect_request(self, *_: Any) -> None:
        """Leave the answer as it is, which is then a refusal."""
        return


_opener = urllib.request.build_opener(_NoRedirects)
