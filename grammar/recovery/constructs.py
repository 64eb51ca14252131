"""Constructs of Python and of other languages that this one does not have: what to write instead.

Each gives the tokens that come nearest to what was meant, so that the rest of the item is still read.
"""

from __future__ import annotations

from difflib import get_close_matches

from ...base.diagnostic import Diagnostic
from ..lexing.tokens import HARD_KEYWORDS, Token, vocabulary
from ..parsing.automaton import count_accepted
from ..problems import problem, replacement
from ..tables import tables
from .edits import Mender, Mending, discard, fits, header_end, mend_with, read_as, states_before
from .typos import INLINE_SLIPS, SLIPS, after_the_end

_STATEMENTS = {
    "try": "there is no `try`; a failed call is retried, then `fallback:` gives the outputs",
    "except": "there is no `except`; write `fallback:` behind `forward:`, which sees the `error`",
    "finally": "there is no `finally`",
    "with": "there is no `with`; give settings to the call or the part, as in `Predict(S, temperature=0.7)`",
    "raise": 'there is no `raise`; write `assert condition, "message"`',
    "del": "there is no `del`; a variable ends with its block",
    "global": "there is no `global`; a function gives its result by `return`",
    "nonlocal": "there is no `nonlocal`; a function gives its result by `return`",
    "import": "an import stands in the first column, at the top of the file",
    "from": "an import stands in the first column, at the top of the file",
    "class": "there are no classes; write `type NAME:` for a record or `enum NAME:` for a choice",
    "def": "a function is declared in the first column, not inside another declaration",
}
_NO_WHILE = "there is no `while`, so a program's cost is bounded; write `for _ in range(n):` with `break`"
_NO_ASYNC = "a function is not marked `async`; independent calls run at the same time anyway"
_HEAD_WORDS = frozenset(
    {"lm", "tools", "dataset", "optimizer", "program", "evaluate", "module", "signature", "type", "enum"}
)
_OPERATORS = {"&&": "and", "||": "or"}


def mend_foreign(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """What to do about a known construct or slip, None for others; see `mending.Mender`."""
    return mend_with(_CASES, text, tokens, at, line, states)


def mend_inline(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """The same for the string form of a signature."""
    return mend_with(INLINE_SLIPS, text, tokens, at, line, states)


def _while(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    if at != line or token[3] != "while" or not fits(states, "if"):
        return None
    found = problem(
        "E010",
        (token[1], token[2]),
        _NO_WHILE,
    )
    return at, at + 1, [read_as(token, "if")], found


def _statement(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """A statement of Python's that is none here; its block is read as if it stood under a condition."""
    token = tokens[at]
    message = _STATEMENTS.get(token[3])
    if at != line or message is None or not fits(states, "if") or tokens[at + 1][3] == "=":
        return None
    known = vocabulary()
    found: Diagnostic | None = problem("E019", (token[1], token[2]), message)
    condition = tables().literals["if"]
    if token[3] in {"except", "finally"} and any(
        each[0] == condition and each[3] == "try" for each in tokens[:at]
    ):
        found = None
    stop, colon = header_end(tokens, at)
    end = tokens[stop - 1][2]
    missing = (known.name, token[1], end, "")
    if not colon:
        return at, stop, [missing], found
    return at, stop, [(condition, token[1], token[1], token[3]), missing], found


def _orphan_case(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """A `case` outside of `match`; its block is read as if it stood under a condition."""
    first = tokens[line]
    stop, colon = header_end(tokens, line)
    if at < line or first[3] != "case" or not colon:
        return None
    condition = tables().literals["if"]
    if count_accepted(states_before(tokens, line), [condition]) == 0:
        return None
    found: Diagnostic | None = problem(
        "E023", (first[1], first[2]), "`case` stands in the block of `match VALUE:`"
    )
    if any(each[0] == condition and each[3] == "case" for each in tokens[:line]):
        found = None
    missing = (vocabulary().name, first[1], tokens[stop - 1][2], "")
    return line, stop, [(condition, first[1], first[1], "case"), missing], found


def _orphan_else(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """An `else` or `elif` that no `if` stands before; its block is read as if it stood under a condition."""
    first = tokens[line]
    stop, colon = header_end(tokens, line)
    if at != line or first[3] not in {"else", "elif"} or not colon:
        return None
    layout = [each[0] for each in tokens[stop + 1 : stop + 3]]
    condition = tables().literals["if"]
    if layout != [vocabulary().newline, vocabulary().indent] or not fits(states, "if"):
        return None
    found = problem(
        "E023",
        (first[1], first[2]),
        f"`{first[3]}` stands behind the block of an `if`, as far to the right as that; a `for` has none",
    )
    missing = (vocabulary().name, first[1], tokens[stop - 1][2], "")
    return line, stop, [(condition, first[1], first[1], first[3]), missing], found


def _decorator(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    if at != line or token[3] != "@":
        return None
    stop, _ = header_end(tokens, at)
    name = "".join(each[3] for each in tokens[at:stop])
    found = problem(
        "E011",
        (token[1], tokens[stop - 1][2]),
        f"there are no decorators, so `{name[:40]}` has no place",
        "a setting is an argument where the function is used; `pure` is found out by itself",
        replacement("Remove the decorator", token[1], tokens[stop][1], "") if line == 0 else None,
    )
    return discard(tokens, at, stop, found, states)


def _outside(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """A first line that begins no declaration."""
    known = vocabulary()
    if line != 0 or at > 1 or (at == 1 and tokens[0][0] not in {known.name, *known.fallbacks}):
        return None
    if at == 1 and count_accepted([tables().starts["start"]], [tokens[0][0], known.name]) == 2:
        return None  # it begins like a declaration, so what is missing can be said
    token, word = tokens[at], tokens[0][3]
    if word == "async" and tokens[1][3] == "def":
        found = problem(
            "E013",
            (token[1], token[2]),
            _NO_ASYNC,
            None,
            replacement("Remove `async`", token[1], tokens[1][1], ""),
        )
        return 0, 1, [], found
    if word == "class" and tokens[1][0] == vocabulary().name:
        stop, _ = header_end(tokens, 0)
        head = [read_as(tokens[0], "type"), tokens[1]]
        return 0, max(stop, 2), head, problem("E019", (token[1], token[2]), _STATEMENTS["class"])
    typo = _misspelt(text, tokens, at, line, states)
    if typo is not None:
        return typo
    first = tokens[0]
    span = (first[1], first[2])
    if word in {"while", *_STATEMENTS} - {"import", "from", "def"}:
        message = _NO_WHILE if word == "while" else _STATEMENTS[word]
        found = problem("E010" if word == "while" else "E019", span, message)
    elif word in {
        "if",
        "elif",
        "else",
        "for",
        "return",
        "assert",
        "pass",
        "break",
        "continue",
        "match",
        "case",
        "suggest",
    }:
        found = problem(
            "E023",
            span,
            f"`{word}` stands inside `forward:`, `def` or `test`, not in the first column",
            "indent it",
        )
    elif word in {"input", "output", "forward", "fallback", "demo"}:
        found = problem(
            "E023", span, f"`{word}` stands inside a declaration, not in the first column", "indent it"
        )
    elif word == "test":
        found = problem("E001", span, 'the title of a test stands in quotes: `test "…":`')
    elif word in _HEAD_WORDS and (len(tokens) < 2 or tokens[1][0] == known.newline):
        found = problem("E001", (first[2], first[2]), f"expected a name after `{word}`")
    elif word == "adapter":
        found = problem(
            "E001",
            span,
            "there is no declaration `adapter`; write `NAME = JSONAdapter()`, or give it to `configure(…)`",
        )
    else:
        shown = f"`{word[:40]}`" if "\n" not in word else "a string"
        found = problem(
            "E001",
            span,
            f"{shown} begins no declaration",
            "a declaration begins like `signature NAME:`, `module NAME = …`, `def NAME(…):`, `NAME = value`",
        )
    return 0, len(tokens), [], found


def _misspelt(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    """A first word that is nearly a keyword with which the line would go on."""
    token = tokens[line]
    if token[0] != vocabulary().name and token[3] not in HARD_KEYWORDS:
        return None
    before = states_before(tokens, line)
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
            return line, line + 1, [read_as(token, word)], found
    return None


def _walrus(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    if token[3] != ":=":
        return None
    found = problem("E012", (token[1], token[2]), "there is no `:=`; give the value a name on the line above")
    kind = "==" if fits(states, "==") else "="
    return at, at + 1, [read_as(token, kind)], found


def _yield(text: str, tokens: list[Token], at: int, line: int, states: list[int]) -> Mending | None:
    token = tokens[at]
    if token[3] not in {"yield", "await", "async"}:
        return None
    if token[3] == "yield":
        message, fix = "there is no `yield`; collect the values in a list and `return` it", None
    else:
        message = f"there is no `{token[3]}`; independent calls run at the same time anyway"
        fix = replacement("Remove it", token[1], max(tokens[at + 1][1], token[2]), "")
    if at + 1 < len(tokens) and token[3] == "yield" and tokens[at + 1][3] == "from":
        return at, at + 2, [], problem("E013", (token[1], tokens[at + 1][2]), message)
    return at, at + 1, [], problem("E013", (token[1], token[2]), message, None, fix)


def _foreign_operator(
    text: str, tokens: list[Token], at: int, line: int, states: list[int]
) -> Mending | None:
    token = tokens[at]
    word = _OPERATORS.get(token[3])
    if word is None:
        return None
    is_tight = not text[token[2] : token[2] + 1].isspace()
    found = problem(
        "E001",
        (token[1], token[2]),
        f"`{token[3]}` is written `{word}`",
        None,
        replacement(f"Write `{word}`", token[1], token[2], f" {word} " if is_tight else word),
    )
    return at, at + 1, [read_as(token, word)], found


def _variable_parameters(
    text: str, tokens: list[Token], at: int, line: int, states: list[int]
) -> Mending | None:
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


_CASES: tuple[Mender, ...] = (
    after_the_end,
    _while,
    _decorator,
    _outside,
    _variable_parameters,
    _import_star,
    *SLIPS[:2],
    _statement,
    _walrus,
    _yield,
    _foreign_operator,
    *SLIPS[2:],
    _orphan_case,
    _orphan_else,
    _misspelt,
)
