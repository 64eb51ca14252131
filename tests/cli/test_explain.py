"""`dspyc explain` without a code: every kind of finding once, under its group."""

from __future__ import annotations

import re

from click.testing import CliRunner

from dspyc.cli.explain import command
from dspyc.compiler.rules.register import KINDS


def test_all_codes_are_listed_by_their_groups() -> None:
    result = CliRunner().invoke(command, [])
    assert result.exit_code == 0
    assert re.findall(r"^  ([EWF]\d{3})  ", result.output, re.MULTILINE) == sorted(KINDS)
    assert re.findall(r"^([EWF]\d)  (.*)$", result.output, re.MULTILINE)[:2] == [
        ("E0", "Syntax and files"),
        ("E1", "Names and imports"),
    ]


def test_a_line_has_the_name_and_the_first_sentence() -> None:
    result = CliRunner().invoke(command, [])
    assert re.search(r"^  E101  unknown-name +A name is used but not declared$", result.output, re.MULTILINE)
    assert all(title for title in re.findall(r"^  [EWF]\d{3}  \S+ *(.*)$", result.output, re.MULTILINE))
