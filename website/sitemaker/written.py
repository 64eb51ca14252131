"""The pages that are written by hand, with links that hold inside the site."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from .page import Page

OF_THE_PROJECT: Mapping[str, str] = {
    "ARCHITECTURE.md": "project/architecture.md",
    "CHANGELOG.md": "project/changelog.md",
    "CODE_OF_CONDUCT.md": "project/code-of-conduct.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "DEPENDENCIES.md": "project/dependencies.md",
    "SECURITY.md": "project/reporting.md",
    "runtime/lm/models/MODEL_CARD.md": "project/models.md",
}
"""Pages outside of `docs/`, and where the site has them."""

_FENCE = re.compile(r"^(?P<mark>`{3,})[^\n]*\n.*?^(?P=mark)$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^# (.+)$", re.MULTILINE)
_ELSEWHERE = re.compile(r"^(?:[a-z]+:|#)")


def read_written(root: Path, examples: Mapping[str, str]) -> list[Page]:
    """The pages of `docs/` and of the project.

    Args:
        root: the repository.
        examples: the files of examples that the site has pages of, by their paths in the repository.
    """
    docs = sorted((root / "docs").rglob("*.md"))
    places = {path.relative_to(root).as_posix(): path.relative_to(root / "docs").as_posix() for path in docs}
    places |= {path: place for path, place in OF_THE_PROJECT.items() if (root / path).is_file()}
    return [_read(root, path, place, places | dict(examples)) for path, place in places.items()]


def _read(root: Path, path: str, place: str, places: Mapping[str, str]) -> Page:
    text = (root / path).read_text(encoding="utf-8")
    heading = _HEADING.search(text)
    title = heading[1] if heading else PurePosixPath(place).stem
    return Page(place, title.replace("`", ""), relinked(text, path, place, places))


def relinked(text: str, path: str, place: str, places: Mapping[str, str]) -> str:
    """The text of a page with its links turned to where the site has what they lead to.

    Args:
        text: the page.
        path: where it is in the repository.
        place: where it is in the site.
        places: where the site has the files of the repository.

    A link to what the site does not have becomes its text.
    """

    def turned(found: re.Match[str]) -> str:
        target, _, anchor = found["target"].partition("#")
        if _ELSEWHERE.match(found["target"]):
            return found[0]
        reached = normpath((PurePosixPath(path).parent / target).as_posix())
        if reached.startswith("docs/images/"):
            there = reached.removeprefix("docs/")
        elif reached in places:
            there = places[reached]
        else:
            return found["text"]
        away = relpath(there, PurePosixPath(place).parent.as_posix())
        return f"{found['image']}[{found['text']}]({away}{'#' + anchor if anchor else ''})"

    return outside_of_code(text, lambda words: _LINK.sub(turned, words))


def outside_of_code(text: str, change: Callable[[str], str]) -> str:
    """The text with a change made to everything but its blocks of code."""
    parts, at = [], 0
    for block in _FENCE.finditer(text):
        parts += [change(text[at : block.start()]), block[0]]
        at = block.end()
    return "".join([*parts, change(text[at:])])
