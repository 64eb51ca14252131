"""The playground on the site, where it has been built; see `editors/web`."""

from __future__ import annotations

import shutil
from pathlib import Path

MARK = "<!-- playground -->"
"""Stands on the page where the playground is to be."""
_PAGE = "playground.html"
_FOLDER = "playground"
_FRAME = (
    f'<iframe src="{_FOLDER}/index.html?embed" title="Playground" loading="lazy" '
    'style="width: 100%; height: 38rem; border: 1px solid #8888; border-radius: 8px"></iframe>'
)


def put_playground(built: Path, site: Path) -> bool:
    """Copy the playground to a site, and show it on its page.

    Args:
        built: what `make playground` has made.
        site: the rendered site.

    Returns:
        Whether there is one.
    """
    if not (built / "index.html").is_file():
        return False
    shutil.copytree(built, site / _FOLDER)
    page = site / _PAGE
    page.write_text(page.read_text(encoding="utf-8").replace(MARK, _FRAME), encoding="utf-8")
    return True
