"""Typos that have a message of their own: `=` for `==`, a missing body, a reserved word as a name."""

from __future__ import annotations

from msgspec.structs import replace

from ...base.diagnostic import Applicability
from ..lexing.tokens import Token, vocabulary
from ..parsing.automaton import count_accepted, expected, feed
from ..problems import problem, replacement
from ..tables import tables
from ..words import DECLARING, FIELD_WORDS, HARD_KEYWORDS
from .edits import Repair, RepairRule, Stuck, as_lines, fits, header_end, line_before, read_as
from .f_strings import begin, behind, kinds_ahead
from .outside import statement_outside
from .signatures import description_in_string


def _else_if(stuck: Stuck) -> Repair | None:
    if stuck.token.text != "if" or stuck.at == 0 or stuck.before.text != "else" or stuck.at - 1 != stuck.line:
        return None
    start, end = stuck.before.start, stuck.token.end
    found = problem(
        "E001",
        (start, end),
        "use `elif` instead of `else if`",
        None,
        replacement("Write `elif`", start, end, "elif", "safe"),
    )
    return Repair(stuck.at - 1, stuck.at + 1, [Token(tables().literals["elif"], start, end, "elif")], found)


def _equals_in_condition(stuck: Stuck) -> Repair | None:
    token = stuck.token
    if token.text != "=" or stuck.first.text not in {
        "if",
        "elif",
        "while",
        "assert",
        "suggest",
        "input",
        "output",
    }:
        return None
    if stuck.first.text in FIELD_WORDS and "where" not in {each.text for each in stuck.line_before}:
        return None
    if not fits(stuck.states, "=="):
        return None
    applicability: Applicability = "unsafe" if stuck.first.text in FIELD_WORDS else "safe"
    fix = replacement("Write `==`", token.start, token.end, "==", applicability)
    found = problem("E001", token.span, "`=` assigns a value; use `==` to compare", None, fix)
    return Repair(stuck.at, stuck.at + 1, [read_as(token, "==")], found)


def _equals_before_for(stuck: Stuck) -> Repair | None:
    """`any(word = "stop" for word in words)`."""
    known = vocabulary()
    if stuck.token.text != "for":
        return None
    depth = 0
    for at in range(stuck.at - 1, stuck.line, -1):
        token = stuck.tokens[at]
        depth += (token.kind in known.closers) - (token.kind in known.openers)
        if depth < 0 or (depth == 0 and token.text == ","):
            return None
        if depth == 0 and token.text == "=" and stuck.tokens[at - 1].kind == known.name:
            compared = stuck.tokens[at - 1].text
            if compared not in _loop_names(stuck):
                return None  # the name of an argument
            applicability: Applicability = "unsafe" if stuck.tokens[at + 1].text == compared else "safe"
            fix = replacement("Write `==`", token.start, token.end, "==", applicability)
            found = problem("E001", token.span, "`=` assigns a value; use `==` to compare", None, fix)
            return Repair(at, at + 1, [read_as(token, "==")], found)
    return None


def _loop_names(stuck: Stuck) -> set[str]:
    """The names between the `for` that is stuck and its `in`."""
    names: set[str] = set()
    for at in range(stuck.at + 1, len(stuck.tokens)):
        token = stuck.tokens[at]
        if token.text == "in" or token.kind == vocabulary().newline:
            break
        if token.kind == vocabulary().name:
            names.add(token.text)
    return names


def _chained_assignment(stuck: Stuck) -> Repair | None:
    token = stuck.token
    if token.text != "=" or vocabulary().newline not in expected(stuck.states):
        return None
    first = stuck.first.text
    inside = any(each.kind in vocabulary().openers for each in stuck.line_before) and first != "return"
    if first == "return":
        message = "`return` takes one value, or outputs that all have names: `return a=x, b=y`"
    elif (
        not inside
        and sum(each.text == "=" for each in stuck.line_before) == 1
        and stuck.first.kind == vocabulary().name
    ):
        message = "a line can assign only once; write a second line"
    else:
        return None
    stop, _ = header_end(stuck.tokens, stuck.at, colon=False)
    return Repair(stuck.at, stop, [], problem("E001", token.span, message))


def _adjacent_strings(stuck: Stuck) -> Repair | None:
    known = vocabulary()
    is_string = stuck.token.kind in {known.string, known.f_start}
    if not is_string or stuck.at == 0 or stuck.before.kind not in {known.string, known.f_end}:
        return None
    if not fits(stuck.states, "+"):
        return None
    before = begin(stuck.tokens, stuck.at - 1)._replace(end=stuck.before.end)
    token = stuck.token._replace(end=stuck.tokens[behind(stuck.tokens, stuck.at) - 1].end)
    plus = replacement("Write `+`", before.end, before.end, " +", "unsafe")
    comma = replacement("Write `,`", before.end, before.end, ",", "unsafe")
    depth = sum((each.kind in known.openers) - (each.kind in known.closers) for each in stuck.line_before)
    span = (before.start, token.end) if "\n" not in stuck.text[before.start : token.end] else token.span
    if depth > 0:
        message, fixes = "expected `,` or `+` between two strings", [comma, plus]
    else:
        message, fixes = "adjacent strings are not joined; write `+` between them", [plus]
        if _is_whole(stuck):
            fixes = [replace(plus, applicability="safe")]
    found = replace(problem("E018", span, message), fixes=tuple(fixes))
    return Repair(stuck.at, stuck.at, [Token(tables().literals["+"], before.end, before.end, "+")], found)


def _is_whole(stuck: Stuck) -> bool:
    """Whether strings side by side are a whole value, so that joining them binds as in Python."""
    known = vocabulary()
    strings = {known.string, known.f_end}
    first = stuck.at - 1
    while stuck.tokens[first].kind in strings:
        first = stuck.tokens.index(begin(stuck.tokens, first)) - 1
    stop = stuck.at
    while stuck.tokens[stop].kind in {known.string, known.f_start}:
        stop = behind(stuck.tokens, stop)
    return stuck.tokens[first].text in {"=", "return"} and stuck.tokens[stop].kind == known.newline


def _equals_for_colon(stuck: Stuck) -> Repair | None:
    """`signature S =` above an indented body."""
    known = vocabulary()
    if stuck.token.kind != known.newline or stuck.after.kind != known.indent or stuck.before.text != "=":
        return None
    token = stuck.before
    word = stuck.first.text
    if ":" not in DECLARING.get(word, ()):
        return None
    found = problem(
        "E001",
        token.span,
        f"expected `:` after the {word}'s name, found `=`",
        None,
        replacement("Write `:`", stuck.tokens[stuck.at - 2].end, token.end, ":", "safe"),
    )
    return Repair(stuck.at - 1, stuck.at, [read_as(token, ":")], found)


def _missing_block(stuck: Stuck) -> Repair | None:
    """A head without a body, or with one that is not indented."""
    known = vocabulary()
    kinds = expected(stuck.states)
    if stuck.token.kind == known.indent or kinds != [known.indent]:
        return None
    head = line_before(stuck.tokens, stuck.at)
    last = max(
        (each for each in stuck.tokens[head : stuck.at] if each.end > each.start),
        key=lambda each: each.end,
        default=stuck.tokens[head],
    )
    first = stuck.tokens[head].text
    window = kinds_ahead(stuck.tokens, stuck.at, 3)
    token = stuck.token
    at = last.end
    made_case = Token(tables().literals["case"], at, at, "")
    fill = [Token(known.string, at, at, ""), Token(known.newline, at, at, "")]
    if count_accepted(stuck.states, [known.indent, known.string]) < 2:
        fill = [made_case, Token(known.name, at, at, "_"), Token(known.colon, at, at, ":")]
        fill += [Token(known.name, at, at, ""), Token(known.newline, at, at, "")]
    fill = [Token(known.indent, at, at, ""), *fill, Token(known.dedent, at, at, "")]
    fits_below = count_accepted(stuck.states, [*(each.kind for each in fill), *window]) == len(fill) + len(
        window
    )
    fits_indented = not fits_below and count_accepted(stuck.states, [known.indent, *window]) > len(window)
    indented = Token(known.indent, token.start, token.start, "")
    if fits_indented and token.kind not in {known.dedent, known.end}:
        found = problem(
            "E005",
            token.span,
            f"expected an indented block after `{first}`",
            "indent the lines of its body by four spaces",
        )
        end = len(stuck.tokens) - 1
        dedent = Token(known.dedent, stuck.tokens[end].start, stuck.tokens[end].start, "")
        return Repair(stuck.at, end, [indented, *stuck.tokens[stuck.at : end], dedent], found)
    found = problem(
        "E005",
        (stuck.tokens[head].start, last.end),
        f"`{first}` has no body" if first else "this line has no body",
        "write its lines below, indented by four spaces",
    )
    return Repair(stuck.at, stuck.at, fill, found)


def _reserved(stuck: Stuck) -> Repair | None:
    """One of Python's words used as a name."""
    known = vocabulary()
    token = stuck.token
    if token.text not in HARD_KEYWORDS:
        return None
    window = kinds_ahead(stuck.tokens, stuck.at + 1, 3)
    if count_accepted(stuck.states, [known.name, *window]) < 1 + min(2, len(window)):
        return None
    if known.number in tables().rows[stuck.states[-1]] and stuck.after.text not in {
        "=",
        ".",
        "[",
        ")",
        ",",
        ":",
    }:
        return None
    found = problem(
        "E007",
        token.span,
        f"`{token.text}` is a reserved word; use `{token.text}_`",
        None,
        replacement(f"Write `{token.text}_`", token.start, token.end, f"{token.text}_", "unsafe"),
    )
    return Repair(
        stuck.at, stuck.at + 1, [Token(known.name, token.start, token.end, token.text + "_")], found
    )


def _direction_in_record(stuck: Stuck) -> Repair | None:
    first = stuck.first
    if stuck.at != stuck.line + 1 or first.text not in FIELD_WORDS or stuck.token.kind != vocabulary().name:
        return None
    if stuck.tokens[0].text != "type":
        return None
    found = problem(
        "E001",
        first.span,
        f"the attributes of a record are written without `{first.text}`",
        None,
        replacement("Remove it", first.start, stuck.token.start, "", "unsafe"),
    )
    return Repair(stuck.line, stuck.at, [], found)


def _after_the_end(stuck: Stuck) -> Repair | None:
    """Lines below a declaration that is complete."""
    known = vocabulary()
    copy = list(stuck.states)
    if stuck.token.kind == known.end or not feed(copy, known.end):
        return None
    token = stuck.token
    line = as_lines(stuck.text)[token.start :].split("\n", 1)[0]
    said = statement_outside(line, token.text)
    message, help_ = said or (
        "this line does not belong to a declaration",
        "indent it to continue the declaration above",
    )
    span = token.span if token.end > token.start else (token.start, token.start)
    found = problem("E023", span, message, help_)
    follows_semicolon = stuck.text[: token.start].rstrip().endswith(";")
    return Repair(stuck.at, len(stuck.tokens) - 1, [], None if follows_semicolon else found)


def _second_arrow(stuck: Stuck) -> Repair | None:
    token = stuck.token
    if token.text != "->" or "->" not in {each.text for each in stuck.tokens[: stuck.at]}:
        return None
    found = problem("E001", token.span, "a signature has only one `->`, between its inputs and its outputs")
    return Repair(stuck.at, stuck.at + 1, [read_as(token, ",")], found)


def _two_words(stuck: Stuck) -> Repair | None:
    """`customer question -> answer`: a name of two words, or a type without its colon."""
    known = vocabulary()
    token = stuck.token
    if token.kind != known.name or stuck.at == 0 or stuck.before.kind != known.name:
        return None
    if token.text in _SIMPLE_TYPES or stuck.text[stuck.before.end : token.start].strip(" "):
        return None
    if stuck.at > 1 and stuck.tokens[stuck.at - 2].text not in {",", "->"}:
        return None
    name = f"{stuck.before.text}_{token.text}"
    start, end = stuck.before.start, token.end
    found = problem(
        "E001",
        (start, end),
        f"a field name must be one word: `{name}`",
        None,
        replacement("Write `_`", stuck.before.end, token.start, "_", "unsafe"),
    )
    return Repair(stuck.at - 1, stuck.at + 1, [Token(known.name, start, end, name)], found)


def _foreign_arrow(stuck: Stuck) -> Repair | None:
    """`question => answer`, read as `question -> answer`."""
    token = stuck.token
    if token.text not in {"=", ">"} or "->" in {each.text for each in stuck.tokens}:
        return None
    at = stuck.at if token.text == "=" else stuck.at - 1
    first, second = stuck.tokens[at], stuck.peek(at + 1)
    if at < 0 or first.text != "=" or second.text != ">" or first.end != second.start:
        return None
    found = problem(
        "E001",
        (first.start, second.end),
        "use `->` between the inputs and the outputs",
        None,
        replacement("Write `->`", first.start, second.end, "->", "safe"),
    )
    return Repair(at, at + 2, [read_as(first, "->")._replace(end=second.end)], found)


_SIMPLE_TYPES = frozenset(
    {"str", "int", "float", "bool", "list", "dict", "set", "tuple", "date", "Literal", "Any"}
)

TYPOS: tuple[RepairRule, ...] = (
    _else_if,
    _reserved,
    _equals_in_condition,
    _equals_before_for,
    _chained_assignment,
    _adjacent_strings,
    _equals_for_colon,
    _missing_block,
    _direction_in_record,
)
"""Each is asked in turn."""
after_the_end: RepairRule = _after_the_end
SIGNATURE_STRING_RULES: tuple[RepairRule, ...] = (
    _reserved,
    _second_arrow,
    _foreign_arrow,
    _two_words,
    description_in_string,
)
"""Those of a signature's string form."""
