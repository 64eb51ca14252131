"""`dspyc explain`: what a finding means, with wrong and right code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from textwrap import indent
from typing import TYPE_CHECKING

import click

from .console import say
from .errors import Refusal

if TYPE_CHECKING:
    from ..compiler.rules.kind import Kind


@click.command
@click.argument("rule", required=False, metavar="[CODE]")
def command(rule: str | None) -> int:
    """Explain a rule, by its code or its name.

    Without an argument, all rules are listed by their groups.

    \b
    Examples:
      dspyc explain E101
      dspyc explain unknown-name
      dspyc explain
    """
    from ..compiler.rules.register import KINDS, closest, find

    if rule is None:
        _list(sorted(KINDS.values(), key=lambda each: each.code))
        return 0
    found = find(rule)
    if found is None:
        close = closest(rule)
        hint = f"did you mean `{close}`?" if close else "run `dspyc explain` to list all rules"
        raise Refusal(f"unknown rule `{rule}`", hint)
    page = found.page
    say(click.style(f"{found.code} {found.name}", bold=True) + f" ({found.severity})\n\n{page.text}")
    for title, code in (("Wrong", page.wrong), ("Right", page.right)):
        if code:
            say(f"\n{title}:\n\n{_indented(code)}")
    say(f"\nCategory `{found.category}`, since {found.since}. {_FIXES[found.fix]}")
    return 0


def _list(kinds: Sequence[Kind]) -> None:
    """The codes by their groups, each with its name and the first sentence of its page."""
    width = max(len(kind.name) for kind in kinds)
    for group, members in groupby(kinds, key=lambda each: each.code[:2]):
        say(click.style(f"\n{group}  {GROUPS.get(group, '')}", bold=True))
        for kind in members:
            say(f"  {click.style(kind.code, bold=True)}  {kind.name:{width}}  {_title(kind)}")


def _title(kind: Kind) -> str:
    """The first sentence of a page, on one line."""
    text = " ".join(kind.page.text.split("\n\n")[0].split())
    sentence = re.match(r".*?[.:](?= [A-Z`]|$)", text)
    return (sentence[0] if sentence else text).rstrip(".:")


GROUPS = {
    "E0": "Syntax and files",
    "E1": "Names and imports",
    "E2": "Types and fields",
    "E3": "Modules and language models",
    "E4": "Optimizers, data and evaluation",
    "W1": "Unused, shadowed and suspicious code",
    "W2": "Prompts",
    "W3": "Cost and limits",
    "W4": "Security",
    "W5": "Reproducibility",
    "W9": "Suppressions",
}
_FIXES = {
    "none": "There is no automatic fix.",
    "sometimes": "A fix is sometimes offered.",
    "always": "A fix is always offered.",
}


def _indented(code: str) -> str:
    return indent(code.rstrip("\n").replace("\t", "→   "), "    ")
