"""The page: one HTML file with style, script and data inside, which asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from pathlib import Path
from typing import Any

from ....base.version import VERSION
from ...state.files import write_atomically
from .markup import text
from .model import Report
from .rows import result_data
from .sections import body
from .texts import Texts

_HERE = Path(__file__).parent


def save_report(path: Path, report: Report) -> None:
    """Write a report.

    Raises:
        OSError: the file cannot be written.
    """
    write_atomically(path, render_report(report))


def render_report(report: Report) -> str:
    """A report as the text of an HTML page.

    What comes from data, models and users stands in it as escaped text, keys are masked, and the page's own
    policy forbids scripts other than its own and every request.
    """
    texts = Texts()
    data = {"results": [result_data(each, report.comparison, texts) for each in report.results]}
    script, style = _file("page.js"), _file("page.css")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    )
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<meta name="generator" content="dspyc {escape(VERSION)}">\n'
        f"<title>{text(report.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"{body(report)}\n"
        f'<script type="application/json" id="data">{_embedded({**data, "texts": texts.listed})}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )
    # Half of a surrogate pair has no place in a file.
    return page.encode("utf-8", "backslashreplace").decode()


def _embedded(data: Any) -> str:
    """JSON that may stand in a script element: no character of it can end that, or begin a comment."""
    content = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        content = content.replace(character, f"\\u{ord(character):04x}")
    return content


def _file(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
