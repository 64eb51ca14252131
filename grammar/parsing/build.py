"""Builds `_tables.json` from `dspy.lark` (`python -m dspyc.grammar.parsing.build`); only this needs Lark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from lark import Lark
from lark.parsers.lalr_analysis import Shift

from .build_words import alternatives, words_of

HERE = Path(__file__).parents[1]
GRAMMAR = HERE / "dspy.lark"
TABLES = HERE / "_tables.json"
STARTS = ("start", "inline_signature")

# What an insertion costs when a broken text is completed: a missing name is the least that can be meant.
_TERMINAL_COST = {"NAME": 10, "_NEWLINE": 10, "_INDENT": 10, "_DEDENT": 10, "CONSTANT": 50, "NUMBER": 50}
_DEFAULT_COST = 20
_STATEMENT_COST = {"BREAK": 500, "CONTINUE": 500, "PASS": 500, "RETURN": 500}


def build() -> str:
    """The text of `_tables.json` for the grammar as it stands."""
    grammar = GRAMMAR.read_text(encoding="utf-8")
    lark = Lark(
        grammar, parser="lalr", start=list(STARTS), lexer="basic", maybe_placeholders=True, debug=True
    )
    table = lark.parser.parser._parse_table
    symbols = {symbol for rule in lark.rules for symbol in rule.expansion}
    terminals = [*sorted(symbol.name for symbol in symbols if symbol.is_term), "$END"]
    nonterminals = sorted({rule.origin.name for rule in lark.rules})
    rules = sorted(lark.rules, key=_rule_key)
    rule_numbers = {rule: number for number, rule in enumerate(rules)}
    states = _number_states(table)
    terminal_numbers = {name: number for number, name in enumerate(terminals)}
    nonterminal_numbers = {name: number for number, name in enumerate(nonterminals)}
    rows: list[list[int]] = [[] for _ in states]
    gotos: list[list[int]] = [[] for _ in states]
    for state, number in states.items():
        for symbol, (action, argument) in sorted(table.states[state].items()):
            if symbol in nonterminal_numbers:
                gotos[number] += [nonterminal_numbers[symbol], states[argument]]
            elif symbol in terminal_numbers:
                target = states[argument] if action is Shift else ~rule_numbers[argument]
                rows[number] += [terminal_numbers[symbol], target]
    content = {
        "grammar": fingerprint(grammar),
        "terminals": terminals,
        "nonterminals": nonterminals,
        "literals": dict(sorted(_literals(lark, terminal_numbers))),
        "rules": [_rule(rule, nonterminal_numbers) for rule in rules],
        "rows": rows,
        "gotos": gotos,
        "completions": _completions(states, rules, rule_numbers, terminal_numbers),
        "starts": {start: states[table.start_states[start]] for start in STARTS},
        "ends": {start: states[table.end_states[start]] for start in STARTS},
        "words": words_of(lark),
    }
    lines = [
        f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in content.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def fingerprint(grammar: str) -> str:
    """What ties tables to the grammar that they were made from."""
    return sha256(grammar.encode()).hexdigest()


def _rule_key(rule: Any) -> tuple[str, str, tuple[str, ...]]:
    return (rule.origin.name, rule.alias or "", tuple(symbol.name for symbol in rule.expansion))


def _number_states(table: Any) -> dict[Any, int]:
    """Numbers in the order of a walk from the start states: the same grammar gives the same numbers."""
    numbers: dict[Any, int] = {}
    queue = [table.start_states[start] for start in STARTS]
    for state in queue:
        if state in numbers:
            continue
        numbers[state] = len(numbers)
        queue += [
            argument for _, (action, argument) in sorted(table.states[state].items()) if action is Shift
        ]
    return numbers


def _literals(lark: Any, terminal_numbers: dict[str, int]) -> Iterator[tuple[str, int]]:
    """The fixed texts of tokens, and for each the number of its terminal."""
    for terminal in lark.terminals:
        if type(terminal.pattern).__name__ == "PatternStr":
            yield terminal.pattern.value, terminal_numbers[terminal.name]
        elif terminal.pattern is not None:
            for text in alternatives(terminal.pattern.value):
                yield text, terminal_numbers[terminal.name]


def _rule(rule: Any, nonterminal_numbers: dict[str, int]) -> list[Any]:
    """`[left side, length, action, shape]`.

    The action names the function that makes the value: "" hands the only child on, "[]" makes a list that
    the rule above takes in. The shape lists the children: an index, `~index` of a list to take in, or None.
    """
    name = rule.origin.name
    shape: list[int | None] = []
    position = 0
    for absent in rule.options.empty_indices or (False,) * len(rule.expansion):
        if absent:
            shape.append(None)
            continue
        symbol = rule.expansion[position]
        if not (symbol.is_term and symbol.filter_out and not rule.options.keep_all_tokens):
            inline = not symbol.is_term and symbol.name.startswith("_")
            shape.append(~position if inline else position)
        position += 1
    if name.startswith("_"):
        action = "[]"
    elif (
        rule.options.expand1 and not rule.alias and len(shape) == 1 and shape[0] is not None and shape[0] >= 0
    ):
        action = ""
    else:
        action = rule.alias or name
    return [nonterminal_numbers[name], len(rule.expansion), action, shape]


def _completions(
    states: dict[Any, int], rules: list[Any], rule_numbers: dict[Any, int], terminal_numbers: dict[str, int]
) -> list[int]:
    """For each state the first step of the cheapest way to complete what has been begun.

    A terminal's number to insert, or `~rule` to reduce. Following the steps always ends (J. Röhrich, "Methods
    for the automatic construction of error correcting parsers", Acta Informatica 13, 1980).
    """
    costs, best = _cheapest(rules)

    def cost(symbol: Any) -> int:
        return _cost_of(symbol) if symbol.is_term else costs[symbol.name]

    steps = [0] * len(states)
    for state, number in states.items():
        kernel = [item for item in state if item.index > 0] or list(state)
        item = min(
            kernel, key=lambda i: (sum(map(cost, i.rule.expansion[i.index :])), _rule_key(i.rule), i.index)
        )
        rest = item.rule.expansion[item.index :]
        if not rest:
            steps[number] = (
                ~rule_numbers[item.rule] if item.rule in rule_numbers else terminal_numbers["$END"]
            )
            continue
        symbol = rest[0]
        while not symbol.is_term:
            symbol = best[symbol.name].expansion[0]
        steps[number] = terminal_numbers[symbol.name]
    return steps


def _cheapest(rules: list[Any]) -> tuple[dict[str, int], dict[str, Any]]:
    """The cheapest text of each rule: what it costs, and by which alternative."""
    costs: dict[str, int] = {}
    best: dict[str, Any] = {}
    changed = True
    while changed:
        changed = False
        for rule in rules:
            try:
                total = sum(_cost_of(s) if s.is_term else costs[s.name] for s in rule.expansion)
            except KeyError:
                continue
            if rule.origin.name not in costs or total < costs[rule.origin.name]:
                costs[rule.origin.name] = total
                best[rule.origin.name] = rule
                changed = True
    return costs, best


def _cost_of(terminal: Any) -> int:
    return _TERMINAL_COST.get(terminal.name) or _STATEMENT_COST.get(terminal.name, _DEFAULT_COST)


if __name__ == "__main__":
    TABLES.write_text(build(), encoding="utf-8")
