"""A model that does a task as well as its instructions and demos tell it to, and not the same every time; it
writes rules, advice and instructions when asked for some.
"""

from __future__ import annotations

import json
import re
from typing import Any

from dspyc.runtime.lm.request import Request
from support.neighbour import sections, written
from support.obedient import HINTS, Obedient, _number
from support.resumable import Killed

RIGHT = ("red", "green", "blue")


class Wavering(Obedient):
    """As `Obedient`; with another rollout it is right on other rows. It can end everything at a call."""

    kill_at = 10**9

    def answer(self, request: Request, number: int) -> str:
        """One completion."""
        if len(self.asked) >= self.kill_at:
            raise Killed
        system, last = (str(request.messages[at]["content"]) for at in (0, -1))
        outputs = system.partition("Your output fields are:")[2].partition("All interactions")[0]
        rollout = request.kwargs.get("rollout_id")
        draw = self.pool[_number(f"{last} {rollout} {number}") % len(self.pool)]
        fields: dict[str, str] = {}
        for name in re.findall(r"^\d+\. `(\w+)`", outputs, re.MULTILINE):
            if name == "module_advice":
                named = json.loads(sections(last)["module_names"])
                fields[name] = json.dumps(dict.fromkeys(named, draw))
            elif name == "label":
                demos = (len(request.messages) - 2) // 2
                fields[name] = self.label(system, sections(last).get("text", ""), demos, rollout)
            else:
                fields[name] = draw
        return written(fields)

    def label(self, system: str, text: str, demos: int, rollout: Any) -> str:
        """Right on a share of the rows that grows with hints and demos."""
        said = system.partition("your objective is:")[2].lower()
        hints = sum(hint in said for hint in HINTS) + min(demos, 2) / 2
        right = RIGHT[int(text.rpartition(" ")[2]) % 3]
        return right if _number(f"{text} {rollout}") % 50 < 10 * (1 + hints) else "wrong"
