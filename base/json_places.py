"""Where the keys and values of a JSON text stand; Python's reader of JSON does not tell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from .span import Span

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


class JsonPlace(NamedTuple):
    """A key, or a value that is no object or list; `path` has all keys and indexes down to it."""

    path: tuple[str | int, ...]
    text: str
    """As it is written."""
    span: Span
    is_key: bool


def places(text: str) -> Iterator[JsonPlace]:
    """The keys and plain values of a text that is JSON, in order."""
    around: list[list[str | int]] = []
    """For each list and object that is open: its last index or key."""
    kinds: list[str] = []
    expects_key = False
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "{[":
            kinds.append(sign)
            around.append([0] if sign == "[" else [""])
            expects_key = sign == "{"
        elif sign in "}]":
            if kinds:
                kinds.pop()
                around.pop()
            expects_key = False
        elif sign == ",":
            if kinds and kinds[-1] == "[":
                index = around[-1][0]
                around[-1][0] = index + 1 if isinstance(index, int) else 0
            expects_key = bool(kinds) and kinds[-1] == "{"
        elif sign == ":":
            expects_key = False
        else:
            if expects_key:
                around[-1][0] = str(json.loads(sign))
            path = tuple(each[0] for each in around)
            yield JsonPlace(path, sign, Span(token.start(), token.end()), expects_key)
