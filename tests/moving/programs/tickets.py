"""Tickets: signatures that are made of others, several attempts that are compared, and a loop that stops early."""

from enum import Enum
from typing import Annotated, Literal

import dspy
from pydantic import Field


class Priority(str, Enum):
    LOW = "low"
    HIGH = "high"


class Triage(dspy.Signature):
    """Say how urgent a ticket is."""

    ticket: str = dspy.InputField(desc="the customer's words")
    priority: Priority = dspy.OutputField()
    minutes: Annotated[int, Field(ge=0, le=600)] = dspy.OutputField(desc="until an answer is due")


TEAMS = ("billing", "technical")
fields = {
    "ticket": (str, dspy.InputField(desc="what it says")),
    "stars": (int, dspy.OutputField(desc="from 1 to 5")),
    "note": dspy.OutputField(),
}
Stars = dspy.Signature(fields, instructions="Rate the tone.")


class Desk(dspy.Module):
    def __init__(self, attempts=2, most=3):
        super().__init__()
        self.attempts, self.most = attempts, most
        self.triage = dspy.ChainOfThought(
            Triage.prepend("rules", dspy.InputField(desc="of the house"), list[str])
            .append("team", dspy.OutputField(), Literal[TEAMS])
        )
        self.compare = dspy.MultiChainComparison(
            Triage.append("team", dspy.OutputField(), Literal[TEAMS]).delete("minutes"), M=2
        )
        self.rate = dspy.Predict(Stars.insert(-1, "why", dspy.OutputField(desc="in a word")))
        self.check = dspy.Predict(Triage.with_instructions("Check what a colleague decided."))

    def forward(self, ticket: str):
        found = [self.triage(ticket=ticket, rules=["Refunds are billing."]) for _ in range(self.attempts)]
        best = self.compare(found, ticket=ticket)
        for _ in range(self.most):
            checked = self.check(ticket=best.rationale)
            if checked.priority == best.priority:
                break
        tone = self.rate(ticket=f"{checked.minutes} minutes: {ticket}")
        return dspy.Prediction(team=best.team, minutes=checked.minutes, stars=tone.stars)


desk = Desk()
