"""Streams an answer and says what tools do meanwhile."""
import asyncio

import dspy
from dspy.streaming import StatusMessage, StatusMessageProvider, StreamListener

dspy.configure(lm=dspy.LM("openai/gpt-4o-mini", cache=False))


def double_the_number(x: int):
    """Doubles a number."""
    return 2 * x


class MyStatusMessageProvider(dspy.streaming.StatusMessageProvider):
    def tool_start_status_message(self, instance, inputs):
        return f"Calling Tool {instance.name} with inputs {inputs}..."

    def tool_end_status_message(self, outputs):
        return f"Tool finished with output: {outputs}!"


class TwoSteps(dspy.Module):
    def __init__(self):
        self.tool = dspy.Tool(double_the_number)
        self.predict = dspy.ChainOfThought("num1, num2->sum")
        self.explain = dspy.Predict("question, sum -> answer: str")

    def forward(self, num, **kwargs):
        num2 = self.tool(x=num)
        total = self.predict(num1=num, num2=num2).sum
        return self.explain(question=f"What is {num} and twice of it?", sum=total)


program = TwoSteps()
stream_program = dspy.streamify(
    program,
    stream_listeners=[StreamListener(signature_field_name="answer"), StreamListener(signature_field_name="reasoning")],
    status_message_provider=MyStatusMessageProvider(),
)


async def read_output_stream():
    output = stream_program(num=3)
    return_value = None
    async for chunk in output:
        if isinstance(chunk, StatusMessage):
            print(chunk.message)
        elif isinstance(chunk, dspy.streaming.StreamResponse):
            print(chunk)
        elif isinstance(chunk, dspy.Prediction):
            return_value = chunk
    return return_value


if __name__ == "__main__":
    program_output = asyncio.run(read_output_stream())
    print("Final output: ", program_output)
