"""Methods in a module, as a class has them: `def forward(self, …)`, `def __init__(self)`, helpers."""

from __future__ import annotations

import itertools

from ...base.diagnostic import Applicability, Edit, Fix
from ...base.span import Span
from ..lexing.tokens import Token, vocabulary
from ..problems import problem, replacement
from ..tables import tables
from .edits import Repair, RepairRule, Stuck, as_lines, header_end, read_as

_HEADS = frozenset({"module"})


def _method(stuck: Stuck) -> Repair | None:
    """A `def` among the lines of a declaration's body."""
    tokens, at = stuck.tokens, stuck.at
    known = vocabulary()
    if at != stuck.line or at == 0 or stuck.token.text != "def" or stuck.peek(at + 1).kind != known.name:
        return None
    if tokens[0].text not in {"module", "signature", "type", "enum"}:
        return None
    header, has_colon = header_end(tokens, at)
    if not has_colon:
        return None
    first = header + 1
    is_block = [each.kind for each in tokens[first : first + 2]] == [known.newline, known.indent]
    end = _block_end(tokens, first + 1) if is_block else header_end(tokens, first, colon=False)[0] + 1
    name = stuck.peek(at + 1).text
    if name == "forward" and tokens[0].text == "module":
        return _forward(stuck, header, end)
    if name == "__init__":
        return _constructor(stuck, header, end, is_block=is_block)
    found = problem(
        "E031",
        stuck.token.span,
        "a function is declared in the first column, not inside another declaration",
        "move it out of the body; you can still call it by name",
    )
    if tokens[0].text != "module":
        return Repair(at, end, [], found)
    place = tokens[header].end
    part = [
        stuck.peek(at + 1),
        Token(known.operators["="], place, place, "="),
        Token(known.name, place, place, ""),
        Token(known.newline, place, place, ""),
    ]
    return Repair(at, end, part, found)


def _block_end(tokens: list[Token], indent: int) -> int:
    """The index behind the block that begins at an indent."""
    known = vocabulary()
    depth = 0
    for index in range(indent, len(tokens)):
        depth += (tokens[index].kind == known.indent) - (tokens[index].kind == known.dedent)
        if depth == 0:
            return index + 1
    return len(tokens) - 1


def _forward(stuck: Stuck, header: int, end: int) -> Repair:
    """`def forward(self, question):`, read as `forward:`; `self.` is left out in its block."""
    tokens, at = stuck.tokens, stuck.at
    parameters = _parameters(stuck, at + 2, header)
    has_self = parameters[:1] == ["self"]
    fields = _inputs(tokens)
    start, stop = tokens[at].start, tokens[header].end
    fix = None
    if set(parameters[has_self:]) <= fields:
        edits = [Edit(Span(start, stop), "forward:")]
        if has_self:
            edits += [Edit(Span(a.start, b.end), "") for a, b in _selves(tokens[header:end])]
        fix = Fix("Write `forward:`", tuple(edits), "safe")
    found = problem(
        "E031",
        Span(start, stop),
        "`forward` is a block, not a method: write `forward:`",
        "its inputs are the module's `input` fields, and parts are called by their names, without `self.`",
        fix,
    )
    block = _without_self(tokens[header + 1 : end]) if has_self else tokens[header + 1 : end]
    head = [read_as(tokens[at], "forward"), tokens[header]]
    return Repair(at, end, [*head, *block], found)


def _constructor(stuck: Stuck, header: int, end: int, *, is_block: bool) -> Repair:
    """`def __init__(self):`, whose lines are read as parts."""
    tokens, at = stuck.tokens, stuck.at
    known = vocabulary()
    parameters = _parameters(stuck, at + 2, header)[1:]
    body = tokens[header + 3 : end - 1] if is_block else []
    lines = _lines(body)
    parts = [line for line in lines if not any(each.text == "super" for each in line[:1])]
    are_parts = all(
        [each.text for each in line[:2]] == ["self", "."] and line[3].text == "="
        for line in parts
        if len(line) > 3
    ) and all(len(line) > 3 for line in parts)
    fix = _parts_fix(stuck, header, lines) if are_parts and parts and not parameters else None
    names = ", ".join(f"{each}: …" for each in parameters)
    found = problem(
        "E031",
        Span(tokens[at].start, tokens[header].end),
        "a module has no constructor: its parts are lines of its body, `NAME = ChainOfThought(…)`",
        f"its parameters follow its name: `module {tokens[1].text}({names}):`" if parameters else None,
        fix,
    )
    new: list[Token] = []
    if are_parts:
        for line in parts:
            new += _without_self(line)
    if (
        not new
        and end < len(tokens)
        and tokens[end].kind == known.dedent
        and tokens[at - 1].kind == known.indent
    ):
        place = tokens[at].start
        new = [Token(known.string, place, place, ""), Token(known.newline, place, place, "")]
    return Repair(at, end, new, found)


def _parts_fix(stuck: Stuck, header: int, lines: list[list[Token]]) -> Fix:
    """The head is removed, the parts stand as far left as it did, without `self.`."""
    tokens, at, text = stuck.tokens, stuck.at, as_lines(stuck.text)
    start = text.rfind("\n", 0, tokens[at].start) + 1
    margin = text[start : tokens[at].start]
    edits = [Edit(Span(start, text.find("\n", tokens[header].end) + 1), "")]
    for line in lines:
        begin = text.rfind("\n", 0, line[0].start) + 1
        if line[0].text == "super":
            edits.append(Edit(Span(begin, text.find("\n", line[0].start) + 1), ""))
            continue
        edits.append(Edit(Span(begin, line[0].start), margin))
        edits += [Edit(Span(a.start, b.end), "") for a, b in _selves(line)]
    return Fix("Write the parts as lines of the module", tuple(edits), "unsafe")


def _lines(tokens: list[Token]) -> list[list[Token]]:
    known = vocabulary()
    lines: list[list[Token]] = [[]]
    for token in tokens:
        lines[-1].append(token)
        if token.kind == known.newline:
            lines.append([])
    return [line for line in lines if line]


def _parameters(stuck: Stuck, start: int, stop: int) -> list[str]:
    known = vocabulary()
    tokens = stuck.tokens
    return [
        tokens[index].text
        for index in range(start + 1, stop)
        if tokens[index].kind == known.name and tokens[index - 1].text in {"(", ","}
    ]


def _inputs(tokens: list[Token]) -> set[str]:
    """The names of a module's inputs."""
    known = vocabulary()
    layout = {known.newline, known.indent, known.dedent}
    return {
        tokens[index + 1].text
        for index in range(1, len(tokens) - 1)
        if tokens[index].text == "input" and tokens[index - 1].kind in layout
    }


def _selves(tokens: list[Token]) -> list[tuple[Token, Token]]:
    return [
        (token, dot) for token, dot in itertools.pairwise(tokens) if token.text == "self" and dot.text == "."
    ]


def _without_self(tokens: list[Token]) -> list[Token]:
    dropped = {each.start for pair in _selves(tokens) for each in pair}
    return [token for token in tokens if token.start not in dropped or token.end == token.start]


def _forward_with_parameters(stuck: Stuck) -> Repair | None:
    """`forward(question):`."""
    first, line, tokens = stuck.first, stuck.line, stuck.tokens
    if (
        first.text not in {"forward", "fallback"}
        or line == 0
        or stuck.at != line + 1
        or stuck.token.text != "("
    ):
        return None
    header, has_colon = header_end(tokens, line)
    if not has_colon:
        return None
    start, end = stuck.token.start, tokens[header].start
    names = set(_parameters(stuck, stuck.at, header)) - {"self"}
    safety: Applicability = "safe" if names <= _inputs(tokens) else "unsafe"
    found = problem(
        "E031",
        Span(start, end),
        f"`{first.text}` takes no parameters; its inputs are the module's `input` fields",
        None,
        replacement("Remove the parameters", start, end, "", safety),
    )
    return Repair(line, header, [read_as(first, first.text)], found)


def _async_forward(stuck: Stuck) -> Repair | None:
    """`async forward:` and `async def forward(self):`."""
    at = stuck.at
    if stuck.token.text != "async" or at != stuck.line or at == 0:
        return None
    after = stuck.peek(at + 1)
    if after.text not in {"forward", "fallback", "def"}:
        return None
    if after.text == "def":
        return Repair(at, at + 1, [], None)
    found = problem(
        "E013",
        stuck.token.span,
        "`async` is not needed; independent calls run concurrently anyway",
        None,
        replacement("Remove it", stuck.token.start, after.start, "", "safe"),
    )
    return Repair(at, at + 2, [Token(tables().literals[after.text], *after[1:])], found)


METHODS: tuple[RepairRule, ...] = (_async_forward, _method, _forward_with_parameters)
"""Each is asked in turn."""
