"""Write DEPENDENCIES.md: what is installed with the package, and under which licences: `make licences`.

Needs an environment with all extras. Licences are read from the installed packages' own metadata.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution, metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
NOT_SHIPPED = ("test", "dev", "docs", "release")
"""Extras for work on dspyc itself."""

HEAD = """# Dependencies and their licences

What `pip install` brings, with the licence that each package states in its metadata. `make licences` writes this page.

"""
MODELS = """
## Models

The models that ship with the package are part of it, under its licence (MIT); their weights are derived from public data, which wants to be named.
[Their card](runtime/lm/models/MODEL_CARD.md) says how they were made.

| model | derived from | licences of the data |
| --- | --- | --- |
| `embedded/base` | Banking77's messages without labels, SNIPS, GSM8K's questions, vectors of all-MiniLM-L6-v2 | CC BY 4.0, CC0 1.0, MIT, Apache-2.0 |
| `embedded/banking`, `embedded/banking-base` | Banking77 | CC BY 4.0 |

## In the documentation

| file | licence |
| --- | --- |
| `website/assets/iframe-worker-shim.js`, of [iframe-worker](https://github.com/squidfunk/iframe-worker) | MIT |
| the theme, of [Zensical](https://zensical.org) | MIT |
"""


def licence_of(name: str) -> str:
    """The licence that an installed package states."""
    found = metadata(name)
    if expression := found.get("License-Expression"):
        return str(expression)
    classifiers = [
        each.rpartition(" :: ")[2].removesuffix(" License")
        for each in found.get_all("Classifier") or []
        if each.startswith("License :: ") and each.count(" :: ") > 1
    ]
    if classifiers:
        return ", ".join(sorted(set(classifiers)))
    stated = (found.get("License") or "").strip().splitlines()
    return stated[0] if stated and len(stated[0]) < 60 else "see its files"


def needed(requirements: Iterable[str], extras: Iterable[str] = ()) -> dict[str, str]:
    """What installing these brings, with what it needs in turn: the licences by the packages' names."""
    found: dict[str, str] = {}
    waiting = [Requirement(each) for each in requirements]
    while waiting:
        each = waiting.pop()
        wanted = [{"extra": extra} for extra in ("", *extras, *each.extras)]
        name = canonicalize_name(each.name)
        if name in found or name == "dspyc":
            continue
        if each.marker and not any(each.marker.evaluate({**default_environment(), **one}) for one in wanted):
            continue
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        found[name] = licence_of(name)
        for text in requires:
            inner = Requirement(text)
            if inner.marker is None or any(
                inner.marker.evaluate({**default_environment(), "extra": extra})
                for extra in ("", *each.extras)
            ):
                waiting.append(Requirement(re.sub(r";.*", "", text)))
    return found


def page() -> str:
    """The text of DEPENDENCIES.md."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    always = needed(project["dependencies"])
    parts = [_table("Always", project["dependencies"], always)]
    for extra, requirements in project["optional-dependencies"].items():
        if extra not in NOT_SHIPPED:
            parts.append(_table(f"With `[{extra}]`", requirements, needed(requirements), always))
    return HEAD + "\n".join(parts) + MODELS


def _table(title: str, direct: Iterable[str], found: dict[str, str], known: Iterable[str] = ()) -> str:
    names = {canonicalize_name(Requirement(each).name) for each in direct}
    rows = [f"| {name} | {licence} | directly |" for name, licence in sorted(found.items()) if name in names]
    rows += [
        f"| {name} | {licence} | indirectly |"
        for name, licence in sorted(found.items())
        if name not in names and name not in known
    ]
    absent = sorted(names - found.keys() - {"dspyc"})
    rows += [f"| {name} | not installed where this page was made | directly |" for name in absent]
    return "\n".join([f"## {title}", "", "| package | licence | needed |", "| --- | --- | --- |", *rows, ""])


if __name__ == "__main__":
    target = ROOT / "DEPENDENCIES.md"
    target.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{target.name} is written.\n")
