"""The runtime's own metrics, and the fields that they read."""

from __future__ import annotations

from ... import types
from ...program import Program
from ...types import Type
from ..rule import Findings, file_rule
from ..words import listed, nouns
from .callbacks import handing_over, judged

_READ = {
    "answer_exact_match": (("answer",), ("answer",)),
    "answer_passage_match": (("answer",), ("context",)),
    "SemanticF1": (("question", "response"), ("response",)),
    "CompleteAndGrounded": (("question", "response"), ("response", "context")),
}
"""The fields of the example and of the prediction that the runtime's own metrics read."""


@file_rule("W318", "ready-made-metric", severity="warning")
def ready_made_metric(program: Program) -> Findings:
    """A metric of the runtime is used for a program, or for rows, without the fields that it reads.

    `answer_exact_match` compares `answer`, `answer_passage_match` looks for it in `context`, and `SemanticF1`
    and `CompleteAndGrounded` judge `response`. Every row would fail. This is reported where nothing else is
    wrong in the file.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("q -> a")
    dataset dev = Dataset("dev.csv", inputs=["q"])
    evaluate accuracy = Evaluate(
        qa,
        devset=dev,
        metric=answer_exact_match,
    #          ^^^^^^^^^^^^^^^^^^ W318 `answer_exact_match` reads the output `answer`, but `q -> a` has `a`
    )
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("q -> a")
    dataset dev = Dataset("dev.csv", inputs=["q"])

    def same(example, pred) -> bool:
        return example.a == pred.a

    evaluate accuracy = Evaluate(qa, devset=dev, metric=same)
    ```
    """
    told: set[str] = set()
    for item, given in program.found(handing_over):
        for call, binding, argument, role in given:
            name = _ready_made(item.type_of(argument.value))
            if role != "metric" or name is None or isinstance(item.type_of(call), types.Dataset):
                continue
            for interface, rows in judged(program, item, binding.matched):
                found = _not_read(name, interface, rows)
                if found is not None and name not in told:
                    told.add(name)
                    help_ = "write a metric of your own: `def same(example, pred) -> bool:`"
                    yield ready_made_metric.at(argument.value, f"`{name}` reads {found}", help_).shifted(
                        item.start
                    )


def _ready_made(kind: Type) -> str | None:
    match kind:
        case types.Function(name=name, origin="runtime") if name in _READ:
            return name
        case types.Module(definition=types.ClassDefinition(name=name)) if name in _READ:
            return name
        case _:
            return None


def _not_read(name: str, judged: types.Interface, rows: types.Interface) -> str | None:
    of_example, of_prediction = _READ[name]
    outputs = [each.name for each in judged.outputs]
    lacking = [each for each in of_prediction if each not in outputs]
    if lacking and not judged.open:
        has = (
            f"`{judged.name}` has {listed(outputs)}" if judged.name else f"the program has {listed(outputs)}"
        )
        return f"{nouns('output', lacking)}, but {has}"
    columns = [each.name for each in (*rows.fields, *judged.inputs)]
    lacking = [each for each in of_example if each not in columns]
    if lacking and not rows.open and not judged.open:
        return f"{nouns('column', lacking)}, but the rows have {listed([each.name for each in rows.fields])}"
    return None
