"""Whether the links, anchors and pictures of rendered pages hold."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from posixpath import normpath
from urllib.parse import unquote, urlsplit


class _Links(HTMLParser):
    """Reads what a page links to, and the anchors that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.unlabelled: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := values.get(key))}
        for key in ("href", "src"):
            if target := values.get(key):
                self.targets.append(target)
        if tag == "img" and values.get("alt") is None:
            self.unlabelled.append(values.get("src") or "")


def broken_links(site: Path) -> Iterator[str]:
    """Each link to a page, anchor or file that the site does not have, and each picture without a text."""
    pages = {path.relative_to(site).as_posix(): _read(path) for path in site.rglob("*.html")}
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    for page, read in sorted(pages.items()):
        yield from (f"{page}: a picture without a text: {each}" for each in read.unlabelled)
        for target in read.targets:
            parts = urlsplit(target)
            if page == "404.html" or parts.scheme or parts.netloc:
                continue
            folder = page.rpartition("/")[0]
            reached = normpath(f"{folder}/{unquote(parts.path)}".lstrip("/")) if parts.path else page
            anchor = unquote(parts.fragment)
            if reached == ".":
                continue
            if reached not in files or (
                anchor and reached in pages and anchor not in pages[reached].anchors | {"__skip"}
            ):
                yield f"{page}: {target}"


def _read(path: Path) -> _Links:
    links = _Links()
    links.feed(path.read_text(encoding="utf-8"))
    return links
