"""What follows from one mistake in many places is told a few times."""

from __future__ import annotations

import pytest

from dspyc.compiler.analysis import Project

READS = "".join(f"def read_{number}(note: Note) -> str:\n    return note.title\n\n" for number in range(7))


def messages(text: str) -> list[str]:
    found = Project({"notes.dspy": text}.get).check("notes.dspy").diagnostics
    return [each.message for each in found]


def test_a_renamed_attribute_is_told_three_times() -> None:
    said = messages(f"type Note:\n    tittle: str\n\n{READS}")
    assert said == ["`Note` has no field `title`; did you mean `tittle`?"] * 3


def test_other_attributes_are_told_each() -> None:
    reads = READS.replace("note.title", "note.author", 2)
    said = messages(f"type Note:\n    tittle: str\n\n{reads}")
    assert len(said) == 5


@pytest.mark.parametrize("broken", ["import datetime decimal\n", "import import datetime\n"])
def test_what_a_broken_import_may_bring_is_not_missed(broken: str) -> None:
    said = messages(f"{broken}\ndef today(day: datetime.date) -> datetime.date:\n    return day\n")
    assert len(said) == 1
