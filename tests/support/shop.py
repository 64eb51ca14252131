"""Files of a shop that import from each other, and an editor of them."""

from __future__ import annotations

from dspyc.base.diagnostic import Diagnostic
from dspyc.compiler.analysis import Project

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


def shown(found: tuple[Diagnostic, ...]) -> list[str]:
    return [str(each) for each in found]
