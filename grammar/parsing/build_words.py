"""What the grammar says about its words: where each may begin a line, and what may follow it."""

from __future__ import annotations

import re
from typing import Any

from lark.parsers.lalr_analysis import Shift


def words_of(lark: Any) -> dict[str, Any]:
    """The words of the grammar, for `words.py`:

    - `heads`: the words that begin an item,
    - `statements`: those that begin a statement,
    - `bodies`: for each head those that begin the lines of its body,
    - `suites`: those that begin a line with a block below it,
    - `follows`: for each word what may come behind it; `named` the same for the heads
      that declare a name, behind that name,
    - `groups`: the alternatives of each terminal that has several.
    """
    grammar = _Grammar(lark)
    heads = grammar.first("item")
    bodies: dict[str, list[str]] = {}
    suites: set[str] = set()
    for rule in lark.rules:
        expansion = rule.expansion
        block = next((symbol.name for symbol in expansion if _is_block(symbol)), None)
        if block is None:
            continue
        words = grammar.words(expansion[0].name) if expansion[0].is_term else set()
        suites |= words
        lines = grammar.first("statement" if block == "block" else grammar.body(block))
        bodies |= {word: sorted(lines) for word in words & heads}
    return {
        "heads": sorted(heads),
        "statements": sorted(grammar.first("statement")),
        "bodies": dict(sorted(bodies.items())),
        "suites": sorted(suites),
        "follows": {word: grammar.follows(word) for word in grammar.all_words()},
        "named": {word: after for word in sorted(heads) if (after := grammar.behind_name(word))},
        "groups": {name: sorted(texts) for name, texts in grammar.texts.items() if len(texts) > 1},
    }


def _is_block(symbol: Any) -> bool:
    return symbol.name in {"block", "_INDENT"} or symbol.name.endswith("_body")


class _Grammar:
    """Lark's rules and states, asked for words."""

    def __init__(self, lark: Any) -> None:
        self.lark = lark
        self.table = lark.parser.parser._parse_table
        self.texts: dict[str, list[str]] = {}
        for terminal in lark.terminals:
            pattern = terminal.pattern
            single = type(pattern).__name__ == "PatternStr"
            self.texts[terminal.name] = [pattern.value] if single else alternatives(pattern.value)

    def words(self, terminal: str) -> set[str]:
        """The words that a terminal stands for."""
        return {text for text in self.texts.get(terminal, ()) if text.isalpha()}

    def all_words(self) -> list[str]:
        """Every word of the grammar."""
        return sorted({text for texts in self.texts.values() for text in texts if text.isalpha()})

    def first(self, rule: str) -> set[str]:
        """The words that may come first in what a rule describes."""
        found: set[str] = set()
        seen: set[str] = set()
        pending = [rule]
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            for each in self.lark.rules:
                if each.origin.name == name:
                    symbol = each.expansion[0]
                    if symbol.is_term:
                        found |= self.words(symbol.name)
                    else:
                        pending.append(symbol.name)
        expressions = {"expression", "expressions"} & seen
        return found - self.first("expressions") if expressions and rule not in expressions else found

    def body(self, block: str) -> str:
        """The rule for the lines of a body, `_signature_body` or that of an `_INDENT` in the rule itself."""
        for rule in self.lark.rules:
            names = [symbol.name for symbol in rule.expansion]
            if "_INDENT" in names and (rule.origin.name == block or block == "_INDENT"):
                return str(names[names.index("_INDENT") + 1])
        raise LookupError(block)

    def follows(self, word: str) -> list[str]:
        """What may come behind a word, as texts or as names of terminals."""
        return self._shown(self._behind(word))

    def behind_name(self, word: str) -> list[str]:
        """What may come behind a word that begins a declaration, and the name that it declares."""
        if not any(
            rule.expansion[0].is_term
            and word in self.words(rule.expansion[0].name)
            and [symbol.name for symbol in rule.expansion[1:2]] in (["NAME"], ["names"])
            for rule in self.lark.rules
        ):
            return []
        start = self.table.states[self.table.start_states["start"]]
        found: set[str] = set()
        for terminal in self.texts:
            if word in self.words(terminal) and terminal in start:
                second = self.table.states[start[terminal][1]]
                if "NAME" in second and second["NAME"][0] is Shift:
                    found |= set(self.table.states[second["NAME"][1]])
        return self._shown(found)

    def _behind(self, word: str) -> set[str]:
        found: set[str] = set()
        for row in self.table.states.values():
            for symbol, (action, argument) in row.items():
                if action is Shift and word in self.words(symbol):
                    found |= set(self.table.states[argument])
        return found

    def _shown(self, symbols: set[str]) -> list[str]:
        terminals = {symbol for symbol in symbols if symbol.isupper() or symbol in self.texts}
        return sorted({text for name in terminals for text in self.texts.get(name, [name])})


def alternatives(pattern: str) -> list[str]:
    """The texts of a terminal that is a list of texts; Lark has made it a regular expression."""
    texts = re.split(r"(?<!\\)\|", pattern.removeprefix("(?:").removesuffix(")"))
    return [text.replace("\\", "") for text in texts]
