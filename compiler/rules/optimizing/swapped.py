"""Metrics and rewards that take the prediction first."""

from __future__ import annotations

from collections.abc import Sequence

from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ..rule import Findings, rule, written

_PREDICTIONS = ("pred", "prediction", "predicted")
_FIRST = {"metric": ("example", "gold", "expected"), "reward": ("args", "inputs")}
"""What the first parameter of a callback is called, by its role."""


def are_swapped(names: Sequence[str], role: str) -> bool:
    """Whether the first two parameters of a metric or reward stand in the wrong order, by their names."""
    return len(names) == 2 and names[0] in _PREDICTIONS and names[1] in _FIRST.get(role, ())


@rule("E405", "swapped-parameters", syntax.Call)
def swapped_parameters(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A metric takes the example first and the prediction second; a reward takes its arguments first.

    They are passed by position, so a metric with `pred` first would read the answer from the example.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset dev = Dataset("dev.jsonl", inputs=["question"])

    def correct(pred, example) -> bool:
        return pred.answer == example.answer

    evaluate em = Evaluate(qa, devset=dev, metric=correct)
    #                                             ^^^^^^^ E405 a metric is called with `(example, pred)`
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset dev = Dataset("dev.jsonl", inputs=["question"])

    def correct(example, pred) -> bool:
        return pred.answer == example.answer

    evaluate em = Evaluate(qa, devset=dev, metric=correct)
    ```
    """
    for argument, parameter in item.binding_of(node).matched:
        kind = item.type_of(argument.value)
        for wanted in types.options(parameter.type):
            if not isinstance(wanted, types.Callback) or wanted.role not in _FIRST:
                continue
            names = [each.name for each in kind.parameters[:2]] if isinstance(kind, types.Function) else []
            if are_swapped(names, wanted.role):
                words = f"a {wanted.role} is called with `({_FIRST[wanted.role][0]}, pred)`"
                shown = f"`{written(item, argument.value)}` takes `({', '.join(names)})`"
                yield swapped_parameters.at(argument.value, words, shown)
