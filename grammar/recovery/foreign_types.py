"""Types as TypeScript, Java and BAML write them: `string[]`, `list<str>`."""

from __future__ import annotations

from ..lexing.tokens import Token, vocabulary
from ..problems import problem, replacement
from .edits import Repair, Stuck, fits, read_as
from .foreign_words import TYPE_WORDS


def square_brackets(stuck: Stuck) -> Repair | None:
    """`str[]`, read as `list[str]`."""
    known = vocabulary()
    tokens, at = stuck.tokens, stuck.at
    if stuck.token.text != "]" or at < 2 or stuck.before.text != "[" or tokens[at - 2].kind != known.name:
        return None
    if stuck.before.end != stuck.token.start or tokens[at - 2].end != stuck.before.start:
        return None
    name = tokens[at - 2]
    depth, stop = 1, at + 1
    while stop + 1 < len(tokens) and tokens[stop].text == "[" and stuck.peek(stop + 1).text == "]":
        depth, stop = depth + 1, stop + 2
    kind = TYPE_WORDS.get(name.text, name.text)
    right = "list[" * depth + kind + "]" * depth
    start, end = name.start, tokens[stop - 1].end
    found = problem(
        "E029",
        (start, end),
        f"write `{right}` for a list",
        None,
        replacement(f"Write `{right}`", start, end, right, "safe"),
    )
    new: list[Token] = []
    for _ in range(depth):
        new += [name._replace(text="list"), Token(known.operators["["], start, start, "[")]
    new.append(name._replace(text=kind))
    new += [Token(known.operators["]"], end, end, "]")] * depth
    return Repair(at - 2, stop, new, found)


def angle_brackets(stuck: Stuck) -> Repair | None:
    """`list<str>` and `map<string, int>`, read as `list[str]` and `dict[str, int]`."""
    known = vocabulary()
    tokens, at = stuck.tokens, stuck.at
    opening = at
    if stuck.token.text in {"str", ","} or stuck.token.text == ">":
        opening = _opening(stuck)
    if tokens[opening].text != "<" or opening == 0 or tokens[opening - 1].kind != known.name:
        return None
    if tokens[opening - 1].end != tokens[opening].start:
        return None
    depth, stop = 0, opening
    for index in range(opening, min(len(tokens), opening + 40)):
        token = tokens[index]
        if token.kind == known.newline:
            return None
        depth += (token.text == "<") - (token.text == ">") - 2 * (token.text == ">>")
        if depth <= 0:
            stop = index + 1
            break
    else:
        return None
    new: list[Token] = []
    written = ""
    for token in tokens[opening - 1 : stop]:
        if token.text in {"<", ">", ">>"}:
            bracket = "[" if token.text == "<" else "]"
            count = len(token.text)
            new += [Token(known.operators[bracket], token.start, token.end, bracket)] * count
            written += bracket * count
        elif token.kind == known.name:
            text = TYPE_WORDS.get(token.text, token.text)
            new.append(token._replace(text=text))
            written += text
        elif token.text == ",":
            new.append(token)
            written += ", "
        else:
            new.append(token)
            written += f" {token.text} " if token.text == "|" else token.text
    start, end = tokens[opening - 1].start, tokens[stop - 1].end
    found = problem(
        "E029",
        (start, end),
        f"type arguments go in square brackets: `{written[:60]}`",
        None,
        replacement(f"Write `{written}`", start, end, written, "safe"),
    )
    return Repair(opening - 1, stop, new, found)


def or_between_types(stuck: Stuck) -> Repair | None:
    """`str or None`, read as `str | None`."""
    if stuck.token.text != "or" or not fits(stuck.states, "|"):
        return None
    token = stuck.token
    found = problem(
        "E029",
        token.span,
        "use `|` instead of `or` between types",
        None,
        replacement("Write `|`", token.start, token.end, "|", "safe"),
    )
    return Repair(stuck.at, stuck.at + 1, [read_as(token, "|")], found)


def _opening(stuck: Stuck) -> int:
    """The `<` before the token in its line, or the token itself."""
    for index in range(stuck.at, stuck.line, -1):
        if stuck.tokens[index].text == "<":
            return index
    return stuck.at
