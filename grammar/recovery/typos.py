"""Small slips that have a message of their own: `=` for `==`, a missing body, a reserved word as a name."""

from __future__ import annotations

from ..lexing.tokens import HARD_KEYWORDS, Token, vocabulary
from ..parsing.automaton import count_accepted, expected, feed
from ..problems import problem, replacement
from ..tables import tables
from .edits import Mender, Mending, fits, header_end, line_before, read_as


def _else_if(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    if tokens[at][3] != "if" or at == 0 or tokens[at - 1][3] != "else" or at - 1 != line:
        return None
    start, end = tokens[at - 1][1], tokens[at][2]
    found = problem(
        "E001",
        (start, end),
        "`else if` is written `elif`",
        None,
        replacement("Write `elif`", start, end, "elif"),
    )
    return at - 1, at + 1, [(tables().literals["elif"], start, end, "elif")], found


def _equals_in_condition(
    text: str, tokens: list[Token], at: int, line: int, states: list[int]
) -> Mending | None:
    token = tokens[at]
    if token[3] != "=" or tokens[line][3] not in {
        "if",
        "elif",
        "while",
        "assert",
        "suggest",
        "input",
        "output",
    }:
        return None
    if tokens[line][3] in {"input", "output"} and "where" not in {each[3] for each in tokens[line:at]}:
        return None
    if not fits(states, "=="):
        return None
    found = problem(
        "E001",
        (token[1], token[2]),
        "`=` gives a value a name; write `==` to compare",
        None,
        replacement("Write `==`", token[1], token[2], "=="),
    )
    return at, at + 1, [read_as(token, "==")], found


def _chained_assignment(
    text: str, tokens: list[Token], at: int, line: int, states: list[int]
) -> Mending | None:
    token = tokens[at]
    if token[3] != "=" or vocabulary().newline not in expected(states):
        return None
    first = tokens[line][3]
    inside = any(each[3] in {"(", "[", "{"} for each in tokens[line:at]) and first != "return"
    if first == "return":
        message = "`return` gives one value, or outputs that all have names: `return a=x, b=y`"
    elif (
        not inside
        and sum(each[3] == "=" for each in tokens[line:at]) == 1
        and tokens[line][0] == vocabulary().name
    ):
        message = "a line gives one value a name; write a second line"
    else:
        return None
    stop, _ = header_end(tokens, at, colon=False)
    return at, stop, [], problem("E001", (token[1], token[2]), message)


def _adjacent_strings(
    text: str, tokens: list[Token], at: int, line: int, states: list[int]
) -> Mending | None:
    known = vocabulary()
    if tokens[at][0] != known.string or at == 0 or tokens[at - 1][0] != known.string or not fits(states, "+"):
        return None
    before, token = tokens[at - 1], tokens[at]
    found = problem(
        "E018",
        (before[1], token[2]) if "\n" not in text[before[1] : token[2]] else (token[1], token[2]),
        "strings side by side are not joined; write `+` between them",
        None,
        replacement("Write `+`", before[2], before[2], " +"),
    )
    return at, at, [(tables().literals["+"], before[2], before[2], "+")], found


def _equals_for_colon(
    text: str, tokens: list[Token], at: int, line: int, states: list[int]
) -> Mending | None:
    """`signature S =` above an indented body."""
    known = vocabulary()
    if tokens[at][0] != known.newline or tokens[at + 1][0] != known.indent or tokens[at - 1][3] != "=":
        return None
    token = tokens[at - 1]
    word = tokens[line][3]
    if word not in {"signature", "module", "type", "enum"}:
        return None
    found = problem(
        "E001",
        (token[1], token[2]),
        f"expected `:` after the {word}'s name, found `=`",
        None,
        replacement("Write `:`", tokens[at - 2][2], token[2], ":"),
    )
    return at - 1, at, [read_as(token, ":")], found


def _missing_block(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """A head without a body, or with one that is not indented."""
    known = vocabulary()
    kinds = expected(states)
    if tokens[at][0] == known.indent or kinds != [known.indent]:
        return None
    head = line_before(tokens, at)
    last = max(
        (each for each in tokens[head:at] if each[2] > each[1]),
        key=lambda each: each[2],
        default=tokens[head],
    )
    first = tokens[head][3]
    window = [each[0] for each in tokens[at : at + 3]]
    token = tokens[at]
    fill = [(known.string, last[2], last[2], ""), (known.newline, last[2], last[2], "")]
    if count_accepted(states, [known.indent, known.string]) < 2:
        fill = [(tables().literals["case"], last[2], last[2], ""), (known.name, last[2], last[2], "_"),
                (known.colon, last[2], last[2], ":"), (known.name, last[2], last[2], ""),
                (known.newline, last[2], last[2], "")]  # fmt: skip
    fill = [(known.indent, last[2], last[2], ""), *fill, (known.dedent, last[2], last[2], "")]
    fits_below = count_accepted(states, [*(each[0] for each in fill), *window]) == len(fill) + len(window)
    fits_indented = not fits_below and count_accepted(states, [known.indent, *window]) > len(window)
    indented = (known.indent, token[1], token[1], "")
    if fits_indented and token[0] not in {known.dedent, known.end}:
        found = problem(
            "E005",
            (token[1], token[2]),
            f"this line is not indented, although the one above begins `{first}`",
            "indent the lines of its body by four spaces",
        )
        end = len(tokens) - 1
        dedent = (known.dedent, tokens[end][1], tokens[end][1], "")
        return at, end, [indented, *tokens[at:end], dedent], found
    found = problem(
        "E005",
        (tokens[head][1], last[2]),
        f"`{first}` has no body" if first else "this line has no body",
        "write its lines below, indented by four spaces",
    )
    return at, at, fill, found


def _reserved(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """One of Python's words used as a name."""
    known = vocabulary()
    token = tokens[at]
    if token[3] not in HARD_KEYWORDS:
        return None
    window = [each[0] for each in tokens[at + 1 : at + 4]]
    if count_accepted(states, [known.name, *window]) < 1 + min(2, len(window)):
        return None
    if known.number in tables().rows[states[-1]] and tokens[at + 1][3] not in {"=", ".", "[", ")", ",", ":"}:
        return None
    found = problem(
        "E007",
        (token[1], token[2]),
        f"`{token[3]}` is one of Python's words and no name; write `{token[3]}_`",
        None,
        replacement(f"Write `{token[3]}_`", token[1], token[2], f"{token[3]}_"),
    )
    return at, at + 1, [(known.name, token[1], token[2], token[3] + "_")], found


def _direction_in_record(
    text: str, tokens: list[Token], at: int, line: int, states: list[int]
) -> Mending | None:
    first = tokens[line]
    if at != line + 1 or first[3] not in {"input", "output"} or tokens[at][0] != vocabulary().name:
        return None
    if tokens[0][3] != "type":
        return None
    found = problem(
        "E001",
        (first[1], first[2]),
        f"an attribute of a record has no `{first[3]}` before it",
        None,
        replacement("Remove it", first[1], tokens[at][1], ""),
    )
    return line, at, [], found


def _after_the_end(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """Lines below a declaration that is complete."""
    known = vocabulary()
    copy = list(states)
    if tokens[at][0] == known.end or not feed(copy, known.end):
        return None
    token = tokens[at]
    found = problem(
        "E023",
        (token[1], token[2]) if token[2] > token[1] else (token[1], token[1]),
        "this line belongs to no declaration",
        "indent it to continue the declaration above",
    )
    follows_semicolon = text[: token[1]].rstrip().endswith(";")
    return at, len(tokens) - 1, [], None if follows_semicolon else found


def _second_arrow(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    if token[3] != "->" or "->" not in {each[3] for each in tokens[:at]}:
        return None
    found = problem(
        "E001", (token[1], token[2]), "a second `->`; a signature has inputs, one `->`, and outputs"
    )
    return at, at + 1, [read_as(token, ",")], found


SLIPS: tuple[Mender, ...] = (
    _else_if,
    _reserved,
    _equals_in_condition,
    _chained_assignment,
    _adjacent_strings,
    _equals_for_colon,
    _missing_block,
    _direction_in_record,
)
"""Each is asked in turn."""
after_the_end: Mender = _after_the_end
INLINE_SLIPS: tuple[Mender, ...] = (_reserved, _second_arrow)
"""Those of a signature's string form."""
