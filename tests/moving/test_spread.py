"""Arguments that a file keeps in a dict: put in where that says the same, left alone where it does not."""

from __future__ import annotations

import ast

import pytest

from dspyc.moving.marks import Marks
from dspyc.moving.spread import spread


def spread_text(text: str) -> str:
    return "\n".join(ast.unparse(each) for each in spread(ast.parse(text).body, Marks()))


@pytest.mark.parametrize(
    "text",
    [
        "cfg = dict(a=1)\ncfg = load()\nf(**cfg)",
        "cfg = dict(a=1)\ncfg |= more\nf(**cfg)",
        "cfg = dict(a=1)\nif fast:\n    cfg = dict(a=2)\nf(**cfg)",
        "cfg = dict(a=1)\nfor cfg in several:\n    pass\nf(**cfg)",
        "cfg = dict(a=1)\ndel cfg\nf(**cfg)",
        "cfg = dict(a=1)\n(cfg := load())\nf(**cfg)",
        "cfg = dict(a=1)\ncfg, b = load()\nf(**cfg)",
        "cfg = dict(a=1)\nimport other as cfg\nf(**cfg)",
        "cfg = dict(a=1)\ndef change():\n    global cfg\n    cfg = 3\nf(**cfg)",
        "cfg = dict(a=1)\ng = lambda: f(**cfg)",
        "cfg = dict(a=1)\ng = [f(**cfg) for each in rows]",
        "n = 1\ncfg = dict(a=n)\nn = 2\nf(**cfg)",
        "for n in rows:\n    pass\ncfg = dict(a=n)\nf(**cfg)",
        "cfg = dict(a=args.n)\nargs.n = 2\nf(**cfg)",
        "cfg = dict(a=make())\nf(**cfg)\ng(**cfg)",
        "cfg = dict(a=[1])\nf(**cfg)\ng(**cfg)",
        "cfg = {'class': 1}\nf(**cfg)",
    ],
)
def test_what_may_be_another_value_is_left(text: str) -> None:
    assert ast.dump(ast.parse(spread_text(text))) == ast.dump(ast.parse(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cfg = dict(a=1, b=-2)\nf(**cfg)\ng(**cfg)", "f(a=1, b=-2)\ng(a=1, b=-2)"),
        ("cfg = dict(a=1)\nf(**cfg)\ncfg = {'b': 2}\nf(**cfg)", "f(a=1)\nf(b=2)"),
        ("n = 1\ncfg = dict(a=n)\nf(**cfg)", "n = 1\nf(a=n)"),
        ("def m():\n    pass\ncfg = dict(a=m)\nf(**cfg)", "def m():\n    pass\nf(a=m)"),
        ("cfg = dict(a=make(), b=[1])\nf(**cfg)", "f(a=make(), b=[1])"),
        ("cfg = dict(a=lambda x: x)\nf(**cfg)", "f(a=lambda x: x)"),
    ],
)
def test_what_is_the_same_is_put_in(text: str, expected: str) -> None:
    assert spread_text(text) == expected
