"""OpenAI's calls for fine-tuning, https://platform.openai.com/docs/api-reference/fine-tuning: what they send.

A training waits for minutes and asks every few seconds, so this is Python's own HTTP client, in the thread of
the job.
"""

from __future__ import annotations

import json
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

from ...errors import LMError, LMNotConfiguredError, LMTransportError, LMUnexpectedError
from ..redact import redact
from ..transports.failures import kind_of_status

Fields = dict[str, Any]
ATTEMPTS = 5
LONGEST_SECONDS = 120.0
_PASSING = (408, 409, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Server:
    """A server that speaks OpenAI's protocol, and the key for it."""

    address: str
    key: str | None = field(default=None, repr=False)

    @staticmethod
    def of(settings: Mapping[str, Any]) -> Server:
        """The server of a model with these settings; the environment says what they do not.

        Raises:
            LMNotConfiguredError: OpenAI itself is meant, and there is no key.
        """
        given = settings.get("api_base") or settings.get("base_url")
        address = given or os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_BASE")
        key = settings.get("api_key") or os.environ.get("OPENAI_API_KEY")
        if not address and not key:
            raise LMNotConfiguredError(
                "set OPENAI_API_KEY, or pass api_key= to the model, to train it at OpenAI"
            )
        return Server(str(address or "https://api.openai.com/v1").rstrip("/"), key)

    # --- files ------------------------------------------------------------------------------------------

    def upload(self, rows: list[Fields], purpose: str = "fine-tune") -> Fields:
        """Upload rows as a JSON Lines file."""
        boundary = secrets.token_hex(16)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        parts = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="train.jsonl"\r\n'
            f"Content-Type: application/jsonl\r\n\r\n{lines}\r\n--{boundary}--\r\n"
        )
        kind = f"multipart/form-data; boundary={boundary}"
        return self.ask("POST", "/files", parts.encode(), kind)

    def delete_file(self, file: str) -> Fields:
        """Delete an uploaded file."""
        return self.ask("DELETE", f"/files/{file}")

    # --- jobs -------------------------------------------------------------------------------------------

    def create(self, facts: Fields) -> Fields:
        """Create a job."""
        return self._post("/fine_tuning/jobs", facts)

    def job(self, job: str) -> Fields:
        """A job as it stands."""
        return self.ask("GET", f"/fine_tuning/jobs/{job}")

    def jobs(self) -> Iterator[Fields]:
        """All jobs, the latest first, page after page."""
        return self._pages("/fine_tuning/jobs")

    def events(self, job: str) -> Iterator[Fields]:
        """The events of a job, the latest first."""
        return self._pages(f"/fine_tuning/jobs/{job}/events")

    def checkpoints(self, job: str) -> Iterator[Fields]:
        """The models of a job's epochs, the latest first."""
        return self._pages(f"/fine_tuning/jobs/{job}/checkpoints")

    def cancel(self, job: str) -> Fields:
        """Stop a job."""
        return self._post(f"/fine_tuning/jobs/{job}/cancel")

    def pause(self, job: str) -> Fields:
        """Hold a job."""
        return self._post(f"/fine_tuning/jobs/{job}/pause")

    def resume(self, job: str) -> Fields:
        """Let a held job go on."""
        return self._post(f"/fine_tuning/jobs/{job}/resume")

    # --- one request ------------------------------------------------------------------------------------

    def _post(self, path: str, facts: Fields | None = None) -> Fields:
        return self.ask("POST", path, json.dumps(facts or {}).encode(), "application/json")

    def _pages(self, path: str, size: int = 20) -> Iterator[Fields]:
        after: Fields = {}
        while True:
            page = self.ask("GET", f"{path}?{urlencode({'limit': size, **after})}")
            yield from page["data"]
            if not page.get("has_more") or not page["data"]:
                return
            after = {"after": page["data"][-1]["id"]}

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str | None = None) -> Fields:
        """One request, asked again where that may help.

        Raises:
            LMError: the server refused it, or could not be reached.
        """
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1 or (method == "POST" and path == "/fine_tuning/jobs")
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
            found = json.loads(answer.read())
        if not isinstance(found, dict):
            raise LMUnexpectedError(
                self._without_key(f"`{self.address}{path}` did not answer with a JSON object")
            )
        return found

    def _refusal(self, error: urllib.error.HTTPError) -> LMError:
        """OpenAI's error object as an error of ours."""
        try:
            told = json.loads(error.read())["error"]
            words = str(told["message"] if isinstance(told, Mapping) else told)
        except (ValueError, KeyError, TypeError, OSError, HTTPException):
            words = f"HTTP status {error.code}"
        told_words = self._without_key(f"the server refused the training: {words}")
        return kind_of_status(error.code)(told_words, status=error.code)

    def _unread(self, error: Exception) -> LMTransportError:
        """The error of an answer that did not come, or is no whole JSON text."""
        reason = getattr(error, "reason", error)
        failed = "cannot be reached" if isinstance(error, OSError) else "gave no answer that can be read"
        return LMTransportError(
            self._without_key(f"`{self.address}` {failed}: {reason}; check the network and api_base")
        )

    def _without_key(self, words: str) -> str:
        return redact(words, {"api_key": self.key, "address": self.address})


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Goes where it was told to and nowhere else: Python's own takes the key along to another host."""

    def redirect_request(self, *_: Any) -> None:
        """Leave the answer as it is, which is then a refusal."""
        return


_opener = urllib.request.build_opener(_NoRedirects)
