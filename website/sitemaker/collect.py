"""All pages of the site, and their files on the disk."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from .blocks import read_samples
from .commands import command_pages
from .constructs import construct_pages
from .examples import example_pages, example_places
from .names import SHELVES, name_pages
from .navigation import as_toml, navigation
from .page import Page, link, made, table
from .rules import rule_pages
from .written import read_written


def all_pages(root: Path) -> list[Page]:
    """The written pages of a repository, and those that are made of its sources."""
    written = read_written(root, example_places(root))
    guide = [each for each in written if not each.path.startswith(("project/", "decisions/"))]
    samples = read_samples(guide)
    reference = [
        *construct_pages(root, samples),
        *name_pages(guide, samples),
        *command_pages(),
        *rule_pages(),
    ]
    return [*written, *example_pages(root), _reference_index(), *reference]


def _reference_index() -> Page:
    path = "reference/index.md"
    parts = {
        "language": ("Constructs", "Declarations, clauses and statements of the language."),
        **SHELVES,
        "commands": ("Commands", "What `dspyc` does in a terminal."),
        "rules": ("Findings", "What `dspyc check` finds, with wrong and right code."),
    }
    rows = [(link(title, f"reference/{key}/index.md", path), about) for key, (title, about) in parts.items()]
    about = "A page for each construct, name, command and finding, made from the sources' own documentation."
    return made(path, "Reference", about, table(("part", "about"), rows), description=about)


def write_source(root: Path, target: Path, pages: Sequence[Page]) -> Path:
    """Write what the site generator reads: the pages, the pictures and the settings.

    Returns:
        The file of settings.
    """
    shutil.rmtree(target, ignore_errors=True)
    content = target / "content"
    for page in pages:
        path = content / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(readable(page.text), encoding="utf-8")
    shutil.copytree(root / "docs" / "images", content / "images")
    shutil.copytree(root / "website" / "assets", content / "assets")
    settings = (root / "website" / "zensical.toml").read_text(encoding="utf-8")
    path = target / "zensical.toml"
    path.write_text(settings.replace("nav = []", f"nav = {as_toml(navigation(pages))}"), encoding="utf-8")
    return path


def readable(text: str) -> str:
    """The text as the generator reads it.

    A bar in the code of a table, which GitHub wants escaped, stands for itself.
    """
    return _ROW.sub(lambda row: _CODE.sub(lambda code: code[0].replace("\\|", "|"), row[0]), text)


_ROW = re.compile(r"^\|.*$", re.MULTILINE)
_CODE = re.compile(r"(`+).*?\1")
