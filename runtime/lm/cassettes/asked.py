"""What a test asked a model, as a cassette holds it, and how two such requests differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ....base.secrets import drop_secrets, redact
from ....base.text import clip, list_names
from ..keys import NOT_IDENTITY
from ..request import Request

_KEPT_OF_OURS = ("rollout_id",)
"""Settings that are never sent, and that tell repeated requests apart."""
_AROUND = 24
"""How many characters are shown before a difference, and behind it."""


@dataclass(frozen=True)
class Asked:
    """A request of a test, without keys.

    Attributes:
        test: the title of the test.
        predictor: the predictor that asks, by its name in the program; empty for a call of a model itself.
        model: the model's name.
        settings: what else is sent, without credentials and addresses.
        messages: the conversation, in OpenAI's form.
    """

    test: str
    predictor: str
    model: str
    settings: Mapping[str, Any]
    messages: Sequence[Mapping[str, Any]]

    @property
    def key(self) -> str:
        """The same for requests that may have the same answer."""
        facts = [self.test, self.predictor, self.model, self.settings, self.messages]
        return json.dumps(facts, sort_keys=True, ensure_ascii=False)


def asked(test: str, predictor: str, request: Request) -> Asked:
    """What a cassette holds of a request."""
    ours = {name: request.settings[name] for name in _KEPT_OF_OURS if name in request.settings}
    sent = {name: value for name, value in request.sent_settings.items() if name not in NOT_IDENTITY}
    settings = {name: each for name, each in (drop_secrets(sent) | ours).items() if each is not None}
    return Asked(
        test,
        predictor,
        request.model,
        _as_plain(settings),
        [_as_plain(each) for each in request.openai_messages],
    )


def _as_plain(value: Any) -> Any:
    """A value in JSON's types, without secrets in its texts; of another object only its class is kept."""
    text = json.dumps(value, default=lambda other: f"<{type(other).__name__}>")
    return _without_secrets(json.loads(text))


def _without_secrets(value: Any) -> Any:
    match value:
        case str():
            return redact(value)
        case dict():
            return {name: _without_secrets(each) for name, each in value.items()}
        case list():
            return [_without_secrets(each) for each in value]
        case _:
            return value


# --- differences ----------------------------------------------------------------------------------------


def differences(recorded: Asked, now: Asked) -> list[str]:
    """What is different between a recorded request and another one, each as a clause."""
    return list(_differences(recorded, now))


def _differences(recorded: Asked, now: Asked) -> Iterator[str]:
    if recorded.predictor != now.predictor:
        yield f"it was sent by {_shown(recorded.predictor)}"
    if recorded.model != now.model:
        yield f"the model was `{recorded.model}` and is `{now.model}`"
    names = sorted({*recorded.settings, *now.settings})
    changed = [name for name in names if recorded.settings.get(name) != now.settings.get(name)]
    if len(changed) == 1:
        before, after = recorded.settings.get(changed[0]), now.settings.get(changed[0])
        yield f"`{changed[0]}` was {clip(repr(before), 60)} and is {clip(repr(after), 60)}"
    elif changed:
        yield f"the settings {list_names(changed)} are different"
    if len(recorded.messages) != len(now.messages):
        yield f"the number of messages was {len(recorded.messages)} and is {len(now.messages)}"
    for number, (before, after) in enumerate(zip(recorded.messages, now.messages, strict=False), 1):
        if before != after:
            yield _of_messages(number, before, after)
            break


def _of_messages(number: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    role = f"message {number} ({after.get('role', 'unknown')})"
    one, other = before.get("content"), after.get("content")
    if before.get("role") != after.get("role") or not isinstance(one, str) or not isinstance(other, str):
        return f"{role} is different"
    at = next((index for index, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    at = min(len(one), len(other)) if at is None else at
    return f"{role} had `{_excerpt(one, at)}` and has `{_excerpt(other, at)}`"


def _excerpt(text: str, at: int) -> str:
    start, end = max(0, at - _AROUND), at + _AROUND
    shown = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{shown}{'…' if end < len(text) else ''}"


def _shown(predictor: str) -> str:
    return f"`{predictor}`" if predictor else "a model itself"
