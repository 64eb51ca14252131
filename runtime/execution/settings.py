"""Settings: `configure` for the process, `context` for a stretch of code, a file's own defaults between them.

Which value wins, from the nearest to the furthest: the call, the part (a predictor's own `lm` and config),
`context(...)`, the defaults of the file that declares the part, `configure(...)`, the built-in default. For a
file without defaults those of the caller count: of the file whose module, function or evaluation is running.

The values of `context` live in a context variable, so threads and tasks do not see each other's; `configure`
is for the whole process and may be called from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

from ...base.text import near
from ..errors import ConfigurationError, did_you_mean
from . import trace as tracing
from .replacing import let_answer

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

_BUILT_IN: dict[str, Any] = {
    "lm": None,
    "adapter": None,
    "rm": None,
    "max_retries": 2,
    "accept_truncated": False,
    "max_concurrency": 32,
    "budget": None,
    "num_threads": 8,
    "max_errors": 10,
    "provide_traceback": False,
    "disable_history": False,
    "max_history_size": 1000,
    "track_usage": False,
    "experimental": False,
    "allow_code": False,
    "interpreter_factory": None,
    "allow_tool_async_sync_conversion": True,
}
_IN_PYTHON: dict[str, Any] = {
    "async_max_workers": 8,
    "callbacks": [],
    "max_trace_size": tracing.MOST,
    "send_stream": None,
    "usage_tracker": None,
}
"""Settings of objects that only Python makes, which `configure(…)` of a `.dspy` file does not have."""
_DEFAULTS = {**_BUILT_IN, **_IN_PYTHON}
_NAMES = frozenset(_DEFAULTS) | {"trace"}

DEFAULT_CONFIG: Mapping[str, Any] = _DEFAULTS
"""What holds where nothing is set; `configure(**DEFAULT_CONFIG)` goes back to it, as in DSPy's tests."""

_MISSPELLED = 0.8
"""How alike two names are that are taken for one."""

CALL_SETTINGS = ("lm", "config", "max_retries")
"""What a call of any module may say for all predictors beneath it, unless inputs of these names are there."""

_process = dict(_DEFAULTS)
_NONE: Mapping[str, Any] = {}
_context: ContextVar[Mapping[str, Any]] = ContextVar("dspyc_settings", default=_NONE)
_caller: ContextVar[Mapping[str, Any]] = ContextVar("dspyc_caller_settings", default=_NONE)
_call: ContextVar[Mapping[str, Any]] = ContextVar("dspyc_call_settings", default=_NONE)
_parts: ContextVar[Mapping[str, Any]] = ContextVar("dspyc_part_settings", default=_NONE)


class _Nearest(dict[str, Any]):
    """What `context(…)` says, and all settings as they hold there."""

    __slots__ = ("_whole",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._whole: tuple[object, Mapping[str, Any]] = (None, _NONE)

    def over_process(self) -> Mapping[str, Any]:
        """These and, beneath them, those of `configure(…)`."""
        version, whole = self._whole
        if version is not _Version.now:
            # The version first: what changes meanwhile is then looked at again.
            version = _Version.now
            whole = {**_process, **self}
            self._whole = version, whole
        return whole


class _Version:
    """Which settings of the process hold: another object after each change, whichever thread makes it."""

    now = object()


class Heard:
    """Whether callbacks of all calls were ever set in this process; where not, nobody looks for them."""

    anywhere = False


class Settings:
    """The settings as they hold here: `settings.lm`, `settings.num_threads`, …

    Names: `lm`, `adapter`, `rm`; `max_retries` (follow-up turns for an answer that cannot be read);
    `accept_truncated` (whether an answer that was cut off at `max_tokens` is read all the same);
    `max_concurrency` and `num_threads` (calls in flight at once); `budget` (the US dollars that models
    may cost from here on); `async_max_workers` (functions that `asyncify` runs at once); `max_errors` and
    `provide_traceback` (of batches and evaluations); `disable_history`, `max_history_size`,
    `track_usage`; `usage_tracker` (one that counts the tokens here; each item of a batch gets a copy);
    `send_stream` (where a program that is streamed sends pieces of its own; None elsewhere); `callbacks`
    (told of every call); `trace` (a list to record calls in) and `max_trace_size` (how many calls are kept
    where nobody records them, 100; a list that `configure(trace=[])` gives keeps the last 10,000, or as many
    as this setting says; one of `context(trace=[])` keeps all); `allow_code` (whether code that a model
    writes may run, in a sandbox), `interpreter_factory` (what makes that sandbox, instead of
    `PythonInterpreter`); `allow_tool_async_sync_conversion` (whether calling an async tool waits for it);
    `experimental`, which gates nothing and is taken so that DSPy's programs run.
    """

    def __getattr__(self, name: str) -> Any:
        if name == "trace":
            return tracing.read()
        try:
            return lookup(name)
        except KeyError:
            if name.startswith("__"):
                raise AttributeError(name) from None
            raise AttributeError(f"unknown setting `{name}`{did_you_mean(name, _NAMES)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        configure(**{name: value})

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        configure(**{name: value})

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in self.copy().items())})"

    def get(self, name: str, default: Any = None) -> Any:
        """The setting's value, or `default` where there is no such setting."""
        return getattr(self, name, default)

    def keys(self) -> list[str]:
        """The names of all settings, a program's own among them."""
        return sorted({*_NAMES, *_process, *_context.get()})

    def copy(self) -> dict[str, Any]:
        """All settings as they hold here, for `context(**settings.copy())`."""
        return {name: getattr(self, name) for name in self.keys()}

    def save(
        self,
        path: str | Path,
        modules_to_serialize: Iterable[ModuleType] | None = None,
        exclude_keys: Iterable[str] | None = None,
    ) -> None:
        """Write the settings as they hold here to a JSON file, which `load_settings` reads.

        Models go without addresses, headers and keys, as in saved states; nothing is pickled.

        Args:
            path: the file, which ends in `.json`.
            modules_to_serialize: Python's modules whose source goes with the settings that name them.
            exclude_keys: the names of settings that are left out.

        Raises:
            StateError: the path is of another kind, or a setting has a value that cannot be saved.
        """
        from importlib import import_module
        from pathlib import Path

        # What saves modules builds on the settings.
        saving = import_module("..modules.saving", __package__)
        saving.save_settings(self.copy(), Path(path), modules_to_serialize, exclude_keys)

    def configure(self, **values: Any) -> None:
        """See `configure`."""
        configure(**values)

    def context(self, **values: Any) -> Any:
        """See `context`."""
        return context(**values)


settings = Settings()


def configure(**values: Any) -> None:
    """Set values for the whole process; a name of the program's own is kept for it, too.

    Raises:
        ConfigurationError: a misspelt setting, or an invalid value.
    """
    values = _verified(values)
    if "trace" in values:
        tracing.Recent.given = values.pop("trace")
        tracing.start(tracing.Recent.given)
    if "max_trace_size" in values:
        most = tracing.Recent.most = values["max_trace_size"]
        # The default is for calls that nobody asked to be kept.
        tracing.Recent.most_given = tracing.MOST_GIVEN if most == tracing.MOST else most
    _process.update(values)
    _Version.now = object()


@contextmanager
def context(**values: Any) -> Iterator[None]:
    """Set values for the code inside the `with`, in this thread or task and in those started from it here.

    Raises:
        ConfigurationError: a misspelt setting, or an invalid value.
    """
    values = _verified(values, lookup("budget"))
    trace_token = tracing.start(values.pop("trace")) if "trace" in values else None
    token = _context.set(_Nearest({**_context.get(), **values})) if values else None
    try:
        yield
    finally:
        if token is not None:
            _context.reset(token)
        if trace_token is not None:
            tracing.stop(trace_token)


class FileDefaults(dict[str, Any]):
    """What the `configure(…)` of a file says; empty for a file without one.

    All modules that the file declares have the same object.
    """

    def __init__(self, values: Mapping[str, Any], file: str) -> None:
        super().__init__(values)
        self.file = file

    def __deepcopy__(self, memo: dict[int, Any]) -> FileDefaults:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return FileDefaults, (dict(self), self.file)


def lookup(name: str, defaults: Mapping[str, Any] | None = None) -> Any:
    """A setting as it holds here for a part that a file with these defaults declares."""
    nearest = _context.get()
    if nearest and name in nearest:
        return nearest[name]
    if defaults:
        if name in defaults:
            return defaults[name]
        # What configures no model does not mean to do without one.
        caller = _caller.get() if name == "lm" else _NONE
    else:
        caller = _caller.get()
    if caller and name in caller:
        return caller[name]
    return _process[name]


def at_once() -> Mapping[str, Any] | None:
    """All settings as they hold here: one look for several of them; None where a file's defaults hold, among
    which each has to be looked up.
    """
    if _caller.get():
        return None
    nearest = _context.get()
    return nearest.over_process() if type(nearest) is _Nearest else _process


def begin_calls(defaults: Mapping[str, Any] | None) -> Token[Mapping[str, Any]] | None:
    """Let a file's defaults hold for what its module, function or evaluation calls of files without any; give
    the token to `end_calls`.
    """
    if not defaults:
        return None
    caller = _caller.get()
    if defaults is caller:
        return None
    if "lm" not in defaults and "lm" in caller:
        defaults = {**defaults, "lm": caller["lm"]}
    return _caller.set(defaults)


def end_calls(token: Token[Mapping[str, Any]] | None) -> None:
    """Go back to what held before `begin_calls`."""
    if token is not None:
        _caller.reset(token)


@contextmanager
def calling(defaults: Mapping[str, Any] | None) -> Iterator[None]:
    """The time in which something of a file with these defaults runs; see `begin_calls`."""
    token = begin_calls(defaults)
    try:
        yield
    finally:
        end_calls(token)


def apply_defaults(defaults: Mapping[str, Any], *modules: Any, others: Container[int] = ()) -> None:
    """Give modules and everything inside them the defaults of their file, where they have none yet.

    Args:
        defaults: what the file's `configure(...)` says.
        modules: the modules that the file makes.
        others: the `id`s of modules that the file only uses: they are Python's, and follow who calls them.

    Raises:
        ConfigurationError: an unknown setting.
    """
    if isinstance(defaults, FileDefaults):
        defaults = _in_place(defaults)
    else:
        defaults = _verified(defaults, of_file=True)
    frozen = defaults if isinstance(defaults, FileDefaults) else FileDefaults(defaults, "")
    for module in modules:
        for _, part in module.named_sub_modules():
            if part._defaults is None and id(part) not in others:
                part._defaults = frozen


of_call: Callable[[], Mapping[str, Any]] = _call.get
"""What the calls of the modules around say: `lm`, `config`, `max_retries`."""


def begin_call(values: Mapping[str, Any]) -> Token[Mapping[str, Any]]:
    """Let a call's own `lm`, `config` and `max_retries` hold for the predictors beneath; give the token to
    `end_call`.
    """
    let_answer(values.get("lm"))
    return _call.set(merged(_call.get(), values))


def end_call(token: Token[Mapping[str, Any]]) -> None:
    """Go back to what held before `begin_call`."""
    _call.reset(token)


of_parts: Callable[[], Mapping[str, Any]] = _parts.get
"""What the modules around were made with, for the predictors beneath that have none of their own."""


def begin_parts(values: Mapping[str, Any]) -> Token[Mapping[str, Any]]:
    """Let the settings that a module was made with hold for the predictors beneath it; give the token to
    `end_parts`.
    """
    return _parts.set(merged(_parts.get(), values))


def end_parts(token: Token[Mapping[str, Any]]) -> None:
    """Go back to what held before `begin_parts`."""
    _parts.reset(token)


def reset() -> None:
    """Forget what `configure` set; for tests."""
    _process.clear()
    _process.update(_DEFAULTS)
    _Version.now = object()
    Heard.anywhere = False
    tracing.forget()


def merged(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> Mapping[str, Any]:
    """What holds inside both: the inner values first, each setting in `config` by itself."""
    both = {**outer, **{name: value for name, value in inner.items() if value is not None}}
    if outer.get("config") and inner.get("config"):
        both["config"] = {**outer["config"], **inner["config"]}
    return both


def _in_place(defaults: FileDefaults) -> FileDefaults:
    """The defaults of a file, which all of its modules share, with a budget that is being spent."""
    if type(defaults.get("budget")) in (int, float, str, bool):
        defaults["budget"] = _verified(defaults, of_file=True)["budget"]
    _verify(defaults, of_file=True)
    return defaults


def _verified(values: Mapping[str, Any], outer: Any = None, *, of_file: bool = False) -> dict[str, Any]:
    """Settings as they are kept: a budget as one that is being spent, inside of that around it."""
    _verify(values, of_file=of_file)
    kept = dict(values)
    if kept.get("budget") is not None:
        from .spending import Purse

        kept["budget"] = Purse.of(kept["budget"], outer)
    return kept


def _verify(values: Mapping[str, Any], *, of_file: bool = False) -> None:
    """Complain about what cannot be set; Python's programs may keep values of their own under other names."""
    for name, value in values.items():
        if name not in _NAMES and (of_file or near(name, _NAMES, _MISSPELLED)):
            raise ConfigurationError(
                f"unknown setting `{name}`{did_you_mean(name, _NAMES)}"
                f" (settings are {', '.join(sorted(_NAMES))})"
            )
        if name == "callbacks" and value:
            Heard.anywhere = True
        if name == "lm":
            if isinstance(value, str):
                raise ConfigurationError(f'`lm` must be a model object, not a name: write lm=LM("{value}")')
            let_answer(value)
