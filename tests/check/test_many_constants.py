"""Thousands of constants are checked in linear time, and what fits some of them fits all of them.

Each text would take minutes if something were quadratic.
"""

from __future__ import annotations

import pytest

from dspyc.compiler.analysis import Project
from support.counting import growth_of

COUNT = 2_000


def each(form: str, separator: str = ", ") -> str:
    """A form once for each number, which stands in the place of `#`."""
    return separator.join(form.replace("#", str(number)) for number in range(COUNT))


TEXTS = each('"s#"')
PAIRS = each('"s#": #')
CALLS = each('f("s#")')
ENUM = "enum E:\n" + each('    m# = "v#"\n', "") + "\n"
LITERAL = f"type T = Literal[{TEXTS}]\n"
MANY = {
    "texts": f"X = [{TEXTS}]",
    "a dict": f"X = {{{PAIRS}}}",
    "members": f"{ENUM}X = [{each('E.m#')}]",
    "values of members": f"{ENUM}X = [{each('E.m#.value')}]",
    "members as keys": f"{ENUM}X = {{{each('E.m#: #')}}}",
    "members as arguments": f"{ENUM}def f(e: E) -> int:\n    return 1\n\nX = [{each('f(E.m#)')}]",
    "demos": f'signature S:\n    "x"\n    input q: str\n    output a: Literal[{TEXTS}]\n\n'
    + each('    demo q="q", a="s#"\n', ""),
    "demos of members": f'{ENUM}signature S:\n    "x"\n    input q: str\n    output a: E\n\n'
    + each('    demo q="q", a=E.m#\n', ""),
    "arguments": f"{LITERAL}def f(e: T) -> int:\n    return 1\n\nX = [{CALLS}]",
    "a list of a literal": f"{LITERAL}X: list[T] = [{TEXTS}]",
    "a dict of an optional literal": f"{LITERAL}X: dict[T | None, int] = {{{PAIRS}}}",
}


@pytest.mark.parametrize("name", MANY)
def test_many_constants_are_right(name: str) -> None:
    assert Project({"a.dspy": MANY[name] + "\n"}.get).check("a.dspy").diagnostics == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{LITERAL}X: list[T] = [{each('#')}]", "E212"),
        (f'{LITERAL}X: T = "other"', "E212"),
        (f'type T = Literal["a", "b"]\nX: list[T] = [{TEXTS}]', "E212"),
        (f"{ENUM}X = E.other", "E201"),
    ],
    ids=range(4),
)
def test_a_wrong_one_is_found(text: str, code: str) -> None:
    found = Project({"a.dspy": text + "\n"}.get).check("a.dspy").diagnostics
    assert [one.code for one in found] == [code]


def test_many_unknown_names_are_found_in_linear_time() -> None:
    def check(size: int) -> None:
        text = "".join(f"name_{index} = nothing_{index}\n" for index in range(size))
        found = Project({"/many.dspy": text}.get).check("/many.dspy").diagnostics
        assert [each.code for each in found] == ["E101"] * size

    assert growth_of(check, 400) < 2.6
