"""`dspyc explain`: what a finding means, with wrong and right code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import indent

import click

from .console import say
from .errors import Refusal, near


@click.command
@click.argument("rule", required=False, metavar="[CODE]")
def command(rule: str | None) -> int:
    """Explain a finding, by its code or its name.

    Without one, all are listed.

    \b
    Examples:
      dspyc explain E101
      dspyc explain unknown-name
      dspyc explain
    """
    from ..compiler.rules import RULES
    from ..grammar.pages import PAGES
    from ..grammar.problems import KINDS

    if rule is None:
        for code, name in sorted({**KINDS, **{one.code: one.name for one in RULES}}.items()):
            say(f"{click.style(code, bold=True)}  {name}")
        return 0
    for one in RULES:
        if rule in {one.code, one.name}:
            say(click.style(f"{one.code} {one.name}", bold=True) + f" ({one.severity})\n")
            say("\n".join(_shown(one.page)))
            return 0
    for code, name in KINDS.items():
        if rule in {code, name}:
            say(click.style(f"{code} {name}", bold=True) + " (error)\n")
            page = PAGES[code]
            say(f"{page.text}\n\nWrong:\n\n{_indented(page.wrong)}\n\nRight:\n\n{_indented(page.right)}")
            return 0
    names = [*KINDS, *KINDS.values(), *(one.code for one in RULES), *(one.name for one in RULES)]
    raise Refusal(f"there is no finding `{rule}`", near(rule, names) or "`dspyc explain` lists them all")


def _indented(code: str) -> str:
    return indent(code.rstrip("\n").replace("\t", "→   "), "    ")


def _shown(page: str) -> Iterator[str]:
    """A page's lines, its code indented instead of fenced."""
    inside = False
    for line in page.splitlines():
        if re.match(r"```", line):
            inside = not inside
        else:
            yield f"    {line}" if inside and line else line
