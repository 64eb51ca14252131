"""Pictures, recordings and documents on their way through a prompt's text.

Adapters put a prompt together as text. What has to reach the model as a content part of its own stands in
that text as a token, which holds the parts and a mark that no text from outside can contain: it is made anew
for each process. `in_parts` cuts the messages at the tokens. So a user's text never becomes a picture, and
no adapter needs to know of parts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

_MARK = os.urandom(12).hex()
_OPEN, _CLOSE = f"~({_MARK}:", f":{_MARK})~"
_UNSAFE = "\"\\#<>&'[]{}`"
"""What JSON, XML or the escaping of section markers would change inside a token."""
_made = False


class InPrompt:
    """What is told to the serialisation of a value that goes into a prompt; see `Type`."""

    __slots__ = ()


IN_PROMPT = InPrompt()


class InAnswer:
    """The same for a value as a model is to write it: in examples, and in earlier turns."""

    __slots__ = ()


IN_ANSWER = InAnswer()


def as_token(parts: Sequence[Any]) -> str:
    """Content parts, in OpenAI's form, as text that `in_parts` finds again; no quoting changes it."""
    global _made
    _made = True
    text = json.dumps(list(parts), default=str).replace("~", "~7e")
    for character in _UNSAFE:
        text = text.replace(character, f"~{ord(character):02x}")
    return f"{_OPEN}{text}{_CLOSE}"


def in_parts(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with their tokens as content parts.

    Only a user's message can have parts; in any other the token is written out as JSON.
    """
    if not _made:
        return messages
    return [
        {**message, "content": _split(content, message.get("role") == "user")}
        if isinstance(content := message.get("content"), str) and _OPEN in content
        else message
        for message in messages
    ]


def describe_part(part: Any) -> str:
    """What stands for a content part where people read a prompt: what it is, and its size."""
    from .loading import described

    kind = part.get("type") if isinstance(part, dict) else None
    facts = part.get(kind) if kind else None
    if kind == "image_url" and isinstance(facts, dict):
        return f"<image: {described(str(facts.get('url')))}>"
    if kind == "input_audio" and isinstance(facts, dict):
        recording = f"data:{facts.get('format')};base64,{facts.get('data')}"
        return f"<audio: {described(recording)}>"
    if kind == "file" and isinstance(facts, dict):
        told = [facts.get("filename"), facts.get("file_id")]
        told += [described(facts["file_data"]) if facts.get("file_data") else None]
        return f"<file: {', '.join(str(each) for each in told if each)}>"
    if kind == "document":
        data = part.get("source", {}).get("data", "")
        return f"<document: {', '.join(filter(None, [part.get('title'), f'{len(data):,} characters']))}>"
    return json.dumps(part, ensure_ascii=False, default=str)


def _split(text: str, as_content: bool) -> Any:
    first, *rest = text.split(_OPEN)
    pieces: list[Any] = [first]
    for each in rest:
        token, _, following = each.partition(_CLOSE)
        pieces += [_parts(token), following]
    if not as_content:
        return "".join(
            piece if isinstance(piece, str) else json.dumps(piece, ensure_ascii=False) for piece in pieces
        )
    content: list[dict[str, Any]] = []
    for piece in pieces:
        if isinstance(piece, str):
            content += [{"type": "text", "text": piece}] if piece else []
        else:
            content += piece
    return content


def _parts(token: str) -> list[dict[str, Any]]:
    for character in _UNSAFE:
        token = token.replace(f"~{ord(character):02x}", character)
    parts: list[dict[str, Any]] = json.loads(token.replace("~7e", "~"))
    return parts
