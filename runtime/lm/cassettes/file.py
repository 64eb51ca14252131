"""The file of a cassette: JSON Lines that can be read and compared line by line.

    {"cassette": 1, "program": "qa.dspy"}
    {"test": "the capital of Belgium", "predictor": "qa", "model": "openai/gpt-4o-mini", "settings": {"temperature": 0.0}}
    {"system": "Your input fields are: …"}
    {"user": "[[ ## question ## ]]\\nWhat is the capital of Belgium?"}
    {"answer": "[[ ## answer ## ]]\\nBrussels"}

A line for each message, so that a change of a prompt changes one line. Whatever finished first, the requests of
a test stand in the order of their predictors and texts.
"""  # noqa: E501 lines of the file

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ....base.files import UnreadableFile, read_regular, write_atomically
from ....base.secrets import redact
from ...errors import ReplayError
from ..cachejson import read_json, render_json
from ..messages import Text
from ..request import Completion, Response
from .asked import Asked

VERSION = 1
LARGEST = 1 << 28
"""How many bytes a cassette may have."""
ROLES = ("system", "user", "assistant", "developer")

Recorded = tuple[Asked, list[Response]]
"""A request, and what was answered each time that it was made."""


def write(path: Path, program: str, recorded: Iterable[Recorded]) -> None:
    """Write a cassette.

    Args:
        path: its file.
        program: the file with the tests.
        recorded: the requests, those of each test together.

    Raises:
        ReplayError: the file cannot be written, or an answer holds what JSON cannot.
    """
    lines = [{"cassette": VERSION, "program": program}]
    for asked, responses in _in_order(recorded):
        lines += _lines(asked, responses)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    try:
        write_atomically(path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise ReplayError(f"the cassette {path} cannot be written: {error.strerror}") from error


def _in_order(recorded: Iterable[Recorded]) -> list[Recorded]:
    given = list(recorded)
    tests = {test: number for number, test in enumerate(dict.fromkeys(each.test for each, _ in given))}
    return sorted(given, key=lambda each: (tests[each[0].test], each[0].predictor, each[0].key))


def _lines(asked: Asked, responses: list[Response]) -> Iterator[dict[str, Any]]:
    yield {
        "test": asked.test,
        "predictor": asked.predictor,
        "model": asked.model,
        "settings": dict(sorted(asked.settings.items())),
    }
    for message in asked.messages:
        role, content = message.get("role"), message.get("content")
        if role in ROLES and isinstance(content, str) and len(message) == 2:
            yield {str(role): content}
        else:
            yield {"message": dict(message)}
    written = [_answer(response) for response in responses]
    # One answer is enough where all are the same.
    yield from written[:1] if all(each == written[0] for each in written) else written


def _answer(response: Response) -> dict[str, Any]:
    match response.completions:
        case (Completion(parts=(Text(text),), finish_reason=None | "stop", logprobs=None),):
            return {"answer": redact(text)}
    try:
        return {"response": json.loads(redact(render_json(response)))}
    except (TypeError, ValueError) as error:
        raise ReplayError(f"an answer cannot be recorded: {error}") from error


def read(path: Path) -> list[Recorded]:
    """The requests of a cassette, with their answers.

    Raises:
        ReplayError: there is no such file, or it is not a cassette.
    """
    try:
        text = read_regular(path, LARGEST)
    except UnreadableFile as error:
        if error.kind == "missing":
            raise ReplayError(f"there is no cassette {path}") from None
        raise ReplayError(f"the cassette {path} {error.message}") from None
    lines = [_object(path, number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines or lines[0].get("cassette") != VERSION:
        raise ReplayError(f"{path} is not a cassette of this version of dspyc; record it again")
    return list(_recorded(path, lines[1:]))


def _object(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not found:
        raise ReplayError(f"the cassette {path} is damaged at line {number}; record it again")
    return found


def _recorded(path: Path, lines: list[Mapping[str, Any]]) -> Iterator[Recorded]:
    head: Mapping[str, Any] | None = None
    messages: list[Mapping[str, Any]] = []
    responses: list[Response] = []
    try:
        for line in [*lines, {"test": None}]:
            name, value = next(iter(line.items()))
            if name == "test":
                if head is not None:
                    yield _asked(head, messages), responses
                head, messages, responses = line, [], []
            elif name == "answer":
                responses.append(Response([str(value)], finish_reason="stop", cache_hit=True))
            elif name == "response":
                responses.append(read_json(json.dumps(value)))
            else:
                messages.append(value if name == "message" else {"role": name, "content": value})
    except (KeyError, TypeError, ValueError) as error:
        raise ReplayError(f"the cassette {path} is damaged; record it again") from error


def _asked(head: Mapping[str, Any], messages: list[Mapping[str, Any]]) -> Asked:
    return Asked(head["test"], head["predictor"], head["model"], head["settings"], messages)
