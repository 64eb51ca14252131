
import dspy


class PeopleExtraction(dspy.Signature):
    """
    Extract contiguous tokens referring to specific people, if any, from a list of string tokens.
    Output a list of tokens. In other words, do not combine multiple tokens into a single value.
    """

    tokens: list[str] = dspy.InputField(desc="tokenized text")
    extracted_people: list[str] = dspy.OutputField(desc="all tokens referring to specific people extracted from the tokenized text")


people_extractor = dspy.ChainOfThought(PeopleExtraction)


def extraction_correctness_metric(example: dspy.Example, prediction: dspy.Prediction, trace=None) -> bool:
    """Computes correctness of entity extraction predictions."""
    return prediction.extracted_people == example.expected_extracted_people


train_set = [
    dspy.Example(tokens=["Ada", "wrote"], expected_extracted_people=["Ada"]).with_inputs("tokens"),
    dspy.Example(tokens=["It", "rains"], expected_extracted_people=[]).with_inputs("tokens"),
]
evaluate_correctness = dspy.Evaluate(
    devset=train_set, metric=extraction_correctness_metric, num_threads=24, display_progress=True, display_table=True
)
evaluate_correctness(people_extractor, devset=train_set)
