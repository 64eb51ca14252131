"""Operators and statements of other languages inside a line, and what stands for them here."""

from __future__ import annotations

from ..lexing.tokens import Token, vocabulary
from ..parsing.automaton import count_accepted
from ..problems import problem, replacement
from ..tables import tables
from .edits import Repair, RepairRule, Stuck, as_lines, fits, header_end, read_as
from .foreign_types import angle_brackets, or_between_types, square_brackets
from .foreign_words import DECLARATION_WORDS, PUBLIC_WORDS, VARIABLE_WORDS
from .signatures import colon_for_equals, unquoted_signature


def _strict_comparison(stuck: Stuck) -> Repair | None:
    """`===`, `!==` and `<>`."""
    token = stuck.token
    if stuck.at == 0 or stuck.before.end != token.start:
        return None
    pair = stuck.before.text + token.text
    right = {"===": "==", "!==": "!=", "<>": "!=", "=!": "!="}.get(pair)
    if right is None:
        return None
    start = stuck.before.start
    found = problem(
        "E029",
        (start, token.end),
        f"use `{right}` instead of `{pair}`",
        None,
        replacement(f"Write `{right}`", start, token.end, right, "safe"),
    )
    return Repair(stuck.at - 1, stuck.at + 1, [read_as(stuck.before, right)._replace(end=token.end)], found)


def _increment(stuck: Stuck) -> Repair | None:
    """`count++` and `count--` as a statement."""
    known = vocabulary()
    if stuck.token.kind != known.newline or stuck.at < stuck.line + 3:
        return None
    first, second = stuck.tokens[stuck.at - 2 : stuck.at]
    if first.text not in {"+", "-"} or first.text != second.text or first.end != second.start:
        return None
    name = stuck.text[stuck.first.start : first.start].strip()
    sign = f"{first.text}="
    found = problem(
        "E029",
        (first.start, second.end),
        f"`{first.text * 2}` is not supported; write `{name[:40]} {sign} 1`",
        None,
        replacement(f"Write `{sign} 1`", first.start, second.end, f" {sign} 1", "safe"),
    )
    number = Token(known.number, second.end, second.end, "1")
    return Repair(stuck.at - 2, stuck.at, [read_as(first, sign)._replace(end=second.end), number], found)


def _arrow_function(stuck: Stuck) -> Repair | None:
    """`word => len(word)` and `(a, b) => a + b`."""
    known = vocabulary()
    token = stuck.token
    if token.text not in {"=", ">"} or stuck.at == 0:
        return None
    at = stuck.at if token.text == "=" else stuck.at - 1
    tokens = stuck.tokens
    if tokens[at].text != "=" or stuck.peek(at + 1).text != ">" or tokens[at].end != stuck.peek(at + 1).start:
        return None
    if at == 0:
        return None
    begin, stop = at - 1, at
    parameters = tokens[begin:stop]
    if tokens[at - 1].text == ")":
        while begin > stuck.line and tokens[begin].text != "(":
            begin -= 1
        parameters = tokens[begin + 1 : at - 1]
    if any(each.kind != known.name and each.text != "," for each in parameters) or tokens[begin].start < 0:
        return None
    start, end = tokens[begin].start, stuck.peek(at + 1).end
    names = ", ".join(each.text for each in parameters if each.kind == known.name)
    head = f"lambda {names}:" if names else "lambda:"
    is_argument = begin > stuck.line and tokens[begin - 1].text in {"(", ",", "="} and _in_call(stuck, begin)
    body = stuck.peek(at + 2).text
    message = "an arrow function is not supported; "
    if is_argument and body != "{":
        message += f"write `{head} …`"
        fix = replacement(f"Write `{head}`", start, end, head, "safe")
    else:
        message += "declare a function with `def NAME(…) -> …:` in the first column"
        fix = None
    new = [
        read_as(tokens[begin], "lambda"),
        *parameters,
        Token(known.colon, tokens[at].start, end, ":"),
    ]
    return Repair(begin, at + 2, new, problem("E029", (tokens[at].start, end), message, None, fix))


def _in_call(stuck: Stuck, at: int) -> bool:
    known = vocabulary()
    depth = sum(
        (each.kind in known.openers) - (each.kind in known.closers) for each in stuck.tokens[stuck.line : at]
    )
    return depth > 0


def _variable_word(stuck: Stuck) -> Repair | None:
    """`let parts = …`, `const LIMIT = …`."""
    known = vocabulary()
    if stuck.at != stuck.line + 1 or stuck.first.text not in VARIABLE_WORDS or stuck.token.kind != known.name:
        return None
    after = stuck.peek(stuck.at + 1).text
    if after not in {"=", ":", ","}:
        return None
    first = stuck.first
    found = problem(
        "E029",
        first.span,
        f"`{first.text}` is not needed to assign a variable",
        None,
        replacement(f"Remove `{first.text}`", first.start, stuck.token.start, "", "safe"),
    )
    return Repair(stuck.line, stuck.at, [], found)


def _declaration_word(stuck: Stuck) -> Repair | None:
    """`export module …`, `function size(…)`, `interface Person:`."""
    known = vocabulary()
    tokens = stuck.tokens
    if stuck.line != 0 or stuck.at > 1 or tokens[0].text in {"", *known.words}:
        return None
    first, second = tokens[0], tokens[1]
    if first.text in PUBLIC_WORDS and second.text in tables().literals:
        found = problem(
            "E029",
            first.span,
            f"`{first.text}` is not needed: every declaration can be imported",
            None,
            replacement(f"Remove `{first.text}`", first.start, second.start, "", "safe"),
        )
        return Repair(0, 2, [read_as(second, second.text)], found)
    word = DECLARATION_WORDS.get(first.text)
    if word is None or second.kind != known.name:
        return None
    kinds = [tables().literals[word], *(each.kind for each in tokens[1:4])]
    if count_accepted([tables().starts["start"]], kinds) < 3:
        return None
    found = problem(
        "E029",
        first.span,
        f"use `{word}` instead of `{first.text}`",
        None,
        replacement(f"Write `{word}`", first.start, first.end, word, "unsafe"),
    )
    return Repair(0, 1, [read_as(first, word)], found)


_PREFIXES = {
    "new": "`new` is not needed: a class is called like a function",
    "typeof": 'use `isinstance(value, str)` instead of `typeof value == "string"`',
    "delete": "values cannot be changed; make a new one without the item",
}


def _prefix_word(stuck: Stuck) -> Repair | None:
    """`new LM(…)`, `typeof value`."""
    if stuck.at == 0 or stuck.before.text not in {"new", "typeof", "delete"}:
        return None
    if stuck.token.kind != vocabulary().name or stuck.before.end == stuck.token.start:
        return None
    word = stuck.before
    fix = (
        replacement("Remove `new`", word.start, stuck.token.start, "", "safe") if word.text == "new" else None
    )
    return Repair(stuck.at - 1, stuck.at, [], problem("E029", word.span, _PREFIXES[word.text], None, fix))


def _throw(stuck: Stuck) -> Repair | None:
    first = stuck.first
    if (
        stuck.at != stuck.line + 1
        or first.text not in {"throw", "raise"}
        or stuck.token.text in {"=", ".", "("}
    ):
        return None
    if stuck.token.kind == vocabulary().newline:
        return None
    stop, _ = header_end(stuck.tokens, stuck.at, colon=False)
    message = f'`{first.text}` is not supported; use `assert condition, "message"`'
    missing = Token(vocabulary().name, first.start, stuck.tokens[stop - 1].end, "")
    return Repair(stuck.line, stop, [missing], problem("E019", first.span, message))


def _switch(stuck: Stuck) -> Repair | None:
    first = stuck.first
    if stuck.at != stuck.line + 1 or first.text not in {"switch", "select", "when"}:
        return None
    _, has_colon = header_end(stuck.tokens, stuck.at)
    match = read_as(first, "match")
    if not has_colon or count_accepted(stuck.line_states, [match.kind, stuck.token.kind]) < 2:
        return None
    found = problem(
        "E029",
        first.span,
        f"use `match` instead of `{first.text}`",
        None,
        replacement("Write `match`", first.start, first.end, "match", "unsafe"),
    )
    return Repair(stuck.line, stuck.line + 1, [match], found)


def _between(stuck: Stuck) -> Repair | None:
    """`n between 0 and 1`."""
    token = stuck.token
    if token.text not in {"between", "BETWEEN"} or stuck.at == 0:
        return None
    tokens, at = stuck.tokens, stuck.at
    stop = at + 1
    while stop < len(tokens) and tokens[stop].text not in {"and", "AND"}:
        if tokens[stop].kind == vocabulary().newline:
            return None
        stop += 1
    name, low = stuck.before, tokens[at + 1 : stop]
    high_end, _ = header_end(tokens, stop + 1, colon=False)
    high = [each for each in tokens[stop + 1 : high_end] if each.kind != vocabulary().string]
    high = next(([each] for each in high[:1]), []) if not high or high[0].text != "-" else high[:2]
    if not low or not high:
        return None
    lower = stuck.text[low[0].start : low[-1].end]
    upper = stuck.text[high[0].start : high[-1].end]
    right = f"{lower} <= {name.text} <= {upper}"
    found = problem(
        "E029",
        token.span,
        f"write `{right}` for a range",
        None,
        replacement(f"Write `{right}`", name.start, high[-1].end, right, "safe"),
    )
    less = Token(tables().literals["<="], token.start, token.start, "<=")
    new = [*low, less, name, less, *high]
    return Repair(at - 1, tokens.index(high[-1]) + 1, new, found)


def _equals_in_choice(stuck: Stuck) -> Repair | None:
    """`return a if x = y else z`."""
    token = stuck.token
    if token.text != "=" or not fits(stuck.states, "=="):
        return None
    before = [each.text for each in stuck.line_before]
    stop, _ = header_end(stuck.tokens, stuck.at, colon=False)
    after = [each.text for each in stuck.tokens[stuck.at : stop]]
    if "if" not in before[1:] or "else" not in after:
        return None
    fix = replacement("Write `==`", token.start, token.end, "==", "safe")
    found = problem("E001", token.span, "`=` assigns a value; use `==` to compare", None, fix)
    return Repair(stuck.at, stuck.at + 1, [read_as(token, "==")], found)


def _brace_block(stuck: Stuck) -> Repair | None:
    """`if x < 0 {` … `}`: the lines between the braces are left out."""
    known = vocabulary()
    token = stuck.token
    if token.text != "{" or not fits(stuck.states, ":"):
        return None
    lines = as_lines(stuck.text)
    behind = lines[token.end :].split("\n", 1)[0].partition("#")[0].strip()
    if behind:
        return None
    depth, close = 0, stuck.at
    for index in range(stuck.at, len(stuck.tokens)):
        kind = stuck.tokens[index].kind
        depth += (kind in known.openers) - (kind in known.closers)
        if depth <= 0:
            close = index
            break
    is_first = "{\n" not in lines[: token.start].replace("{ \n", "{\n")
    found = problem("E029", token.span, "blocks are indented, not wrapped in braces; end this line with `:`")
    at = token.start
    fill = [Token(known.name, at, at, ""), Token(known.newline, at, at, ""), Token(known.dedent, at, at, "")]
    head = [
        Token(known.colon, at, token.end, ":"),
        Token(known.newline, at, at, ""),
        Token(known.indent, at, at, ""),
    ]
    stop = close + 1
    if stop < len(stuck.tokens) and stuck.tokens[stop].kind == known.newline:
        stop += 1
    return Repair(stuck.at, stop, [*head, *fill], found if is_first else None)


def _self_part(stuck: Stuck) -> Repair | None:
    """`self.reply = …` where a part is declared."""
    if stuck.first.text not in {"self", "this"} or stuck.at != stuck.line + 1 or stuck.token.text != ".":
        return None
    if stuck.after.kind != vocabulary().name:
        return None
    first = stuck.first
    found = problem(
        "E029",
        first.span,
        f"parts are declared without `{first.text}.`",
        None,
        replacement(f"Remove `{first.text}.`", first.start, stuck.token.end, "", "safe"),
    )
    return Repair(stuck.line, stuck.at + 1, [], found)


def _matrix_attribute(stuck: Stuck) -> Repair | None:
    """`age: int @assert(adult, …)`."""
    if stuck.at == 0 or stuck.before.text != "@" or stuck.token.text not in {"assert", "check"}:
        return None
    stop, _ = header_end(stuck.tokens, stuck.at, colon=False)
    at = stuck.before
    found = problem(
        "E029",
        (at.start, stuck.token.end),
        f"`@{stuck.token.text}` is not supported; write a condition: `age: int where age > 17`",
    )
    return Repair(stuck.at - 1, stop, [], found)


FOREIGN: tuple[RepairRule, ...] = (
    _strict_comparison,
    unquoted_signature,
    colon_for_equals,
    square_brackets,
    angle_brackets,
    or_between_types,
    _increment,
    _arrow_function,
    _variable_word,
    _declaration_word,
    _prefix_word,
    _throw,
    _switch,
    _between,
    _equals_in_choice,
    _brace_block,
    _self_part,
    _matrix_attribute,
)
"""Each is asked in turn."""
