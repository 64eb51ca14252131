from typing import Literal

import dspy
from pydantic import BaseModel, Field


class Issue(BaseModel):
    """A problem in the code."""

    line: int = Field(description="where it is", ge=1)
    severity: Literal["low", "high"]
    message: str


class Review(dspy.Signature):
    """Review a function."""

    code: str = dspy.InputField()
    issues: list[Issue] = dspy.OutputField()
    verdict: Literal["accept", "reject"] = dspy.OutputField()


review = dspy.ChainOfThought(Review)
