"""What is done to the rendered site: nothing in it is fetched from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import relpath

SHIM = "https://unpkg.com/iframe-worker/shim"
"""What the theme fetches so that the search works without a server; a copy of it is in `assets/`."""

_FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|audio|video)\b[^>]*?\ssrc="(?P<src>[a-z]+:)?//"""
    r"""|<link\b[^>]*\brel="(?:stylesheet|preload|preconnect|modulepreload)"[^>]*\shref="(?:[a-z]+:)?//"""
)


def finish(site: Path) -> None:
    """Put local files in the place of those that pages would fetch."""
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        local = relpath("assets/iframe-worker-shim.js", _folder(path, site))
        path.write_text(text.replace(SHIM, local), encoding="utf-8")


def _folder(path: Path, site: Path) -> str:
    return PurePosixPath(path.relative_to(site).as_posix()).parent.as_posix()


def fetched(site: Path) -> Iterator[str]:
    """Each page that would load something over the network, and what."""
    for path in sorted(site.rglob("*.html")):
        for found in _FETCHED.finditer(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site).as_posix()}: {found[0]}"
