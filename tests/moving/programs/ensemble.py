import dspy
from dspy.teleprompt import BootstrapFewShotWithRandomSearch

qa = dspy.Predict("question -> answer")


def exact(example, pred, trace=None):
    return example.answer.strip().lower() == pred.answer.strip().lower()


rows = [
    {"question": "What colour is the sky?", "answer": "blue"},
    {"question": "What colour is grass?", "answer": "green"},
    {"question": "What colour is snow?", "answer": "white"},
]
data = [dspy.Example(**row).with_inputs("question") for row in rows]
tuned = BootstrapFewShotWithRandomSearch(metric=exact, num_candidate_programs=2).compile(qa, trainset=data)
