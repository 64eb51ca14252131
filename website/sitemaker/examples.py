"""A page for each program in `examples/`, with its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .page import Page, fence, made
from .written import relinked

FOLDER = "examples"
_LANGUAGES = {".dspy": "dspy", ".py": "python"}
_LONGEST = 120
"""Lines of a file that are shown; the rest is in the repository."""


def example_places(root: Path) -> Mapping[str, str]:
    """Where the site has the files and folders of `examples/`, by their paths in the repository."""
    places = dict.fromkeys((FOLDER, f"{FOLDER}/README.md"), f"{FOLDER}/index.md")
    for path in sorted((root / FOLDER).iterdir()):
        if path.is_dir() and any(path.glob("*.dspy")):
            page = f"{FOLDER}/{path.name}.md"
            places[f"{FOLDER}/{path.name}"] = page
            places |= {f"{FOLDER}/{path.name}/{each.name}": page for each in path.iterdir()}
        elif path.suffix in _LANGUAGES:
            places[f"{FOLDER}/{path.name}"] = f"{FOLDER}/index.md"
    return places


def example_pages(root: Path) -> list[Page]:
    """The small programs on one page, and a page for each folder."""
    folder = root / FOLDER
    single = [each for each in sorted(folder.iterdir()) if each.suffix in _LANGUAGES]
    pages = [_page(each, root) for each in sorted(folder.iterdir()) if any(each.glob("*.dspy"))]
    place, readme = f"{FOLDER}/index.md", folder / "README.md"
    words = relinked(_body(readme), f"{FOLDER}/README.md", place, example_places(root))
    blocks = [block for path in single for block in (f"## {path.name}", _shown(path))]
    return [made(place, "Examples", words, *blocks), *pages]


def _body(readme: Path) -> str:
    """A text below its heading."""
    return readme.read_text(encoding="utf-8").partition("\n")[2]


def _page(folder: Path, root: Path) -> Page:
    path, readme = f"{FOLDER}/{folder.name}.md", folder / "README.md"
    head = readme.read_text(encoding="utf-8").partition("\n")[0]
    words = relinked(_body(readme), readme.relative_to(root).as_posix(), path, example_places(root))
    files = [each for each in sorted(folder.iterdir()) if each.suffix in _LANGUAGES]
    blocks = [block for each in files for block in (f"## {each.name}", _shown(each))]
    return made(path, head.lstrip("# ").replace("`", ""), words, *blocks)


def _shown(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    shown = fence("\n".join(lines[:_LONGEST]), _LANGUAGES[path.suffix])
    rest = len(lines) - _LONGEST
    return f"{shown}\n\n… and {rest} more lines." if rest > 0 else shown
