"""Function calling of the provider's own, where the model has none."""

from __future__ import annotations

from ....grammar import syntax
from ...program import Item, Program
from ..edits import without_argument
from ..rule import Findings, rule
from ..walking import Construction
from .parts import model_in_force
from .written import constant


@rule("W316", "no-function-calling", Construction, fix="always", severity="warning")
def no_function_calling(program: Program, item: Item, node: syntax.Call) -> Findings:
    """An adapter is to use the provider's function calling, and the model of the file has none.

    The tools are then described in the prompt, as without the setting. What models have is read off the table
    that litellm is shipped with; of models that it does not have, and of those at an `api_base`, nothing is
    said.

    ```dspy
    lm thinking = LM("perplexity/sonar")

    configure(
        lm=thinking,
        adapter=ChatAdapter(use_native_function_calling=True),
    #                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ W316 `perplexity/sonar` has no function calling
    )
    ```

    ```dspy
    lm fast = LM("openai/gpt-4o-mini")

    configure(lm=fast, adapter=ChatAdapter(use_native_function_calling=True))
    ```
    """
    argument = item.binding_of(node).argument("use_native_function_calling")
    if argument is None or constant(argument.value) is not True:
        return
    model = model_in_force(program, item, node)
    if model is None or model.row is None or model.row.get("supports_function_calling"):
        return
    words = f"`{model.name}` has no function calling"
    fix = without_argument(item, node.arguments, argument)
    yield no_function_calling.at(argument, words, "the tools go into the prompt; choose another model", fix)
