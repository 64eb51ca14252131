"""Data sets that do not fit the programs they are used for."""

from __future__ import annotations

from ....base.diagnostic import Label
from ... import types
from ...program import Item, Program
from ..calls.arguments import CALLS, Call, called
from ..rule import Findings, label, rule, written
from ..words import listed


@rule("E401", "dataset-inputs", *CALLS)
def dataset_inputs(program: Program, item: Item, node: Call) -> Findings:
    """A dataset's inputs do not match those of the program that is optimized or evaluated on it.

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset dev = Dataset("dev.jsonl", inputs=["query"])
    evaluate accuracy = Evaluate(qa, devset=dev, metric=answer_exact_match)
    #                                       ^^^ E401 `dev` has the input `query`, but `qa` takes `question`
    ```

    ```dspy
    configure(lm=LM("openai/gpt-4o-mini"))
    module qa = Predict("question -> answer")
    dataset dev = Dataset("dev.jsonl", inputs=["question"], rename={"query": "question"})
    evaluate accuracy = Evaluate(qa, devset=dev, metric=answer_exact_match)
    ```
    """
    for call in called(item, node):
        arguments = [argument for argument, _ in call.binding.matched]
        kinds = [item.type_of(argument.value) for argument in arguments]
        taker = next((index for index, kind in enumerate(kinds) if isinstance(kind, types.Module)), None)
        if taker is None:
            continue
        module = kinds[taker]
        assert isinstance(module, types.Module)
        takes = {each.name: each.required for each in module.interface.inputs}
        for argument, kind in zip(arguments, kinds, strict=True):
            given = [each.name for each in kind.columns.inputs] if isinstance(kind, types.Dataset) else []
            if not given or module.interface.open:
                continue
            missing = [name for name, required in takes.items() if required and name not in given]
            if missing or any(name not in takes for name in given):
                what = f"the input{'s' if len(given) > 1 else ''} {listed(given)}"
                wants = listed([name for name, required in takes.items() if required or name in given])
                text = written(item, argument.value)
                taken = written(item, arguments[taker].value)
                yield dataset_inputs.at(
                    argument.value,
                    f"`{text}` has {what}, but `{taken}` takes {wants}",
                    labels=_labels(program, text),
                )


def _labels(program: Program, name: str) -> tuple[Label, ...]:
    symbol = program.symbols.get(name)
    return label(program, symbol.place, f"`{name}` is declared here") if symbol is not None else ()
