"""A larger workflow: loops, early returns, comprehensions, nested modules, dicts of modules."""
import re
from collections import defaultdict
from functools import lru_cache, partial
from typing import Literal

import dspy
from pydantic import BaseModel


class Step(BaseModel):
    action: Literal["search", "write", "stop"]
    argument: str = ""


class Plan(dspy.Signature):
    """Plan the steps."""

    goal: str = dspy.InputField()
    done: list[Step] = dspy.InputField(desc="what was done")
    steps: list[Step] = dspy.OutputField(desc="what to do next")


class Act(dspy.Signature):
    """Do it."""

    argument: str = dspy.InputField()
    notes: list[str] = dspy.InputField()
    result: str = dspy.OutputField()


def clean(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


class Worker(dspy.Module):
    def __init__(self, max_steps=3, style: str | None = None):
        super().__init__()
        self.plan = dspy.ChainOfThought(Plan)
        self.actors = {kind: dspy.Predict(Act) for kind in ("search", "write")}
        self.max_steps = max_steps
        self.style = style or "plain"
        self.judges = [dspy.Predict("result -> ok: bool"), dspy.ChainOfThought("result, style -> ok: bool")]

    def _format(self, notes):
        return [f"- {clean(note)}" for note in notes]

    def forward(self, goal: str):
        done, notes = [], []
        by_kind = defaultdict(list)
        for round in range(self.max_steps):
            plan = self.plan(goal=goal, done=done)
            if not plan.steps:
                return dspy.Prediction(notes=notes, reason="no steps", style=self.style)
            for step in plan.steps:
                if step.action == "stop":
                    break
                result = self.actors[step.action](argument=step.argument, notes=self._format(notes)).result
                notes.append(result)
                by_kind[step.action].append(result)
                done.append(step)
            if len(notes) > 2:
                break
        first, second = self.judges
        ok = first(result=notes[-1]).ok and second(result=notes[-1], style=self.style).ok
        return dspy.Prediction(notes=notes, kinds={kind: len(each) for kind, each in by_kind.items()}, ok=ok, reason="done")


worker = Worker()
