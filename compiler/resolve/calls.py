"""Calls: which argument is which parameter, and what the call gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from ...grammar import syntax
from .. import catalog, types
from ..facts import Binding, Draft
from ..types import Type
from ..types.assignable import assignable
from . import builtins, data
from .context import Context
from .generics import Solution, solve, substitute
from .interfaces import interface_of, module_interface, string_signature
from .members import member
from .operators import not_added


def apply(call: syntax.Call, callee: Type, receiver: Type, context: Context) -> Type:
    """What a call gives; its arguments are resolved already, and `receiver` is what stands before the dot."""
    binding, result = _call(call.arguments, callee, receiver, context)
    context.item.bindings[id(call)] = binding
    return result


def widen(call: syntax.Call, further: tuple[types.Parameter, ...], context: Context) -> None:
    """Let a call that has been resolved take further parameters, because of where it stands."""
    binding = context.item.bindings.get(id(call))
    if binding is not None and binding.parameters is not None:
        own = {each.name for each in binding.parameters}
        parameters = (*binding.parameters, *(each for each in further if each.name not in own))
        context.item.bindings[id(call)] = bind(call.arguments, binding.callee, parameters, context)


def _call(
    arguments: Sequence[syntax.Argument], callee: Type, receiver: Type, context: Context
) -> tuple[Binding, Type]:
    match callee:
        case types.Function():
            return _function(arguments, callee, receiver, context)
        case types.Overloaded(options=ways):
            return _overloaded(arguments, ways, receiver, context)
        case types.Class(definition=definition):
            return _construct(arguments, callee, definition, context)
        case types.ModuleClass(parameters=parameters):
            binding = bind(arguments, callee, (*parameters, *_settings(parameters)), context)
            return binding, types.Module(callee.interface, declared=callee)
        case types.Module(interface=interface):
            return _module(arguments, callee, interface, context), types.Prediction(interface)
        case types.TypeForm(type=types.Record() as record):
            return _record(arguments, callee, record, context), record
        case types.TypeForm(type=types.Enum() as enum):
            held = types.union(*(types.Literals((value,)) for _, value in enum.members))
            return bind(arguments, callee, (types.Parameter("value", held),), context), enum
        case types.TypeForm(type=inside):
            constructor = builtins.constructor(inside)
            if constructor is None:
                return Binding(callee, None), inside
            binding, result = _call(arguments, constructor, receiver, context)
            return replace(binding, callee=callee), result
        case types.Instance():
            method = member(callee, "__call__")
            if method is None:
                return Binding(callee, None), types.UNKNOWN
            binding, result = _call(arguments, method.type, callee, context)
            return replace(binding, callee=callee), result
        case types.Callback(returns=returns):
            return Binding(callee, None), returns
        case types.AnyModule():
            return Binding(callee, None), types.Prediction(types.OPEN)
        case types.Union():
            return _several(arguments, callee, receiver, context)
        case _:
            return Binding(callee, None), types.UNKNOWN


# --- functions ------------------------------------------------------------------------------------------


def _function(
    arguments: Sequence[syntax.Argument], function: types.Function, receiver: Type, context: Context
) -> tuple[Binding, Type]:
    if function.untyped:
        return Binding(function, None), function.returns
    binding = bind(arguments, function, function.parameters, context)
    result = substitute(function.returns, _solved(binding, context.item))
    if function.origin == "builtin" and function.name == "sum" and len(binding.matched) == 1:
        items = context.item.type_of(binding.matched[0][0].value)
        return binding, result if not_added(items) is None else types.UNKNOWN
    if function.origin != "runtime":
        return binding, result
    if isinstance(receiver, types.Module):
        return binding, _of_module(function.name, binding, receiver, result)
    made = _specialised(result, _subject(binding, receiver, context))
    if isinstance(receiver, types.Dataset):
        return binding, _of_dataset(function.name, arguments, receiver, made)
    return binding, made


def _of_module(name: str, binding: Binding, receiver: types.Module, result: Type) -> Type:
    """What a method of a module gives: predictions with its outputs, or the module itself."""
    match name:
        case "acall" | "forward" | "aforward":
            return types.Prediction(receiver.interface)
        case "batch" if binding.argument("return_failed_examples") is None:
            return types.List(types.Prediction(receiver.interface))
        case "deepcopy" | "reset_copy":
            return receiver
        case "top":
            return types.List(types.Module(receiver.interface, catalog.definition("Module")))
        case _:
            return _specialised(result, receiver.interface)


def _several(
    arguments: Sequence[syntax.Argument], callees: types.Union, receiver: Type, context: Context
) -> tuple[Binding, Type]:
    """A call of one of several, such as a module of a list.

    Which one stands at `steps[0]` is not known here, so those that the arguments fit are meant.
    """
    options = [each for each in callees.options if not isinstance(each, types.Nothing)]
    tried = [_call(arguments, each, receiver, context) for each in options]
    fitting = [
        (binding, result)
        for binding, result in tried
        if binding.parameters is None or (_structure_fits(binding) and _types_fit(binding, context.item))
    ]
    found = fitting or tried
    return replace(found[0][0], callee=callees), types.merged(*(result for _, result in found))


def _of_dataset(name: str, arguments: Sequence[syntax.Argument], receiver: types.Dataset, made: Type) -> Type:
    """What a method of a dataset gives: one with the columns behind that step, or one for each share."""
    if isinstance(made, types.Dataset):
        return types.Dataset(data.after_step(name, arguments, receiver.columns), receiver.definition)
    shares = [each for each in arguments if each.name is None]
    if name == "split" and shares and not any(each.star for each in arguments):
        return types.Tuple((types.Dataset(receiver.columns, receiver.definition),) * len(shares))
    return made


def _solved(binding: Binding, item: Draft) -> Solution:
    """What the arguments say about variables; functions last, because they are called with the others."""
    solution: Solution = {}
    functions: list[tuple[syntax.Argument, types.Parameter]] = []
    for argument, parameter in binding.matched:
        if _takes_function(parameter.type):
            functions.append((argument, parameter))
        else:
            solve(parameter.type, item.type_of(argument.value), solution)
    for argument, parameter in functions:
        solve(parameter.type, item.type_of(argument.value), solution)
    return solution


def _takes_function(kind: Type) -> bool:
    return any(isinstance(each, types.Callback) for each in types.options(kind))


def lambda_parameters(
    arguments: Sequence[syntax.Argument],
    lambdas: Sequence[syntax.Argument],
    callee: Type,
    context: Context,
) -> dict[int, tuple[Type, ...]]:
    """With what a callee calls the lambdas among its arguments, by the identity of each.

    The other arguments are resolved already.
    """
    ways = callee.options if isinstance(callee, types.Overloaded) else (callee,)
    own = {id(each) for each in lambdas}
    for way in ways:
        if not isinstance(way, types.Function) or way.untyped:
            continue
        binding = bind(arguments, way, way.parameters, context)
        others = replace(binding, matched=tuple(each for each in binding.matched if id(each[0]) not in own))
        if not _structure_fits(binding) or not _types_fit(others, context.item):
            continue
        solution = _solved(others, context.item)
        found: dict[int, tuple[Type, ...]] = {}
        for argument, parameter in binding.matched:
            for each in types.options(parameter.type) if id(argument) in own else ():
                if isinstance(each, types.Callback) and each.parameters is not None:
                    found[id(argument.value)] = tuple(substitute(kind, solution) for kind in each.parameters)
        return found
    return {}


def _overloaded(
    arguments: Sequence[syntax.Argument], ways: tuple[types.Function, ...], receiver: Type, context: Context
) -> tuple[Binding, Type]:
    tried = [_function(arguments, way, receiver, context) for way in ways]
    for binding, result in tried:
        if _structure_fits(binding) and _types_fit(binding, context.item):
            return binding, result
    for binding, result in tried:
        if _structure_fits(binding):
            return binding, result
    return tried[-1]


def _structure_fits(binding: Binding) -> bool:
    return not (binding.missing or binding.unknown or binding.repeated or binding.surplus)


def _types_fit(binding: Binding, item: Draft) -> bool:
    return all(
        assignable(item.type_of(argument.value), substitute(parameter.type, {}))
        for argument, parameter in binding.matched
        if not argument.star
    )


def _subject(binding: Binding, receiver: Type, context: Context) -> types.Interface | None:
    """The fields of what a method of the runtime works on: its first module argument, or its object."""
    for argument, _ in binding.matched:
        kind = context.item.type_of(argument.value)
        inside = kind.item if isinstance(kind, types.List) else kind
        if isinstance(inside, types.Module):
            return inside.interface
    return interface_of(receiver) if isinstance(receiver, types.Module | types.Dataset) else None


def _specialised(result: Type, subject: types.Interface | None) -> Type:
    """A result that is said to be some module or data set, as the one with these fields."""
    match result:
        case types.AnyModule():
            return types.Module(subject or types.OPEN, catalog.definition("Module"))
        case types.Instance(definition=definition) if definition.is_a("Module"):
            return types.Module(subject or types.OPEN, definition)
        case types.Instance(definition=definition) if definition.is_a("Dataset"):
            return types.Dataset(subject or types.OPEN, definition)
        case types.List(item=item):
            return types.List(_specialised(item, subject))
        case types.Tuple(items=items, rest=rest):
            inside = tuple(_specialised(each, subject) for each in items)
            return types.Tuple(inside, None if rest is None else _specialised(rest, subject))
        case types.Union(options=options):
            return types.union(*(_specialised(each, subject) for each in options))
        case _:
            return result


# --- constructors and modules ---------------------------------------------------------------------------


def _construct(
    arguments: Sequence[syntax.Argument], callee: Type, definition: types.ClassDefinition, context: Context
) -> tuple[Binding, Type]:
    parameters = definition.parameters
    if definition.is_a("Module") and parameters is not None:
        own = tuple(each for each in parameters if each.kind != "**")
        parameters = (*own, *_settings(own), *(each for each in parameters if each.kind == "**"))
    binding = bind(arguments, callee, parameters, context)
    if definition.is_a("Module"):
        return binding, types.Module(module_interface(definition, binding, context), definition)
    if definition.name == "LM":
        _look_at_model(binding, context)
    if definition.is_a("Dataset"):
        look_at_source(arguments, callee, context)
        return binding, types.Dataset(data.constructed(arguments, context.item), definition)
    if definition.name == "Signature" and arguments and isinstance(arguments[0].value, syntax.String):
        return binding, string_signature(arguments[0].value, context)
    return binding, types.Instance(definition)


def _look_at_model(binding: Binding, context: Context) -> None:
    """Note what is known of the GGUF file that a model is named after."""
    argument = binding.argument("model")
    name = argument.value.value if argument is not None and isinstance(argument.value, syntax.String) else ""
    if argument is not None and name.startswith("gguf/"):
        found = context.scope.data(name.removeprefix("gguf/"))
        if found is not None:
            context.item.data[id(argument.value)] = found


def look_at_source(arguments: Sequence[syntax.Argument], callee: Type, context: Context) -> None:
    """Note what is known of the data file that a dataset is made of, where a call makes one."""
    if not isinstance(callee, types.Class) or not callee.definition.is_a("Dataset"):
        return
    given = data.arguments_of(arguments)
    source = given.get(data.FIRST)
    if isinstance(source, syntax.String) and "base" not in given:
        found = context.scope.data(source.value)
        if found is not None:
            context.item.data[id(source)] = found


def _module(
    arguments: Sequence[syntax.Argument], callee: Type, interface: types.Interface, context: Context
) -> Binding:
    if interface.open:
        return Binding(callee, None)
    inputs = tuple(
        types.Parameter(each.name, each.type, each.required, "" if each.required else "None", "keyword-only")
        for each in interface.inputs
    )
    names = {each.name for each in inputs}
    further = tuple(each for each in catalog.call_settings() if each.name not in names)
    return bind(arguments, callee, (*inputs, *further), context)


def _record(
    arguments: Sequence[syntax.Argument], callee: Type, record: types.Record, context: Context
) -> Binding:
    if record.interface.open:
        return Binding(callee, None)
    if (own := record.parameters) is not None:
        own = tuple(each for each in own if each.kind != "**")
        named = {each.name for each in own}
        further = tuple(
            types.Parameter(each.name, each.type, required=False, default="...", kind="keyword-only")
            for each in record.interface.fields
            if each.name not in named
        )
        return bind(arguments, callee, (*own, *further), context)
    kind: Literal["", "keyword-only"] = "" if record.by_position else "keyword-only"
    attributes = tuple(
        types.Parameter(each.name, each.type, each.required, "" if each.required else "...", kind)
        for each in record.interface.fields
    )
    return bind(arguments, callee, attributes, context)


def _settings(own: tuple[types.Parameter, ...]) -> tuple[types.Parameter, ...]:
    """What every module takes besides its own parameters."""
    names = {each.name for each in own}
    return tuple(each for each in catalog.settings() if each.name not in names)


# --- binding --------------------------------------------------------------------------------------------


def bind(
    arguments: Sequence[syntax.Argument],
    callee: Type,
    parameters: tuple[types.Parameter, ...] | None,
    context: Context,
) -> Binding:
    """Which argument is which parameter. Strings where a signature is expected are read as signatures."""
    if parameters is None:
        return Binding(callee, None)
    matched: list[tuple[syntax.Argument, types.Parameter]] = []
    unknown: list[syntax.Argument] = []
    repeated: list[syntax.Argument] = []
    surplus: list[syntax.Argument] = []
    positional: list[types.Parameter] = []
    by_name: dict[str, types.Parameter] = {}
    rest = further = None
    for each in parameters:
        match each.kind:
            case "":
                positional.append(each)
                by_name[each.name] = each
            case "keyword-only":
                by_name[each.name] = each
            case "positional-only":
                positional.append(each)
            case "*":
                rest = each
            case _:
                further = each
    taken: set[str] = set()
    index = 0
    spread = any(argument.star for argument in arguments)
    for argument in arguments:
        if argument.star:
            continue
        if argument.name is None:
            parameter = positional[index] if index < len(positional) else rest
            index += 1
        else:
            parameter = by_name.get(argument.name.text, further)
        if parameter is None:
            (surplus if argument.name is None else unknown).append(argument)
        elif parameter.name in taken and parameter.kind not in ("*", "**"):
            repeated.append(argument)
        else:
            taken.add(parameter.name)
            matched.append((argument, parameter))
            _read_signature(argument, parameter, context)
    missing = [each for each in parameters if each.required and each.name not in taken]
    return Binding(
        callee,
        parameters,
        tuple(matched),
        () if spread else tuple(missing),
        tuple(unknown),
        tuple(repeated),
        tuple(surplus),
    )


def _read_signature(argument: syntax.Argument, parameter: types.Parameter, context: Context) -> None:
    if isinstance(argument.value, syntax.String) and any(
        isinstance(each, types.SignatureLike) for each in types.options(parameter.type)
    ):
        context.record(argument.value, string_signature(argument.value, context))
