"""Make the documentation's site: `python website/make.py [FOLDER]`, or `make docs`.

The pages are those of `docs/`, and a reference that is made of the sources' own docstrings. The site works
from the disk and loads nothing over the network.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from sitemaker.collect import all_pages, write_source
from sitemaker.finish import fetched, finish
from sitemaker.links import broken_links
from sitemaker.playground import put_playground

ROOT = Path(__file__).resolve().parents[1]


def main(target: Path) -> int:
    """Make the site in a folder; 1 if a link is broken or a page loads from elsewhere."""
    settings = write_source(ROOT, target.with_name(f"{target.name}-source"), all_pages(ROOT))
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", settings],
        check=False,
    )
    if built.returncode:
        return 1
    rendered = settings.with_name("site")
    finish(rendered)
    if not put_playground(ROOT / "editors" / "web" / "dist", rendered):
        print("The playground is left out: `make playground` builds it.")
    problems = [*fetched(rendered), *broken_links(rendered)]
    print(*problems, sep="\n", file=sys.stderr)
    if problems:
        return 1
    shutil.rmtree(target, ignore_errors=True)
    rendered.rename(target)
    print(f"The site is in {target}; open {target / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/site").resolve()))
