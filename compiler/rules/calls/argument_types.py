"""Arguments of a wrong type, out of limits, or not among the choices."""

from __future__ import annotations

from collections.abc import Iterator

from ....base.diagnostic import Diagnostic, Edit, Fix
from ....base.span import Span
from ....grammar import syntax
from ... import catalog, types
from ...program import Item, Program
from ...resolve.bounds import broken_by, number
from ...resolve.generics import substitute
from ...resolve.operators import not_added
from ...types import Type
from ...types.assignable import assignable
from ...types.narrow import only_none_misfits
from ...types.union import plain
from ..rule import Findings, replace, rule
from ..words import but_is, choices, described, near
from .arguments import CALLS, Call, Called, called, is_module_called


@rule("E208", "wrong-type", *CALLS, fix="sometimes")
def wrong_type(program: Program, item: Item, node: Call) -> Findings:
    """An argument does not have the type of its parameter.

    ```dspy
    module qa = ChainOfThought("question, limit: int -> answer")

    def ask(text: str) -> str:
        return qa(question=text, limit="three").answer
    #                                  ^^^^^^^ E208 `limit` of `qa` takes `int`, not `"three"`
    ```

    ```dspy
    module qa = ChainOfThought("question, limit: int -> answer")

    def ask(text: str) -> str:
        return qa(question=text, limit=3).answer
    ```
    """
    for call, argument, parameter, given in _arguments(item, node):
        wanted = substitute(parameter.type, {})
        if (content := _content_of(call, parameter)) is not None and isinstance(given, types.Literals):
            wanted = content
        if assignable(given, wanted):
            yield from _not_added(item, call, argument, given)
            yield from _wrong_elements(item, call, argument, parameter, wanted)
            continue
        if isinstance(argument.value, syntax.Call) and is_module_called(item, argument.value):
            continue  # that it is called when the file is loaded is another finding
        if _choice(given, wanted) is not None or only_none_misfits(given, wanted):
            continue
        elements = tuple(_wrong_elements(item, call, argument, parameter, wanted))
        if elements:
            yield from elements
            continue
        if _are_swapped(item, call, argument):
            if argument is call.binding.matched[0][0]:
                yield _swapped(item, call)
            continue
        takes = f"{_place(call, parameter)} takes {described(wanted)}"
        if content is not None and wanted is content:
            source = "a URL or a data URL" if content.name == "Image" else "a data URL"
            takes = f"`{call.name}` takes {source}"
        if isinstance(wanted, types.Iterable) and _is_builtin(call):
            takes = f"`{call.name}` takes {_collection(wanted.item)}"
        yield wrong_type.at(
            argument.value,
            f"{takes}{but_is(given, wanted)}",
            _help(item, argument.value, given, wanted),
            _converted(item, argument.value, given, wanted),
        )


def _not_added(item: Item, call: Called, argument: syntax.Argument, given: Type) -> Findings:
    """`sum(words)`: `sum` begins with a 0, to which a text cannot be added."""
    if not _is_builtin(call) or call.name != "sum" or len(call.binding.matched) > 1:
        return
    added = not_added(given)
    if added is not None:
        text = item.text[argument.value.span.start : argument.value.span.end]
        help_ = f'`"".join({text})` joins texts' if added == types.STR else None
        yield wrong_type.at(argument.value, f"`sum` adds numbers, not {described(added)}", help_)


def _collection(items: Type) -> str:
    """What a built-in takes that goes through it."""
    if items == types.Builtin("object"):
        return "a string or a collection"
    return f"a collection of {described(items)}" if types.known(items) else "a collection"


def _are_swapped(item: Item, call: Called, argument: syntax.Argument) -> bool:
    """Whether a call gives two arguments of which each is what the other one should be."""
    if len(call.binding.matched) < 2:
        return False
    (first, one), (second, other) = call.binding.matched[:2]
    kinds = item.type_of(first.value), item.type_of(second.value)
    return (
        argument in (first, second)
        and all(types.known(each) for each in kinds)
        and assignable(kinds[0], substitute(other.type, {}))
        and assignable(kinds[1], substitute(one.type, {}))
        and not assignable(kinds[0], substitute(one.type, {}))
        and not assignable(kinds[1], substitute(other.type, {}))
    )


def _swapped(item: Item, call: Called) -> Diagnostic:
    """What is said of the two."""
    (first, one), (second, other) = call.binding.matched[:2]
    texts = [item.text[each.value.span.start : each.value.span.end] for each in (first, second)]
    edits = (Edit(first.value.span, texts[1]), Edit(second.value.span, texts[0]))
    words = f"`{one.name}` and `{other.name}` of `{call.name}` are swapped"
    return wrong_type.at(first.value, words, None, Fix("Swap them", edits, "unsafe"))


def _content_of(call: Called, parameter: types.Parameter) -> types.Record | None:
    """The picture, recording or document that a call makes of its first argument; None for other calls."""
    callee = call.binding.callee
    if parameter.kind != "positional-only" or not isinstance(callee, types.TypeForm):
        return None
    return callee.type if isinstance(callee.type, types.Record) else None


def _is_builtin(call: Called) -> bool:
    return isinstance(call.binding.callee, types.Function) and call.binding.callee.origin == "builtin"


def _converted(item: Item, node: syntax.Expression, given: Type, wanted: Type) -> Fix | None:
    """The value as a list of one, or as a model, where that is what is asked for."""
    text = item.text[node.span.start : node.span.end]
    options = tuple(types.options(wanted))
    called = _called_instead(item, node, wanted)
    if called is not None and not called.arguments:
        return replace("Remove the brackets", Span(called.function.span.end, called.span.end), "")
    several = [each for each in options if isinstance(each, types.List | types.Iterable)]
    if types.known(given) and types.Iterable(types.Builtin("object")) in several:
        several = []  # `len(5)`: a list of one is not meant
    if any(types.known(given) and assignable(given, each.item) for each in several):
        return replace(f"Write `[{text}]`", node, f"[{text}]")
    is_model = any(isinstance(each, types.Instance) and each.definition.name == "BaseLM" for each in options)
    if is_model and isinstance(node, syntax.String) and "/" in node.value:
        return replace(f"Write `LM({text})`", node, f"LM({text})")
    if types.STR in options and types.STR not in types.options(given) and isinstance(node, syntax.Constant):
        return replace("Put it in quotes", node, f'"{text}"')
    if isinstance(node, syntax.String) and any(each in options for each in (types.INT, types.FLOAT)):
        written = node.value.strip()
        if written.isdigit() or (types.FLOAT in options and written.replace(".", "", 1).isdigit()):
            return replace("Remove the quotes", node, written)
    return None


@rule("E209", "out-of-limits", *CALLS)
def out_of_limits(program: Program, item: Item, node: Call) -> Findings:
    """A number is outside the limits of its parameter, or a value breaks the condition of its input.

    ```dspy
    dataset train = Dataset("train.csv", inputs=["text"], take=-1)
    #                                                          ^^ E209 `take` of `Dataset` must be >= 0
    ```

    ```dspy
    dataset train = Dataset("train.csv", inputs=["text"], take=100)
    ```
    """
    for call, argument, parameter, _ in _arguments(item, node):
        field = _field_of(call, parameter)
        if field is not None:
            condition = broken_by(field.limits, field.choices, field.name, argument.value)
            if condition is not None:
                words = f"the `where` of `{field.name}` needs `{condition}`"
                yield out_of_limits.at(argument.value, words)
            continue
        value = number(argument.value)
        broken = parameter.limits.broken_by(value) if value is not None else None
        if broken is not None:
            yield out_of_limits.at(argument.value, f"`{parameter.name}` of `{call.name}` must be {broken}")


def _field_of(call: Called, parameter: types.Parameter) -> types.Field | None:
    """The input of a module or the attribute of a record that is given a value."""
    match call.binding.callee:
        case types.Module(interface=interface) | types.TypeForm(type=types.Record(interface=interface)):
            return next((each for each in interface.fields if each.name == parameter.name), None)
        case _:
            return None


@rule("E210", "wrong-choice", *CALLS, fix="sometimes")
def wrong_choice(program: Program, item: Item, node: Call) -> Findings:
    """A constant is not one of the allowed values.

    ```dspy
    module say = Predict("text, style: Literal['short', 'long'] -> better")

    def shorten(text: str) -> str:
        return say(text=text, style="shrot").better
    #                               ^^^^^^^ E210 `style` of `say` takes `"short"` or `"long"`, not `"shrot"`
    ```

    ```dspy
    module say = Predict("text, style: Literal['short', 'long'] -> better")

    def shorten(text: str) -> str:
        return say(text=text, style="short").better
    ```
    """
    for call, argument, parameter, given in _arguments(item, node):
        allowed = _choice(given, parameter.type)
        if allowed is None or assignable(given, parameter.type) or not isinstance(given, types.Literals):
            continue
        value = given.values[0]
        fix = None
        if isinstance(value, str) and isinstance(argument.value, syntax.String):
            close = near(value, [each for each in allowed if isinstance(each, str)])
            fix = replace(f'Change to "{close}"', argument.value, f'"{close}"') if close else None
        message = f"`{parameter.name}` of `{call.name}` takes {choices(allowed)}, not {choices(given.values)}"
        yield wrong_choice.at(argument.value, message, fix=fix)


def _wrong_elements(
    item: Item, call: Called, argument: syntax.Argument, parameter: types.Parameter, wanted: Type
) -> Findings:
    """The elements of a list that do not fit, where others do: of a union one option that fits is enough."""
    if not isinstance(argument.value, syntax.List | syntax.Set | syntax.Tuple):
        return
    options = tuple(types.options(wanted))
    inside = [each.item for each in options if isinstance(each, types.List | types.Set | types.Iterable)]
    if not inside or any(isinstance(each, types.Tuple | types.Unknown | types.Anything) for each in options):
        return
    for element in argument.value.elements:
        given = item.type_of(element)
        if isinstance(element, syntax.Starred) or any(assignable(given, each) for each in inside):
            continue
        yield wrong_type.at(
            element,
            f"an item of `{parameter.name}` of `{call.name}` must be {described(inside[0])}, "
            f"not {described(_said(given))}",
            _help(item, element, given, inside[0]),
        )


def _place(call: Called, parameter: types.Parameter) -> str:
    """What an argument is given to; the names of Python's positional parameters say nothing to a reader."""
    if parameter.kind == "positional-only":
        return f"`{call.name}`"
    return f"`{parameter.name}` of `{call.name}`"


def _said(given: Type) -> Type:
    return given if isinstance(given, types.Literals) else plain(given)


def _arguments(item: Item, node: Call) -> Iterator[tuple[Called, syntax.Argument, types.Parameter, Type]]:
    for call in called(item, node):
        for argument, parameter in call.binding.matched:
            if call.binding.surplus and argument.name is None:
                continue  # with too many in a row, none of them is surely where it should be
            yield call, argument, parameter, item.type_of(argument.value)


def _choice(given: Type, wanted: Type) -> tuple[types.Value, ...] | None:
    """The allowed values, where constants are asked for and one of their class is given."""
    allowed = [
        value for each in types.options(wanted) if isinstance(each, types.Literals) for value in each.values
    ]
    others = [each for each in types.options(wanted) if not isinstance(each, types.Literals | types.Nothing)]
    if not allowed or others or not isinstance(given, types.Literals):
        return None
    return (
        tuple(allowed)
        if {type(value) for value in given.values} <= {type(value) for value in allowed}
        else None
    )


def _called_instead(item: Item, node: syntax.Expression, wanted: Type) -> syntax.Call | None:
    """The call of a function where the function itself is asked for."""
    if not isinstance(node, syntax.Call):
        return None
    takes_function = any(isinstance(each, types.Callback) for each in types.options(wanted))
    return node if takes_function and isinstance(item.type_of(node.function), types.Function) else None


def _help(item: Item, node: syntax.Expression, given: Type, wanted: Type) -> str | None:
    text = item.text[node.span.start : node.span.end]
    if (called := _called_instead(item, node, wanted)) is not None:
        rest = "calling it" if called.arguments else "brackets"
        return f"pass the function itself: `{text.partition('(')[0]}`, without {rest}"
    if isinstance(given, types.List | types.Tuple) and wanted == types.INT and len(text) <= 40:
        return f"for its length, write `len({text})`"
    wants_module = any(isinstance(each, types.AnyModule) for each in types.options(wanted))
    records = [each for each in types.options(wanted) if isinstance(each, types.Record)]
    content = [each.name for each in records if "from_path" in each.members]
    match given:
        case types.Literals() if content and isinstance(node, syntax.String):
            return f"to read a file, write `{content[0]}.from_path({text})`"
        case types.Signature() if wants_module:
            return f"write `{catalog.plain_module()}({text})`"
        case types.ModuleClass() | types.Class() if wants_module:
            return f"construct it: `{text}(…)`"
        case types.Class(definition=definition) if assignable(types.Instance(definition), wanted):
            return f"construct it: `{text}(…)`"
        case types.Prediction(interface=interface):
            fields = [each.name for each in interface.outputs if assignable(each.type, wanted)]
            return f"use its field: `{text}.{fields[0]}`" if fields and len(text) <= 40 else None
        case _:
            return None
