"""An expression as one line, the same however it was laid out: for what is said about it when it fails."""

from __future__ import annotations

from ..lexing.lexer import lex
from ..lexing.tokens import vocabulary
from ..syntax import Expression
from ..unparsing.expressions import expression
from .reading import normalize_literals, read_leaves
from .spacing import space_out


def on_one_line(node: Expression) -> str:
    """The expression in the one layout, without brackets that mean nothing."""
    code = f"x = {expression(node)}\n"
    known = vocabulary()
    _, _, *tokens = (token for token in lex(code).tokens if token.kind not in {known.newline, known.end})
    leaves = read_leaves(code, tokens, [])
    normalize_literals(leaves)
    space_out(leaves)
    return "".join(leaf.space + leaf.text for leaf in leaves)
