from __future__ import annotations

from dataclasses import dataclass

VERSION = 2


@dataclass
class Speaker:
    name: str
    silent: bool = False


def clean(text: str) -> str:
    return " ".join(text.split())


def words_in(text):
    return len(text.split())
