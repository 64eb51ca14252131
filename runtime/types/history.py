"""`History`: the turns of a conversation, given to a module as one of its inputs."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class History(BaseModel):
    """Earlier turns of a conversation, oldest first.

    Each message is a dict of the signature's field names: its inputs become a user's message and its outputs
    an assistant's, in the same form as the current request.

        History(messages=[{"question": "What is the capital of France?", "answer": "Paris"}])

    A message may also be one of a chat, `{"role": "user", "content": "…"}`, which is sent as it is. Where a
    field is a `History`, a list of messages, a dict with `messages`, and the JSON text of either are taken,
    too.
    """

    messages: list[dict[str, Any]]

    model_config = ConfigDict(
        frozen=True, str_strip_whitespace=True, validate_assignment=True, extra="forbid"
    )

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if isinstance(given, str):
            try:
                given = json.loads(given)
            except (ValueError, RecursionError):
                raise ValueError(
                    "a conversation must be a list of turns, such as "
                    '[{"question": "…", "answer": "…"}] or [{"role": "user", "content": "…"}]'
                ) from None
        if isinstance(given, (list, tuple)):
            return {"messages": list(given)}
        if isinstance(given, dict) and given and "messages" not in given:
            return {"messages": [given]}
        return given
