"""Texts that are no programs of this language, although their file's ending says so."""

from __future__ import annotations

import re

from ..base.diagnostic import Diagnostic
from .problems import problem

_PICKLE = re.compile(r"\x80[\x02-\x05]|\ufffd[\x02-\x05]|(?:c[\w.]+\n[\w.]+\n|\((?:dp|lp|i)\d?)")
_JSON = re.compile(r"\s*(?:\{\s*(?:\"|\}|$)|\[\s*(?:[\[{\"\d\]-]|$))")
_MARKUP = re.compile(r"\s*<(?:!|\?|[A-Za-z%])")


def other_format(text: str) -> Diagnostic | None:
    """What a text seems to be, if its first characters say that it is something else."""
    start = text[:2000].removeprefix("\ufeff")
    line = re.match(r"[^\r\n]{0,80}", text)
    span = (0, max(line.end() if line else 0, min(1, len(text))))
    if _PICKLE.match(start):
        what = "a pickled program"
        advice = "load it with the library that saved it; a `.dspy` program is text"
    elif "\0" in start:
        what = "a binary file"
        advice = "a `.dspy` program is text in UTF-8"
    elif _JSON.match(start):
        what = "a JSON file, perhaps the state of a program"
        advice = "rename it to `.json`; a `.dspy` program starts with declarations"
    elif _MARKUP.match(start):
        what = "an HTML or XML page"
        advice = "other tools use this extension for web pages; a `.dspy` program starts with declarations"
    else:
        return None
    return problem("E006", span, f"this looks like {what}", advice)
