from typing import Literal

import dspy


class Emotion(dspy.Signature):
    """Classify emotion."""

    sentence: str = dspy.InputField()
    sentiment: Literal["sadness", "joy", "love", "anger", "fear", "surprise"] = dspy.OutputField()


lm = dspy.LM("openai/gpt-4o-mini", api_key="sk-nothing")
dspy.configure(lm=lm)

classify = dspy.Predict(Emotion)

if __name__ == "__main__":
    print(classify(sentence="i started feeling a little vulnerable when the giant spotlight started blinding me"))
