"""An attribute that a value does not have."""

from __future__ import annotations

from collections.abc import Sequence

from ....base.diagnostic import Diagnostic, Label
from ....base.span import Span
from ....grammar import syntax
from ... import types
from ...program import Item, Program
from ...resolve.builtins import MUTATORS, class_name
from ...resolve.members import member
from ...types import narrow
from ...types.display import display
from ...types.narrow import may_be_none
from ...types.overlap import overlaps
from ...types.union import plain
from ..dataset_habits import STEPS
from ..rule import Findings, label, replace, rule, written
from ..words import described, meant_or_has, near
from .method_habits import method_habit
from .subscripts import is_view


@rule("E201", "unknown-field", syntax.Attribute, syntax.Subscript, fix="sometimes")
def unknown_field(program: Program, item: Item, node: syntax.Attribute | syntax.Subscript) -> Findings:
    """A prediction, record, module or other value has no field or method of this name.

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(text: str) -> str:
        pred = qa(question=text)
        return pred.reply
    #               ^^^^^ E201 `pred` has no field `reply`; it has `reasoning` and `answer`
    ```

    ```dspy
    module qa = ChainOfThought("question -> answer")

    def ask(text: str) -> str:
        pred = qa(question=text)
        return pred.answer
    ```
    """
    if isinstance(node, syntax.Subscript):
        yield from _by_index(item, node)
    elif id(node) not in item.annotations:
        kind = item.type_of(node.value)
        if isinstance(node.value, syntax.Call) and _is_called_as_module(item, node.value):
            return
        if is_view(item, node.value) and node.name.text in _OF_LISTS:
            yield _of_view(item, node)
        elif item.symbol_of(node.name) is not None:
            yield from _in_part(program, item, node, kind)
        elif types.known(kind) and not is_mutation(kind, node.name.text):
            yield _finding(program, item, node, narrow.not_none(kind) if may_be_none(kind) else kind)


def _is_called_as_module(item: Item, node: syntax.Call) -> bool:
    """Whether a module class is given inputs, of which `unknown-argument` speaks."""
    binding = item.binding_of(node)
    return isinstance(binding.callee, types.ModuleClass) and bool(binding.unknown)


def _of_view(item: Item, node: syntax.Attribute) -> Diagnostic:
    """`d.keys().sort()`: a method of lists where there is none."""
    text = written(item, node.value)
    made = "sorted" if node.name.text == "sort" else "list"
    words = f"`{text}` is not a list, so it has no `{node.name.text}`; write `{made}({text})`"
    return unknown_field.at(node.name, words)


def _in_part(program: Program, item: Item, node: syntax.Attribute, kind: types.Type) -> Findings:
    """An attribute that some values of a union have and others lack; of `None` `possibly-none` speaks."""
    if not isinstance(kind, types.Union):
        return
    name = node.name.text
    if _is_told_apart_wrongly(item, node):
        return
    for each in kind.options:
        if isinstance(each, types.Nothing) or member(each, name) is not None or is_mutation(each, name):
            continue
        text = written(item, node.value)
        words = f"`{text}` may be {described(plain(each))}, which has no attribute `{name}`"
        yield unknown_field.at(node.name, words, _tell_apart(kind, each, text))
        return


def _is_told_apart_wrongly(item: Item, node: syntax.Attribute) -> bool:
    """Whether the branch around is that of a comparison which never holds, of which another rule speaks."""
    for statement in item.nodes(syntax.IfBranch):
        inside = (
            statement.body and statement.body[0].span.start <= node.span.start < statement.body[-1].span.end
        )
        test = statement.test
        if inside and isinstance(test, syntax.Comparison) and test.operators == ("==",):
            left, right = item.type_of(test.left), item.type_of(test.rights[0])
            if types.known(left) and types.known(right) and not overlaps(left, right):
                return True
    return False


def _tell_apart(kind: types.Union, lacking: types.Type, text: str) -> str | None:
    """How to test for the values that have the attribute."""
    left = [each for each in kind.options if each != lacking]
    if len(left) == 1 and isinstance(left[0], types.Builtin | types.Record | types.Instance):
        return f"test it first, such as `if isinstance({text}, {display(left[0])}):`"
    return None


def _by_index(item: Item, node: syntax.Subscript) -> Findings:
    kind, index = item.type_of(node.value), node.index
    if isinstance(kind, types.TypeForm) and isinstance(kind.type, types.Enum) and not kind.type.open:
        names = [name for name, _ in kind.type.members]
        if isinstance(index, syntax.String) and index.value not in names:
            words = f"`{kind.type.name}` has no member `{index.value}`"
            yield unknown_field.at(index, words + meant_or_has(index.value, names))
        return
    if isinstance(kind, types.Prediction | types.Fields) and isinstance(index, syntax.String):
        fields = kind.interface.outputs if isinstance(kind, types.Prediction) else kind.interface.fields
        names = [field.name for field in fields]
        if not kind.interface.open and index.value not in names:
            message = f"`{written(item, node.value)}` has no field `{index.value}`"
            yield unknown_field.at(index, message + meant_or_has(index.value, names))


_OF_ALL = 0.8
"""How alike a name and a method have to be, so that it is thought to be meant."""


def is_mutation(kind: types.Type, name: str) -> bool:
    """Whether a name is a method that changes a list, dict or set."""
    return any(name in MUTATORS.get(class_name(option) or "", ()) for option in types.options(kind))


def _finding(program: Program, item: Item, node: syntax.Attribute, kind: types.Type) -> Diagnostic:
    name = node.name.text
    if isinstance(kind, types.Module) and kind.interface.field(name) is not None:
        return _not_called(item, node, kind)
    if isinstance(kind, types.PythonModule):
        names: Sequence[str] = [each for each in kind.names() if not each.startswith("_")]
        return unknown_field.at(node.name, f"`{kind.name}` has no `{name}`{meant_or_has(name, names)}")
    if isinstance(kind, types.Module) and name in _RUNNING:
        return _run_as_method(item, node, kind)
    habit = method_habit(item, node)
    if habit is not None and not own_fields(kind):
        return unknown_field.at(node.name, *habit, labels=_labels(program, kind))
    if isinstance(kind, types.Dataset) and (step := STEPS.get(name)) is not None:
        return unknown_field.at(node.name, f"a dataset has no method `{name}`; write `{step}`")
    fields = own_fields(kind)
    names = [each.name for each in fields] or [each for each in program.members(kind) if each[0] != "_"]
    # A field is meant before what all predictions have.
    close = near(name, names) or near(name, program.members(kind), _OF_ALL)
    fix = replace(f"Change to `{close}`", node.name, close) if close else None
    word = _noun(kind)
    message = f"{_owner(item, node.value, kind)} has no {word} `{name}`"
    message += f"; did you mean `{close}`?" if close else meant_or_has(name, names)
    return unknown_field.at(node.name, message, fix=fix, labels=_labels(program, kind))


_OF_LISTS = frozenset({*MUTATORS["list"], "copy", "count", "index"})

_RUNNING = frozenset(
    "apply ask call complete execute generate infer invoke predict process run".split()  # noqa: SIM905
)
"""What others call the method that runs a module."""


def _run_as_method(item: Item, node: syntax.Attribute, kind: types.Module) -> Diagnostic:
    text = written(item, node.value)
    inputs = ", ".join(f"{each.name}=…" for each in kind.interface.inputs if each.required) or "…"
    # Without the dot and the name it is the call of the module itself.
    fix = replace("Call the module itself", Span(node.value.span.end, node.span.end), "")
    words = f"a module has no method `{node.name.text}`; call it: `{text}({inputs})`"
    return unknown_field.at(node.name, words, fix=fix)


def _noun(kind: types.Type) -> str:
    match kind:
        case types.Dataset():
            return "method"
        case types.TypeForm():
            return "member"
        case _:
            return "field" if own_fields(kind) else "attribute"


def own_fields(kind: types.Type) -> tuple[types.Field, ...]:
    """The fields that a value has by its declaration."""
    match kind:
        case types.Prediction(interface=interface):
            return interface.outputs
        case types.Fields(interface=interface):
            return interface.fields
        case types.Record():
            return kind.interface.fields
        case _:
            return ()


def _owner(item: Item, node: syntax.Expression, kind: types.Type) -> str:
    text = written(item, node)
    match kind:
        case types.Record() | types.Enum():
            return f"`{kind.name}`"
        case types.TypeForm(type=types.Record() | types.Enum() as inside):
            return f"`{inside.name}`"
        case types.Prediction() | types.Fields() | types.Module() if len(text) <= 40:
            return f"`{text}`"
        case types.Prediction() | types.Fields():
            return "the prediction"
        case types.Instance(definition=definition) | types.Class(definition=definition):
            return f"`{definition.name}`"
        case types.Nothing():
            return "`None`"
        case _:
            shown = described(kind)
            return shown if shown.startswith("`") else f"`{display(kind)}`"


def _not_called(item: Item, node: syntax.Attribute, kind: types.Module) -> Diagnostic:
    text, name = written(item, node.value), node.name.text
    inputs = ", ".join(f"{each.name}=…" for each in kind.interface.inputs if each.required)
    return unknown_field.at(
        node.name, f"`{text}` is a module; call it to get `{name}`", f"`{text}({inputs}).{name}`"
    )


def _labels(program: Program, kind: types.Type) -> tuple[Label, ...]:
    if isinstance(kind, types.Record | types.Enum):
        return label(program, kind.place, f"`{kind.name}` is declared here")
    return ()
