"""The words for what one token too many, too few or wrong means to whoever wrote it."""

from __future__ import annotations

from ...base.diagnostic import Applicability, Diagnostic, Fix
from ..lexing.tokens import Token, vocabulary
from ..parsing.automaton import expected
from ..problems import problem, replacement
from ..tables import tables
from ..words import SUITE_WORDS
from .edits import Stuck
from .f_strings import behind

_PLACES = {
    "signature": "the signature's name",
    "type": "the type's name",
    "enum": "the enumeration's name",
    "module": "the module's name",
    "test": "the test's title",
    "def": "the function's head",
    "if": "the condition",
    "elif": "the condition",
    "for": "the values to loop over",
    "match": "the value to match",
    "case": "the pattern",
    "input": "the field's name",
    "output": "the field's name",
}
_KINDS = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a string",
    "SIGN": "an operator",
    "COMPARE": "a comparison",
    "CONSTANT": "a value",
    "DIRECTION": "`input` or `output`",
    "KIND": "a declaration",
    "AUGMENTED": "`=`",
    "_NEWLINE": "the end of the line",
    "_INDENT": "an indented block",
    "_DEDENT": "the end of the block",
}


_OPERATORS = frozenset(
    {".", "(", "[", "{", "&", "|", "^", "~", "*", "**", "and", "or", "not", "is", "if", "for"}
)
"""What is inserted only to go on reading: no more likely to be meant than others, so it is not suggested."""


def describe_insertion(stuck: Stuck, kind: int) -> Diagnostic:
    """Something is missing before `tokens[at]`."""
    wanted = name_of(kind, stuck.states)
    before, found = _before(stuck.tokens, stuck.at), stuck.token
    literal = _literal(kind)
    fix: Fix | None = None
    place = before.end if before else found.start
    if literal in {":", ",", ")", "]", "}"}:
        is_tight = literal == "," and place == found.start
        applicability: Applicability = "safe" if literal == ":" and _begins_block(stuck) else "unsafe"
        fix = replacement(f"Add `{literal}`", place, place, literal + " " * is_tight, applicability)
    where = _place(stuck.tokens, stuck.at, literal)
    if literal in _OPERATORS and not _is_layout(found):
        after = f" after {shown(before)}" if before else ""
        return problem("E001", found.span, f"unexpected {shown(found)}{after}")
    if _is_layout(found):
        return problem("E001", (place, place), f"expected {wanted}{where}", None, fix)
    if kind == vocabulary().newline:
        return problem("E001", found.span, f"expected the end of the line{where}, found {shown(found)}")
    return problem("E001", found.span, f"expected {wanted}{where}, found {shown(found)}", None, fix)


def _begins_block(stuck: Stuck) -> bool:
    """Whether the line ends where it is stuck, and a block stands below it, which only its word can begin."""
    known = vocabulary()
    below = [token.kind for token in stuck.tokens[stuck.at : stuck.at + 2]]
    return stuck.first.text in SUITE_WORDS and below == [known.newline, known.indent]


def describe_replacement(stuck: Stuck, kind: int) -> Diagnostic:
    """Something else should stand where `tokens[at]` stands."""
    found = stuck.token
    literal = _literal(kind)
    if literal in _OPERATORS - {"for", "if"}:
        return describe_deletion(stuck)
    fix = (
        None if not literal else replacement(f"Write `{literal}`", found.start, found.end, literal, "unsafe")
    )
    where = _place(stuck.tokens, stuck.at, literal)
    return problem(
        "E001",
        found.span,
        f"expected {name_of(kind, stuck.states)}{where}, found {shown(found)}",
        None,
        fix,
    )


def describe_deletion(stuck: Stuck) -> Diagnostic:
    """`tokens[at]` is one too many."""
    found = stuck.token
    before = _before(stuck.tokens, stuck.at)
    after = "" if before is None or _is_layout(stuck.before) else f" after {shown(before)}"
    fix = replacement(
        "Remove it", found.start, stuck.tokens[behind(stuck.tokens, stuck.at) - 1].end, "", "unsafe"
    )
    return problem("E001", found.span, f"unexpected {shown(found)}{after}", None, fix)


def describe_panic(stuck: Stuck) -> Diagnostic:
    """`tokens[at]` does not fit, and no small change helps."""
    found = stuck.token
    before = _before(stuck.tokens, stuck.at)
    wanted = _summary(stuck.states)
    if stuck.at == 0 or _is_layout(stuck.before):
        what = (
            f"expected {wanted}, found {shown(found)}"
            if wanted
            else f"unexpected {shown(found)} at the start of a line"
        )
        return problem("E001", found.span, what)
    after = f" after {shown(before)}" if before else ""
    if _is_layout(found):
        place = before.end if before else found.start
        return problem(
            "E001",
            (place, place),
            f"unexpected end of line: expected {wanted}{after}"
            if wanted
            else f"unexpected end of line{after}",
        )
    if wanted:
        return problem("E001", found.span, f"expected {wanted}{after}, found {shown(found)}")
    return problem("E001", found.span, f"unexpected {shown(found)}{after}")


def name_of(kind: int, states: list[int]) -> str:
    """What a user calls a terminal, in the place that `states` stand for."""
    literal = _literal(kind)
    if literal:
        return f"`{literal}`"
    known = vocabulary()
    row = tables().rows[states[-1]]
    if kind in {known.name, known.string} and known.name in row and known.number in row:
        return "a value"
    return _KINDS.get(tables().terminals[kind], "something else")


def shown(token: Token) -> str:
    """A token as it is quoted in a message."""
    if _is_layout(token):
        return "the end of the line"
    if token.kind in vocabulary().of_f_strings and token.text not in {"=", ":"}:
        return "an f-string"
    first, *more = token.text.splitlines() or [""]
    return f"`{first[:40]}…`" if more or len(first) > 40 else f"`{first}`"


def _summary(states: list[int]) -> str:
    """What could come, if that is short to say; "" if it is not."""
    known = vocabulary()
    kinds = expected(states)
    if known.name in kinds and known.number in kinds:
        return "a value"
    kinds = [kind for kind in kinds if kind != known.dedent]
    names = list(dict.fromkeys(name_of(kind, states) for kind in kinds))
    if "the end of the line" in names and len(names) > 2:
        return "the end of the line"
    return ", ".join(names[:-1]) + " or " * (len(names) > 1) + names[-1] if 0 < len(names) <= 5 else ""


def _literal(kind: int) -> str:
    texts = [text for text, number in tables().literals.items() if number == kind]
    return texts[0] if len(texts) == 1 else ""


def _before(tokens: list[Token], at: int) -> Token | None:
    """The last token before `at` that the user wrote."""
    for index in range(at - 1, -1, -1):
        if tokens[index].end > tokens[index].start:
            return tokens[index]
    return None


def _is_layout(token: Token) -> bool:
    known = vocabulary()
    return token.kind in {known.newline, known.indent, known.dedent, known.end}


def _place(tokens: list[Token], at: int, literal: str) -> str:
    before = _before(tokens, at)
    if before is None or _is_layout(tokens[at - 1]):
        return ""
    if literal == ":":
        known = vocabulary()
        first = at
        while first > 0 and not _is_layout(tokens[first - 1]):
            first -= 1
        word = tokens[first].text
        is_name_next = at - first == 2 and tokens[first + 1].kind == known.name
        if word in _PLACES and (
            is_name_next or word in {"def", "if", "elif", "for", "match", "case", "test"}
        ):
            depth = sum(
                (token.kind in known.openers) - (token.kind in known.closers) for token in tokens[first:at]
            )
            if depth == 0:
                return f" after {_PLACES[word]}"
    return f" after {shown(before)}"
