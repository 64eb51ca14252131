"""Constructs of Python and of other languages that this one does not have: what to write instead.

Each gives the tokens that come nearest to what was meant, so that the rest of the item is still read.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import TypeAlias

from .automaton import count_accepted, expected, feed
from .lexer import HARD_KEYWORDS, Token, vocabulary
from .problems import Problem, problem, replacement
from .tables import tables

Mending: TypeAlias = tuple[int, int, list[Token], Problem | None]
"""`tokens[start:stop]` are replaced by the others; where the problem is None it has been reported."""

_STATEMENTS = {
    "try": "there is no `try`; a failed call is retried, and `fallback:` gives the outputs when `forward` failed",
    "except": "there is no `except`; write `fallback:` behind `forward:`, which sees the `error`",
    "finally": "there is no `finally`",
    "with": "there is no `with`; give settings to the call or the part, as in `Predict(S, temperature=0.7)`",
    "raise": "there is no `raise`; write `assert condition, \"message\"`",
    "del": "there is no `del`; a variable ends with its block",
    "global": "there is no `global`; a function gives its result by `return`",
    "nonlocal": "there is no `nonlocal`; a function gives its result by `return`",
    "import": "an import stands in the first column, at the top of the file",
    "from": "an import stands in the first column, at the top of the file",
    "class": "there are no classes; write `type NAME:` for a record, `enum NAME:` for a choice, in the first column",
    "def": "a function is declared in the first column, not inside another declaration",
}
_OPERATORS = {"&&": "and", "||": "or"}
_HEAD_WORDS = (
    "lm tools dataset optimizer program evaluate module signature type enum def test from import configure".split()
)


def mend_foreign(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """What to do where `tokens[at]` does not fit, in the line that begins at `tokens[line]`; None if not known."""
    for case in _CASES:
        found = case(text, tokens, at, line, states)
        if found is not None:
            return found
    return None


def _while(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    if at != line or token[3] != "while" or not _fits(states, "if"):
        return None
    found = problem(
        "E010",
        (token[1], token[2]),
        "there is no `while`, so that the cost of a program is bounded; write `for _ in range(n):` with `break`",
    )
    return at, at + 1, [_as(token, "if")], found


def _statement(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """A statement of Python's that is none here; its block is read as if it stood under a condition."""
    token = tokens[at]
    message = _STATEMENTS.get(token[3])
    if at != line or message is None or not _fits(states, "if") or tokens[at + 1][3] == "=":
        return None
    known = vocabulary()
    found: Problem | None = problem("E019", (token[1], token[2]), message)
    condition = tables().literals["if"]
    if token[3] in {"except", "finally"} and any(each[0] == condition and each[3] == "try" for each in tokens[:at]):
        found = None
    stop, colon = _header_end(tokens, at)
    end = tokens[stop - 1][2]
    missing = (known.name, token[1], end, "")
    if not colon:
        return at, stop, [missing], found
    return at, stop, [(condition, token[1], token[1], token[3]), missing], found


def _orphan_case(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """A `case` outside of `match`; its block is read as if it stood under a condition."""
    first = tokens[line]
    stop, colon = _header_end(tokens, line)
    if at <= line or first[3] != "case" or not colon:
        return None
    condition = tables().literals["if"]
    if count_accepted(_states_before(tokens, line), [condition]) == 0:
        return None
    found: Problem | None = problem("E023", (first[1], first[2]), "`case` stands in the block of `match VALUE:`")
    if any(each[0] == condition and each[3] == "case" for each in tokens[:line]):
        found = None
    missing = (vocabulary().name, first[1], tokens[stop - 1][2], "")
    return line, stop, [(condition, first[1], first[1], "case"), missing], found


def _decorator(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    if at != line or token[3] != "@":
        return None
    stop, _ = _header_end(tokens, at)
    name = "".join(each[3] for each in tokens[at:stop])
    found = problem(
        "E011",
        (token[1], tokens[stop - 1][2]),
        f"there are no decorators, so `{name[:40]}` has no place",
        "a setting is an argument where the function is used; `pure` is found out by itself",
        replacement("Remove the decorator", token[1], tokens[stop][1], "") if line == 0 else None,
    )
    return _discard(tokens, at, stop, found, states)


def _outside(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """A first line that begins no declaration."""
    if line != 0 or at > 1 or (at == 1 and tokens[0][0] != vocabulary().name):
        return None
    token, word = tokens[at], tokens[0][3]
    if word == "async" and tokens[1][3] == "def":
        found = problem(
            "E013",
            (token[1], token[2]),
            "a function is not marked `async`; calls that do not depend on each other run at the same time anyway",
            None,
            replacement("Remove `async`", token[1], tokens[1][1], ""),
        )
        return 0, 1, [], found
    if word == "class" and tokens[1][0] == vocabulary().name:
        stop, _ = _header_end(tokens, 0)
        head = [_as(tokens[0], "type"), tokens[1]]
        return 0, max(stop, 2), head, problem("E019", (token[1], token[2]), _STATEMENTS["class"])
    typo = _misspelt(text, tokens, at, line, states)
    if typo is not None:
        return typo
    first = tokens[0]
    span = (first[1], first[2])
    if word in {"while", *_STATEMENTS} - {"import", "from", "def"}:
        message = (
            "there is no `while`, so that the cost of a program is bounded; write `for _ in range(n):` with `break`"
            if word == "while"
            else _STATEMENTS[word]
        )
        found = problem("E010" if word == "while" else "E019", span, message)
    elif word in {"if", "elif", "else", "for", "return", "assert", "pass", "break", "continue", "match", "case", "suggest"}:
        found = problem(
            "E023", span, f"`{word}` stands inside `forward:`, `def` or `test`, not in the first column", "indent it"
        )
    elif word in {"input", "output", "forward", "fallback", "demo"}:
        found = problem("E023", span, f"`{word}` stands inside a declaration, not in the first column", "indent it")
    elif word == "adapter":
        found = problem(
            "E001", span, "there is no declaration `adapter`; write `NAME = JSONAdapter()`, or give it to `configure(…)`"
        )
    else:
        shown = f"`{word[:40]}`" if "\n" not in word else "a string"
        found = problem(
            "E001",
            span,
            f"{shown} begins no declaration",
            "a declaration begins like `signature NAME:`, `module NAME = …`, `def NAME(…):` or `NAME = value`",
        )
    return 0, len(tokens), [], found


def _misspelt(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """A first word that is nearly a keyword with which the line would go on."""
    token = tokens[line]
    if token[0] != vocabulary().name and token[3] not in HARD_KEYWORDS:
        return None
    before = _states_before(tokens, line)
    words = {text: kind for text, kind in tables().literals.items() if text.isalpha() and len(text) > 2}
    near = get_close_matches(token[3], [word for word in words if word != token[3]], 3, 0.7)
    kinds = [each[0] for each in tokens[line + 1 : at + 3]]
    for word in near:
        if count_accepted(before, [words[word], *kinds]) >= min(at - line + 2, len(kinds) + 1):
            found = problem(
                "E001",
                (token[1], token[2]),
                f"`{token[3]}` is unknown here; did you mean `{word}`?",
                None,
                replacement(f"Write `{word}`", token[1], token[2], word),
            )
            return line, line + 1, [_as(token, word)], found
    return None


def _else_if(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    if tokens[at][3] != "if" or at == 0 or tokens[at - 1][3] != "else" or at - 1 != line:
        return None
    start, end = tokens[at - 1][1], tokens[at][2]
    found = problem("E001", (start, end), "`else if` is written `elif`", None, replacement("Write `elif`", start, end, "elif"))
    return at - 1, at + 1, [(tables().literals["elif"], start, end, "elif")], found


def _walrus(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    if token[3] != ":=":
        return None
    found = problem("E012", (token[1], token[2]), "there is no `:=`; give the value a name on the line above")
    kind = "==" if _fits(states, "==") else "="
    return at, at + 1, [_as(token, kind)], found


def _yield(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    if token[3] not in {"yield", "await", "async"}:
        return None
    if token[3] == "yield":
        message, fix = "there is no `yield`; collect the values in a list and `return` it", None
    else:
        message = f"there is no `{token[3]}`; calls that do not depend on each other run at the same time anyway"
        fix = replacement("Remove it", token[1], max(tokens[at + 1][1], token[2]), "")
    if at + 1 < len(tokens) and token[3] == "yield" and tokens[at + 1][3] == "from":
        return at, at + 2, [], problem("E013", (token[1], tokens[at + 1][2]), message)
    return at, at + 1, [], problem("E013", (token[1], token[2]), message, None, fix)


def _foreign_operator(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    word = _OPERATORS.get(token[3])
    if word is None:
        return None
    found = problem(
        "E001", (token[1], token[2]), f"`{token[3]}` is written `{word}`", None,
        replacement(f"Write `{word}`", token[1], token[2], word if text[token[2] : token[2] + 1].isspace() else f" {word} "),
    )  # fmt: skip
    return at, at + 1, [_as(token, word)], found


def _equals_in_condition(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    if token[3] != "=" or tokens[line][3] not in {"if", "elif", "while", "assert", "suggest", "input", "output"}:
        return None
    if tokens[line][3] in {"input", "output"} and "where" not in {each[3] for each in tokens[line:at]}:
        return None
    if not _fits(states, "=="):
        return None
    found = problem(
        "E001",
        (token[1], token[2]),
        "`=` gives a value a name; write `==` to compare",
        None,
        replacement("Write `==`", token[1], token[2], "=="),
    )
    return at, at + 1, [_as(token, "==")], found


def _chained_assignment(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    if token[3] != "=" or vocabulary().newline not in expected(states):
        return None
    first = tokens[line][3]
    inside = any(each[3] in {"(", "[", "{"} for each in tokens[line:at]) and first != "return"
    if first == "return":
        message = "`return` gives one value, or outputs that all have names: `return a=x, b=y`"
    elif not inside and sum(each[3] == "=" for each in tokens[line:at]) == 1 and tokens[line][0] == vocabulary().name:
        message = "a line gives one value a name; write a second line"
    else:
        return None
    stop, _ = _header_end(tokens, at, colon=False)
    return at, stop, [], problem("E001", (token[1], token[2]), message)


def _adjacent_strings(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    known = vocabulary()
    if tokens[at][0] != known.string or at == 0 or tokens[at - 1][0] != known.string or not _fits(states, "+"):
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


def _variable_parameters(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    known = vocabulary()
    if tokens[line][3] not in {"def", "module"} or at < 2:
        return None
    message = "a function lists its parameters one by one; there is no `*args` and no `**kwargs`"
    if tokens[at][0] == known.name and tokens[at - 1][3] == "*" and tokens[at - 2][3] in {"(", ","}:
        return at, at + 1, [], problem("E019", (tokens[at - 1][1], tokens[at][2]), message)
    if tokens[at][3] == "**" and tokens[at - 1][3] in {"(", ","} and tokens[at + 1][0] == known.name:
        found = problem("E019", (tokens[at][1], tokens[at + 1][2]), message)
        return at, at + 2, [tokens[at + 1]], found
    return None


def _import_star(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    if token[3] != "*" or tokens[line][3] != "from" or tokens[at - 1][3] != "import":
        return None
    found = problem("E019", (token[1], token[2]), "there is no `import *`; name what is imported")
    return at, at + 1, [(vocabulary().name, token[1], token[1], "")], found


def _equals_for_colon(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
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
    return at - 1, at, [_as(token, ":")], found


def _missing_block(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """A head without a body, or with one that is not indented."""
    known = vocabulary()
    kinds = expected(states)
    if tokens[at][0] == known.indent or kinds != [known.indent]:
        return None
    head = _line_before(tokens, at)
    last = max((each for each in tokens[head:at] if each[2] > each[1]), key=lambda each: each[2], default=tokens[head])
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
        return at, at, [indented], found
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


def _direction_in_record(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
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
    return at, len(tokens) - 1, [], found


_Case: TypeAlias = Callable[[str, list[Token], int, int, list[int]], Mending | None]
_CASES: tuple[_Case, ...] = (
    _after_the_end,
    _while,
    _decorator,
    _outside,
    _else_if,
    _variable_parameters,
    _import_star,
    _reserved,
    _statement,
    _walrus,
    _yield,
    _foreign_operator,
    _equals_in_condition,
    _chained_assignment,
    _adjacent_strings,
    _equals_for_colon,
    _missing_block,
    _direction_in_record,
    _orphan_case,
    _misspelt,
)


def _fits(states: list[int], literal: str) -> bool:
    return count_accepted(states, [tables().literals[literal]]) == 1


def _as(token: Token, literal: str) -> Token:
    """The token read as if `literal` stood there."""
    return tables().literals[literal], token[1], token[2], literal


def _header_end(tokens: list[Token], at: int, *, colon: bool = True) -> tuple[int, bool]:
    """Where the rest of a line ends: at its colon outside of brackets (if asked for), or at its end."""
    known = vocabulary()
    depth = 0
    for index in range(at, len(tokens)):
        kind, text = tokens[index][0], tokens[index][3]
        if kind in {known.newline, known.end}:
            return index, False
        depth += (text in {"(", "[", "{"}) - (text in {")", "]", "}"})
        if colon and depth == 0 and kind == known.colon:
            return index, True
    return len(tokens) - 1, False


def _discard(tokens: list[Token], at: int, stop: int, found: Problem, states: list[int]) -> Mending:
    """Leave a line out; where it is the first of the item, the item has no declaration."""
    if at == 0:
        return 0, len(tokens), [], found
    return at, stop + 1, [], found


def _line_before(tokens: list[Token], at: int) -> int:
    """The index of the first token of the line that ends right before `tokens[at]`."""
    known = vocabulary()
    layout = {known.newline, known.indent, known.dedent}
    first = at - 1
    while first > 0 and tokens[first][0] in layout:
        first -= 1
    while first > 0 and tokens[first - 1][0] not in layout:
        first -= 1
    return first


def _states_before(tokens: list[Token], at: int) -> list[int]:
    states = [tables().starts["start"]]
    for token in tokens[:at]:
        if not feed(states, token[0]):
            break
    return states
