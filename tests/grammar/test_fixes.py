"""A fix is safe only where a program means the same afterwards, or where it can mean nothing else."""

from __future__ import annotations

import random

import pytest

from dspyc.base.diagnostic import Fix
from dspyc.grammar.parse import parse
from dspyc.grammar.source import Source
from support.syntax_cases import FOLDER, read
from support.syntax_dump import dump

VALID = [read(path) for path in sorted((FOLDER / "valid").glob("*.dspy"))]


def fixes(text: str) -> list[Fix]:
    return [fix for found in parse(Source("a.dspy", text)).problems() for fix in found.fixes]


def applied(text: str, chosen: list[Fix]) -> str:
    edits = {edit for fix in chosen for edit in fix.edits}
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


def safely(text: str) -> str:
    """The text with its safe fixes made, as `check --fix` makes them."""
    return applied(text, [fix for fix in fixes(text) if fix.is_safe])


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ('x = f"{d["x"]}"\n', "x = f\"{d['x']}\"\n"),
        ("signature S\n    input a: str\n", "signature S:\n    input a: str\n"),
        ("signature S =\n    input a: str\n", "signature S:\n    input a: str\n"),
        (
            "def f(x: int) -> int:\n    if x = 1:\n        return 2\n    return 3\n",
            "def f(x: int) -> int:\n    if x == 1:\n        return 2\n    return 3\n",
        ),
        (
            "def f(x: int) -> int:\n    if x:\n        return 1\n    else if y:\n        return 2\n",
            "def f(x: int) -> int:\n    if x:\n        return 1\n    elif y:\n        return 2\n",
        ),
        ("x = a && b || c\n", "x = a and b or c\n"),
        ("async def f(x: int) -> int:\n    return await g(x)\n", "def f(x: int) -> int:\n    return g(x)\n"),
        ('x = "a" "b"\n', 'x = "a" + "b"\n'),
        ("x = “a b”\n", 'x = "a b"\n'),
        ("x = u'a'\n", "x = 'a'\n"),
        ('x = "\\d"\n', 'x = "\\\\d"\n'),
        ("a = 1; b = 2;\n", "a = 1\nb = 2\n"),
        ("a = 1; b = 2\r\n", "a = 1\r\nb = 2\r\n"),
        ("x = f(a for a in b, c)\n", "x = f((a for a in b), c)\n"),
        (
            'def f(x: int) -> int:\n\t"""A\n\ttab."""\n\treturn x\n',
            'def f(x: int) -> int:\n    """A\n\ttab."""\n    return x\n',
        ),
        (
            "def f(x: int) -> int:\n    if x:\n\tx = 1\n    return x\n",
            "def f(x: int) -> int:\n    if x:\n        x = 1\n    return x\n",
        ),
        (
            "def f(x: int) -> int:\n  if x:\n\tx = 1\n  return x\n",
            "def f(x: int) -> int:\n  if x:\n    x = 1\n  return x\n",
        ),
    ],
)
def test_what_can_mean_only_this_is_mended_safely(text: str, mended: str) -> None:
    while safely(text) != text:
        text = safely(text)
    assert text == mended


@pytest.mark.parametrize(
    "text",
    [
        'class A:\n    input a: str\n    x = Predict("q -> a")\n',
        "class A(BaseModel):\n    a: str = 1\n",
        'class A(dspy.Module):\n    def __init__(self):\n        self.x = dspy.Predict("q -> a")\n',
        'type T:\n    b = "x"\n',
        "type T:\n    input b: str\n",
        "def f(x: int) -> int:\n    if x:\n        y = 1\n      z = 2\n    return z\n",
        "def f(x: int) -> int:\n    y = 1\n      z = 2\n    return z\n",
        "def f(x: int) -> int:\n    if x:\n        x = 1\n\tx = 2\n    return x\n",
        "def f(x: int) -> int:\n    for y in [1]:\n        x = y\n\tx += 2\n    return x\n",
        'x = ["a" "b"]\n',
        'x = f("a" "b")\n',
        'x = "a" "b".upper()\n',
        'x = 2 * "a" "b"\n',
        "x = 'it's'\n",
        "x = [1, 2\n",
        "x = f(g(1, 2)\n",
        "x = (1]\n",
        "x = 1)\n",
        "def f(x: int) -> int:\n    if x: a(); b()\n    return x\n",
        "x = f(a; b)\n",
        "return label=1\n",
        'signature S:\n    return label="a"\n',
        "signature S:\n    input from: str\n",
        "signature S:\n    input a\n",
        "signature S:\n    input a = str\n",
        'signature S:\n    input a: "what is asked"\n',
        'signature S:\n    input a: "question"\n',
        "signature S:\n    input a: int = 1 where a = 2\n",
        "x = !a == b\n",
        "x = 010\n",
        "x = b'a'\n",
        'x = "\\x1"\n',
        'x = f"a } b"\n',
        "x = “it’s”\n",
        "x = “a\n",
        "x = f(a b)\n",
        "x = a b\n",
        "@cached\ndef f(x: int) -> int:\n    return x\n",
        "modul m = f(1)\n",
    ],
)
def test_what_could_mean_something_else_is_left_to_its_author(text: str) -> None:
    assert list(parse(Source("a.dspy", text)).problems())
    assert safely(text) == text


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ('x = ["a" "b"]\n', ['x = ["a", "b"]\n', 'x = ["a" + "b"]\n']),
        ("x = f(a b)\n", ["x = f(a, b)\n"]),
        ("x = [1, 2\n", ["x = [1, 2]\n"]),
        ('x = "a\n', ['x = "a"\n']),
        ("signature S:\n    input a\n", ["signature S:\n    input a: str\n"]),
    ],
)
def test_the_likeliest_fixes_are_offered_first(text: str, mended: list[str]) -> None:
    assert [applied(text, [fix]) for fix in fixes(text)] == mended


@pytest.mark.parametrize(
    ("base", "kind"),
    [("", "type"), ("(BaseModel)", "type"), ("(dspy.Signature)", "signature"), ("(dspy.Module)", "module")],
)
def test_a_class_is_one_problem_and_keeps_its_name(base: str, kind: str) -> None:
    body = "    def __init__(self):\n        self.a = [1\n\n    @cached\n    async def f(x): pass\n"
    file = parse(Source("a.dspy", f"class A{base}:\n{body}"))
    (found,) = file.problems()
    assert found.code == "E019"
    assert found.message.startswith("classes are not supported; ")
    assert f"`{kind} " in found.message
    assert getattr(file.items[0].declaration, "name", None) is not None


def test_safe_fixes_of_broken_programs_change_no_other_declaration() -> None:
    """Random edits of valid programs, as many as give safe fixes."""
    chance = random.Random(7)
    tried = 0
    while tried < 50:
        text = chance.choice([each for each in VALID if len(each) > 100])
        at = chance.randrange(len(text))
        broken = text[:at] + chance.choice("()[]{}:,.=\"'\\ \t#@!x1;\n") + text[at + chance.randrange(2) :]
        mended = safely(broken)
        if mended == broken:
            continue
        tried += 1
        before = parse(Source("a.dspy", broken))
        after = parse(Source("a.dspy", mended))
        kept = {dump(item.declaration, spans=False) for item in after.items if item.declaration}
        for item in before.items:
            if item.declaration and not item.parsed.problems:
                assert dump(item.declaration, spans=False) in kept, broken
        assert len(list(after.problems())) <= len(list(before.problems())), broken


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("signature A: q -> a\n", 'signature A = "q -> a"\n'),
        ('signature A: "q: str -> a"  # asked\n', 'signature A = "q: str -> a"  # asked\n'),
        (
            "signature A:\n    q: str -> a: int\n",
            "signature A:\n    input q: str\n    output a: int\n",
        ),
        (
            'signature A:\r\n    q, r: dict[str, int] -> a: int "a, b -> c"\r\n',
            "signature A:\r\n    input q: str\n    input r: dict[str, int]\n"
            '    output a: int "a, b -> c"\r\n',
        ),
        (
            "signature A(q: str) -> (a: str)\n",
            "signature A:\n    input q: str\n    output a: str\n",
        ),
        (
            "module m:\n    input q: str\n    p = Predict(A)\n"
            "    if q:\n        return a=1\n\n    return a=2\n",
            "module m:\n    input q: str\n    p = Predict(A)\n    forward:\n"
            "        if q:\n            return a=1\n\n        return a=2\n",
        ),
    ],
)
def test_heads_and_bodies_of_other_languages_are_rewritten(text: str, mended: str) -> None:
    assert applied(text, fixes(text)) == mended
    assert not list(parse(Source("a.dspy", mended)).problems())


def test_statements_with_texts_of_several_lines_are_not_indented() -> None:
    text = 'module m:\n    input q: str\n    return a="""x\n    y"""\n'
    (found,) = parse(Source("a.dspy", text)).problems()
    assert (found.message, found.fixes) == ("the statements of a module stand under `forward:`", ())
