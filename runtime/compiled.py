"""What a compiled file is made of: its facts, its modules with a body, its functions that call modules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import update_wrapper
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, ParamSpec, TypeVar

from ..base.text import list_names
from .errors import ConfigurationError, InputError
from .execution.drive import run_on_loop
from .execution.settings import CALL_SETTINGS, FileDefaults, begin_calls, end_calls
from .execution.settings import apply_defaults as apply_to_modules
from .modules import base
from .modules.source import source_text
from .parameters import refuse_misspelled
from .signature.inputs import complete_inputs
from .signature.signature import Signature
from .typed_settings import CallSettings, ModuleSettings
from .values.inputs import Misfit, door

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class CompiledFile:
    """What tools know of a compiled file; its module has it as `__dspyc__`.

    Attributes:
        path: the `.dspy` file.
        kinds: what each declared name is: `module`, `program`, `evaluate`, `lm`, `dataset`, …
        tests: the test functions by their titles.
        uses: which of the file's names each declared name is made of.
    """

    path: str
    kinds: Mapping[str, str] = field(default_factory=dict)
    tests: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    uses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Module(base.Module):
    """A `module` of a `.dspy` file that has a body; its fields are those of `signature`."""

    signature: ClassVar[type[Signature]]
    _file_defaults: ClassVar[tuple[FileDefaults, frozenset[int]] | None] = None
    """The defaults of the file that the class stands in, and the modules that this file only uses."""

    async def acall(self, /, *args: Any, **inputs: Any) -> Any:
        """Run the module from asynchronous code.

        Raises:
            InputError: an input is unknown or missing, or violates a condition.
        """
        signature = self.signature
        expected = signature.input_fields
        if args:
            names = ", ".join(f"{name}=…" for name in expected)
            raise InputError(f"inputs must be passed by name: ({names})")
        own = {name: inputs.pop(name) for name in CALL_SETTINGS if name in inputs and name not in expected}
        complete = complete_inputs(signature, inputs, type(self).__name__)
        return await super().acall(**{name: complete.get(name) for name in expected}, **own)

    def configure_parts(self, **own: Any) -> None:
        """Let the settings that this module was made with hold for the parts that have none of their own.

        The defaults of the file that the class stands in come after them. Parts are not changed, because one
        may be another module's, too.

        Args:
            own: `lm`, `max_retries`, and settings of the LM such as `temperature`.

        Raises:
            ConfigurationError: a name that is an input's, or very like a parameter.
        """
        if self._file_defaults is not None:
            defaults, others = self._file_defaults
            # Without defaults of its own, the module itself follows the file that has made it.
            is_own = {id(self)} if not defaults else frozenset()
            apply_to_modules(defaults, self, others=others | is_own)
        if callbacks := own.pop("callbacks", None):
            self.callbacks = callbacks
        _refuse_inputs(type(self).__name__, own, self.signature)
        refuse_misspelled(type(self).__name__, own, signature(type(self)).parameters)
        self.use_for_parts(**own)

    def __repr__(self) -> str:
        parts = [f"{name} = {part!r}" for name, part in self.named_predictors()]
        return "\n".join(parts) or f"{type(self).__name__}({self.signature.signature})"


def _refuse_inputs(name: str, own: Iterable[str], signature: type[Signature]) -> None:
    """Complain about inputs that a module is constructed with; settings of that name stay settings.

    Raises:
        ConfigurationError: naming the call that was meant.
    """
    settings = ModuleSettings.__annotations__
    meant = [each for each in own if each in signature.input_fields and each not in settings]
    if meant:
        what = f"{list_names(meant)} {'is an input' if len(meant) == 1 else 'are inputs'}"
        call = ", ".join(f"{each}=…" for each in meant)
        raise ConfigurationError(
            f"{what} of `{name}` and not among its parameters: `{name}(…)` constructs the module; "
            f"call the result: `{name}()({call})`"
        )


class Predicted:
    """What type checkers know of every prediction of a module; its stub adds the outputs with their types.

    Only stubs name it: what a call returns is a `Prediction`, which has all of this.
    """

    if TYPE_CHECKING:

        def __getitem__(self, name: str) -> Any: ...

        def __contains__(self, name: object) -> bool: ...

        def keys(self) -> list[str]:
            """The names of the outputs."""

        def values(self) -> list[Any]:
            """The outputs."""

        def items(self) -> list[tuple[str, Any]]:
            """The outputs with their names."""

        def get(self, name: str, default: Any = None) -> Any:
            """An output, or a default."""

        def toDict(self) -> dict[str, Any]:  # noqa: N802 DSPy's name
            """The outputs as a dict."""

        def get_lm_usage(self) -> dict[str, Any] | None:
            """Tokens by model, when `track_usage` was set."""

        def get_lm_cost(self) -> float | None:
            """What the call cost in US dollars, when `track_usage` was set and the prices are known."""


class OpenPredicted(Predicted):
    """The same for a module of which not all outputs are known."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


class Function(Generic[P, T]):
    """A `def` or test that calls modules: called as it is, or awaited by `acall`."""

    _defaults: Mapping[str, Any] | None = None

    def __init__(self, function: Callable[P, Awaitable[T]]) -> None:
        self._function = function
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the function and wait for what it returns."""
        return run_on_loop(self.acall(*args, **kwargs))

    async def acall(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the function from asynchronous code."""
        token = begin_calls(self._defaults)
        try:
            return await self._function(*args, **kwargs)
        finally:
            end_calls(token)

    def __repr__(self) -> str:
        return f"<function {getattr(self, '__qualname__', '')}>"


def function(function: Callable[P, Awaitable[T]]) -> Function[P, T]:
    """Let an async function be called from synchronous code too."""
    return Function(function)


def apply_defaults(
    file: str, defaults: Mapping[str, Any], *declared: Any, imported: Iterable[Any] = ()
) -> None:
    """Give what a file declares its defaults: modules, evaluations, functions, and module classes for what
    they make from now on.

    Args:
        file: the file.
        defaults: what its `configure(…)` says; nothing where there is none.
        declared: the values of its declarations.
        imported: what it imports; a module among it that no file declares stays without defaults.

    Raises:
        ConfigurationError: an unknown setting.
    """
    frozen = FileDefaults(defaults, file)
    others = frozenset(id(part) for each in imported for part in _modules_in(each))
    apply_to_modules(frozen, *(each for each in declared if isinstance(each, base.Module)), others=others)
    for each in declared:
        if isinstance(each, type):
            if issubclass(each, Module):
                each._file_defaults = (frozen, others)
        elif not isinstance(each, base.Module) and hasattr(each, "_defaults"):
            each._defaults = frozen  # a function that calls modules, or an evaluation


def _modules_in(value: Any) -> Iterator[Any]:
    """A module with all that is inside it, or those that a Python module has."""
    for each in vars(value).values() if isinstance(value, ModuleType) else (value,):
        if isinstance(each, base.Module):
            yield from (part for _, part in each.named_sub_modules())


def as_type(kind: Any, value: Any, name: str) -> Any:
    """A value in the type that a parameter, variable, constant or result is declared with.

    A dict becomes the record, a text the member of an enumeration, inside lists and dicts, too.

    Args:
        kind: the declared type.
        value: what was given.
        name: what it was given for, for messages.

    Raises:
        InputError: it is not a value of that type.
    """
    try:
        return door(kind)(value)
    except Misfit as misfit:
        raise InputError(misfit.describe(name), field=name + misfit.path, value=misfit.value) from None


def folder(source: str) -> str:
    """The folder of a compiled file, in which the paths of its data begin."""
    return str(Path(source).resolve().parent)


__all__ = [
    "CallSettings",
    "CompiledFile",
    "Function",
    "Module",
    "ModuleSettings",
    "OpenPredicted",
    "Predicted",
    "apply_defaults",
    "as_type",
    "folder",
    "function",
    "source_text",
]
