"""Cases in text files: what an editor does to programs, written as programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_FOLDER = Path(__file__).parent.parent / "lsp" / "cases"


def cases(name: str) -> Iterator[tuple[str, list[str]]]:
    """The cases of a file: titles behind `===`, each with what stands behind its `---` lines.

    Behind each `---` stand a word or sentence, and below it a text; of the second and further ones only the
    text counts. Blank lines at the end of a case do not.
    """
    text = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    for case in text.split("\n=== ")[1:]:
        title, _, rest = case.partition("\n")
        first, *others = rest.split("--- ")[1:]
        action, _, before = first.partition("\n")
        texts = [before, *(each.partition("\n")[2] for each in others)]
        texts[-1] = texts[-1].rstrip("\n") + "\n"
        yield title, [action, *texts]
