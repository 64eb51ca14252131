"""Branches of a script that its options choose, `if args.optimize:`, with the options as they are by default.

What a branch that is not taken declares is declared anyway: nothing of it runs until it is asked for.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

from .marks import Marks
from .scopes import defined

OTHER_OPTIONS = "it runs only with other options"


def branches(body: Iterable[ast.stmt], marks: Marks) -> Iterator[ast.stmt]:
    """The statements of a script, those below `if` among them where the options say which."""
    statements = list(body)
    counts = Counter(name for each in statements for name in defined(each))
    for statement in statements:
        yield from _taken(statement, counts, marks)


def _taken(statement: ast.stmt, counts: Counter[str], marks: Marks) -> Iterator[ast.stmt]:
    if not isinstance(statement, ast.If) or (holds := truth(statement.test)) is None:
        yield statement
        return
    said = marks.of(statement).told
    inner = Counter(name for each in [*statement.body, *statement.orelse] for name in defined(each))
    for block, is_taken in ((statement.body, holds), (statement.orelse, not holds)):
        for each in block:
            marks.of(each).told += [one for one in said if one not in marks.of(each).told]
            is_declared = isinstance(each, (ast.Assign, ast.AnnAssign)) and all(
                counts[name] == inner[name] == 1 for name in defined(each)
            )
            if not is_taken and not is_declared:
                marks.of(each).left_out = OTHER_OPTIONS
            yield from _taken(each, counts, marks) if is_taken else [each]


def truth(test: ast.expr) -> bool | None:
    """Whether a condition of constants holds; None where it is made of other things."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            found = truth(inner)
            return None if found is None else not found
        case ast.BoolOp(op=operator, values=values):
            each = [truth(one) for one in values]
            if None in each:
                return None
            return all(each) if isinstance(operator, ast.And) else any(each)
        case ast.Compare(left=ast.Constant(value=left), ops=[sign], comparators=[ast.Constant(value=right)]):
            if isinstance(sign, (ast.Eq, ast.Is)):
                return bool(left == right)
            return bool(left != right) if isinstance(sign, (ast.NotEq, ast.IsNot)) else None
    return None
