"""Checks after edits: they look again at what an edit changes, and find what a check from scratch finds."""

from __future__ import annotations

import gc
import os
import random
import re
from collections.abc import Callable

import pytest

from dspyc.base.diagnostic import Diagnostic
from dspyc.compiler.analysis import FileAnalysis, Project
from dspyc.compiler.completion.complete import complete
from dspyc.compiler.types.display import display
from dspyc.grammar.parse import parse

EDITS = int(os.environ.get("DSPYC_EDITS", "500"))
"""How many random edits are made: `DSPYC_EDITS=10000` for a long run."""

SHOP = '''
"""What a shop sells."""
from tools import price, Article
from kinds import Kind, Money

type Order:
    """An order of a customer."""
    number: int "Counted up."
    kind: Kind
    total: Money
    parts: list[Order]
    article: Article | None = None

type Line:
    order: Order
    text: str

type Gift(Order):
    del kind
    wish: str where len(wish) > number, "a longer wish"
    order: Gift | None = None

enum State:
    open
    closed = "shut"

signature Read:
    """Read an order."""
    input text: str "A letter."
    input hint_: str = ""
    output order: Order
    output state: State
    demo text="a", state="open"

signature Reread(Read):
    del hint_
    output order: Gift
    demo text="b"

module reread = Predict(Reread)
module read = Predict(Read)
module guess = ChainOfThought("text -> label: Literal['a', 'b'], words: list[str]")

def worth(example: Read, pred: Read) -> float:
    """How good it is."""
    known = {each.number for each in pred.order.parts if each.total > 3}
    return len(known) / (1 + price("a", 2)) if pred.state == State.open else 0.0

def brief(args, pred):
    return len(pred.label) < 20

def wished(text: str) -> str:
    try:
        return reread(text=text).order.wish
    except (LMError, ValueError) as error:
        return f"{error}"

module Handle:
    """Both."""
    input text: str
    output order: Order
    output label
    ask = Predict(Read)
    forward:
        first = ask(text=text)
        second = guess(text=f"{text} and {first.order.number}")
        for each in first.order.parts:
            total = each.number + 1
        return order=first.order, label=second.label

module handle = Handle()
module careful = Refine(guess, N=3, reward_fn=brief, threshold=1.0)
dataset rows = Dataset("rows.csv", inputs=["text"])
optimizer tune = BootstrapFewShot(metric=worth)
program tuned = tune.compile(read, trainset=rows)
evaluate good = Evaluate(devset=rows, metric=worth)
limit = 5
most = limit * 2
labels = ["a", "b"]

test "reads":
    pred = handle(text="x", limit=most)
    assert pred.label in labels
    assert worth(pred, read(text="y")) >= limit
'''
KINDS = """
enum Kind:
    small
    large

type Money = float

type Customer:
    name: str
    kind: Kind

signature Greet:
    input customer: Customer
    output text: str

module greet = Predict(Greet)

def polite(name: str) -> str:
    return greet(customer=Customer(name=name, kind=Kind.small)).text
"""
MAIN = """
from shop import Handle, handle, Order, worth, limit
from kinds import greet, polite, Customer, Greet
from tools import price
import tools

configure(lm=LM("openai/gpt-4o-mini"))

def again(order: Order) -> int:
    return order.number + len(order.parts) + limit

module Twice:
    input name: str
    output text: str
    output order: Order
    forward:
        said = polite(name)
        found = handle(text=said)
        return text=said, order=found.order

signature Regreet(Greet):
    output order: Order

module twice = Twice()
last = twice(name="a").order.kind
cost = price("x", 2) + tools.price("y", 3)
"""
TOOLS = '''
from dataclasses import dataclass

@dataclass
class Article:
    name: str
    weight: float = 0.0

def price(name: str, count: int) -> float:
    """What it costs."""
    return 1.0
'''
FILES = {
    "shop.dspy": SHOP,
    "kinds.dspy": KINDS,
    "main.dspy": MAIN,
    "tools.py": TOOLS,
    "rows.csv": "text\na\n",
}


def project(files: dict[str, str]) -> Project:
    return Project(files.get)


def facts(analysis: FileAnalysis) -> list[object]:
    """What readers are told of a file: findings, names, where these are declared, what calls run."""
    program = analysis.program
    symbols = [
        (name, each.kind, display(each.type), each.doc, program.locate(each.place) if each.place else None)
        for name, each in sorted(program.symbols.items())
    ]
    kinds = [(name, program.function_kind(name)) for name, *_ in symbols]
    nodes = [
        (display(symbol.type), symbol.kind, symbol.name, symbol.doc)
        for item in program.items
        for symbol in item.symbol_by_node.values()
    ]
    return [*symbols, *kinds, *sorted(nodes)]


def shown(found: tuple[Diagnostic, ...]) -> list[str]:
    return [str(each) for each in found]


# --- random edits ---------------------------------------------------------------------------------------

WORDS = [
    "x",
    "Order",
    "read",
    "handle",
    "price",
    "label",
    "5",
    '"a"',
    "(",
    ")",
    ":",
    "=",
    ",",
    ".",
    "\n",
    " ",
    "    ",
]
WORDS += [
    "list[Order]",
    "# note\n",
    "limit",
    "str",
    "def f(a: int) -> int:\n    return a\n",
    "Kind",
    "_",
    "+",
    "is_a",
]


def edit(text: str, rng: random.Random) -> str:
    """A text with a random change: of a few characters, of a word, a line, or a whole declaration."""
    at = rng.randrange(len(text) + 1)
    match rng.randrange(9):
        case 0 | 1:
            return text[:at] + rng.choice(WORDS) + text[at:]
        case 2:
            return text[:at] + text[at + rng.randrange(1, 4) :]
        case 3:
            names = re.findall(r"\w+", text) or ["x"]
            found = list(re.finditer(r"\w+", text))
            if not found:
                return text
            old = rng.choice(found)
            return text[: old.start()] + rng.choice(names) + text[old.end() :]
        case 4:
            lines = text.splitlines(keepends=True)
            if lines:
                del lines[rng.randrange(len(lines))]
            return "".join(lines)
        case 5:
            lines = text.splitlines(keepends=True)
            if lines:
                lines.insert(rng.randrange(len(lines)), rng.choice(lines))
            return "".join(lines)
        case 6:
            blocks = text.split("\n\n")
            blocks.insert(rng.randrange(len(blocks) + 1), blocks.pop(rng.randrange(len(blocks))))
            return "\n\n".join(blocks)
        case 7:
            blocks = text.split("\n\n")
            blocks.insert(rng.randrange(len(blocks) + 1), rng.choice(blocks))
            return "\n\n".join(blocks)
        case _:
            return text[:at] + rng.choice("abxyz_10 \n") + text[at:]


@pytest.mark.parametrize("seed", range(10))
def test_edits_find_what_a_check_from_scratch_finds(seed: int) -> None:
    rng = random.Random(seed)
    files = dict(FILES)
    kept = project(files)
    since = 0
    for number in range(max(1, EDITS // 10)):
        path = rng.choice(
            ["shop.dspy"] * 5 + ["kinds.dspy", "kinds.dspy", "main.dspy", "main.dspy", "tools.py"]
        )
        files[path] = edit(files[path], rng)
        since += 1
        if since > 12 or len(files[path]) > 8_000:
            # Back to a text that is mostly right, as somebody does who undoes.
            files.update(FILES)
            since = 0
        for each in ("main.dspy", "shop.dspy", "kinds.dspy") if number % 3 else (path,):
            if not each.endswith(".dspy"):
                continue
            found = kept.check(each)
            fresh = project(files).check(each)
            assert shown(found.diagnostics) == shown(fresh.diagnostics), (seed, number, each)
            assert found.file.items == parse(found.source).items
            if number % 5 == 0:
                assert facts(found) == facts(fresh), (seed, number, each)
                places = [rng.randrange(len(files[each]) + 1) for _ in range(3)]
                for place in places:
                    assert complete(found, place) == complete(fresh, place), (seed, number, each, place)


# --- what is looked at again ----------------------------------------------------------------------------


class Editor:
    """Files that are edited, all of which are open."""

    def __init__(self, files: dict[str, str], open_files: tuple[str, ...]) -> None:
        self.files = dict(files)
        self.project = Project(self.files.get)
        self.open_files = open_files
        self.check()

    def check(self) -> int:
        """Check all open files. Returns how many declarations were looked at again."""
        before = self.project.checked
        for each in self.open_files:
            self.project.check(each)
        return self.project.checked - before

    def replace(self, path: str, old: str, new: str) -> int:
        """Change a text. Returns how many declarations were looked at again."""
        assert old in self.files[path]
        self.files[path] = self.files[path].replace(old, new, 1)
        return self.check()


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
