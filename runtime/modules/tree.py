"""The modules inside a module: walking them by name, reaching one by its name, copying all.

Names are paths as Python writes them: `steps[0]`, `by['x']`, `cot.predict`; the root alone is `self`.
"""

from __future__ import annotations

import ast
import copy
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import DspycError
from ..example import Example
from ..execution.settings import merged

if TYPE_CHECKING:
    from .base import Module, Parameter

_STEP = re.compile(r"\.?([^\W\d]\w*)|\[(\d+)\]|\[('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\]")


def named_parameters(root: Module) -> list[tuple[str, Parameter]]:
    """Everything that optimizers may change, each once, in the order of the attributes; compiled parts are
    frozen.
    """
    from .base import Module, Parameter

    found: list[tuple[str, Parameter]] = []
    seen: set[int] = set()

    def visit(name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            if id(value) not in seen:
                seen.add(id(value))
                found.append((name, value))
        elif isinstance(value, Module):
            if id(value) not in seen and not value._compiled:
                seen.add(id(value))
                for attribute, inner in value.__dict__.items():
                    visit(f"{name}.{attribute}", inner)
        elif isinstance(value, (list, tuple)):
            for index, inner in enumerate(value):
                visit(f"{name}[{index}]", inner)
        elif isinstance(value, dict):
            for key, inner in value.items():
                visit(f"{name}[{key!r}]", inner)

    if isinstance(root, Parameter):
        visit("self", root)
    for attribute, value in root.__dict__.items():
        visit(attribute, value)
    return found


def named_sub_modules(
    root: Module, type_: type | None = None, skip_compiled: bool = False
) -> Iterator[tuple[str, Any]]:
    """The module itself as `self` and all modules inside it, nearest first, each once."""
    from .base import Module

    wanted = type_ or Module
    queue: deque[tuple[str, Any]] = deque([("self", root)])
    seen = {id(root)}

    def push(name: str, value: Any) -> None:
        if isinstance(value, (Module, list, tuple, dict)) and id(value) not in seen:
            seen.add(id(value))
            queue.append((name, value))

    while queue:
        name, value = queue.popleft()
        if isinstance(value, wanted):
            yield name, value
        if isinstance(value, Module):
            if skip_compiled and value._compiled:
                continue
            for attribute, inner in value.__dict__.items():
                push(f"{name}.{attribute}", inner)
        elif isinstance(value, dict):
            for key, inner in value.items():
                push(f"{name}[{key!r}]", inner)
        elif isinstance(value, (list, tuple)):
            for index, inner in enumerate(value):
                push(f"{name}[{index}]", inner)


def settings_around(root: Module) -> dict[int, Mapping[str, Any]]:
    """What the modules around each predictor were made with for their parts, by the predictor's `id`."""
    from .base import Module, Parameter

    found: dict[int, Mapping[str, Any]] = {}
    seen: set[int] = set()

    def visit(value: Any, around: Mapping[str, Any]) -> None:
        if isinstance(value, Module) and id(value) not in seen:
            seen.add(id(value))
            around = merged(around, value._part_settings or {})
            if isinstance(value, Parameter):
                found[id(value)] = around
            for inner in value.__dict__.values():
                visit(inner, around)
        elif isinstance(value, (list, tuple)):
            for inner in value:
                visit(inner, around)
        elif isinstance(value, dict):
            for inner in value.values():
                visit(inner, around)

    visit(root, {})
    return found


def replace_at(root: Module, name: str, new: Any) -> None:
    """Put another object where a path leads.

    Raises:
        DspycError: the path leads nowhere.
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
        raise DspycError(
            f"`{name}` leads to nothing that could be replaced in {type(root).__name__}"
        ) from error


def _steps(name: str) -> list[tuple[bool, Any]]:
    steps: list[tuple[bool, Any]] = []
    offset = 0
    while offset < len(name):
        match = _STEP.match(name, offset)
        if match is None:
            raise DspycError(f"`{name}` is no path to a part")
        attribute, index, key = match.groups()
        if attribute is not None:
            steps.append((True, attribute))
        else:
            steps.append((False, int(index) if index is not None else ast.literal_eval(key)))
        offset = match.end()
    return steps


def copy_tree(value: Any, memo: dict[int, Any]) -> Any:
    """A copy of a module with all that is inside it; what was shared inside stays shared.

    Signatures, language models and functions are not copied: they are immutable, or stand for something
    outside. What cannot be copied is shared too.
    """
    from ..lm.base import BaseLM
    from .base import Module

    if isinstance(value, (str, int, float, bool, type, type(None), BaseLM)) or (
        callable(value) and not isinstance(value, Module)
    ):
        return value
    if id(value) in memo:
        return memo[id(value)]
    twin: Any
    match value:
        case Module():
            twin = type(value).__new__(type(value))
            memo[id(value)] = twin
            for attribute, inner in value.__dict__.items():
                # The calls of the one are not those of the other.
                if attribute != "_history":
                    twin.__dict__[attribute] = copy_tree(inner, memo)
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
            try:
                twin = copy.deepcopy(value, memo)
            except Exception:  # noqa: BLE001 whatever a foreign object's own copying raises, sharing it is the way out
                twin = value
            memo[id(value)] = twin
    return twin
