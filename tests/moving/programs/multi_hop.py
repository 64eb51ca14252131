import dspy

PASSAGES = {"Emma": "Emma is a novel by Jane Austen.", "Austen": "Jane Austen was born in Steventon."}


def lookup(query: str) -> list[str]:
    return [text for name, text in PASSAGES.items() if name in query]


class GenerateQuery(dspy.Signature):
    """Given a claim and some key facts, generate a follow-up search query to find the next most essential clue."""

    claim: str = dspy.InputField()
    notes: list[str] = dspy.InputField()
    query: str = dspy.OutputField()


class AppendNotes(dspy.Signature):
    """Given a claim, some key facts, and new search results, identify any new learnings from the new search results,
    which will extend the key facts known so far about whether the claim is true or false."""

    claim: str = dspy.InputField()
    notes: list[str] = dspy.InputField()
    context: list[str] = dspy.InputField()
    new_notes: list[str] = dspy.OutputField()
    titles: list[str] = dspy.OutputField()


class Hop(dspy.Module):
    def __init__(self, num_hops=3):
        self.num_hops = num_hops
        self.generate_query = dspy.ChainOfThought(GenerateQuery)
        self.append_notes = dspy.ChainOfThought(AppendNotes)

    def forward(self, claim: str) -> dspy.Prediction:
        notes = []
        titles = []
        for _ in range(self.num_hops):
            query = self.generate_query(claim=claim, notes=notes).query
            context = lookup(query)
            prediction = self.append_notes(claim=claim, notes=notes, context=context)
            notes.extend(prediction.new_notes)
            titles.extend(prediction.titles)
        return dspy.Prediction(notes=notes, titles=list(set(titles)))


hop = Hop(num_hops=2)
