"""Whether a text is one of a GBNF grammar's: a recogniser that tries all ways at once, for tests."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

_TOKEN = re.compile(r'\s+|("(?:[^"\\]|\\.)*"|\[\^?(?:[^\]\\]|\\.)*\]|\{\d+,\d+\}|[()|*+?]|[A-Za-z_][\w-]*)')


def matches(grammar: str, text: str) -> bool:
    """Whether the whole text matches the rule `root`."""
    rules = {}
    for line in grammar.strip().splitlines():
        name, _, body = line.partition(" ::= ")
        rules[name] = _Parser(body).choices()

    @cache
    def is_of(letters: str, letter: str) -> bool:
        return re.fullmatch(letters, letter) is not None

    @cache
    def ends(node: Any, at: int) -> frozenset[int]:
        kind, *inner = node
        if kind == "text":
            return frozenset({at + len(inner[0])} if text.startswith(inner[0], at) else ())
        if kind == "class":
            return frozenset(
                {at + 1} if at < len(text) and re.fullmatch(inner[0], text[at], re.DOTALL) else ()
            )
        if kind == "rule":
            return ends(rules[inner[0]], at)
        if kind == "choice":
            return frozenset().union(*(ends(each, at) for each in inner[0]))
        if kind == "row":
            found = {at}
            for each in inner[0]:
                found = {end for start in found for end in ends(each, start)}
            return frozenset(found)
        if kind.startswith("{"):
            least, most = map(int, kind.strip("{}").split(","))
            found, new = set() if least else {at}, {at}
            for count in range(1, most + 1):
                new = {end for start in new for end in ends(inner[0], start)}
                found |= new if count >= least else set()
            return frozenset(found)
        found, new = ({at} if kind != "+" else set()), {at}
        while new:
            new = {end for start in new for end in ends(inner[0], start)} - found
            found |= new
            if kind == "?":
                break
        return frozenset(found)

    return len(text) in ends(rules["root"], 0)


class _Parser:
    def __init__(self, body: str) -> None:
        self.tokens = [token for token in _TOKEN.findall(body) if token]

    def choices(self) -> Any:
        rows = [self.row()]
        while self.tokens and self.tokens[0] == "|":
            self.tokens.pop(0)
            rows.append(self.row())
        return rows[0] if len(rows) == 1 else ("choice", tuple(rows))

    def row(self) -> Any:
        items = []
        while self.tokens and self.tokens[0] not in "|)":
            items.append(self.item())
        return ("row", tuple(items))

    def item(self) -> Any:
        token = self.tokens.pop(0)
        if token == "(":
            node = self.choices()
            assert self.tokens.pop(0) == ")"
        elif token.startswith('"'):
            node = ("text", json.loads(token))
        elif token.startswith("["):
            node = ("class", re.sub(r"(?<=.)\[", r"\\[", token))
        else:
            node = ("rule", token)
        while self.tokens and (self.tokens[0] in "*+?" or self.tokens[0].startswith("{")):
            node = (self.tokens.pop(0), node)
        return node
