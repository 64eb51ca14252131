"""What the layout works on: the tokens of a logical line, each with its space, its comments and its rank."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct, field

Kind: TypeAlias = Literal[
    "word",
    "number",
    "keyword",
    "operator",
    "prefix",
    "string",
    "comma",
    "colon",
    "slice",
    "dot",
    "dots",
    "equal",
    "argument",
    "open",
    "close",
    "comment",
]
"""How a token is spaced: `prefix` is an operator with nothing on its left, `argument` the `=` behind an
argument's name, `slice` the colon of a slice, `dots` those before the name of an import, `comment` a comment
on a line of its own, inside brackets."""

COMPREHENSION, COMMA, TERNARY, LOGIC, COMPARISON, DOT = 20, 18, 16, 14, 10, 1
"""How readily a line is broken at a token, as black ranks it; 0 is never."""
_ARITHMETIC = {"|": 9, "^": 8, "&": 7, "<<": 6, ">>": 6, "+": 5, "-": 5, "~": 3, "**": 2}
_PRODUCTS = {"*": 4, "/": 4, "//": 4, "%": 4, "@": 4}
_RANKS = _ARITHMETIC | _PRODUCTS | dict.fromkeys(("==", "!=", "<", ">", "<=", ">="), COMPARISON)
_RANKS |= {"and": LOGIC, "or": LOGIC, "is": COMPARISON}

OPENING = {"(": ")", "[": "]", "{": "}"}
CLOSING = {closing: opening for opening, closing in OPENING.items()}


class Leaf(Struct, eq=False):
    """A token, or a bracket that may be written or left out."""

    kind: Kind
    text: str
    start: int = -1
    end: int = -1
    """Where it stands in the item; -1 for a bracket that nobody wrote."""
    space: str = ""
    """What stands between it and the leaf before it."""
    comments: list[str] = field(default_factory=list)
    """Comments behind it, on its line."""
    partner: Leaf | None = None
    """The opening bracket of a closing one."""
    is_optional: bool = False
    """Whether it is a bracket that changes nothing, whose text is then empty."""
    is_trailer: bool = False
    """Whether it is a bracket of a call or of a subscript."""
    depth: int = 0
    """How many brackets it stands in; the names between `for` and `in` and the parameters of a `lambda`
    count as one deeper."""
    rank: int = 0
    """How readily the line is broken behind it."""

    def __repr__(self) -> str:
        return self.text or ("⟨" if self.kind == "open" else "⟩")


def round_brackets(*, is_optional: bool) -> tuple[Leaf, Leaf]:
    """A pair of brackets that nobody wrote; optional ones are empty until they are needed."""
    opening = Leaf("open", "" if is_optional else "(", is_optional=is_optional)
    return opening, Leaf("close", "" if is_optional else ")", is_optional=is_optional, partner=opening)


def is_operand(leaf: Leaf) -> bool:
    """Whether an expression may end with it."""
    return leaf.kind in {"word", "number", "string", "close"}


def partner_index(leaves: list[Leaf], at: int) -> int:
    """The index of the bracket that closes the one at `at`."""
    opening = leaves[at]
    return next(index for index in range(at + 1, len(leaves)) if leaves[index].partner is opening)


def top_level(leaves: list[Leaf], start: int, end: int) -> Iterator[int]:
    """The indexes from `start` to before `end` that stand in no bracket that opens between them."""
    depth = 0
    for index in range(start, end):
        leaf = leaves[index]
        depth -= leaf.kind == "close"
        if depth <= 0:
            yield index
        depth += leaf.kind == "open"


class _Depths(Struct):
    """How deep the reading of a line is."""

    depth: int = 0
    targets: list[int] = field(default_factory=list)
    """The depths of the open `for`s."""
    lambdas: list[int] = field(default_factory=list)
    clauses: list[bool] = field(default_factory=lambda: [False])
    """For each open bracket, whether a `for` stood in it: an `if` behind it is a condition of it."""

    def leave(self, leaf: Leaf) -> bool:
        """Go up before a leaf that ends something; whether it is the `in` of a `for`."""
        is_in = leaf.text == "in" and leaf.kind == "keyword"
        ends_targets = is_in and bool(self.targets) and self.targets[-1] == self.depth
        if ends_targets:
            self.targets.pop()
            self.depth -= 1
        if self.lambdas and self.lambdas[-1] == self.depth and leaf.kind in {"colon", "slice"}:
            self.lambdas.pop()
            self.depth -= 1
        if leaf.kind == "close":
            self.depth -= 1
            self.clauses.pop()
        return ends_targets

    def enter(self, leaf: Leaf) -> None:
        """Go down behind a leaf that begins something."""
        if leaf.kind == "open":
            self.depth += 1
            self.clauses.append(False)
        elif leaf.kind == "keyword" and leaf.text in {"for", "lambda"}:
            self.depth += 1
            (self.targets if leaf.text == "for" else self.lambdas).append(self.depth)
            self.clauses[-1] |= leaf.text == "for"


def rank(leaves: list[Leaf]) -> None:
    """Note how deep each leaf stands, and where the line may be broken."""
    depths = _Depths()
    before: Leaf | None = None
    for leaf in leaves:
        is_in_of_for = depths.leave(leaf)
        leaf.depth, leaf.rank = depths.depth, COMMA if leaf.kind == "comma" else 0
        if before is not None and not is_in_of_for:
            before.rank = _rank_before(leaf, before, is_clause=depths.clauses[-1]) or before.rank
        depths.enter(leaf)
        before = leaf


def _rank_before(leaf: Leaf, before: Leaf, *, is_clause: bool) -> int:
    """How readily a line is broken before a leaf, which stands in a comprehension behind its `for` or not."""
    if leaf.kind == "dot":
        return DOT if before.kind == "close" else 0
    if leaf.kind == "operator":
        return _RANKS.get(leaf.text, 0)
    if leaf.kind != "keyword":
        return 0
    word, previous = leaf.text, before.text if before.kind == "keyword" else ""
    if word == "for":
        return COMPREHENSION
    if word in {"if", "else"}:
        return COMPREHENSION if word == "if" and is_clause else TERNARY
    if word == "in":
        return COMPARISON if previous != "not" else 0
    if word == "not":
        return COMPARISON if is_operand(before) else 0
    return _RANKS.get(word, 0)
