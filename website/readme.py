"""Write README.md with whole addresses in place of relative links, for a page with no repository around it.

A package index shows the README alone. `python website/readme.py https://github.com/OWNER/dspyc v0.1.0` is
run by the release workflow before it builds.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sitemaker.written import outside_of_code

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"(?P<image>!?)(?P<text>\[(?:[^\[\]]|\[[^\]]*\])*\])\((?P<target>[^)\s]+)\)")


def with_addresses(text: str, repository: str, ref: str) -> str:
    """The text with each relative link leading into a repository.

    Args:
        text: Markdown.
        repository: its address on GitHub.
        ref: the tag or branch.
    """

    def turned(found: re.Match[str]) -> str:
        if re.match(r"[a-z]+:|#", found["target"]):
            return found[0]
        kind = "raw" if found["image"] else "blob"
        return f"{found['image']}{found['text']}({repository}/{kind}/{ref}/{found['target']})"

    return outside_of_code(text, lambda words: _LINK.sub(turned, words))


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(with_addresses(path.read_text(encoding="utf-8"), *sys.argv[1:3]), encoding="utf-8")
