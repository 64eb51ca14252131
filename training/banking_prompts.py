"""The conversations the shipped models learn from, written by the chat adapter, with what is asked varied."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from banking_data import SNIPS_INTENTS, Example

from dspyc.runtime import ChatAdapter, InputField, OutputField, Signature

Message = dict[str, str]
ADAPTER = ChatAdapter()

INSTRUCTIONS = (
    "Name the intent of a bank customer's message.",
    "Given the fields `text`, produce the fields `label`.",
    "Classify the banking query.",
    "Classify the customer's message by intent.",
    "Read the message of a bank customer and name its intent.",
    "Which intent does the message express?",
    "Say what the customer of the bank wants.",
    "Choose the label that fits the customer's message best.",
)
NAMES = (("message", "intent"), ("query", "intent"), ("question", "category"), ("text", "intent"))
SNIPS_INSTRUCTIONS = ("Choose the intent of the utterance.", "Say which skill of the assistant is asked for.")


@dataclass(frozen=True)
class Task:
    """A signature and how often it is used. Inputs are texts, and so are outputs without labels."""

    inputs: tuple[str, ...]
    outputs: tuple[tuple[str, tuple[str, ...] | None], ...]
    instructions: str
    weight: float = 1.0
    signature: type[Signature] = field(init=False)

    def __post_init__(self) -> None:
        """Make the signature once."""
        fields: dict[str, Any] = {name: (str, InputField()) for name in self.inputs}
        fields |= {name: (Literal[labels] if labels else str, OutputField()) for name, labels in self.outputs}
        object.__setattr__(self, "signature", Signature(fields, self.instructions))

    def conversation(self, example: Example) -> list[Message]:
        """The example as messages, the last of which is the right answer."""
        words = re.sub(r"[_?]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", example.label)).strip().lower()
        inputs = dict.fromkeys(self.inputs, example.text)
        outputs = {name: example.label for name, _ in self.outputs}
        if "hint" in inputs:
            inputs["hint"] = example.label
        if "reasoning" in outputs:
            outputs["reasoning"] = f"The message is about {words}."
        return ADAPTER.format_finetune_data(self.signature, [], inputs, outputs)["messages"]


def example_task(labels: tuple[str, ...]) -> Task:
    """The task of the example program, on which the models are measured."""
    return Task(("text",), (("label", labels),), INSTRUCTIONS[0])


def banking_tasks(labels: tuple[str, ...]) -> list[Task]:
    """The ways to ask about a bank customer's message; half of the rows ask as the example program does."""
    tasks = [Task(("text",), (("label", labels),), INSTRUCTIONS[0], weight=24.0)]
    tasks += [Task(("text",), (("label", labels),), text, weight=1.5) for text in INSTRUCTIONS[1:]]
    tasks += [Task(("text",), (("label", None),), text) for text in INSTRUCTIONS]
    tasks += [Task((name,), ((out, labels),), INSTRUCTIONS[0], weight=0.7) for name, out in NAMES]
    tasks += [Task((name,), ((out, None),), INSTRUCTIONS[4], weight=0.5) for name, out in NAMES]
    reasoned = (("reasoning", None), ("label", labels))
    tasks.append(Task(("text",), reasoned, INSTRUCTIONS[0], weight=3.0))
    tasks.append(Task(("text", "hint"), reasoned, INSTRUCTIONS[0], weight=1.0))
    return tasks


def snips_tasks() -> list[Task]:
    """The second job: which of seven skills an utterance asks an assistant for."""
    tasks = [Task(("utterance",), (("intent", None),), text) for text in SNIPS_INSTRUCTIONS]
    tasks += [Task(("utterance",), (("intent", SNIPS_INTENTS),), text) for text in SNIPS_INSTRUCTIONS]
    tasks.append(Task(("text",), (("label", SNIPS_INTENTS),), SNIPS_INSTRUCTIONS[0]))
    return tasks


def varied(text: str, chance: random.Random) -> str:
    """The message as another could have typed it: words left out, no capitals, no full stop."""
    if chance.random() < 0.5:
        kept = [word for word in text.split(" ") if chance.random() > 0.12]
        text = " ".join(kept) or text
    if chance.random() < 0.1:
        text = text.lower()
    if chance.random() < 0.1:
        text = text.rstrip(".?!")
    return text


def boilerplate(labels: tuple[str, ...]) -> list[str]:
    """What the adapter writes in every prompt, as pieces that become one token each.

    The list of the 77 labels is among them, as it stands in the field list, the note and the requirement, so
    that a prompt costs some 70 tokens in place of 1,700.
    """
    structure = (
        "All interactions will be structured in the following way, with the appropriate values filled in."
    )
    objective = "[[ ## completed ## ]]\nIn adhering to this structure, your objective is: \n        "
    lists = [piece for choices in (labels, SNIPS_INTENTS) for piece in _lists(choices)]
    return [
        "Your input fields are:\n1. `",
        "` (str):\nYour output fields are:\n1. `",
        f"` (str):\n{structure}\n\n[[ ## ",
        f"):\n{structure}\n\n[[ ## ",
        "` (str): \n2. `",
        "` (",
        *lists,
        "}\n\n[[ ## ",
        f"\n\n{objective}",
        f"}}\n\n{objective}",
        "[[ ## ",
        "\n\n[[ ## ",
        " ## ]]\n",
        " ## ]]\n{",
        "\n\nRespond with the corresponding output fields, starting with the field `[[ ## ",
        " ## ]]` (must be formatted as a valid Python ",
        " ## ]]`, then `[[ ## ",
        " ## ]]`, and then ending with the marker for `[[ ## completed ## ]]`.",
        "), and then ending with the marker for `[[ ## completed ## ]]`.",
        "\n\n[[ ## completed ## ]]\n",
        "[[ ## completed ## ]]",
    ]


def _lists(labels: tuple[str, ...]) -> tuple[str, str]:
    """The labels as the adapter shows them: as a type, and as a note."""
    system = example_task(labels).conversation(Example("", labels[0]))[0]["content"]
    kind, note = re.search(r"`label` \((.*)\):\n", system), re.search(r"\{label\}(.*)\n", system)
    assert kind is not None
    assert note is not None
    return kind[1], note[1]
