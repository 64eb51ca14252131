"""Writes the words of the language for the grammar and its scanner and, given a generator, `src/parser.c`.

`python editors/tree-sitter-dspy/generate.py` writes them; `… generate.py GENERATOR` runs `GENERATOR
grammar.js` too, which is `tree-sitter generate` or anything else that reads `grammar.js` and writes `src/`.
`src/made_from.json` says from which grammar the parser was made; a test compares.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from dspyc.grammar.tables import tables
from dspyc.grammar.words import DECLARING, SOFT_KEYWORDS

HERE = Path(__file__).parent
WORDS = HERE / "words.json"
HEADS = HERE / "src" / "heads.inc"
MADE_FROM = HERE / "src" / "made_from.json"
SOURCES = ("grammar.js", "words.json")


def words() -> str:
    """The text of `words.json`: the groups of words and signs of the grammar, and the soft keywords."""
    content = {"groups": tables().words["groups"], "soft": sorted(SOFT_KEYWORDS - {"suggest"})}
    return json.dumps(content, indent=2) + "\n"


def heads() -> str:
    """The words that a declared name follows, for the scanner."""
    return "".join(f'    "{word}",\n' for word in sorted(DECLARING))


def digests() -> dict[str, str]:
    """What the parser depends on, as it is now."""
    return {name: hashlib.sha256((HERE / name).read_bytes()).hexdigest() for name in SOURCES}


if __name__ == "__main__":
    WORDS.write_text(words(), encoding="utf-8")
    HEADS.write_text(heads(), encoding="utf-8")
    if sys.argv[1:]:
        subprocess.run([*sys.argv[1:], "grammar.js"], cwd=HERE, check=True)
        MADE_FROM.write_text(json.dumps(digests(), indent=2) + "\n", encoding="utf-8")
