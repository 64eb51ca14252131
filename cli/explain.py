"""`dspyc explain`: what a finding means, with wrong and right code."""

from __future__ import annotations

from textwrap import indent

import click

from .console import say
from .errors import Refusal


@click.command
@click.argument("rule", required=False, metavar="[CODE]")
def command(rule: str | None) -> int:
    """Explain a rule, by its code or its name.

    Without an argument, all rules are listed.

    \b
    Examples:
      dspyc explain E101
      dspyc explain unknown-name
      dspyc explain
    """
    from ..compiler.rules.register import KINDS, closest, find

    if rule is None:
        for kind in sorted(KINDS.values(), key=lambda each: each.code):
            say(f"{click.style(kind.code, bold=True)}  {kind.name}")
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


_FIXES = {
    "none": "There is no automatic fix.",
    "sometimes": "A fix is sometimes offered.",
    "always": "A fix is always offered.",
}


def _indented(code: str) -> str:
    return indent(code.rstrip("\n").replace("\t", "→   "), "    ")
