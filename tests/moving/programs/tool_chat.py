"""A chat with memory, a state that is loaded, tools by native calls."""
import os
from typing import Any, Callable

import dspy
from dspy import InputField, OutputField, Module, Predict, Signature, ChainOfThought
from dspy.adapters import JSONAdapter


class Chat(Signature):
    """You are a helpful assistant. Keep to the facts."""

    question: str = InputField()
    history: dspy.History = InputField()
    tools: list[dspy.Tool] = InputField()
    outputs: dspy.ToolCalls = OutputField()


class Answer(Signature):
    """Answer from the results."""

    question: str = InputField()
    results: list[str] = InputField()
    answer: str = OutputField()


def weather(city: str, days: int = 1) -> str:
    """Get the weather of a city."""
    return f"The weather in {city} will be sunny for {days} days"


def calculator(expression: str) -> float:
    """Calculate an arithmetic expression."""
    allowed = set("0123456789+-*/(). ")
    if not set(expression) <= allowed:
        raise ValueError("only arithmetic")
    return float(eval(expression))


TOOLS: dict[str, Callable[..., Any]] = {"weather": weather, "calculator": calculator}


class ToolUser(Module):
    def __init__(self):
        super().__init__()
        self.tools = [dspy.Tool(f) for f in TOOLS.values()]
        self.chat = Predict(Chat)
        self.answer = ChainOfThought(Answer)

    def forward(self, question, history=None):
        history = history or dspy.History(messages=[])
        calls = self.chat(question=question, history=history, tools=self.tools).outputs
        results = []
        for call in calls.tool_calls:
            if call.name in TOOLS:
                results.append(str(TOOLS[call.name](**call.args)))
        return self.answer(question=question, results=results)


chatbot = ToolUser()
