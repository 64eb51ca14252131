"""Support tickets of facilities, improved with GEPA."""
import json

import dspy
from dspy import GEPA

lm = dspy.LM("openai/gpt-4.1-nano", temperature=1)
dspy.configure(lm=lm)


def init_dataset():
    path = "facility.json"
    dataset = json.load(open(path))
    dspy_dataset = [
        dspy.Example({
            "message": d['fields']['input'],
            "answer": d['answer'],
        }).with_inputs("message")
        for d in dataset
    ]
    n = len(dspy_dataset)
    return dspy_dataset[:int(n * 0.33)], dspy_dataset[int(n * 0.33):int(n * 0.66)], dspy_dataset[int(n * 0.66):]


from typing import List, Literal


class FacilitySupportAnalyzerUrgency(dspy.Signature):
    """
    Read the provided message and determine the urgency.
    """
    message: str = dspy.InputField()
    urgency: Literal['low', 'medium', 'high'] = dspy.OutputField()


class FacilitySupportAnalyzerSentiment(dspy.Signature):
    """
    Read the provided message and determine the sentiment.
    """
    message: str = dspy.InputField()
    sentiment: Literal['positive', 'neutral', 'negative'] = dspy.OutputField()


class FacilitySupportAnalyzerCategories(dspy.Signature):
    """
    Read the provided message and determine the set of categories applicable to the message.
    """
    message: str = dspy.InputField()
    categories: List[Literal["emergency_repair_services", "routine_maintenance_requests", "quality_and_safety_concerns"]] = dspy.OutputField()


class FacilitySupportAnalyzerMM(dspy.Module):
    def __init__(self):
        self.urgency_module = dspy.ChainOfThought(FacilitySupportAnalyzerUrgency)
        self.sentiment_module = dspy.ChainOfThought(FacilitySupportAnalyzerSentiment)
        self.categories_module = dspy.ChainOfThought(FacilitySupportAnalyzerCategories)

    def forward(self, message: str):
        urgency = self.urgency_module(message=message)
        sentiment = self.sentiment_module(message=message)
        categories = self.categories_module(message=message)

        return dspy.Prediction(
            urgency=urgency.urgency,
            sentiment=sentiment.sentiment,
            categories=categories.categories
        )


program = FacilitySupportAnalyzerMM()


def score_urgency(gold_urgency, pred_urgency):
    """
    Compute score for the urgency module.
    """
    score = 1.0 if gold_urgency == pred_urgency else 0.0
    return score


def score_categories(gold_categories, pred_categories):
    correct = 0
    for k, v in gold_categories.items():
        if v and k in pred_categories:
            correct += 1
        elif not v and k not in pred_categories:
            correct += 1
    score = correct / len(gold_categories)
    return score


def metric(example, pred, trace=None, pred_name=None, pred_trace=None):
    gold = json.loads(example['answer'])
    score_u = score_urgency(gold['urgency'], pred.urgency)
    score_s = score_urgency(gold['sentiment'], pred.sentiment)
    score_c = score_categories(gold['categories'], pred.categories)
    total = (score_u + score_s + score_c) / 3
    return total


def feedback_urgency(gold_urgency, pred_urgency):
    score = 1.0 if gold_urgency == pred_urgency else 0.0
    if gold_urgency == pred_urgency:
        feedback = f"You correctly classified the urgency of the message as `{gold_urgency}`."
    else:
        feedback = f"You incorrectly classified the urgency of the message as `{pred_urgency}`. The correct urgency is `{gold_urgency}`."
    return feedback, score


def metric_with_feedback(example, pred, trace=None, pred_name=None, pred_trace=None):
    gold = json.loads(example['answer'])
    fb_urgency, score_u = feedback_urgency(gold['urgency'], pred.urgency)
    fb_sentiment, score_s = feedback_urgency(gold['sentiment'], pred.sentiment)
    score_c = score_categories(gold['categories'], pred.categories)
    total = (score_u + score_s + score_c) / 3
    if pred_name is None:
        return total
    elif pred_name == 'urgency_module.predict':
        feedback = fb_urgency
    elif pred_name == 'sentiment_module.predict':
        feedback = fb_sentiment
    else:
        feedback = "Think about the categories again."
    return dspy.Prediction(score=total, feedback=feedback)


if __name__ == "__main__":
    train_set, val_set, test_set = init_dataset()
    evaluate = dspy.Evaluate(
        devset=test_set,
        metric=metric,
        num_threads=32,
        display_table=True,
        display_progress=True
    )
    optimizer = GEPA(
        metric=metric_with_feedback,
        auto="light",
        num_threads=32,
        track_stats=True,
        reflection_lm=dspy.LM(model="gpt-5", temperature=1.0, max_tokens=32000)
    )
    evaluate(program)
    optimized_program = optimizer.compile(program, trainset=train_set, valset=val_set)
    for name, pred in optimized_program.named_predictors():
        print(name, pred.signature.instructions)
