"""OpenAI's calls for fine-tuning, https://platform.openai.com/docs/api-reference/fine-tuning."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from ...errors import LMNotConfiguredError
from .rest import Fields, Rest


@dataclass(frozen=True)
class Server(Rest):
    """A server that speaks OpenAI's protocol, and the key for it."""

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
        return self.post("/fine_tuning/jobs", facts, again=False)

    def job(self, job: str) -> Fields:
        """A job as it stands."""
        return self.ask("GET", f"/fine_tuning/jobs/{job}")

    def model(self, name: str) -> Fields:
        """A model as the server knows it."""
        return self.ask("GET", f"/models/{quote(name, safe=':')}")

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
        return self.post(f"/fine_tuning/jobs/{job}/cancel")

    def pause(self, job: str) -> Fields:
        """Hold a job."""
        return self.post(f"/fine_tuning/jobs/{job}/pause")

    def resume(self, job: str) -> Fields:
        """Let a held job go on."""
        return self.post(f"/fine_tuning/jobs/{job}/resume")

    def _pages(self, path: str, size: int = 20) -> Iterator[Fields]:
        after: Fields = {}
        while True:
            page = self.ask("GET", f"{path}?{urlencode({'limit': size, **after})}")
            yield from page["data"]
            if not page.get("has_more") or not page["data"]:
                return
            after = {"after": page["data"][-1]["id"]}
