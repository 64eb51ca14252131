"""Checks after edits look again only at what an edit changes."""

from __future__ import annotations

import gc
import random
import re
from collections.abc import Callable

import pytest

from dspyc.compiler.analysis import Project
from dspyc.compiler.types.display import display
from support.shop import FILES, Editor, shown


@pytest.fixture
def editor() -> Editor:
    return Editor(FILES, ("main.dspy", "shop.dspy", "kinds.dspy"))


def test_nothing_is_looked_at_again_without_an_edit(editor: Editor) -> None:
    assert editor.check() == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""An order of a customer."""', '"""An order.\n\n    Of a customer."""'),
        ("if each.total > 3", "if each.total > 4"),
        ("total = each.number + 1", "total = each.number + 1\n            more = total"),
        ('number: int "Counted up."', 'number: int "Counted down."'),
        ("limit = 5", "# Most of them.\nlimit = 5"),
        ('text="x", limit=most', 'text="y", limit=most'),
    ],
)
def test_a_change_that_means_nothing_to_others(editor: Editor, old: str, new: str) -> None:
    assert editor.replace("shop.dspy", old, new) == 1


def test_lines_above_cost_nothing(editor: Editor) -> None:
    assert editor.replace("shop.dspy", "\nenum State", "\n\n\nenum State") <= 1
    assert editor.replace("shop.dspy", "type Line", "first = 1\n\ntype Line") <= 2


def test_a_field_of_an_imported_record_is_seen_in_all_importers() -> None:
    reads = "def f(order: Order) -> int:\n    return order.number\n\n"
    other = f"from shop import Order\n\n{reads}def g() -> int:\n    return 1\n"
    files = {**FILES, "other.dspy": other}
    editor = Editor(files, ("main.dspy", "other.dspy"))
    changed = editor.replace("shop.dspy", "number: int", "amount: int")
    for path in editor.open_files:
        found = editor.project.check(path).diagnostics
        assert any(
            "has no field `number`" in each.message or "has no attribute `number`" in each.message
            for each in found
        ), path
    # In `other.dspy` the import and `f`; in `main.dspy` what reads `Order`, `handle`, `Handle`.
    assert changed <= 2 + 6
    assert editor.replace("shop.dspy", "amount: int", "number: int") == changed
    assert editor.project.check("other.dspy").diagnostics == ()


def test_documentation_is_as_it_is_now(editor: Editor) -> None:
    analysis = editor.project.check("main.dspy")
    assert analysis.program.symbols["worth"].doc == "How good it is."
    assert editor.replace("shop.dspy", "How good it is.", "How good it was, in short.") == 1
    for path in ("main.dspy", "shop.dspy"):
        assert editor.project.check(path).program.symbols["worth"].doc == "How good it was, in short."
    item = editor.project.check("main.dspy").program.items[0]
    assert {each.doc for each in item.symbol_by_node.values() if each.name == "worth"} == {
        "How good it was, in short."
    }


def test_a_label_moves_with_what_it_is_at(editor: Editor) -> None:
    text = "\nmodule better = Refine(read, N=3, reward_fn=brief, threshold=1.0)\n"
    editor.replace("shop.dspy", "limit = 5", f"limit = 5{text}")

    def label() -> str:
        analysis = editor.project.check("shop.dspy")
        (found,) = [each for each in analysis.diagnostics if each.name == "hint-field"]
        return analysis.source.text[slice(*found.labels[0].span)]

    assert label() == "hint_"
    editor.replace("shop.dspy", '"""Read an order."""', '"""Read an order, and say what there is in it."""')
    assert label() == "hint_"
    editor.replace("shop.dspy", "type Order:", "# above\n\ntype Order:")
    assert label() == "hint_"


def test_a_file_beside_a_declaration_is_seen() -> None:
    text = 'signature S:\n    input a: str\n    output b: Values("v.csv", "name")\nmodule m = Predict(S)\n'
    editor = Editor({"a.dspy": text, "v.csv": "name\nred\n"}, ("a.dspy",))
    field = editor.project.check("a.dspy").program.interface("S").outputs[0]
    assert display(field.type) == 'Literal["red"]'
    editor.replace("v.csv", "red", "blue")
    field = editor.project.check("a.dspy").program.interface("S").outputs[0]
    assert display(field.type) == 'Literal["blue"]'


CIRCLES = """\
low = high - 1
high = low + 1
both = [low, high]
n = both + 1
---
a = [b]
b = [a]
c = a + b
d = len(c) + 'x'
---
type A = list[B]
type B = list[A]
signature S:
    input a: A
    output b: B
---
module M:
    input a: str
    output b
    forward:
        return b=m(a=a).b
module m = M()
x = m(a='a').b
---
type X:
    m: M
    y: Y
type Y:
    x: list[X]
module M:
    input a: X
    output b: Y
    forward:
        return b=a.y
module m = M()
---
a = b
b = c
c = a
d = c.upper()
e = c
---
def f(x: int) -> int:
    return g(x)
def g(x: int) -> int:
    return f(x) + q(a='a').b
module q = Predict('a -> b: int')
---
def f(a: int):
    return g
def g(a: int):
    return [f]
x = f(1)
"""


@pytest.mark.parametrize("text", re.split(r"^---\n", CIRCLES, flags=re.M))
def test_circles_mean_the_same_whatever_comes_first(text: str) -> None:
    """What is asked for first decides nothing: the same lines in another order have the same types."""
    first = Project({"a.dspy": text}.get).check("a.dspy").program
    heads = [item.text for item in first.items]
    for seed in range(6):
        order = random.Random(seed).sample(heads, len(heads))
        other = Project({"a.dspy": "".join(order)}.get).check("a.dspy").program
        for name, symbol in first.symbols.items():
            assert display(other.symbols[name].type) == display(symbol.type), (name, order)
            assert other.function_kind(name) == first.function_kind(name)


# --- garbage --------------------------------------------------------------------------------------------


def garbage(act: Callable[[], object]) -> int:
    """How many objects an action leaves that only the garbage collector can free."""
    gc.collect()
    gc.disable()
    try:
        act()
        return gc.collect()
    finally:
        gc.enable()


def test_edits_leave_no_garbage(editor: Editor) -> None:
    def type_on() -> None:
        for at in range(40):
            editor.replace("shop.dspy", f"limit = {5 + at}", f"limit = {6 + at}")
            editor.replace("shop.dspy", "known = {", "known = {1, " if at % 2 else "known = {")
            editor.replace("kinds.dspy", "type Customer", "# x\ntype Customer" if at % 2 else "type Customer")

    assert garbage(type_on) == 0


def test_a_recursive_record_leaves_little(editor: Editor) -> None:
    """A record that holds itself is a circle by its nature."""

    def type_on() -> None:
        for at in range(10):
            editor.replace("shop.dspy", f"number{at or ''}: int", f"number{at + 1}: int")

    assert garbage(type_on) < 10 * 500


def test_a_change_in_the_body_of_a_tool_is_seen_by_its_agent() -> None:
    harmless = 'def look(path: str) -> str:\n    """Look."""\n    return path\n'
    files = {
        "a.dspy": 'from t import look\nmodule agent = ReAct("question -> answer", tools=[look])\n',
        "t.py": harmless,
    }
    kept = Project(files.get)
    assert shown(kept.check("a.dspy").diagnostics) == []
    files["t.py"] = "import os\n\n\n" + harmless.replace("return path", "return str(os.system(path))")
    assert [each.code for each in kept.check("a.dspy").diagnostics] == ["W404"]
    files["t.py"] = harmless.replace("path: str", "path")
    assert [each.code for each in kept.check("a.dspy").diagnostics] == ["W203"]
    files["t.py"] = harmless
    assert shown(kept.check("a.dspy").diagnostics) == []
