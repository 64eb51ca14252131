import dspy

SCHEMA = "customers(id, name, city); orders(id, customer_id, total)"


class WriteSQL(dspy.Signature):
    """Write one SQL query that answers the question."""

    schema_: str = dspy.InputField(desc="tables with their columns")
    question: str = dspy.InputField()
    query: str = dspy.OutputField()


class TextToSQL(dspy.Module):
    def __init__(self):
        super().__init__()
        self.write = dspy.ChainOfThought(WriteSQL)
        self.repair = dspy.Predict("schema_, query, problem -> query_fixed")

    def forward(self, question):
        found = self.write(schema_=SCHEMA, question=question)
        query = found.query
        if "select" not in query.lower():
            query = self.repair(schema_=SCHEMA, query=query, problem="it selects nothing").query_fixed
        return dspy.Prediction(query=query)


text_to_sql = TextToSQL()
