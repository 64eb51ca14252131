"""A page for each kind of finding: what `dspyc explain` prints."""

from __future__ import annotations

from itertools import groupby

from dspyc.cli.explain import GROUPS
from dspyc.compiler.rules.kind import Kind
from dspyc.compiler.rules.register import KINDS

from .page import Page, fence, first_sentence, link, made, prose, table

FOLDER = "reference/rules"
_FIXES = {
    "none": "There is no automatic fix.",
    "sometimes": "`dspyc check --fix` sometimes offers a fix.",
    "always": "`dspyc check --fix` offers a fix.",
}


def place_of(code: str) -> str:
    """Where the page of a code is."""
    return f"{FOLDER}/{code.lower()}.md"


def rule_pages() -> list[Page]:
    """The list of all kinds of findings, and a page for each."""
    kinds = sorted(KINDS.values(), key=lambda each: each.code)
    return [_index(kinds), *(_page(each) for each in kinds)]


def _index(kinds: list[Kind]) -> Page:
    path = f"{FOLDER}/index.md"
    blocks = [
        f"What `dspyc check` can find: {len(kinds)} kinds. `E` is an error, `W` a warning or a note. "
        f"{link('Checking programs', 'checking.md', path)} says how to choose, suppress and fix them, "
        "and `dspyc explain CODE` prints a page in the terminal."
    ]
    for group, members in groupby(kinds, key=lambda each: each.code[:2]):
        rows = [
            (link(each.code, place_of(each.code), path), f"`{each.name}`", first_sentence(each.page.text))
            for each in members
        ]
        blocks += [f"## {group} {GROUPS.get(group, '')}".rstrip(), table(("code", "name", "meaning"), rows)]
    return made(path, "Findings", *blocks, description="Every kind of finding of dspyc check.")


def _page(kind: Kind) -> Page:
    path, page = place_of(kind.code), kind.page
    examples = [
        f"## {title}\n\n{fence(code)}"
        for title, code in (("Wrong", page.wrong), ("Right", page.right))
        if code
    ]
    about = (
        f"| severity | category | since | fix |\n| --- | --- | --- | --- |\n"
        f"| {kind.severity} | `{kind.category}` | {kind.since} | {_FIXES[kind.fix]} |"
    )
    silence = (
        f"To suppress it on a line, write `# dspyc: ignore[{kind.code}]` and the reason; "
        f"{link('Suppressing findings', 'checking.md#suppressing-findings', path)} has the other ways."
        if kind.code[0] == "W"
        else ""
    )
    text = (prose(page.text), *examples, "## Details", about, silence)
    return made(path, f"{kind.code} {kind.name}", *text, description=first_sentence(page.text))
