"""How many model calls a run makes at most.

What is counted are the answers of models. Where one cannot be read or breaks a condition, it is asked for
again up to `max_retries` times, and a failed `assert` makes calls again as often: a bound says what a run
makes without any of that, and with all of it. What Python code does is not seen, and is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from ...base.span import Span
from ...grammar import syntax
from ...grammar.parse import parse
from ...grammar.source import Source
from .. import types
from ..program import UNBOUND, Program, Symbol
from ..trees import children
from . import turns
from .calls import waiting_kind
from .count import ONE, ZERO, Count, UncountableError, most, number, size, unseen
from .here import Defaults, Here
from .paths import block
from .sizes import length_of, number_of

_MOST_STEPS = 20_000
"""How many expressions are looked at, at most."""


class Bound(Struct, frozen=True):
    """How many model calls a run makes at most."""

    without_retries: Count
    """When every answer can be read and every `assert` holds."""
    with_retries: Count
    """When none does before its last try."""


def most_calls(program: Program, symbol: Symbol) -> Bound | None:
    """The bound of a module, program, part or function; None for what makes no calls that can be seen."""
    here = Here(program, program.items[0]) if program.items else None
    there = here.at(symbol.place) if here is not None else None
    if there is None:
        return None
    try:
        counts = [_Counting(retried).of_symbol(there, symbol) for retried in (False, True)]
    except (UncountableError, RecursionError):
        return None
    return Bound(*counts) if any(each.terms for each in counts) else None


class _Counting:
    """One count, with or without retries."""

    def __init__(self, retried: bool) -> None:
        self._retried = retried
        self._steps = 0
        self._active: set[tuple[str, str, str]] = set()
        """What is being counted, so that recursion is seen."""
        self._defaults: dict[str, Defaults | None] = {}

    # --- declarations -----------------------------------------------------------------------------------

    def of_symbol(self, here: Here, symbol: Symbol) -> Count:
        """The calls that running a declared thing makes."""
        here = self._made_by(here, None)
        match here.item.declaration:
            case syntax.ModuleDeclaration() as node if symbol.kind == "part":
                value = here.value_of(symbol)
                return ZERO if value is None else self.of_module(self._inside(here, node), value[1])
            case syntax.ModuleDeclaration() as node:
                return self._of_body(self._inside(here, node), node)
            case syntax.FunctionDeclaration() as node:
                return self._of_function(here, node)
            case syntax.ValueDeclaration(kind="module" | "program", value=value):
                return self.of_module(here, value)
            case _:
                return ZERO

    def _inside(self, here: Here, node: syntax.ModuleDeclaration) -> Here:
        """The body of a module."""
        retries = turns.retries(here.defaults) if self._retried else ZERO
        return replace(
            here,
            body=node.forward or (),
            attempts=ONE + retries,
            is_retried=True,
            is_module=True,
            parameters=frozenset(id(each.name) for each in node.parameters),
            replaced={},
        )

    def _of_body(self, here: Here, node: syntax.ModuleDeclaration) -> Count:
        """`forward`, and `fallback` after a `forward` that failed at its end."""
        with self._entering(here) as is_new:
            if not is_new:
                return unseen(node.name.text)
            total = block(here, node.forward or (), self.of_expression).most
            if node.fallback is not None:
                fallback = replace(here, body=node.fallback, is_retried=False, replaced={})
                total = total + block(fallback, node.fallback, self.of_expression).most
            return total

    def _of_function(self, here: Here, node: syntax.FunctionDeclaration) -> Count:
        with self._entering(here) as is_new:
            if not is_new:
                return unseen(node.name.text)
            inside = replace(here, body=node.body, replaced={})
            return block(inside, node.body, self.of_expression).most

    @contextmanager
    def _entering(self, here: Here, name: str = "") -> Iterator[bool]:
        """Whether something is not being counted already, around the counting of it."""
        key = (here.program.path, here.item.key, name)
        if key in self._active:
            yield False
            return
        self._active.add(key)
        try:
            yield True
        finally:
            self._active.discard(key)

    # --- expressions ------------------------------------------------------------------------------------

    def of_expression(self, here: Here, node: syntax.Node) -> Count:
        """The calls that working out an expression makes at most."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise UncountableError
        if id(node) in here.replaced or isinstance(node, syntax.Lambda):
            return ZERO
        match node:
            case syntax.Conditional(test=test, body=body, otherwise=otherwise):
                ways = [self.of_expression(here, each) for each in (body, otherwise)]
                return self.of_expression(here, test) + most(ways)
            case syntax.Comprehension(element=element, clauses=clauses):
                return self._of_comprehension(here, element, clauses)
        inside = sum((self.of_expression(here, each) for each in children(node)), ZERO)
        return inside + self._of_call(here, node) if isinstance(node, syntax.Call) else inside

    def _of_comprehension(
        self, here: Here, element: syntax.Node, clauses: tuple[syntax.ComprehensionClause, ...]
    ) -> Count:
        total = self.of_expression(here, element)
        for clause in reversed(clauses):
            each = sum((self.of_expression(here, test) for test in clause.conditions), total)
            total = self.of_expression(here, clause.iterable) + length_of(here, clause.iterable) * each
        return total

    def _of_call(self, here: Here, node: syntax.Call) -> Count:
        kind = waiting_kind(here, node)
        match kind.target if kind is not None else None:
            case "module":
                return self._of_module_call(here, node)
            case "lm":
                return ONE
            case "function":
                return self.of_functions(here, node.function) + self._handed_on(here, node)
            case "python" if kind is not None and not (kind.effects or kind.awaits):
                return self._handed_on(here, node)
            case None:
                return self._of_method(here, node) + self._handed_on(here, node)
            case "print":
                return self._handed_on(here, node)
            case _:
                return unseen(here.text(node.function))

    def _of_module_call(self, here: Here, node: syntax.Call) -> Count:
        around = turns.called(here, node)
        function = node.function
        symbol = here.symbol(function) if isinstance(function, syntax.Name) else None
        if symbol is not None and symbol.kind not in ("part", "parameter"):
            # A module that is no part has the defaults of its own file, and none of this one.
            here = replace(here, defaults=None)
        return self.of_module(here.with_around(around), function)

    def _of_method(self, here: Here, node: syntax.Call) -> Count:
        """A method of a module, such as `batch`, may call it any number of times."""
        function = node.function
        owner = here.item.type_of(function.value) if isinstance(function, syntax.Attribute) else types.UNKNOWN
        return unseen(here.text(function)) if isinstance(owner, types.Module | types.AnyModule) else ZERO

    def _handed_on(self, here: Here, node: syntax.Call) -> Count:
        """A function that is handed to another may be called any number of times."""
        if here.call_kind(node).target == "constructor":
            return ZERO
        handed = (each.value for each in node.arguments if self._is_function(here, each.value))
        makes_calls = any(self.of_functions(here, each) != ZERO for each in handed)
        return unseen(here.text(node.function)) if makes_calls else ZERO

    def _is_function(self, here: Here, node: syntax.Expression) -> bool:
        kind = here.item.type_of(node)
        return isinstance(node, syntax.Lambda) or isinstance(kind, types.Module | types.Function)

    # --- modules and functions as values ----------------------------------------------------------------

    def of_module(self, here: Here, node: syntax.Expression) -> Count:
        """The calls that one call of a module makes; of several, the one that makes most."""
        match node:
            case syntax.Call():
                return self._of_made(here, node)
            case syntax.Name():
                return self._of_named(here, node)
            case syntax.Subscript(value=value) | syntax.Starred(value=value):
                return self.of_module(here, value)
            case syntax.Comprehension(element=element):
                value = element.value if isinstance(element, syntax.DictEntry) else element
                return self.of_module(here, value)
            case syntax.Dict(entries=entries):
                return most([self.of_module(here, each.value) for each in entries])
            case (
                syntax.List(elements=elements)
                | syntax.Tuple(elements=elements)
                | syntax.Boolean(values=elements)
            ):
                return most([self.of_module(here, each) for each in elements])
            case syntax.Conditional(body=body, otherwise=otherwise):
                return most([self.of_module(here, body), self.of_module(here, otherwise)])
            case syntax.Binary(left=left, operator="*"):
                return self.of_module(here, left)
            case _:
                return unseen(here.text(node))

    def _of_made(self, here: Here, node: syntax.Call) -> Count:
        """A module that a call makes."""
        match here.item.binding_of(node).callee:
            case types.Class(definition=definition) if definition.is_a("Module"):
                return self._by_formula(here, node, definition)
            case types.ModuleClass(place=place):
                return self._of_class(here, node, here.at(place))
            case _:
                # `tune.compile(classify, …)` works as `classify` does; `enumerate(xs)` gives what `xs` holds.
                found = [
                    each.value for each in node.arguments if _holds_modules(here.item.type_of(each.value))
                ]
                function = node.function
                if not found and isinstance(function, syntax.Attribute):
                    found = [function.value]
                return self.of_module(here, found[0]) if found else unseen(here.text(node))

    def _of_named(self, here: Here, node: syntax.Name) -> Count:
        symbol = here.symbol(node)
        if symbol is None:
            return unseen(node.text)
        if symbol.kind == "parameter" and id(symbol.node) in here.parameters and node.text not in here.given:
            return size(node.text, here.item.key)
        found = here.value_of(symbol)
        values = [found] if found is not None else []
        if symbol.kind in ("local", "unresolved"):
            values = [(here, each) for each in here.values_of_local(node.text)]
        with self._entering(here, node.text) as is_new:
            if not values or not is_new:
                return unseen(node.text)
            places = [self._made_by(there, here).with_around(here.around) for there, _ in values]
            return most(
                [self.of_module(place, value) for place, (_, value) in zip(places, values, strict=True)]
            )

    def _of_class(self, here: Here, node: syntax.Call, there: Here | None) -> Count:
        """A module of a class with a body, made with arguments."""
        declaration = there.item.declaration if there is not None else None
        binding = here.item.binding_of(node)
        if there is None or binding is UNBOUND or not isinstance(declaration, syntax.ModuleDeclaration):
            return unseen(here.text(node.function))
        given = {}
        for parameter in declaration.parameters:
            argument = binding.argument(parameter.name.text) if parameter.name is not None else None
            if parameter.name is not None and argument is not None:
                given[parameter.name.text] = (here, argument.value)
            elif parameter.name is not None and parameter.default is not None:
                given[parameter.name.text] = (there, parameter.default)
        around = turns.made_with(here, node)
        inside = replace(self._made_by(there, here), given=given, around=around)
        return self._of_body(self._inside(inside, declaration), declaration)

    def _by_formula(self, here: Here, node: syntax.Call, definition: types.ClassDefinition) -> Count:
        """A module of a class that says how many calls it makes."""
        formula = definition.shape.calls if definition.shape is not None else None
        binding = here.item.binding_of(node)
        if formula is None or binding is UNBOUND or any(each.star for each in node.arguments):
            return unseen(definition.name)
        inside = here.with_around(turns.made_with(here, node))
        parameters = {each.name: each for each in definition.parameters or ()}

        def value(name: str) -> Count:
            parameter, argument = parameters.get(name), binding.argument(name)
            if parameter is None:
                if name != "answer":
                    raise UncountableError
                return turns.answer(inside) if self._retried else ONE
            if parameter.type == types.INT:
                if argument is not None:
                    return number_of(here, argument.value)
                return number(int(parameter.default)) if parameter.default.isdecimal() else size(name, name)
            return ZERO if argument is None else self.of_functions(inside, argument.value)

        return _evaluate(_formula(formula), value)

    def of_functions(self, here: Here, node: syntax.Expression) -> Count:
        """The calls that one call of a function or module makes; of several, the one that makes most."""
        match node:
            case syntax.Lambda(body=body):
                return self.of_expression(here, body)
            case syntax.List(elements=elements) | syntax.Tuple(elements=elements):
                return most([self.of_functions(here, each) for each in elements])
            case syntax.Starred(value=value):
                return self.of_functions(here, value)
            case syntax.Constant():
                return ZERO
            case syntax.Call() if (wrapped := _in_tool(here, node)) is not None:
                return self.of_functions(here, wrapped)
        match here.item.type_of(node):
            case types.Module() | types.AnyModule():
                return self.of_module(here, node)
            case types.Instance(definition=definition) if definition.is_a("ToolServer"):
                return ZERO  # what a server does is its own affair
            case types.Function(origin="declared", place=place):
                there = here.at(place)
                declaration = there.item.declaration if there is not None else None
                if there is None or not isinstance(declaration, syntax.FunctionDeclaration):
                    return unseen(here.text(node))
                return self._of_function(self._made_by(there, None), declaration)
            case types.Function() as function:
                kind = here.program.kind_of_function(function)
                return unseen(here.text(node)) if kind.effects or kind.awaits else ZERO
        symbol = here.symbol(node) if isinstance(node, syntax.Name) else None
        found = here.value_of(symbol) if symbol is not None else None
        return self.of_functions(*found) if found is not None else unseen(here.text(node))

    def _made_by(self, here: Here, outer: Here | None) -> Here:
        """A place of a file: with its defaults, or those of what is made around where it has none."""
        path = here.program.path
        if path not in self._defaults:
            self._defaults[path] = turns.configured(here.program)
        return replace(here, defaults=self._defaults[path] or (outer.defaults if outer is not None else None))


def _in_tool(here: Here, node: syntax.Call) -> syntax.Expression | None:
    """The function in `Tool(function, …)`; None for another call."""
    match here.item.type_of(node.function):
        case types.Class(definition=definition) if definition.name == "Tool":
            argument = here.item.binding_of(node).argument("func")
            return argument.value if argument is not None else None
    return None


def _holds_modules(kind: types.Type) -> bool:
    """Whether a value is a module, or a list or dict of them."""
    match kind:
        case types.List(item=inside) | types.Iterable(item=inside) | types.Dict(value=inside):
            return _holds_modules(inside)
        case types.Union(options=options) | types.Tuple(items=options, rest=None):
            return any(map(_holds_modules, options))
        case _:
            return isinstance(kind, types.Module | types.AnyModule)


def _formula(text: str) -> syntax.Expression:
    """What a module class says of its calls, which is written as any expression is."""
    items = parse(Source("", f"calls = {text}")).items
    declaration = items[0].parsed.declaration if items else None
    return (
        declaration.value
        if isinstance(declaration, syntax.ConstantDeclaration)
        else syntax.Missing(Span(0, 0))
    )


def _evaluate(node: syntax.Expression, value: Callable[[str], Count]) -> Count:
    """A formula: sums, differences and products of numbers and names."""
    match node:
        case syntax.Constant(value=int() as known):
            return number(known)
        case syntax.Name(text=name):
            return value(name)
        case syntax.Binary(left=left, operator="+", right=right):
            return _evaluate(left, value) + _evaluate(right, value)
        case syntax.Binary(left=left, operator="-", right=right):
            return _evaluate(left, value) - _evaluate(right, value)
        case syntax.Binary(left=left, operator="*", right=right):
            return _evaluate(left, value) * _evaluate(right, value)
        case _:
            raise UncountableError
