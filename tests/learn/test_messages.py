"""The example's own messages: complete, without repeats, and in the words of the program's intents."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from dspyc.runtime import Dataset

BANKING = Path(__file__).parents[2] / "examples" / "banking"


def rows(name: str) -> Dataset:
    return Dataset(name, inputs=["text"], base=str(BANKING))


def test_every_intent_has_its_messages() -> None:
    intents = re.findall(
        r'^    "(.+)",$', (BANKING / "banking.dspy").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(intents) == 77
    assert Counter(row.label for row in rows("train.csv")) == dict.fromkeys(intents, 8)
    assert Counter(row.label for row in rows("dev.csv")) == dict.fromkeys(intents, 2)


def test_no_message_is_there_twice() -> None:
    texts = [
        re.sub(r"\W+", " ", row.text.lower()).strip()
        for name in ("train.csv", "dev.csv")
        for row in rows(name)
    ]
    assert [text for text, count in Counter(texts).items() if count > 1] == []
    assert all(row.text == row.text.strip() for name in ("train.csv", "dev.csv") for row in rows(name))
