"""Fields with a name that something else needs."""

from __future__ import annotations

from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ..edits import field_places, rename
from ..rule import Findings, label, rule, written
from ..walking import Construction
from .own_names import NAMED, Named, better_name, problem_of_name


@rule("E217", "reserved-field", *NAMED, fix="sometimes")
def reserved_field(program: Program, item: Item, node: Named) -> Findings:
    """A field has a name that the prompt format uses, or that a record, a module or Python needs itself.

    A record cannot have an attribute `model_dump`, an enumeration no member `mro`, and the attributes of
    a record begin with a letter.

    ```dspy
    signature Review:
        input task: str
        output completed: bool
    #          ^^^^^^^^^ E217 a field cannot be named `completed`; it marks the end of an answer
    ```

    ```dspy
    signature Review:
        input task: str
        output is_completed: bool
    ```
    """
    problem = problem_of_name(program, item, node)
    if problem is not None and node.name is not None:
        name = node.name.text
        places = field_places(item, node) if isinstance(node, syntax.Field) else []
        fix = rename(places, better_name(name)) if places and better_name(name) else None
        yield reserved_field.at(node.name, problem, fix=fix)
        return
    if not isinstance(node, syntax.Field) or node.direction == "attribute":
        return
    name = node.name.text
    reason = catalog.reserved_fields().get(name)
    if reason is not None:
        words = f"a field cannot be named `{name}`; it {reason}"
        yield reserved_field.at(node.name, words, fix=rename(field_places(item, node), f"{name}_"))


@rule("E218", "hint-field", Construction)
def hint_field(program: Program, item: Item, node: syntax.Call) -> Findings:
    """A refined module has an input named `hint_`, which carries the feedback.

    ```dspy
    module draft = Predict("topic, hint_ -> text")

    def short(args: draft, pred: draft) -> float:
        return 1.0 if len(pred.text) < 100 else 0.0

    module better = Refine(draft, N=3, reward_fn=short, threshold=1.0)
    #                      ^^^^^ E218 `draft` has an input `hint_`, which `Refine` uses for its feedback
    ```

    ```dspy
    module draft = Predict("topic, remark -> text")

    def short(args: draft, pred: draft) -> float:
        return 1.0 if len(pred.text) < 100 else 0.0

    module better = Refine(draft, N=3, reward_fn=short, threshold=1.0)
    ```
    """
    binding = item.binding_of(node)
    callee = binding.callee
    if not isinstance(callee, types.Class) or callee.definition.shape is None:
        return
    hint = callee.definition.shape.reserved
    argument = binding.argument(callee.definition.shape.of) if hint is not None else None
    kind = item.type_of(argument.value) if argument is not None else types.UNKNOWN
    if argument is None or not isinstance(kind, types.Module):
        return
    field = kind.interface.field(hint or "")
    if field is not None and field.direction == "input":
        name = written(item, argument.value)
        labels = label(program, field.place, f"the input `{hint}`")
        words = f"`{name}` has an input `{hint}`, which `{callee.definition.name}` uses for its feedback"
        yield hint_field.at(argument.value, words, labels=labels)
