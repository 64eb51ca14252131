"""Bodies laid out as other languages do: fields in blocks, members in a row."""

from __future__ import annotations

import re

from ...base.diagnostic import Edit, Fix
from ...base.span import Span
from ..lexing.tokens import Token, vocabulary
from ..parsing.automaton import count_accepted
from ..problems import problem, replacement
from ..tables import tables
from .edits import Repair, RepairRule, Stuck, as_lines, discard, header_end

_BLOCKS = {
    "input": "input",
    "inputs": "input",
    "output": "output",
    "outputs": "output",
}
STATEMENTS = frozenset(
    {"return", "if", "for", "while", "try", "with", "match", "await", "raise", "assert", "print"}
)
"""What a statement begins with that is not an assignment."""
_SHORT = {"in": "input", "out": "output"}


def _field_block(stuck: Stuck) -> Repair | None:
    """`inputs:` with fields in a block of their own, each read as an input."""
    known = vocabulary()
    tokens, line = stuck.tokens, stuck.line
    word = _BLOCKS.get(stuck.first.text)
    if word is None or line == 0 or tokens[0].text not in {"signature", "module"} or stuck.at > line + 1:
        return None
    layout = [each.kind for each in tokens[line + 1 : line + 4]]
    if layout != [known.colon, known.newline, known.indent]:
        return None
    inside, stop = _block(tokens, line + 3)
    fields: list[Token] = []
    for index, token in enumerate(inside):
        begins = index == 0 or inside[index - 1].kind == known.newline
        if begins and token.kind in {known.name, *known.fallbacks} and token.text not in _BLOCKS:
            fields.append(Token(tables().literals[word], token.start, token.start, word))
            token = token._replace(kind=known.name)
        fields.append(token)
    name = inside[0].text if inside else "NAME"
    found = problem(
        "E001",
        stuck.first.span,
        f"fields have no block of their own; each begins with its word: `{word} {name}: …`",
    )
    is_told = _BLOCK_HEAD.search(stuck.text, 0, stuck.first.start) is not None
    return Repair(line, stop, fields, None if is_told else found)


def _fields_around_arrow(stuck: Stuck) -> Repair | None:
    """`question: str -> answer: str` in a signature's body, read as a line for each."""
    known, line = vocabulary(), stuck.line
    if _word(stuck) != "signature" or line == 0 or stuck.first.kind != known.name:
        return None
    stop, _ = header_end(stuck.tokens, line, colon=False)
    word, parts, depth = "input", [("input", list[Token]())], 0
    for token in stuck.tokens[line:stop]:
        depth += (token.kind in known.openers) - (token.kind in known.closers)
        if depth == 0 and token.text in {",", "->"}:
            word = "output" if token.text == "->" else word
            parts.append((word, []))
        else:
            parts[-1][1].append(token)
    named = [(word, part) for word, part in parts if part]
    are_fields = all(
        part[0].kind == known.name
        and "".join(each.text for each in part[1:2]) in ("", ":")
        and len(part) != 2
        for _, part in named
    )
    if word == "input" or not are_fields:
        return None
    fields: list[Token] = []
    written: list[str] = []
    for direction, part in named:
        start, end = part[0].start, part[-1].end
        typed = (
            part
            if len(part) > 1
            else [*part, Token(known.colon, end, end, ":"), Token(known.name, end, end, "str")]
        )
        fields += [Token(tables().literals[direction], start, start, direction), *typed]
        fields.append(Token(known.newline, end, end, ""))
        written.append(f"{direction} {stuck.text[start:end]}" + (": str" if len(part) == 1 else ""))
    span = Span(stuck.first.start, stuck.tokens[stop - 1].end)
    begin = stuck.text.rfind("\n", 0, span.start) + 1
    lines = f"\n{stuck.text[begin : span.start]}".join(written)
    found = problem(
        "E029",
        span,
        "each field of a signature has a line of its own: " + ", ".join(f"`{each}`" for each in written[:3]),
        None,
        Fix("Write a line for each", (Edit(span, lines),), "safe"),
    )
    return Repair(line, stop, fields[:-1], found)


_BLOCK_HEAD = re.compile(r"^[ \t]+(?:inputs?|outputs?)[ \t]*:", re.MULTILINE)


def _block(tokens: list[Token], indent: int) -> tuple[list[Token], int]:
    """The tokens of the block that an indent begins, and where the tokens behind it begin."""
    known = vocabulary()
    depth = 0
    for index in range(indent, len(tokens)):
        depth += (tokens[index].kind == known.indent) - (tokens[index].kind == known.dedent)
        if depth == 0:
            return tokens[indent + 1 : index], index + 1
    return tokens[indent + 1 :], len(tokens)


def _short_direction(stuck: Stuck) -> Repair | None:
    """`in text: str`, read as an input."""
    first = stuck.first
    word = _SHORT.get(first.text)
    is_field = stuck.peek(stuck.line + 2).text == ":"
    if word is None or not is_field or _word(stuck) not in {"signature", "module"} or not stuck.line:
        return None
    fix = replacement(f"Write `{word}`", first.start, first.end, word, "safe")
    message = f"a field begins with `{word}`, not `{first.text}`"
    found = problem("E001", first.span, message, None, fix)
    token = Token(tables().literals[word], first.start, first.end, word)
    return Repair(stuck.line, stuck.line + 1, [token], found)


def _body_of_another_name(stuck: Stuck) -> Repair | None:
    """`run:` with the statements of a module behind it, read as `forward:`."""
    known = vocabulary()
    first, forward = stuck.first, tables().literals["forward"]
    layout = [each.kind for each in stuck.tokens[stuck.line + 1 : stuck.line + 4]]
    if _word(stuck) != "module" or stuck.line == 0 or stuck.at != stuck.line + 1 or first.kind != known.name:
        return None
    if (
        layout != [known.colon, known.newline, known.indent]
        or count_accepted(stuck.line_states, [forward]) == 0
    ):
        return None
    if any(each.kind == forward for each in stuck.tokens[: stuck.line]):
        return None
    found = problem(
        "E001",
        first.span,
        f"the statements of a module stand under `forward:`, not `{first.text}:`",
        None,
        replacement("Write `forward`", first.start, first.end, "forward", "safe"),
    )
    return Repair(stuck.line, stuck.line + 1, [Token(forward, first.start, first.end, "forward")], found)


def _statements_without_forward(stuck: Stuck) -> Repair | None:
    """`return …` and other statements in a module's body, read as if they stood under `forward:`."""
    known, literals = vocabulary(), tables().literals
    tokens, line, first = stuck.tokens, stuck.line, stuck.first
    if _word(stuck) != "module" or line == 0 or stuck.at != line or first.text not in STATEMENTS:
        return None
    forward = literals["forward"]
    if any(each.kind == forward for each in tokens) or count_accepted(stuck.line_states, [forward]) == 0:
        return None
    stop = _end_of_body(tokens)
    if stop <= line:
        return None
    place, end = first.start, tokens[stop].start
    head = [
        Token(forward, place, place, "forward"),
        Token(known.colon, place, place, ":"),
        Token(known.newline, place, place, ""),
        Token(known.indent, place, place, ""),
    ]
    found = problem(
        "E001",
        first.span,
        "the statements of a module stand under `forward:`",
        "write `forward:` above them, and indent them below it",
        _indented(stuck, tokens[line:stop]),
    )
    return Repair(line, stop, [*head, *tokens[line:stop], Token(known.dedent, end, end, "")], found)


def _indented(stuck: Stuck, block: list[Token]) -> Fix | None:
    """`forward:` above the lines of a block, and each of them indented."""
    if any("\n" in each.text for each in block if each.kind != vocabulary().newline):
        return None
    text = as_lines(stuck.text)
    begin = text.rfind("\n", 0, block[0].start) + 1
    margin = text[begin : block[0].start]
    edits = [Edit(Span(begin, begin), f"{margin}forward:\n{margin}")]
    starts = [found.end() for found in re.finditer(r"\n(?=[^\n]*\S)", text[: block[-1].start])]
    edits += [Edit(Span(start, start), margin) for start in starts if start > begin]
    return Fix("Write them under `forward:`", tuple(edits), "unsafe") if margin else None


def _end_of_body(tokens: list[Token]) -> int:
    """The index of the dedent that ends a declaration's body, or of the last token where there is none."""
    known = vocabulary()
    indent = next((at for at, each in enumerate(tokens) if each.kind == known.indent), len(tokens))
    _, behind = _block(tokens, indent)
    return min(behind, len(tokens)) - 1


def _word(stuck: Stuck) -> str:
    """The first word of the declaration."""
    return stuck.tokens[0].text


def _members_in_a_row(stuck: Stuck) -> Repair | None:
    """`happy, sad` in an enumeration, each read as a line."""
    known = vocabulary()
    if _word(stuck) != "enum" or stuck.token.text != "," or stuck.line == 0:
        return None
    stop, _ = header_end(stuck.tokens, stuck.at, colon=False)
    row = stuck.tokens[stuck.at : stop]
    if len(row) == 1:
        return None  # a comma at the end of the line
    members = {known.name, known.string, *known.fallbacks}
    if any(each.kind not in members and each.text not in {",", "="} for each in row):
        return None
    begin = stuck.text.rfind("\n", 0, stuck.first.start) + 1
    margin = stuck.text[begin : stuck.first.start]
    parts = stuck.text[stuck.first.start : row[-1].end].split(",")
    lines = f"\n{margin}".join(each.strip() for each in parts if each.strip())
    fix = replacement("Write a line for each", stuck.first.start, row[-1].end, lines, "safe")
    message = "each member of an enumeration stands on a line of its own"
    found = problem("E001", stuck.token.span, message, None, fix if not margin.strip() else None)
    new = [Token(known.newline, each.start, each.start, "") if each.text == "," else each for each in row]
    if new[-1].kind == known.newline:
        new.pop()
    return Repair(stuck.at, stop, new, found)


def _settings_inside(stuck: Stuck) -> Repair | None:
    """`configure(…)` in the body of a declaration: the line is left out."""
    first = stuck.first
    if first.text != "configure" or stuck.line == 0 or stuck.peek(stuck.line + 1).text != "(":
        return None
    stop, _ = header_end(stuck.tokens, stuck.line, colon=False)
    found = problem(
        "E023",
        first.span,
        "`configure(…)` stands outside of all declarations, in the first column",
        "a part takes a model of its own with `lm=…`",
    )
    return discard(stuck.tokens, stuck.line, stop, found)


BODIES: tuple[RepairRule, ...] = (
    _fields_around_arrow,
    _field_block,
    _short_direction,
    _body_of_another_name,
    _statements_without_forward,
    _members_in_a_row,
    _settings_inside,
)
"""Each is asked in turn."""
