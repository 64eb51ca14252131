"""`Module`: the base of everything that is called with inputs and returns a `Prediction`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TextIO

from ...base.later import Later
from ..errors import ConfigurationError, MissingStateError, StateError, list_names
from ..execution import drive, trace
from ..execution.callbacks import BaseCallback, Report, listening
from ..execution.replacing import let_answer
from ..execution.settings import (
    CALL_SETTINGS,
    Heard,
    at_once,
    begin_call,
    begin_calls,
    begin_parts,
    end_call,
    end_calls,
    end_parts,
    lookup,
)
from ..interface import Interface
from ..lm import usage
from ..lm.base import BaseLM
from ..signature.signature import Signature
from .tree import PartTree

if TYPE_CHECKING:
    import inspect

    from ..execution import batch
    from ..lm import history as calls
    from ..state import files
    from . import saving, streaming
else:
    batch = Later(globals(), "batch", "..execution.batch")
    calls = Later(globals(), "calls", "..lm.history")
    files = Later(globals(), "files", "..state.files")
    saving = Later(globals(), "saving")
    streaming = Later(globals(), "streaming")


class CallSignature:
    """The attribute `__signature__` of a module: what any call takes beside its inputs, for an editor.

    It holds where the class in which it stands, and no other, says what a call does.
    """

    def __set_name__(self, owner: type[Module], name: str) -> None:
        self._of = owner

    def __get__(self, instance: Module | None, owner: type[Module]) -> inspect.Signature:
        if instance is None or owner.__call__ is not self._of.__call__:
            raise AttributeError("__signature__")
        import inspect

        kinds = inspect.Parameter
        options = {
            "lm": "BaseLM | None",
            "config": "Mapping[str, Any] | None",
            "demos": "list[Any] | None",
            "max_retries": "int | None",
        }
        return inspect.Signature(
            [
                *(
                    kinds(name, kinds.KEYWORD_ONLY, default=None, annotation=text)
                    for name, text in options.items()
                ),
                kinds("inputs", kinds.VAR_KEYWORD, annotation="Any"),
            ],
            return_annotation="Any",
        )


class Module(PartTree):
    """A program or a part of one.

    Subclasses define `forward(self, **inputs)`, or `async def aforward(self, **inputs)` when they await the
    calls they make; either way the module can be called (`module(question="…")`) and awaited (`await
    module.acall(question="…")`). Parts are attributes that hold modules, or lists or dicts of modules:

        class RAG(Module):
            def __init__(self, k):
                self.k = k
                self.respond = ChainOfThought("context, question -> response")

            def forward(self, question):
                return self.respond(context=search(question, k=self.k), question=question)
    """

    __signature__ = CallSignature()
    interface: ClassVar[Interface | None] = None
    """What the calls of a module class take and return, depending on its parameters; see `Interface`."""
    concurrent: ClassVar[bool] = True
    """Whether `aforward` may wait for an event loop. False if it waits only for model calls.
    """

    callbacks: Sequence[BaseCallback] = ()
    """Called for each call of this module; every module's constructor accepts them."""

    _defaults: Mapping[str, Any] | None = None
    _history: calls.CallHistory | None = None
    _forward_first: ClassVar[bool] = False
    _named: ClassVar[frozenset[str] | Literal["all"] | None] = None

    def __init__(self, callbacks: Sequence[BaseCallback] | None = None) -> None:
        if callbacks:
            self.callbacks = callbacks

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._forward_first = _depth(cls, "forward") < _depth(cls, "aforward")
        cls._named = None

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """Run the module and wait for its prediction."""
        if args:
            self._refuse_positional()
        if self._forward_first:
            return self._watched(self.forward, args, inputs)
        work = self.acall(*args, **inputs)
        return drive.run_on_loop(work) if self.needs_loop else drive.drive(work)

    async def acall(self, /, *args: Any, **inputs: Any) -> Any:
        """Run the module from asynchronous code."""
        if args:
            self._refuse_positional()
        if self._forward_first:
            return await drive.call_function(self._watched, self.forward, args, inputs)
        if self._needs_scope(inputs):
            with CallScope(self, args, inputs) as scope:
                return scope.finished(await self.aforward(*args, **inputs))
        token = trace.callers.set((*trace.callers.get(), self))
        try:
            return await self.aforward(*args, **inputs)
        finally:
            trace.callers.reset(token)

    def stream(self, /, **inputs: Any) -> Iterator[Any]:
        """Run the module and give what it writes while it runs.

        Pieces of the outputs of all its predictors come as `StreamResponse`, what its tools do as
        `StatusMessage`, a `StreamRestart` where an answer could not be used and the model is asked again, and
        at last the prediction. Closing the iterator cancels the call.
        """
        return streaming.stream_now(self, inputs)

    def astream(self, /, **inputs: Any) -> AsyncIterator[Any]:
        """What `stream` gives, for asynchronous code."""
        return streaming.stream_module(self, inputs)

    def forward(self, /, *args: Any, **inputs: Any) -> Any:
        """What a call does, without the bookkeeping around it."""
        if _depth(type(self), "aforward") == _NOWHERE:
            raise NotImplementedError(f"`{type(self).__name__}` defines neither `forward` nor `aforward`")
        return drive.run(self.aforward(*args, **inputs), concurrent=self.needs_loop)

    async def aforward(self, /, *args: Any, **inputs: Any) -> Any:
        """What an asynchronous call does, without the bookkeeping around it."""
        if _depth(type(self), "forward") == _NOWHERE:
            if type(self).__call__ is not Module.__call__:
                # A program of DSPy that defines nothing else.
                return await drive.call_function(self.__call__, *args, **inputs)
            raise NotImplementedError(f"`{type(self).__name__}` defines neither `forward` nor `aforward`")
        return await drive.call_function(self.forward, *args, **inputs)

    @property
    def needs_loop(self) -> bool:
        """Whether a call of this module, made from synchronous code, has to run on the event loop."""
        return self.concurrent and not self._forward_first

    # --- parts ------------------------------------------------------------------------------------------

    def set_lm(self, lm: BaseLM | None) -> None:
        """Give every predictor inside this language model."""
        for predictor in self.predictors():
            predictor.lm = lm

    def use_for_parts(self, lm: BaseLM | None = None, max_retries: int | None = None, **config: Any) -> None:
        """Set a language model, its settings and `max_retries` for all predictors inside that have none
        of their own.

        The predictors are not changed, so a module that is shared with another keeps its settings there.
        """
        let_answer(lm)
        given = {"lm": lm, "max_retries": max_retries, "config": config or None}
        self._part_settings = {name: value for name, value in given.items() if value is not None} or None

    def get_lm(self) -> BaseLM | None:
        """The language model that all predictors inside use, or None if none of them has one.

        Raises:
            ConfigurationError: they have different ones, or there are no predictors.
        """
        found: dict[int, BaseLM | None] = {id(one.lm): one.lm for one in self.predictors()}
        if len(found) != 1:
            name = type(self).__name__
            raise ConfigurationError(
                f"Multiple LMs: the predictors of {name} use {len(found)} different language models, so "
                "there is no single one to return"
                if found
                else f"{name} has no predictors, so it uses no language model"
            )
        (used,) = found.values()
        return used

    def argument_names(self) -> frozenset[str]:
        """The arguments that `forward`, or `aforward`, names."""
        named = _named_arguments(type(self))
        return frozenset() if named == "all" else named

    def declared_signature(self) -> type[Signature] | None:
        """The signature of the module's calls, or None if it is not known."""
        found = getattr(self, "signature", None)
        return found if isinstance(found, type) and issubclass(found, Signature) else None

    # --- many inputs ------------------------------------------------------------------------------------

    def batch(
        self,
        examples: Iterable[Any],
        num_threads: int | None = None,
        max_errors: int | None = None,
        return_failed_examples: bool = False,
        provide_traceback: bool | None = None,
        disable_progress_bar: bool = False,
        timeout: float = 120,
        straggler_limit: int = 3,
    ) -> Any:
        """Run the module on the inputs of many examples at the same time.

        Args:
            examples: examples whose inputs are marked, or dicts of inputs.
            num_threads: how many to run at a time; `settings.num_threads` unless given.
            max_errors: give up after this many failures; `settings.max_errors` unless given.
            return_failed_examples: also return the examples that failed and their errors.
            provide_traceback: log failures with their traceback.
            disable_progress_bar: accepted for compatibility with DSPy; no progress bar is drawn.
            timeout: seconds after which one of the last examples is started once more, because its call may
                hang; the first outcome counts. 0 for never.
            straggler_limit: how many examples "the last" are.

        Returns:
            The predictions in the order of the examples, None for a failed one; with `return_failed_examples`
            these, the failed examples and their errors.

        Raises:
            BatchError: more than `max_errors` failed; the first failure is its cause.
        """
        options = batch.BatchOptions(
            num_threads, max_errors, return_failed_examples, provide_traceback, timeout, straggler_limit
        )
        return batch.run_batch(self, list(examples), options)

    # --- state ------------------------------------------------------------------------------------------

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """What was learned, by the path of each parameter.

        Args:
            json_mode: in JSON types; False leaves the values of demos as they are.
        """
        return {name: parameter.dump_state(json_mode) for name, parameter in self.named_parameters()}

    def load_state(self, state: Mapping[str, Any], *, allow_unsafe_lm_state: bool = False) -> Self:
        """Load what `dump_state` returned, and return the module; nothing changes if it does not fit.

        Args:
            state: the state.
            allow_unsafe_lm_state: take every setting of the saved models, addresses among them: only for
                states that you trust, because they then say where your prompts and your key go.

        Raises:
            StateError: the state and this module have different parameters.
        """
        parameters = dict(self.named_parameters())
        given = {name for name in state if name != "metadata"}
        if missing := [name for name in parameters if name not in given]:
            raise MissingStateError(
                f"the state has no entry for {list_names(missing)}; it was saved from a different program"
            )
        if unknown := sorted(given - parameters.keys()):
            raise StateError(
                f"the state has an entry for {list_names(unknown)}, which this program does not have"
            )
        options: dict[str, Any] = {"allow_unsafe_lm_state": True} if allow_unsafe_lm_state else {}
        trial = dict(self.deepcopy().named_parameters())
        for name, parameter in trial.items():
            parameter.load_state(state[name], **options)
        for name, parameter in parameters.items():
            parameter.load_state(state[name], **options)
        return self

    def save(
        self,
        path: str | Path,
        save_program: bool = False,
        modules_to_serialize: Iterable[ModuleType] | None = None,
    ) -> None:
        """Write the state to a JSON file, or the whole program to a folder.

        Args:
            path: the file, which ends in `.json` and is replaced as a whole; or the folder.
            save_program: write the whole program, which `load` reads: its structure as JSON, and its own code
                as source text where no module has it. Nothing is pickled.
            modules_to_serialize: Python's modules whose source goes with the program, too.

        Raises:
            StateError: the path is of the other kind, or JSON cannot hold the state.
        """
        if save_program:
            saving.save_program(self, Path(path), modules_to_serialize)
        else:
            files.write_state(Path(path), self.dump_state())

    def load(self, path: str | Path, allow_pickle: bool = False, allow_unsafe_lm_state: bool = False) -> None:
        """Read the state from a JSON file that `save`, or DSPy, has written.

        Args:
            path: the file.
            allow_pickle: accepted for compatibility with DSPy; a pickle is never read.
            allow_unsafe_lm_state: as in `load_state`.

        Raises:
            StateError: the file is not a state, or the state does not fit.
        """
        state = files.read_state(Path(path))
        self.load_state(state, allow_unsafe_lm_state=allow_unsafe_lm_state)
        files.warn_of_versions(Path(path), state)

    # --- history ----------------------------------------------------------------------------------------

    @property
    def history(self) -> calls.CallHistory:
        """The model calls made inside this module's calls."""
        if self._history is None:
            self._history = calls.CallHistory()
        return self._history

    def inspect_history(self, n: int = 1, file: TextIO | None = None) -> None:
        """Print the last `n` model calls made inside this module's calls."""
        calls.show(self.history, n, file)

    def __repr__(self) -> str:
        parts = [f"{name} = {part!r}" for name, part in self.named_predictors()]
        return "\n".join(parts) or f"{type(self).__name__}()"

    def _watched(self, function: Callable[..., Any], args: tuple[Any, ...], inputs: dict[str, Any]) -> Any:
        if self._needs_scope(inputs):
            with CallScope(self, args, inputs) as scope:
                return scope.finished(function(*args, **inputs))
        token = trace.callers.set((*trace.callers.get(), self))
        try:
            return function(*args, **inputs)
        finally:
            trace.callers.reset(token)

    def _needs_scope(self, inputs: Mapping[str, Any]) -> bool:
        """Whether more holds during a call than who calls: settings of its own, a count of tokens, somebody
        who is told. Of most calls it does not.
        """
        here = at_once()
        return bool(
            here is None
            or here["track_usage"]
            or Heard.anywhere
            or self._part_settings is not None
            or self._defaults
            or self.callbacks
            or not inputs.keys().isdisjoint(CALL_SETTINGS)
        )

    def _refuse_positional(self) -> None:
        """Complain about inputs without names, where a class takes none."""

    def _take_settings(self, inputs: dict[str, Any]) -> Any:
        """Take what is not for `forward` out of a call's arguments, to hold for the predictors beneath."""
        cls = type(self)
        if (named := cls._named) is None:
            named = cls._named = _named_arguments(cls)
        if named == "all":
            # It takes all arguments and hands them on, as the modules around one predictor do.
            return None
        taken = {name: inputs.pop(name) for name in CALL_SETTINGS if name in inputs and name not in named}
        return begin_call(taken) if taken else None


class CallScope:
    """What holds during one call of a module: who calls, its settings, the tracker of tokens, if any, and
    the callbacks that are told of it. Takes the settings of the call out of its inputs.
    """

    __slots__ = ("_callers", "_calling", "_counting", "_parts", "_report", "_settings", "_tracker")

    def __init__(self, module: Module, args: tuple[Any, ...], inputs: dict[str, Any]) -> None:
        callbacks = listening(module.callbacks)
        told = {"args": args, "kwargs": dict(inputs)} if callbacks else {}
        self._report = Report(callbacks, "module", module, told) if callbacks else None
        self._callers = trace.callers.set((*trace.callers.get(), module))
        self._settings = None if inputs.keys().isdisjoint(CALL_SETTINGS) else module._take_settings(inputs)
        self._parts = None if module._part_settings is None else begin_parts(module._part_settings)
        self._calling = begin_calls(module._defaults) if module._defaults else None
        counts = lookup("track_usage", module._defaults)
        self._counting = usage.track_usage() if counts else None
        self._tracker: usage.UsageTracker | None = None

    def __enter__(self) -> Self:
        if self._counting is not None:
            self._tracker = self._counting.__enter__()
        return self

    def finished(self, prediction: Any) -> Any:
        """What the call gives, with what it has used."""
        if self._tracker is not None and hasattr(prediction, "set_lm_usage"):
            prediction.set_lm_usage(self._tracker.get_total_tokens())
        if self._report is not None:
            self._report.outputs = prediction
        return prediction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._counting is not None:
            self._counting.__exit__(kind, error, traceback)
        trace.callers.reset(self._callers)
        if self._calling is not None:
            end_calls(self._calling)
        if self._parts is not None:
            end_parts(self._parts)
        if self._settings is not None:
            end_call(self._settings)
        if self._report is not None:
            self._report.__exit__(kind, error, traceback)


async def call_part(part: Any, inputs: Mapping[str, Any]) -> Any:
    """Call a part of a module, or what a test has put in its place: a function, or an object with `__call__`
    and `acall`, of which synchronous code takes the first and asynchronous code the second.
    """
    if isinstance(part, Module):
        return await part.acall(**inputs)
    if not drive.blocking.get() and drive.is_async(getattr(part, "acall", None) or part):
        part = getattr(part, "acall", None) or part
    return await drive.call_function(part, **inputs)


def declared_signature(program: Any) -> type[Signature] | None:
    """The signature whose inputs and outputs a program's calls have, or None where it is not known."""
    return program.declared_signature() if isinstance(program, Module) else None


def _named_arguments(cls: Any) -> frozenset[str] | Literal["all"]:
    """The arguments that `forward` or `aforward` names; `all` when it takes any."""
    import inspect

    function = cls.forward if cls._forward_first else cls.aforward
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return "all"
    return frozenset(parameter.name for parameter in parameters)


_NOWHERE = 1_000


def _depth(cls: type, name: str) -> int:
    """How far up a class's bases the method is defined; `_NOWHERE` when only `Module` has it."""
    for depth, base in enumerate(cls.__mro__):
        if base is Module:
            return _NOWHERE
        if name in base.__dict__:
            return depth
    return _NOWHERE
