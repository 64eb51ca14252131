"""Variables that are called like parts get other names, in their own scope alone."""

from __future__ import annotations

import ast

import pytest

from dspyc.moving.expressions import CannotMove
from dspyc.moving.renamed import with_other_names

CASES = [
    ("rank = self.rank(q=q)\nreturn rank", "rank_result = self.rank(q=q)\nreturn rank_result"),
    (
        "rank = self.rank(q=q)\nreturn max(q, key=lambda rank: rank.score)",
        "rank_result = self.rank(q=q)\nreturn max(q, key=lambda rank: rank.score)",
    ),
    (
        "rank = self.rank(q=q)\nreturn max(q, key=lambda x, y=rank: rank.score)",
        "rank_result = self.rank(q=q)\nreturn max(q, key=lambda x, y=rank_result: rank_result.score)",
    ),
    (
        "rank = 1\ndef best(rank):\n    return rank\nreturn best(rank)",
        "rank_result = 1\ndef best(rank):\n    return rank\nreturn best(rank_result)",
    ),
    (
        "rank = 1\ndef best():\n    rank = 2\n    return rank\nreturn rank",
        "rank_result = 1\ndef best():\n    rank = 2\n    return rank\nreturn rank_result",
    ),
    (
        "return [self.rank(q=rank) for rank in rank(q)]",
        "return [self.rank(q=rank_result) for rank_result in rank(q)]",
    ),
    ("return [rank for x in q if (rank := x)]", "return [rank_result for x in q if (rank_result := x)]"),
]


def forward(body: str) -> ast.FunctionDef:
    made = ast.parse("def forward(self, q):\n" + "\n".join(f"    {line}" for line in body.split("\n"))).body[
        0
    ]
    assert isinstance(made, ast.FunctionDef)
    return made


@pytest.mark.parametrize(("body", "expected"), CASES)
def test_the_names_of_a_scope(body: str, expected: str) -> None:
    assert ast.unparse(with_other_names(forward(body), ["rank"])) == ast.unparse(forward(expected))


@pytest.mark.parametrize(
    "body",
    ["return map(lambda rank: self.rank(q=rank), q)", "rank = 1\ndef f():\n    nonlocal rank\n    rank = 2"],
)
def test_what_cannot_be_told_apart_stays_python(body: str) -> None:
    with pytest.raises(CannotMove):
        with_other_names(forward(body), ["rank"])
