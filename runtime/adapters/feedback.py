"""What was wrong with a program's last try, in the request of the next one."""

from __future__ import annotations

from typing import Any

from ..execution.assertions import feedback


def with_feedback(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages of a request; the last one says what was wrong with the last try, where there was one."""
    reason = feedback.get()
    if reason is None:
        return messages
    *others, last = messages
    text = f"An earlier answer was not accepted: {reason}\nAnswer again and correct this."
    content = last["content"]
    if isinstance(content, list):
        return [*others, {**last, "content": [*content, {"type": "text", "text": text}]}]
    return [*others, {**last, "content": f"{content}\n\n{text}"}]
