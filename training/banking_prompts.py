"""The prompts the shipped models learn: the chat adapter's messages, instructions and field names varied."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from banking_data import SNIPS_INTENTS, Example

Message = dict[str, str]
STRUCTURE = (
    "All interactions will be structured in the following way, with the appropriate values filled in.\n"
)
OBJECTIVE = "In adhering to this structure, your objective is: \n        "

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
    """A signature as the chat adapter shows it: fields with their types, and instructions."""

    inputs: tuple[str, ...]
    outputs: tuple[tuple[str, tuple[str, ...] | None], ...]
    instructions: str
    weight: float = 1.0

    def system(self) -> str:
        """The system message."""
        lines = ["Your input fields are:", _numbered([(name, None) for name in self.inputs])]
        lines += ["Your output fields are:", _numbered(self.outputs)]
        lines.append(STRUCTURE)
        sections = [f"[[ ## {name} ## ]]\n{{{name}}}" for name in self.inputs]
        sections += [f"[[ ## {name} ## ]]\n{{{name}}}{_note(kind)}" for name, kind in self.outputs]
        sections.append("[[ ## completed ## ]]")
        lines.append("\n\n".join(sections))
        lines.append(OBJECTIVE + self.instructions)
        return "\n".join(lines)

    def user(self, values: dict[str, str]) -> str:
        """The user message with the requirement that ends it."""
        sections = [f"[[ ## {name} ## ]]\n{values[name]}" for name in self.inputs]
        fields = ", then ".join(
            f"`[[ ## {name} ## ]]`"
            + (f" (must be formatted as a valid Python {_shown(kind)})" if kind else "")
            for name, kind in self.outputs
        )
        sections.append(
            f"Respond with the corresponding output fields, starting with the field {fields}, "
            "and then ending with the marker for `[[ ## completed ## ]]`."
        )
        return "\n\n".join(sections)

    def assistant(self, values: dict[str, str]) -> str:
        """The answer."""
        sections = [f"[[ ## {name} ## ]]\n{values[name]}" for name, _ in self.outputs]
        return "\n\n".join([*sections, "[[ ## completed ## ]]\n"])

    def chat(self, values: dict[str, str]) -> list[Message]:
        """The whole conversation, answer included."""
        return [
            {"role": "system", "content": self.system()},
            {"role": "user", "content": self.user(values)},
            {"role": "assistant", "content": self.assistant(values)},
        ]


def _shown(kind: tuple[str, ...] | None) -> str:
    return f"Literal[{', '.join(repr(label) for label in kind)}]" if kind else "str"


def _numbered(fields: Sequence[tuple[str, tuple[str, ...] | None]]) -> str:
    lines = [f"{number}. `{name}` ({_shown(kind)}): " for number, (name, kind) in enumerate(fields, 1)]
    return "\n".join(lines).rstrip()


def _note(kind: tuple[str, ...] | None) -> str:
    if not kind:
        return ""
    return (
        "        # note: the value you produce must exactly match (no extra characters) one of: "
        + "; ".join(kind)
    )


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


def conversation(task: Task, example: Example) -> list[Message]:
    """The example as a conversation in which the assistant answers rightly."""
    words = re.sub(r"[_?]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", example.label)).strip().lower()
    values = dict.fromkeys(task.inputs, example.text) | {name: example.label for name, _ in task.outputs}
    values |= {"reasoning": f"The message is about {words}.", "hint": example.label}
    return task.chat(values)


def varied(text: str, chance: random.Random) -> str:
    """The message as another customer could have typed it: words left out, no capitals, no full stop."""
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
    return [
        "Your input fields are:\n1. `",
        "` (str):\nYour output fields are:\n1. `",
        f"` (str):\n{STRUCTURE}\n[[ ## ",
        f"):\n{STRUCTURE}\n[[ ## ",
        "` (str): \n2. `",
        "` (",
        _shown(labels),
        _note(labels),
        _shown(SNIPS_INTENTS),
        _note(SNIPS_INTENTS),
        "}\n\n[[ ## ",
        f"\n\n[[ ## completed ## ]]\n{OBJECTIVE}",
        f"}}\n\n[[ ## completed ## ]]\n{OBJECTIVE}",
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
