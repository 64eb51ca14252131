"""Pictures, described with what was said before."""
from typing import Any

import dspy


class DescribePicture(dspy.Signature):
    """Describe the picture for someone who cannot see it."""

    picture: dspy.Image = dspy.InputField()
    question: str = dspy.InputField()
    history: dspy.History = dspy.InputField()
    description: str = dspy.OutputField()
    objects: list[str] = dspy.OutputField()


class Describer(dspy.Module):
    def __init__(self):
        super().__init__()
        self.describe = dspy.Predict(DescribePicture)
        self.caption = dspy.ChainOfThought("description, objects: list[str] -> caption")

    def forward(self, url: str, question: str, turns: list[dict[str, Any]] | None = None):
        history = dspy.History(messages=turns or [])
        seen = self.describe(picture=dspy.Image(url), question=question, history=history)
        written = self.caption(description=seen.description, objects=seen.objects)
        written.url = url
        return written


describer = Describer()

if __name__ == "__main__":
    dspy.configure(lm=dspy.LM("openai/gpt-4o"))
    turns = []
    while True:
        q = input("> ")
        if q == "finish":
            break
        out = describer(url="https://example.org/cat.png", question=q, turns=turns)
        turns.append({"question": q, **out})
