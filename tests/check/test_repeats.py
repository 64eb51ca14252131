"""What one mistake does in many places is told once, with the other places."""

from __future__ import annotations

import pytest

from dspyc.compiler.analysis import Project

READS = "".join(f"def read_{number}(note: Note) -> str:\n    return note.title\n\n" for number in range(7))


def messages(text: str) -> list[str]:
    found = Project({"notes.dspy": text}.get).check("notes.dspy").diagnostics
    return [each.message for each in found]


def test_a_renamed_attribute_is_told_once_with_the_other_places() -> None:
    text = f"type Note:\n    tittle: str\n\n{READS}"
    (found,) = Project({"notes.dspy": text}.get).check("notes.dspy").diagnostics
    assert found.message == "`Note` has no field `title`; did you mean `tittle`?"
    also = [each for each in found.labels if each.message == "also here"]
    assert [text[each.span.start : each.span.end] for each in also] == ["title"] * 4
    assert found.span.start < also[0].span.start < also[1].span.start


def test_its_fix_changes_all_places() -> None:
    text = f"type Note:\n    tittle: str\n\n{READS}"
    (found,) = Project({"notes.dspy": text}.get).check("notes.dspy").diagnostics
    assert found.fix is not None
    for each in sorted(found.fix.edits, key=lambda each: -each.span.start):
        text = text[: each.span.start] + each.replacement + text[each.span.end :]
    assert text.count("note.tittle") == 7
    assert not Project({"notes.dspy": text}.get).check("notes.dspy").diagnostics


def test_other_attributes_are_told_each() -> None:
    reads = READS.replace("note.title", "note.author", 2)
    said = messages(f"type Note:\n    tittle: str\n\n{reads}")
    assert len(said) == 2


def test_what_two_owners_lack_is_told_of_each() -> None:
    modules = 'module one = Predict("question -> answer")\nmodule two = Predict("text -> label")\n\n'
    body = "    p = one(question=q)\n    r = two(text=q)\n    return [p.score, r.score, p.score]\n"
    assert messages(f"{modules}def f(q: str) -> list:\n{body}") == [
        "`p` has no field `score`; it has `answer`",
        "`r` has no field `score`; it has `label`",
    ]


def test_a_changed_type_of_an_attribute_is_told_once() -> None:
    rows = "".join(f'    Note(title="t{number}"),\n' for number in range(5))
    said = messages(f"type Note:\n    title: int\n\nNOTES = [\n{rows}]\n")
    assert said == ['`title` of `Note` takes `int`, not `"t0"`']


@pytest.mark.parametrize("broken", ["import datetime decimal\n", "import import datetime\n"])
def test_what_a_broken_import_may_bring_is_not_missed(broken: str) -> None:
    said = messages(f"{broken}\ndef today(day: datetime.date) -> datetime.date:\n    return day\n")
    assert len(said) == 1


def test_what_a_broken_import_may_bring_is_not_the_runtimes() -> None:
    said = messages(
        "from;tools import (\n    Retriever,\n    LIMIT,\n)\n\n"
        "module find = Retriever(k=3)\n\n"
        "def size(question: str) -> int:\n    return find(question).size + LIMIT\n"
    )
    assert said == ["`;` cannot separate statements"]


def test_an_import_that_is_mended_brings_its_names_at_once() -> None:
    texts = {"notes.dspy": "import datetime decimal\n\nX: decimal.Decimal = 1\n"}
    project = Project(texts.get)
    assert len(project.check("notes.dspy").diagnostics) == 1
    texts["notes.dspy"] = "import datetime\n\nX: decimal.Decimal = 1\n"
    said = [each.message for each in project.check("notes.dspy").diagnostics]
    assert any("decimal" in each for each in said)
    texts["notes.dspy"] = "import datetime, decimal2\n\nX: decimal.Decimal = 1\n"
    again = [each.message for each in project.check("notes.dspy").diagnostics]
    fresh = [each.message for each in Project(texts.get).check("notes.dspy").diagnostics]
    assert again == fresh
