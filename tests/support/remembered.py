"""What the parser remembers."""

from __future__ import annotations

from dspyc.grammar.parse import parse_item


def parse_anew() -> None:
    """Let the parser remember no item, so that it has to read each text."""
    parse_item._new, parse_item._old = {}, {}
