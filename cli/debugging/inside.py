"""What runs in a process that is debugged: a command, whose values are shown as what they stand for.

    python -m dspyc.cli.debugging.inside run FILE[:NAME] KEY=VALUE…

Calls that need nothing from each other run one after the other here, so that a line is done when the next one
is reached; only where an imported function is `async` they run together, as always. A variable may then hold
a step in flight, which is shown, and can be used in expressions, as its value as soon as that is there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from inspect import unwrap
from typing import Any

from ...runtime.compiled import Function, Module
from ...runtime.example import Example
from ...runtime.execution import drive
from ...runtime.execution.flow import Step


def main(words: list[str]) -> int:
    """Run a command of `dspyc`; its exit code."""
    from ..main import run

    run_in_order()
    show_values()
    return run(words)


def run_in_order() -> None:
    """Let the calls of compiled code run one after the other in this process."""
    setattr(Module, "needs_loop", property(_module_waits))  # noqa: B010 a class of ours, changed on purpose
    setattr(Function, "__call__", _call_in_order)  # noqa: B010


def _module_waits(module: Module) -> bool:
    """Whether something in a module can only be waited for."""
    inside = (one for _, one in module.named_sub_modules() if not isinstance(one, Module))
    return any(one.needs_loop for one in inside) or _names_async(type(module).aforward)


def _call_in_order(function: Function[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    return drive.run(function.acall(*args, **kwargs), concurrent=_names_async(function))


def _names_async(function: Callable[..., Any]) -> bool:
    """Whether the file of a compiled function imports an async one."""
    names: Mapping[str, Any] = unwrap(function).__globals__
    return any(
        drive.is_async(value)
        for value in names.values()
        if callable(value) and not isinstance(value, Function | Module | type)
    )


def show_values() -> None:
    """Let steps be used as their values, and debugpy show steps and predictions; for debugging only."""
    for name, function in {
        "__getattr__": _attribute,
        "__getitem__": lambda step, key: _given(step)[key],
        "__len__": lambda step: len(_given(step)),
        "__iter__": lambda step: iter(_given(step)),
        "__bool__": lambda step: step.outcome is None or bool(step.outcome[0]),
        "__eq__": _is_equal,
        "__hash__": object.__hash__,
    }.items():
        setattr(Step, name, function)
    try:
        from _pydevd_bundle.pydevd_extension_api import StrPresentationProvider, TypeResolveProvider
        from _pydevd_bundle.pydevd_extension_utils import EXTENSION_MANAGER_INSTANCE as MANAGER
    except ImportError:
        return  # no debugger has started this process
    TypeResolveProvider.register(_Fields)
    StrPresentationProvider.register(_Text)
    MANAGER.get_extension_classes(TypeResolveProvider).append(_Fields())
    MANAGER.get_extension_classes(StrPresentationProvider).append(_Text())


def value_of(value: Any) -> Any:
    """What a step has given, if it has; any other value is itself."""
    outcome = value.outcome if isinstance(value, Step) else None
    return value if outcome is None else outcome[0]


def _attribute(step: Step[Any], name: str) -> Any:
    return getattr(_given(step, f", so there is no `{name}` yet"), name)


def _given(step: Step[Any], meaning: str = "") -> Any:
    """What a step has given.

    Raises:
        AttributeError: it has given nothing yet, or has failed.
    """
    outcome = step.outcome
    if outcome is None:
        raise AttributeError(f"the call is still in flight, or has failed{meaning}")
    return outcome[0]


def _is_equal(step: Step[Any], other: Any) -> bool:
    outcome = step.outcome
    return step is other if outcome is None else bool(outcome[0] == value_of(other))


class _Fields:
    """What is shown inside a step or a prediction."""

    def can_provide(self, kind: type, name: str) -> bool:
        """Whether it knows values of a class."""
        return issubclass(kind, Step | Example)

    def resolve(self, value: Any, name: str) -> Any:
        """What is shown under a name."""
        return _inside(value)[name]

    def get_dictionary(self, value: Any) -> dict[str, Any]:
        """Everything that is shown, by name."""
        return _inside(value)


class _Text:
    """A step or a prediction as one line of text."""

    def can_provide(self, kind: type, name: str) -> bool:
        """Whether it knows values of a class."""
        return issubclass(kind, Step | Example)

    def get_str(self, value: Any) -> str:
        """The line."""
        value = value_of(value)
        if not isinstance(value, Example):
            return repr(value)
        return f"{type(value).__name__}({', '.join(f'{name}={each!r}' for name, each in value.items())})"


def _inside(value: Any) -> dict[str, Any]:
    value = value_of(value)
    if isinstance(value, Example | dict):
        return {str(name): each for name, each in value.items()}
    if isinstance(value, list | tuple):
        return {str(at): each for at, each in enumerate(value)}
    fields = getattr(type(value), "model_fields", None)
    return {} if fields is None else {name: getattr(value, name) for name in fields}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
