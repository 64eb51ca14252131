"""The modules inside a module: walking them by name, reaching one by its name, copying all.

Names are paths as Python writes them: `steps[0]`, `by['x']`, `cot.predict`; the root alone is `self`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Self, TypeVar

from ...base.expressions import pattern
from ..errors import ConfigurationError
from ..example import Example
from ..execution.settings import merged
from ..lm.base import BaseLM

T = TypeVar("T")

_STEP = pattern(r"\.?([^\W\d]\w*)|\[(\d+)\]|\[('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\]")


class Parameter:
    """What optimizers can change: it has `reset`, `dump_state` and `load_state`."""

    def reset(self) -> None:
        """Forget what was learned."""
        raise NotImplementedError

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """What was learned, in JSON types; without `json_mode` the values of demos as they are."""
        raise NotImplementedError

    def load_state(self, state: Mapping[str, Any], *, allow_unsafe_lm_state: bool = False) -> Any:
        """Load what was dumped."""
        raise NotImplementedError


class Predictor(Parameter):
    """A parameter that calls a model for a signature: `Predict` and its subclasses."""

    signature: Any
    """The inputs, outputs and instructions."""
    lm: BaseLM | None
    """The language model of its own, if any."""
    demos: list[Any]
    """Few-shot examples."""
    config: dict[str, Any]
    """Settings of the language model for its calls."""
    max_retries: int | None
    """How often an answer that cannot be used is shown to the model again."""
    _defaults: Mapping[str, Any] | None
    hint: str | None
    """What to do better than in an earlier attempt."""


class PartTree:
    """An object with modules inside it, which can be listed, copied and replaced."""

    _compiled: bool = False
    _part_settings: Mapping[str, Any] | None = None

    def named_parameters(self) -> list[tuple[str, Any]]:
        """What optimizers can change, with its paths; parts that are already compiled are left out."""
        return named_parameters(self)

    def parameters(self) -> list[Any]:
        """What optimizers can change."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_predictors(self) -> list[tuple[str, Any]]:
        """The predictors inside, with the paths to them: `cot.predict`, `steps[0]`, `by['x']`."""
        return [(name, part) for name, part in self.named_parameters() if isinstance(part, Predictor)]

    def predictors(self) -> list[Any]:
        """The predictors inside."""
        return [predictor for _, predictor in self.named_predictors()]

    def named_sub_modules(
        self, type_: type | None = None, skip_compiled: bool = False
    ) -> Iterator[tuple[str, Any]]:
        """This module as `self` and all modules inside it, with their paths.

        Args:
            type_: only those of this class.
            skip_compiled: do not look inside modules that an optimizer returned.
        """
        return named_sub_modules(self, type_, skip_compiled)

    def map_named_predictors(self, func: Callable[[Any], Any]) -> Any:
        """Replace every predictor by what a function returns for it.

        Returns:
            this module; for a predictor, which is its own only one, what the function returns for it.
        """
        for name, predictor in self.named_predictors():
            if predictor is self:
                return func(predictor)
            replace_at(self, name, func(predictor))
        return self

    def deepcopy(self) -> Self:
        """A copy with copies of all parts; language models, signatures and functions are shared."""
        twin: Self = copy_tree(self, {})
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin: Self = copy_tree(self, memo)
        return twin

    def reset_copy(self) -> Self:
        """A copy without anything learned."""
        twin = self.deepcopy()
        for parameter in twin.parameters():
            parameter.reset()
        return twin


def named_parameters(root: PartTree) -> list[tuple[str, Parameter]]:
    """Everything that optimizers may change, each once, in the order of the attributes; compiled parts are
    frozen.
    """
    found: list[tuple[str, Parameter]] = []
    seen: set[int] = set()

    def visit(name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            if id(value) not in seen:
                seen.add(id(value))
                found.append((name, value))
        elif isinstance(value, PartTree):
            if id(value) not in seen and not value._compiled:
                seen.add(id(value))
                for attribute, inner in _attributes(value):
                    visit(f"{name}.{attribute}", inner)
        elif isinstance(value, (list, tuple)):
            for index, inner in enumerate(value):
                visit(f"{name}[{index}]", inner)
        elif isinstance(value, dict):
            for key, inner in value.items():
                visit(f"{name}[{key!r}]", inner)

    if isinstance(root, Parameter):
        visit("self", root)
    for attribute, value in _attributes(root):
        visit(attribute, value)
    return found


def _attributes(module: Any) -> list[tuple[str, Any]]:
    """The attributes in which parts may be; the calls that a module remembers are many, and hold none."""
    return [(name, value) for name, value in module.__dict__.items() if name != "_history"]


def named_sub_modules(
    root: PartTree, type_: type | None = None, skip_compiled: bool = False
) -> Iterator[tuple[str, Any]]:
    """The module itself as `self` and all modules inside it, nearest first, each once."""
    wanted = type_ or PartTree
    queue: deque[tuple[str, Any]] = deque([("self", root)])
    seen = {id(root)}

    def push(name: str, value: Any) -> None:
        if isinstance(value, (PartTree, list, tuple, dict)) and id(value) not in seen:
            seen.add(id(value))
            queue.append((name, value))

    while queue:
        name, value = queue.popleft()
        if isinstance(value, wanted):
            yield name, value
        if isinstance(value, PartTree):
            if skip_compiled and value._compiled:
                continue
            for attribute, inner in _attributes(value):
                push(f"{name}.{attribute}", inner)
        elif isinstance(value, dict):
            for key, inner in value.items():
                push(f"{name}[{key!r}]", inner)
        elif isinstance(value, (list, tuple)):
            for index, inner in enumerate(value):
                push(f"{name}[{index}]", inner)


def settings_around(root: PartTree) -> dict[int, Mapping[str, Any]]:
    """What the modules around each predictor were made with for their parts, by the predictor's `id`."""
    start: Mapping[str, Any] = {}
    return _around(root, start, lambda module, around: merged(around, module._part_settings or {}))


def defaults_around(root: PartTree) -> dict[int, Mapping[str, Any] | None]:
    """The defaults that hold for each predictor inside, by its `id`: those of its file, or where that has
    none those of the nearest module around it that has some.
    """
    start: Mapping[str, Any] | None = None
    return _around(root, start, lambda module, around: getattr(module, "_defaults", None) or around)


def _around(root: PartTree, start: T, inside: Callable[[PartTree, T], T]) -> dict[int, T]:
    """What holds for each predictor, by its `id`.

    Args:
        root: the module that has them inside.
        start: what holds around it.
        inside: gives what holds in a module, from the module and what holds around it.
    """
    found: dict[int, T] = {}
    seen: set[int] = set()

    def visit(value: Any, around: T) -> None:
        if isinstance(value, PartTree) and id(value) not in seen:
            seen.add(id(value))
            around = inside(value, around)
            if isinstance(value, Parameter):
                found[id(value)] = around
            for _, inner in _attributes(value):
                visit(inner, around)
        elif isinstance(value, (list, tuple)):
            for inner in value:
                visit(inner, around)
        elif isinstance(value, dict):
            for inner in value.values():
                visit(inner, around)

    visit(root, start)
    return found


def replace_at(root: PartTree, name: str, new: Any) -> None:
    """Put another object where a path leads.

    Raises:
        ConfigurationError: the path leads nowhere.
    """
    steps = _steps(name)
    target: Any = root
    try:
        for is_attribute, key in steps[:-1]:
            target = getattr(target, key) if is_attribute else target[key]
        is_attribute, key = steps[-1]
        if is_attribute:
            setattr(target, key, new)
        else:
            target[key] = new
    except (AttributeError, LookupError, TypeError) as error:
        raise ConfigurationError(
            f"{type(root).__name__} has no part `{name}` that could be replaced"
        ) from error


def _steps(name: str) -> list[tuple[bool, Any]]:
    from ast import literal_eval

    steps: list[tuple[bool, Any]] = []
    offset = 0
    while offset < len(name):
        match = _STEP.match(name, offset)
        if match is None:
            raise ConfigurationError(f"`{name}` is not the path of a part")
        attribute, index, key = match.groups()
        if attribute is not None:
            steps.append((True, attribute))
        else:
            steps.append((False, int(index) if index is not None else literal_eval(key)))
        offset = match.end()
    return steps


def copy_tree(value: Any, memo: dict[int, Any]) -> Any:
    """A copy of a module with all that is inside it; what was shared inside stays shared.

    Signatures, language models, callbacks and functions are not copied: they are immutable, or stand for
    something outside. What cannot be copied is shared too.
    """
    import copy

    if isinstance(value, (str, int, float, bool, type, type(None), BaseLM)) or (
        callable(value) and not isinstance(value, PartTree)
    ):
        return value
    if id(value) in memo:
        return memo[id(value)]
    twin: Any
    match value:
        case PartTree():
            twin = type(value).__new__(type(value))
            memo[id(value)] = twin
            for attribute, inner in _attributes(value):
                twin.__dict__[attribute] = inner if attribute == "callbacks" else copy_tree(inner, memo)
        case Example():
            memo[id(value)] = twin = copy.copy(value)
        case list() if type(value) is list:
            memo[id(value)] = twin = []
            twin.extend(copy_tree(item, memo) for item in value)
        case dict() if type(value) is dict:
            memo[id(value)] = twin = {}
            twin.update((key, copy_tree(item, memo)) for key, item in value.items())
        case tuple() if type(value) is tuple:
            memo[id(value)] = twin = tuple(copy_tree(item, memo) for item in value)
        case _:
            memo[id(value)] = twin = _copy_of(value, memo)
    return twin


_shared: set[type] = set()
"""The classes of which it was said that their objects are shared."""


def _copy_of(value: Any, memo: dict[int, Any]) -> Any:
    """A copy of a foreign object, as deep as it can be; itself where it cannot be copied, which is logged
    once for its class.
    """
    import copy

    try:
        return copy.deepcopy(value, memo)
    except Exception:  # noqa: BLE001 whatever its own copying raises, there is another way
        with suppress(Exception):
            return copy.copy(value)
    kind = type(value)
    if kind not in _shared:
        _shared.add(kind)
        import logging

        logging.getLogger("dspyc").warning(
            "an attribute of type %s cannot be copied; the copy of its module shares it", kind.__qualname__
        )
    return value
