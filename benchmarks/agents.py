"""Whether AvatarOptimizer makes a real agent better, on rows that neither it nor the agent's model has seen.

    python benchmarks/agents.py --rows snips.csv

The agent passes a message on to the desk that can help: each label is a tool, which gives the desk's
extension, and the answer is that number. Its model is `embedded/base`, trained here on the training rows to
act as its instruction says: to pass messages on, to use no tool, or always the same. It was not shown the
instruction that an `Avatar` begins with. What is written for it is drawn by seed from a pool of
instructions, of which most have other words than those it was trained on.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from learning import Counted, Pool, measured, show

import dspyc.runtime as dspy
from dspyc.runtime.modules.avatar import Action
from dspyc.runtime.modules.toolbox import numbered
from dspyc.runtime.work.budget import Budget
from dspyc.runtime.work.run import working

PASSED_ON = (
    "Pass the message on to the desk that can help.",
    "Use the tool that does what the writer wants.",
    "Which tool fits the message? Use it.",
)
UNUSED = ("Use no tool.", "Finish at once.", "Say what the message is about, and finish.")
ALWAYS = ("Use the first tool.", "Always use the same tool.")
POOL = (
    "Finish as soon as you can.",
    "Use the first tool that you see.",
    "Do not use a tool, the message says it all.",
    "Say what it is about.",
    "Use the desk that can help the writer.",
    "Always use one and the same tool.",
    "Which tool does what the message wants?",
    "Pass the message on to the desk that can help.",
    "Use no tool and finish.",
)
NOBODY = "none"


def desks(labels: Sequence[str]) -> list[Callable[[], str]]:
    """A tool for each label."""

    def desk(label: str) -> Callable[[], str]:
        def reach() -> str:
            return extension(labels, label)

        reach.__name__ = label
        reach.__doc__ = f"The extension of the desk {label}."
        return reach

    return [desk(label) for label in labels]


def extension(labels: Sequence[str], label: str) -> str:
    """The number of a desk."""
    return str(11 + labels.index(label))


def conversations(agent: Any, labels: Sequence[str], rows: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """What the agent's model learns from: what it is asked, and what it is to do, for each instruction."""
    adapter = dspy.CompactAdapter()
    told = [*((each, None) for each in PASSED_ON), *((each, "Finish") for each in UNUSED)]
    told += [(each, labels[0]) for each in ALWAYS]
    seen = {"goal": agent.signature.instructions, "tools": numbered(agent._toolbox.tools)}
    for row in rows:
        for instruction, chosen in told:
            asked = agent.actor.signature.with_instructions(instruction)
            inputs = {**seen, "text": row.text, "trajectory": ""}
            action = Action(chosen or row.label, {})
            yield adapter.format_finetune_data(asked, [], inputs, {"action": action})
        for label in (row.label, labels[len(row.text) % len(labels)], None):
            number = NOBODY if label is None else extension(labels, label)
            taken = {"tool_name": label, "tool_input_query": {}}
            done = {} if label is None else {"action_1": taken, "result_1": number}
            inputs = {"text": row.text, "trajectory": dspy.ChatAdapter().format_untyped(done)}
            yield adapter.format_finetune_data(agent.answer.signature, [], inputs, {"answer": number})


def main() -> None:
    """Train the agent's model, measure the optimizer, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=Path, required=True, help="messages: `text` and `label`")
    parser.add_argument("--take", type=int, default=400, help="how many rows to use; half are for testing")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=400, help="how long the agent's model is trained")
    parser.add_argument("--rounds", type=int, default=8, help="how often new instructions are written")
    parser.add_argument("--max-calls", type=int, default=2000, help="the budget of the optimizer, in calls")
    parser.add_argument("--json", type=Path, help="write the numbers there, too")
    options = parser.parse_args()
    options.lm, options.writer = "embedded/base, trained to act", None

    data = dspy.Dataset(options.rows, inputs=["text"], shuffle=options.seed, take=options.take)
    train, _, test = data.split(0.4, 0.1, 0.5, seed=options.seed)
    labels = sorted({str(row.label) for row in data})
    agent = dspy.Avatar("text -> answer", tools=desks(labels), max_iters=1, max_retries=0)
    logging.getLogger("dspyc").setLevel(logging.ERROR)
    lessons = list(conversations(agent, labels, list(train)))
    base = dspy.LM("embedded/base", cache=False, max_tokens=60)
    counted = Counted()
    trained = base.finetune(lessons, "chat", {"steps": options.steps}).result()
    dspy.configure(lm=trained, max_errors=10**9, callbacks=[counted])

    def right(gold: Any, pred: Any, trace: Any = None) -> float:
        return float(pred.answer == extension(labels, gold.label))

    measure = dspy.Evaluate(devset=test, metric=right)
    before = measured(measure, agent)
    optimizer = dspy.AvatarOptimizer(metric=right, max_iters=options.rounds, prompt_model=Pool(POOL))
    counted.count, began = 0, time.perf_counter()
    with working(budget=Budget(calls=options.max_calls)):
        best = optimizer.compile(agent, trainset=train)
    numbers = {"calls": counted.count, "seconds": time.perf_counter() - began}
    found = {"AvatarOptimizer": {"before": before, "after": measured(measure, best), **numbers}}
    show(options, found)
    print(best.actor.signature.instructions)


if __name__ == "__main__":
    main()
