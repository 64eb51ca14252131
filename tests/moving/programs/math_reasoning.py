import dspy

math = dspy.ChainOfThought("question -> answer: float")


def close(example, pred, trace=None):
    return abs(example.answer - pred.answer) < 1e-6


trainset = [
    dspy.Example(question="What is 2 + 2?", answer=4.0).with_inputs("question"),
    dspy.Example(question="What is 3 * 5?", answer=15.0).with_inputs("question"),
]
optimizer = dspy.BootstrapFewShot(metric=close, max_bootstrapped_demos=2)
better_math = optimizer.compile(math, trainset=trainset)
