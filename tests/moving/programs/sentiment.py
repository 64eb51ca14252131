"""Sentiment of reviews, trained on a table."""
import csv
import dspy
from dspy.teleprompt import BootstrapFewShot
from dspy.evaluate import Evaluate

class Sentiment(dspy.Signature):
    __doc__ = """Classify sentiment of the review as positive, negative or neutral."""

    text = dspy.InputField(desc="review", prefix="Review:")
    sentiment = dspy.OutputField(desc="one word")


class SentimentModule(dspy.Module):
    labels = ("positive", "negative", "neutral")

    def __init__(self):
        super().__init__()
        self.prog = dspy.ChainOfThought(Sentiment)

    def forward(self, text):
        pred = self.prog(text=text)
        sentiment = pred.sentiment.strip().lower()
        if sentiment not in self.labels:
            sentiment = "neutral"
        return dspy.Prediction(sentiment=sentiment, reasoning=pred.reasoning)


def validate(example, pred, trace=None):
    return example.sentiment.lower() == pred.sentiment.lower()


module = SentimentModule()

if __name__ == "__main__":
    turbo = dspy.LM("openai/gpt-3.5-turbo", max_tokens=250)
    dspy.settings.configure(lm=turbo)
    with open("reviews.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    dataset = [dspy.Example(text=row["text"].strip(), sentiment=row["label"]).with_inputs("text") for row in rows]
    train, test = dataset[:100], dataset[100:]
    config = dict(max_bootstrapped_demos=4, max_labeled_demos=4)
    teleprompter = BootstrapFewShot(metric=validate, **config)
    compiled = teleprompter.compile(SentimentModule(), trainset=train)
    evaluator = Evaluate(devset=test, num_threads=1, display_progress=True, display_table=5)
    evaluator(compiled, metric=validate)
    compiled.save("sentiment.json", save_program=False)
    loaded = SentimentModule()
    loaded.load("sentiment.json")
