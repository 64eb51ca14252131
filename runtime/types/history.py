"""`History`: the turns of a conversation, given to a module as one of its inputs."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class History(BaseModel):
    """Earlier turns of a conversation, oldest first.

    Each message is a dict of the signature's field names: its inputs become a user's message and its outputs
    an assistant's, in the same form as the current request.

        History(messages=[{"question": "What is the capital of France?", "answer": "Paris"}])
    """

    messages: list[dict[str, Any]]

    model_config = ConfigDict(
        frozen=True, str_strip_whitespace=True, validate_assignment=True, extra="forbid"
    )
