"""What is known of a dataset's columns follows every edit of where its rows stand."""

from __future__ import annotations

import pytest

from dspyc.compiler.analysis import Project

PROGRAM = """
configure(lm=LM("openai/gpt-4o-mini"))

type Ticket:
    text: str
    label: str

module route = Predict("text -> label: Literal['card', 'cash']")

ROWS = [
    {"text": "a", "label": "card"},
    {"text": "b", "label": "cash"},
    {"text": "c", "label": "card"},
]

def tickets(count: int) -> list[Ticket]:
    return [Ticket(text=f"{number}", label="card") for number in range(count)]

def same(example, pred) -> bool:
    return example.label == pred.label

def is_card(row) -> bool:
    return row.label == "card"

dataset rows = Dataset(ROWS, inputs=["text"])
dataset made = Dataset(tickets(2), inputs=["text"])
dataset train = rows + made
dataset dev = made.rename({"label": "kind"}).rename({"kind": "label"}).filter(is_card)
optimizer few = BootstrapFewShot(metric=same)
program routed = few.compile(route, trainset=rows.take(2))
evaluate accuracy = Evaluate(routed, devset=dev, metric=same)
"""

EDITS = [
    ('"label": "card"}', '"kind": "card"}', {"E433"}),
    ('{"text": "b", "label": "cash"}', '{"text": "b", "label": "csah"}', {"E436"}),
    ('{"text": "b", "label": "cash"}', '{"text": "b", "lable": "cash"}', {"E433", "E435"}),
    ("    label: str\n", "    intent: str\n", {"E202", "E431", "E433"}),
    ("Literal['card', 'cash']", "Literal['card', 'coin']", {"E436"}),
    ('Dataset(ROWS, inputs=["text"])', 'Dataset(ROWS, inputs=["txt"])', {"E431"}),
    ('rename({"label": "kind"})', 'rename({"label": "sort"})', {"E431"}),
    ("trainset=rows.take(2)", "trainset=dev", {"W502"}),
    ('row.label == "card"', 'row.kind == "card"', {"E224"}),
    ("trainset=rows.take(2)", "trainset=rows.map(lambda row: row)", set()),
]


def codes(project: Project) -> list[tuple[str, int, int]]:
    found = project.check("m.dspy").diagnostics
    return [(each.code, each.span.start, each.span.end) for each in found]


def test_it_checks() -> None:
    assert codes(Project({"m.dspy": PROGRAM}.get)) == []


@pytest.mark.parametrize(("old", "new", "expected"), EDITS)
def test_an_edit_finds_what_a_check_from_scratch_finds(old: str, new: str, expected: set[str]) -> None:
    assert old in PROGRAM
    texts = {"m.dspy": PROGRAM}
    project = Project(texts.get)
    assert codes(project) == []
    texts["m.dspy"] = PROGRAM.replace(old, new)
    found = codes(project)
    assert found == codes(Project(dict(texts).get))
    assert {each[0] for each in found} == expected
    texts["m.dspy"] = PROGRAM
    assert codes(project) == []
