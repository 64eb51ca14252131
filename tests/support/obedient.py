"""A model that does a task as well as its instructions tell it to, and writes instructions when asked for
some.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Sequence
from typing import Any

from dspyc.runtime import Example
from dspyc.runtime.lm.base import BaseLM
from dspyc.runtime.lm.request import Request, Response
from support.neighbour import sections, written

HINTS = ("step by step", "one word", "red, green or blue")
"""What an instruction can say that helps; each makes a third of the rows right that were wrong before."""

POOL = (
    "Guess.",
    "Answer in one word.",
    "Think step by step.",
    "Answer in one word: red, green or blue.",
    "Think step by step and answer in one word: red, green or blue.",
    "Be polite.",
)


class Obedient(BaseLM):
    """Answers rows right for a share of them that grows with the hints in its instructions and with its
    demos.

    What a row is answered with depends on its text and the prompt alone. Asked for an instruction, it takes
    one of `pool`, drawn by the prompt, the rollout and the number of the completion.
    """

    model = "test/obedient"

    def __init__(self, pool: Sequence[str] = POOL, **settings: Any) -> None:
        self.pool = tuple(pool)
        self.kwargs = settings
        self.asked: list[dict[str, str]] = []
        self.requests: list[Request] = []
        self._lock = threading.Lock()

    def complete(self, request: Request) -> Response:
        """Answer in ChatAdapter's format."""
        with self._lock:
            self.asked.append(sections(str(request.messages[-1]["content"])))
            self.requests.append(request)
        count = int(request.kwargs.get("n") or 1)
        return Response(tuple(self.answer(request, number) for number in range(count)))

    def answer(self, request: Request, number: int) -> str:
        """One completion."""
        system = str(request.messages[0]["content"])
        last = str(request.messages[-1]["content"])
        outputs = system.partition("Your output fields are:")[2].partition("All interactions")[0]
        wanted = re.findall(r"^\d+\. `(\w+)`", outputs, re.MULTILINE)
        fields: dict[str, str] = {}
        for name in wanted:
            if "instruction" in name:
                draw = _number(f"{last} {request.kwargs.get('rollout_id')} {number}")
                fields[name] = self.pool[draw % len(self.pool)]
            elif name == "label":
                fields[name] = self._label(system, sections(last).get("text", ""), len(request.messages) - 2)
            else:
                fields[name] = f"some words about the {name}"
        is_json = "Outputs will be a JSON object" in system
        return json.dumps(fields) if is_json else written(fields)

    async def acomplete(self, request: Request) -> Response:
        """The same; nothing is waited for."""
        return self.complete(request)

    def _label(self, system: str, text: str, demo_turns: int) -> str:
        instruction = system.partition("your objective is:")[2].lower()
        hints = sum(hint in instruction for hint in HINTS) + (demo_turns > 0)
        number = int(text.rpartition(" ")[2])
        right = ("red", "green", "blue")[number % 3]
        return right if _number(text) % 5 < 1 + hints else "wrong"


def rows(count: int, first: int = 0) -> list[Example]:
    """Labelled rows."""
    labels = ("red", "green", "blue")
    numbers = range(first, first + count)
    return [Example(text=f"message {n}", label=labels[n % 3]).with_inputs("text") for n in numbers]


def same_label(example: Any, pred: Any, trace: Any = None) -> bool:
    """The metric."""
    return bool(example.label == pred.label)


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
