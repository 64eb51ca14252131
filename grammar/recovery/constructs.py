"""Constructs of Python and of other languages that this one does not have, and what to write instead.

Each gives the tokens that come nearest to what was meant, so that the rest of the item is still read.
"""

from __future__ import annotations

from difflib import get_close_matches

from ...base.diagnostic import Diagnostic
from ..lexing.tokens import Token, vocabulary
from ..parsing.automaton import count_accepted
from ..problems import problem, replacement
from ..tables import tables
from ..words import CLAUSE_WORDS, DECLARING, HARD_KEYWORDS, MEMBER_WORDS, STATEMENT_WORDS
from .bodies import BODIES
from .classes import read_class
from .edits import Repair, RepairRule, Stuck, discard, fits, header_end, read_as
from .fields import FIELDS
from .foreign_lines import FOREIGN_LINES
from .foreign_operators import FOREIGN
from .methods import METHODS
from .outside import OUTSIDE
from .typos import TYPOS, after_the_end

_CLASS = "classes are not supported; use `type NAME:` for a record or `enum NAME:` for a choice"
_RESULT = "a function returns its result with `return`"
_IMPORT = "an import belongs in the first column, at the top of the file"
_STATEMENTS = {
    "except": "`except` must follow the block of a `try`, at the same indentation",
    "finally": "`finally` is not supported; put what always runs after the `try`, at the same indentation",
    "with": "`with` is not supported; pass settings to the call or the part, like `NAME(…, temperature=0.7)`",
    "raise": '`raise` is not supported; use `assert condition, "message"`',
    "del": "`del` is not supported; a variable ends with its block",
    "global": f"`global` is not supported; {_RESULT}",
    "nonlocal": f"`nonlocal` is not supported; {_RESULT}",
    "import": _IMPORT,
    "from": _IMPORT,
    "class": _CLASS,
    "def": "a function must be declared in the first column, not inside another declaration",
}
_NO_WHILE = "`while` is not supported, because its cost has no limit; use `for _ in range(n):` with `break`"
_NO_ASYNC = "functions are not marked `async`; independent calls run concurrently anyway"
_OPERATORS = {"&&": "and", "||": "or"}


def _while(stuck: Stuck) -> Repair | None:
    token = stuck.token
    if stuck.at != stuck.line or token.text != "while" or not fits(stuck.states, "if"):
        return None
    found = problem(
        "E010",
        token.span,
        _NO_WHILE,
    )
    return Repair(stuck.at, stuck.at + 1, [read_as(token, "if")], found)


def _statement(stuck: Stuck) -> Repair | None:
    """A statement of Python's that is none here; its block is read as if it stood under a condition."""
    token = stuck.token
    message = _STATEMENTS.get(token.text)
    if stuck.at != stuck.line or message is None or not fits(stuck.states, "if") or stuck.after.text == "=":
        return None
    known = vocabulary()
    found = problem("E019", token.span, message)
    condition = tables().literals["if"]
    stop, colon = header_end(stuck.tokens, stuck.at)
    end = stuck.tokens[stop - 1].end
    missing = Token(known.name, token.start, end, "")
    if not colon:
        return Repair(stuck.at, stop, [missing], found)
    return Repair(stuck.at, stop, [Token(condition, token.start, token.start, token.text), missing], found)


def _suite_head(stuck: Stuck) -> Repair | None:
    """Something between `forward` or `fallback` and the colon with a block behind it."""
    stop, colon = header_end(stuck.tokens, stuck.line)
    layout = [each.kind for each in stuck.tokens[stop + 1 : stop + 3]]
    if stuck.at != stuck.line + 1 or stuck.first.text not in {"forward", "fallback"} or not colon:
        return None
    if stuck.token.text in {":", "="} or layout != [vocabulary().newline, vocabulary().indent]:
        return None
    last = stuck.tokens[stop - 1]
    message = f"`{stuck.first.text}` is followed by a colon and nothing else"
    fix = replacement("Remove it", stuck.token.start, last.end, "", "unsafe")
    found = problem("E001", (stuck.token.start, last.end), message, None, fix)
    return Repair(stuck.line, stop, [read_as(stuck.first, stuck.first.text)], found)


def _finally(stuck: Stuck) -> Repair | None:
    """A `finally`, which is read as a further `except`."""
    token = stuck.token
    if stuck.at != stuck.line or token.text != "finally" or not fits(stuck.states, "except"):
        return None
    found = problem("E019", token.span, _STATEMENTS["finally"])
    missing = Token(vocabulary().name, token.end, token.end, "")
    return Repair(stuck.at, stuck.at + 1, [read_as(token, "except"), missing], found)


def _orphan_case(stuck: Stuck) -> Repair | None:
    """A `case` outside of `match`; its block is read as if it stood under a condition."""
    first = stuck.first
    stop, colon = header_end(stuck.tokens, stuck.line)
    if stuck.at < stuck.line or first.text != "case" or not colon:
        return None
    condition = tables().literals["if"]
    if count_accepted(stuck.line_states, [condition]) == 0:
        return None
    found: Diagnostic | None = problem("E023", first.span, "`case` must be inside `match VALUE:`")
    if any(each.kind == condition and each.text == "case" for each in stuck.tokens[: stuck.line]):
        found = None
    missing = Token(vocabulary().name, first.start, stuck.tokens[stop - 1].end, "")
    return Repair(stuck.line, stop, [Token(condition, first.start, first.start, "case"), missing], found)


def _orphan_else(stuck: Stuck) -> Repair | None:
    """An `else` or `elif` that no `if` stands before; its block is read as if it stood under a condition."""
    first = stuck.first
    stop, colon = header_end(stuck.tokens, stuck.line)
    if stuck.at != stuck.line or first.text not in {"else", "elif"} or not colon:
        return None
    layout = [each.kind for each in stuck.tokens[stop + 1 : stop + 3]]
    condition = tables().literals["if"]
    if layout != [vocabulary().newline, vocabulary().indent] or not fits(stuck.states, "if"):
        return None
    found = problem(
        "E023",
        first.span,
        f"`{first.text}` must follow the block of an `if`, at the same indentation",
        "a `for` or `try` cannot have one",
    )
    missing = Token(vocabulary().name, first.start, stuck.tokens[stop - 1].end, "")
    return Repair(stuck.line, stop, [Token(condition, first.start, first.start, first.text), missing], found)


def _decorator(stuck: Stuck) -> Repair | None:
    token = stuck.token
    if stuck.at != stuck.line or token.text != "@":
        return None
    stop, _ = header_end(stuck.tokens, stuck.at)
    name = "".join(each.text for each in stuck.tokens[stuck.at : stop])
    found = problem(
        "E011",
        (token.start, stuck.tokens[stop - 1].end),
        f"decorators are not supported: `{name[:40]}`",
        "pass a setting as an argument where the function is used; whether it is pure is inferred",
        replacement("Remove the decorator", token.start, stuck.tokens[stop].start, "", "unsafe")
        if stuck.line == 0
        else None,
    )
    below = next((each for each in stuck.tokens[stop:] if each.kind != vocabulary().newline), token)
    is_told = below.text == "class" and name[1:].partition("(")[0].rpartition(".")[2] == "dataclass"
    if is_told:
        return Repair(stuck.at, stop + 1, [], None)
    return discard(stuck.tokens, stuck.at, stop, found)


def _outside(stuck: Stuck) -> Repair | None:
    """A first line that begins no declaration."""
    known = vocabulary()
    if (
        stuck.line != 0
        or stuck.at > 1
        or (stuck.at == 1 and stuck.tokens[0].kind not in {known.name, *known.fallbacks})
    ):
        return None
    if stuck.at == 1 and count_accepted([tables().starts["start"]], [stuck.tokens[0].kind, known.name]) == 2:
        return None  # it begins like a declaration, so what is missing can be said
    token, word = stuck.token, stuck.tokens[0].text
    if word == "async" and stuck.tokens[1].text == "def":
        found = problem(
            "E013",
            token.span,
            _NO_ASYNC,
            None,
            replacement("Remove `async`", token.start, stuck.tokens[1].start, "", "safe"),
        )
        return Repair(0, 1, [], found)
    if word == "class" and stuck.tokens[1].kind == known.name:
        return read_class(stuck)
    typo = _misspelt(stuck)
    if typo is not None:
        return typo
    first = stuck.tokens[0]
    span = first.span
    if word in {"while", *_STATEMENTS} - {"import", "from", "def"}:
        message = _NO_WHILE if word == "while" else _STATEMENTS[word]
        found = problem("E010" if word == "while" else "E019", span, message)
    elif word in STATEMENT_WORDS | CLAUSE_WORDS:
        found = problem(
            "E023",
            span,
            f"`{word}` must be inside `forward:`, `def` or `test`, not in the first column",
            "indent it",
        )
    elif word in MEMBER_WORDS:
        found = problem(
            "E023", span, f"`{word}` must be inside a declaration, not in the first column", "indent it"
        )
    elif word == "test":
        found = problem("E001", span, 'the title of a test must be a string: `test "…":`')
    elif word in DECLARING and (len(stuck.tokens) < 2 or stuck.tokens[1].kind == known.newline):
        found = problem("E001", (first.end, first.end), f"expected a name after `{word}`")
    elif word == "adapter":
        found = problem("E001", span, "`adapter` is not a declaration; use `configure(adapter=…)`")
    else:
        shown = f"`{word[:40]}`" if "\n" not in word else "a string"
        found = problem(
            "E001",
            span,
            f"{shown} does not start a declaration",
            "a declaration starts like `signature NAME:`, `module NAME = …`, `def NAME(…):`, `NAME = value`",
        )
    return Repair(0, len(stuck.tokens), [], found)


def _misspelt(stuck: Stuck) -> Repair | None:
    """A first word that is nearly a keyword with which the line would go on."""
    token = stuck.first
    if token.kind != vocabulary().name and token.text not in HARD_KEYWORDS:
        return None
    before = stuck.line_states
    words = {text: kind for text, kind in tables().literals.items() if text.isalpha() and len(text) > 2}
    near = get_close_matches(token.text, words.keys() - {token.text}, 3, 0.7)
    kinds = [each.kind for each in stuck.tokens[stuck.line + 1 : stuck.at + 3]]
    for word in near:
        if count_accepted(before, [words[word], *kinds]) >= min(stuck.at - stuck.line + 2, len(kinds) + 1):
            found = problem(
                "E001",
                token.span,
                f"unexpected `{token.text}`; did you mean `{word}`?",
                None,
                replacement(f"Write `{word}`", token.start, token.end, word, "unsafe"),
            )
            return Repair(stuck.line, stuck.line + 1, [read_as(token, word)], found)
    return None


def _walrus(stuck: Stuck) -> Repair | None:
    token = stuck.token
    if token.text != ":=":
        return None
    found = problem("E012", token.span, "`:=` is not supported; assign the value on the line above")
    kind = "==" if fits(stuck.states, "==") else "="
    return Repair(stuck.at, stuck.at + 1, [read_as(token, kind)], found)


def _yield(stuck: Stuck) -> Repair | None:
    token = stuck.token
    if token.text not in {"yield", "await", "async"}:
        return None
    if token.text == "yield":
        message, fix = "`yield` is not supported; collect the values in a list and `return` it", None
    else:
        message = f"`{token.text}` is not needed; independent calls run concurrently anyway"
        fix = replacement("Remove it", token.start, max(stuck.after.start, token.end), "", "safe")
    if stuck.at + 1 < len(stuck.tokens) and token.text == "yield" and stuck.after.text == "from":
        return Repair(stuck.at, stuck.at + 2, [], problem("E013", (token.start, stuck.after.end), message))
    return Repair(stuck.at, stuck.at + 1, [], problem("E013", token.span, message, None, fix))


def _foreign_operator(stuck: Stuck) -> Repair | None:
    token = stuck.token
    word = _OPERATORS.get(token.text)
    if word is None:
        return None
    is_tight = not stuck.text[token.end : token.end + 1].isspace()
    found = problem(
        "E001",
        token.span,
        f"use `{word}` instead of `{token.text}`",
        None,
        replacement(f"Write `{word}`", token.start, token.end, f" {word} " if is_tight else word, "safe"),
    )
    return Repair(stuck.at, stuck.at + 1, [read_as(token, word)], found)


def _variable_parameters(stuck: Stuck) -> Repair | None:
    known = vocabulary()
    if stuck.first.text not in {"def", "module"} or stuck.at < 2:
        return None
    message = "`*args` and `**kwargs` are not supported; list the parameters one by one"
    if (
        stuck.token.kind == known.name
        and stuck.before.text == "*"
        and stuck.tokens[stuck.at - 2].text in {"(", ","}
    ):
        return Repair(
            stuck.at, stuck.at + 1, [], problem("E019", (stuck.before.start, stuck.token.end), message)
        )
    if stuck.token.text == "**" and stuck.before.text in {"(", ","} and stuck.after.kind == known.name:
        found = problem("E019", (stuck.token.start, stuck.after.end), message)
        return Repair(stuck.at, stuck.at + 2, [stuck.after], found)
    return None


def _import_star(stuck: Stuck) -> Repair | None:
    token = stuck.token
    if token.text != "*" or stuck.first.text != "from" or stuck.before.text != "import":
        return None
    found = problem("E019", token.span, "`import *` is not supported; name what to import")
    return Repair(stuck.at, stuck.at + 1, [Token(vocabulary().name, token.start, token.start, "")], found)


ITEM_RULES: tuple[RepairRule, ...] = (
    after_the_end,
    _while,
    _decorator,
    *FOREIGN,
    *FOREIGN_LINES,
    *METHODS,
    *BODIES,
    *FIELDS,
    *OUTSIDE,
    _outside,
    _variable_parameters,
    _import_star,
    *TYPOS[:2],
    _suite_head,
    _finally,
    _statement,
    _walrus,
    _yield,
    _foreign_operator,
    *TYPOS[2:],
    _orphan_case,
    _orphan_else,
    _misspelt,
)
"""What is asked in turn where an item does not go on."""
