"""A module of two predictors, as DSPy's tests have it."""

from __future__ import annotations

import dspyc.runtime as dspy


class Hop(dspy.Module):
    """Two predictors."""

    def __init__(self) -> None:
        super().__init__()
        self.ask = dspy.Predict("question -> query")
        self.answer = dspy.Predict("query -> answer")
