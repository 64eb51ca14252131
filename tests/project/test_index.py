"""The index of a workspace: what is declared where, where a name stands, which file depends on which."""

from __future__ import annotations

from pathlib import Path

import pytest

from dspyc.project.index import Index
from dspyc.project.walking import programs_below
from dspyc.project.workspace import Workspace

SHOP = """\
type Order:
    number: int
    total: float

enum Kind:
    NEW
    OLD

signature Judge:
    input order: Order
    output kind: Kind

module judge = Predict(Judge)
"""
DESK = """\
from shop import Order as Purchase, Kind, judge
from tools import clean

def total(order: Purchase) -> float:
    kind = judge(order=order).kind
    return order.total if kind == Kind.NEW else 0.0
"""
FAR = """\
from desk import Purchase, total

def twice(order: Purchase) -> float:
    order_total = total(order)
    return f"{order.total}" and order_total * 2
"""
TOOLS = '''\
def clean(text: str) -> str:
    """Clean a text."""
    return text.strip()
'''


ORDERS = [
    "desk 1 Order",
    "desk 1 Purchase",
    "desk 4 Purchase",
    "far 1 Purchase",
    "far 3 Purchase",
    "shop 10 Order",
    "shop! 1 Order",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("shop", SHOP), ("desk", DESK), ("far", FAR)):
        (tmp_path / f"{name}.dspy").write_text(text, encoding="utf-8")
    (tmp_path / "alone.dspy").write_text("Order = 1\ntotal = Order\n", encoding="utf-8")
    (tmp_path / "tools.py").write_text(TOOLS, encoding="utf-8")
    (tmp_path / "dspyc.toml").touch()
    return tmp_path


def mentions(folder: Path, index: Index, file: str, marked: str) -> list[str]:
    """The lines on which the name stands that begins at the caret of a piece of a file's text."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert text.count(marked.replace("^", "")) == 1
    offset = text.index(marked.replace("^", "")) + marked.index("^")
    found = index.mentions(str(path), offset, programs_below(str(folder)))
    return sorted(
        f"{Path(each.path).stem}{'!' if each.is_declaration else ''} "
        f"{each.source.line_of(each.span.start) + 1} {each.source.text[each.span.start : each.span.end]}"
        for each in found
    )


@pytest.mark.parametrize(
    ("file", "marked", "expected"),
    [
        (
            "shop.dspy",
            "type ^Order:",
            ORDERS,
        ),
        (
            "far.dspy",
            "order: ^Purchase)",
            ORDERS,
        ),
        ("shop.dspy", "^total: float", ["desk 6 total", "far 5 total", "shop! 3 total"]),
        ("desk.dspy", "def ^total", ["desk! 4 total", "far 1 total", "far 4 total"]),
        ("desk.dspy", "total(^order", ["desk 5 order", "desk 6 order", "desk! 4 order"]),
        ("desk.dspy", "judge(^order=", ["desk 5 order", "shop! 10 order"]),
        ("shop.dspy", "    ^NEW", ["desk 6 NEW", "shop! 6 NEW"]),
        ("desk.dspy", "    ^kind =", ["desk 6 kind", "desk! 5 kind"]),
        ("desk.dspy", "import ^clean", ["desk 2 clean"]),
        ("alone.dspy", "^Order = 1", ["alone 2 Order", "alone! 1 Order"]),
        ("shop.dspy", "^module judge", []),
        ("shop.dspy", "total: ^float", []),
    ],
)
def test_where_a_name_stands(folder: Path, file: str, marked: str, expected: list[str]) -> None:
    assert mentions(folder, Index(Workspace()), file, marked) == expected


def test_what_is_declared(folder: Path) -> None:
    index = Index(Workspace())
    found = [(each.entry.name, each.inside) for each in index.declarations([str(folder / "shop.dspy")])]
    assert found == [
        ("Order", None),
        ("number", "Order"),
        ("total", "Order"),
        ("Kind", None),
        ("NEW", "Kind"),
        ("OLD", "Kind"),
        ("Judge", None),
        ("order", "Judge"),
        ("kind", "Judge"),
        ("judge", None),
    ]


def test_which_files_import_one(folder: Path) -> None:
    files = Workspace()
    index = Index(files)

    def importers(name: str) -> set[str]:
        for path in programs_below(str(folder)):
            files.analyse(path)
        return {Path(each).stem for each in index.files.readers(str(folder / name))}

    assert importers("shop.dspy") == {"desk", "far"}
    assert importers("desk.dspy") == {"far"}
    assert importers("far.dspy") == set()
    assert importers("tools.py") == {"desk", "far"}
    assert importers("missing.dspy") == set()
    (folder / "alone.dspy").write_text("from missing import x\n", encoding="utf-8")
    assert importers("missing.dspy") == {"alone"}


def test_an_edit_is_seen_and_what_did_not_change_is_not_looked_at_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dspyc.compiler.query import at

    files = Workspace()
    index = Index(files)
    looked: list[str] = []
    nodes = at.nodes

    def counting(item: at.Item) -> object:
        looked.append(item.key)
        return nodes(item)

    monkeypatch.setattr(at, "nodes", counting)
    assert len(mentions(folder, index, "shop.dspy", "type ^Order:")) == 7
    assert {"Order", "total", "twice"} <= set(looked)
    looked.clear()
    assert len(mentions(folder, index, "shop.dspy", "type ^Order:")) == 7
    assert looked == []
    files.disk.put(str(folder / "desk.dspy"), DESK.replace("kind =", "sort =").replace("if kind", "if sort"))
    assert len(mentions(folder, index, "shop.dspy", "type ^Order:")) == 7
    assert looked == ["total"]
    looked.clear()
    files.disk.put(str(folder / "far.dspy"), FAR.replace("order: Purchase", "order: Any"))
    assert "far 3 Purchase" not in mentions(folder, index, "shop.dspy", "type ^Order:")
    assert looked == []  # no such name stands in it any more
