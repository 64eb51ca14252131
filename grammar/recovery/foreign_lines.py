"""Lines that begin with a word of another language: `catch`, `default`, `unless`, `loop`."""

from __future__ import annotations

import re

from ...base.diagnostic import Fix
from ..lexing.tokens import Token, vocabulary
from ..parsing.automaton import count_accepted
from ..problems import problem, replacement
from ..tables import tables
from .edits import Repair, RepairRule, Stuck, fits, header_end, read_as

_CATCH = frozenset({"catch", "rescue", "ensure"})
_DEFAULT = frozenset({"default", "otherwise", "else"})
_BLOCKS = {
    "unless": "use `if not CONDITION:` instead of `unless`",
    "until": "loops have a limit; write `for _ in range(n):` and `break` where the condition holds",
    "loop": "loops have a limit; write `for _ in range(n):`",
    "repeat": "loops have a limit; write `for _ in range(n):`",
    "do": "loops have a limit; write `for _ in range(n):`, and `break` where it ends",
    "foreach": "use `for` instead of `foreach`: `for NAME in VALUES:`",
}
"""Words at the head of a block, and what to write instead."""


def _catch(stuck: Stuck) -> Repair | None:
    """`catch LMError:` and `catch (error):`."""
    first = stuck.first
    if first.text not in _CATCH:
        return None
    if count_accepted(stuck.line_states, [tables().literals["except"]]) == 0:
        return None
    stop, has_colon = header_end(stuck.tokens, stuck.line + 1)
    if not has_colon or stuck.at > stop + 1:
        return None
    known = vocabulary()
    head = stuck.tokens[stuck.line + 1 : stop]
    kinds = [each.kind for each in head]
    is_error = kinds == [known.name] or (kinds == [known.name] * 3 and head[1].text == "as")
    is_error = is_error and head[0].text[:1].isupper()
    kept = head if is_error else [Token(known.name, first.end, first.end, "")]
    fix: Fix | None = None
    if is_error:
        fix = replacement("Write `except`", first.start, first.end, "except", "safe")
    found = problem("E029", first.span, f"use `except NAME as error:` instead of `{first.text}`", None, fix)
    return Repair(stuck.line, stop, [read_as(first, "except"), *kept], found)


def _default_case(stuck: Stuck) -> Repair | None:
    """`default:` and `else:` in a `match`."""
    first = stuck.first
    if first.text not in _DEFAULT or stuck.at > stuck.line + 1 or stuck.peek(stuck.line + 1).text != ":":
        return None
    if count_accepted(stuck.line_states, [tables().literals["case"]]) == 0:
        return None
    found = problem(
        "E029",
        first.span,
        f"use `case _:` instead of `{first.text}:`",
        None,
        replacement("Write `case _`", first.start, first.end, "case _", "safe"),
    )
    wildcard = Token(vocabulary().name, first.end, first.end, "_")
    return Repair(stuck.line, stuck.line + 1, [read_as(first, "case"), wildcard], found)


def _block_word(stuck: Stuck) -> Repair | None:
    """`unless ready:`, `loop 3:`, `do:`; its block is read as if it stood under a condition."""
    first = stuck.first
    message = _BLOCKS.get(first.text)
    if message is None or stuck.line == 0:
        return None
    known = vocabulary()
    stop, has_colon = header_end(stuck.tokens, stuck.line + 1)
    layout = [each.kind for each in stuck.tokens[stop + 1 : stop + 3]]
    condition = tables().literals["if"]
    if not has_colon or stuck.at > stop + 1 or layout != [known.newline, known.indent]:
        return None
    if count_accepted(stuck.line_states, [condition]) == 0:
        return None
    fix = None
    if first.text == "foreach":
        fix = replacement("Write `for`", first.start, first.end, "for", "unsafe")
    missing = Token(known.name, first.end, stuck.tokens[stop - 1].end, "")
    head = [Token(condition, first.start, first.start, first.text), missing]
    return Repair(stuck.line, stop, head, problem("E029", first.span, message, None, fix))


def _spread(stuck: Stuck) -> Repair | None:
    """`[...items, item]`, `{...values}`."""
    known = vocabulary()
    if stuck.at == 0 or stuck.before.text != "..." or stuck.before.end != stuck.token.start:
        return None
    if stuck.token.kind not in {known.name, *known.openers}:
        return None
    depth = 0
    for each in reversed(stuck.tokens[stuck.line : stuck.at]):
        depth += (each.kind in known.closers) - (each.kind in known.openers)
        if depth < 0:
            break
    else:
        return None
    sign = "**" if each.text == "{" else "*"
    dots = stuck.before
    found = problem(
        "E029",
        dots.span,
        f"use `{sign}` instead of `...`",
        None,
        replacement(f"Write `{sign}`", dots.start, dots.end, sign, "safe"),
    )
    return Repair(stuck.at - 1, stuck.at, [read_as(dots, sign)], found)


def _path_of_module(stuck: Stuck) -> Repair | None:
    """`from lib/common import Ticket`, read as `from lib.common import Ticket`."""
    token = stuck.token
    if token.text != "/" or stuck.first.text not in {"from", "import"} or not fits(stuck.states, "."):
        return None
    if stuck.after.kind != vocabulary().name:
        return None
    begin, stop = stuck.tokens[stuck.line + 1].start, stuck.at
    while stuck.peek(stop).text == "/" and stuck.peek(stop + 1).kind == vocabulary().name:
        stop += 2
    written = stuck.text[begin : stuck.tokens[stop - 1].end]
    right = re.sub(r"^(\.*)/", r"\1", written).replace("/", ".")
    found = problem(
        "E029",
        (begin, begin + len(written)),
        f"a module's path has dots: `{right}`",
        None,
        replacement(f"Write `{right}`", begin, begin + len(written), right, "safe"),
    )
    return Repair(stuck.at, stuck.at + 1, [read_as(token, ".")], found)


FOREIGN_LINES: tuple[RepairRule, ...] = (_catch, _default_case, _block_word, _spread, _path_of_module)
"""Each is asked in turn."""
