"""`Program`: a module with the state that an optimizer has made for it.

What `program NAME = OPTIMIZER.compile(MODULE, trainset=…)` in a `.dspy` file becomes. Loading a file never
optimises: the program uses the state file beside the source where it fits, and elsewhere runs as its module.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self, overload

from ...base.forks import new_recursive_lock
from ..errors import ConfigurationError, StateError, list_names
from ..evaluate import Evaluate
from ..execution.planning import planning
from ..execution.progress import OnProgress, reporting_to
from ..execution.settings import calling
from ..modules.base import Module
from ..modules.models import models_of
from ..optimizers.base import Optimizer
from ..optimizers.plan import Span
from ..signature.signature import Signature
from ..state.files import verify_place, writable_folder
from ..state.format import (
    PredictorState,
    ProgramState,
    apply_state,
    differences,
    missing_model,
    read,
    signature_facts,
)
from ..work.budget import Budget
from ..work.engine import Engine
from ..work.run import journalled, working
from .capture import describe_top
from .making import Making, OptimizeResult, make_state
from .planning import OptimizePlan, plan_of

logger = logging.getLogger("dspyc")


@dataclass(frozen=True)
class _Recipe:
    """How a program is made. Not among the program's attributes, because those are searched for its parts."""

    optimizer: Optimizer
    name: str
    source: Path
    state_path: Path
    stale: Literal["warn", "error"]
    arguments: Mapping[str, Any]
    lock: Any = field(default_factory=new_recursive_lock)

    def __deepcopy__(self, memo: dict[int, Any]) -> _Recipe:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the lock, which no other process could use.
        return _Recipe, tuple(getattr(self, each.name) for each in fields(self) if each.name != "lock")


class Program(Module):
    """A module and its optimized state.

    It is called, batched and evaluated like its module; its predictors are the module's, with what was
    learned.

    Args:
        optimizer: what creates the state.
        student: the module, as the source declares it; it is not changed. For `Ensemble` the programs.
        name: the program's name in its file.
        source: the file that declares it.
        state: the state file, next to the source unless absolute; `<file>.<name>.state.json` when None.
        stale: what to do if a signature has changed since the state was created: `warn` and run
            that predictor as declared in the source, or raise an `error`.
        arguments: what `optimizer.compile` is called with: `trainset`, `valset`, `teacher`, …
    """

    _compiled = True

    def __init__(
        self,
        optimizer: Optimizer,
        student: Module | Sequence[Module] | None = None,
        *,
        name: str,
        source: str | os.PathLike[str],
        state: str | os.PathLike[str] | None = None,
        stale: Literal["warn", "error"] = "warn",
        **arguments: Any,
    ) -> None:
        if stale not in ("warn", "error"):
            raise ConfigurationError(f"`stale` must be 'warn' or 'error', not {stale!r}")
        if student is None:
            # Given by the name that `compile` has for it.
            student = arguments.pop(optimizer.subject, None)
        if student is None:
            raise ConfigurationError(
                f"`{name}` is compiled from nothing: {type(optimizer).__name__} needs `{optimizer.subject}`"
            )
        path = Path(source)
        beside = path.parent / (f"{path.stem}.{name}.state.json" if state is None else Path(state))
        self.student = student
        self._recipe = _Recipe(optimizer, name, path, beside, stale, arguments)
        self._module: Module | None = None

    @property
    def name(self) -> str:
        """The program's name in its file."""
        return self._recipe.name

    @property
    def source(self) -> Path:
        """The file that declares it."""
        return self._recipe.source

    @property
    def optimizer(self) -> Optimizer:
        """What makes the state."""
        return self._recipe.optimizer

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What `optimizer.compile` is called with, beside the student."""
        return self._recipe.arguments

    @property
    def state_path(self) -> Path:
        """The state file, which need not be there."""
        return self._recipe.state_path

    @property
    def journal_path(self) -> Path:
        """Where an optimisation keeps what it has done until its state is written."""
        stem = self.state_path.name.removesuffix(".json").removesuffix(".state")
        return self.state_path.with_name(f"{stem}.journal.jsonl")

    @property
    def module(self) -> Module:
        """The module that calls go to: a copy of the student with what was learned.

        Raises:
            StateError: the state file is broken, or does not fit and `stale` is `error`.
        """
        if self._module is None:
            with self._recipe.lock:
                if self._module is None:
                    self._module = self._load()
        return self._module

    @property
    def state(self) -> ProgramState | None:
        """The state file's content, or None where there is none.

        Raises:
            StateError: the file is broken.
        """
        if not self.state_path.exists():
            return None
        try:
            return read(self.state_path)
        except StateError as error:
            raise StateError(
                f"{error}\ndelete the file to run unoptimized, or create it again with: "
                f"dspyc optimize {self.source}:{self.name}"
            ) from error

    @property
    def needs_loop(self) -> bool:
        """Whether a call of this program, made from synchronous code, has to run on the event loop."""
        return self.module.needs_loop

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """Run the module and wait for its prediction.

        Raises:
            StateError: the state file is broken, or does not fit and `stale` is `error`.
        """
        # Before the call begins, because what is wrong with the state is no matter of the call.
        _ = self.module
        return super().__call__(*args, **inputs)

    async def aforward(self, /, *args: Any, **inputs: Any) -> Any:
        """Call the module."""
        return await self.module.acall(*args, **inputs)

    def declared_signature(self) -> type[Signature] | None:
        """The signature of the module."""
        return self.module.declared_signature()

    def named_parameters(self) -> list[tuple[str, Any]]:
        """What optimizers can change in the module."""
        return self.module.named_parameters()

    def reset_copy(self) -> Self:
        """A copy whose module is without anything learned."""
        twin = self.deepcopy()
        twin._module = self.module.reset_copy()
        return twin

    def stale_predictors(self) -> dict[str, list[str]]:
        """Why the state no longer fits the program, by predictor; empty if all of it fits.

        Raises:
            StateError: the state file is broken.
        """
        state = self.state
        return {} if state is None else self._changes(state, self.outline())

    def optimize(
        self,
        *,
        on_progress: OnProgress | None = None,
        evaluation: Evaluate | None = None,
        budget: Budget | None = None,
        journal: bool = False,
        fresh: bool = False,
        engine: Engine | None = None,
    ) -> OptimizeResult:
        """Run the optimizer and write the state; from then on the program uses it.

        Args:
            on_progress: called with the progress.
            evaluation: measures the module before and after; the state keeps both scores. Rows that fail
                count as failures, however many there are.
            budget: its limits; when one is reached, the best result so far is kept.
            journal: keep what was done in a file, `journal_path`, until the state is written. A process that
                is interrupted or killed loses nothing: the next call continues from there.
            fresh: ignore the journal of an earlier call and a model that was trained by one, and start over.
            engine: what runs programs on examples; threads of this process when None.

        Raises:
            OptimizerError: the optimizer cannot work, or its result fails on every example of the
                evaluation; an earlier state is kept.
            StateError: the state cannot be written; this is checked first. Its folder is created if needed.
            JournalError: the journal belongs to another run, or another process is using it.
        """
        subject = _plain_argument(self.student)
        subject = subject.deepcopy() if isinstance(subject, Module) else subject
        arguments = self._arguments()
        verify_place(self.state_path)
        self.optimizer.verify(subject, **arguments)
        making = Making(
            name=self.name,
            optimizer=self.optimizer,
            subject=subject,
            outline=self.optimizer.outline(subject, **arguments),
            arguments=arguments,
            given=self.arguments,
            source=self.source,
            state=self.state_path,
            reload=self._reload,
        )
        with (
            calling(self._defaults),
            writable_folder(self.state_path.parent),
            reporting_to(on_progress),
            self._run(making, budget, journal, fresh, engine),
        ):
            return make_state(making, evaluation)

    def plan(self, evaluation: Evaluate | None = None, per_run: Span | None = None) -> OptimizePlan:
        """What `optimize` will take, at least and at most: calls by role and model, tokens and dollars.

        Nothing is asked. Calls that an earlier, interrupted run has made already are counted, too.

        Args:
            evaluation: measures the module before and after.
            per_run: how many calls a run of the module makes, where that is known better than from its class.

        Raises:
            OptimizerError: the optimizer cannot work.
        """
        subject, arguments = _plain_argument(self.student), self._arguments()
        with calling(self._defaults), planning():
            self.optimizer.verify(subject, **arguments)
            planned = self.optimizer.plan(subject, **arguments)
            student = subject if isinstance(subject, Module) else self.outline()
            metric, rows = getattr(self.optimizer, "metric", None), arguments.get("trainset") or ()
            return plan_of(student, planned, evaluation, per_run, metric, rows)

    def top(self, n: int) -> TopPrograms:
        """The best programs that the optimizer tried, at most `n`; read when they are first used."""
        return TopPrograms(self, n)

    def __repr__(self) -> str:
        return f"Program({self.name!r}, {type(self.optimizer).__name__}, {self.student!r})"

    # --- loading ----------------------------------------------------------------------------------------

    def _load(self) -> Module:
        module = self.outline()
        state = self.state
        if state is None:
            if self.optimizer.needs_state:
                words = "the program `%s` has no state and runs unoptimized; %s"
                logger.warning(words, self.name, _remedy(self))
            return module
        if state.facts.get("unfinished"):
            logger.warning(
                "the state of the program `%s` is from a run that was interrupted; finish it with: "
                "dspyc optimize %s:%s", self.name, self.source, self.name)  # fmt: skip
        changes = self._changes(state, module)
        if changes:
            self._complain(changes)
        fitting = {name: one for name, one in state.predictors.items() if name not in changes}
        self._apply(module, fitting)
        module._compiled = True
        return module

    def outline(self) -> Module:
        """The module that a state is put into: what this one would be if nothing had been learned for it."""
        return self.optimizer.outline(_plain_argument(self.student), **self._arguments())

    def _arguments(self) -> dict[str, Any]:
        return {name: _plain_argument(value) for name, value in self.arguments.items()}

    def _reload(self) -> Module:
        with self._recipe.lock:
            self._module = None
            return self.module

    def _run(
        self,
        making: Making,
        budget: Budget | None,
        journal: bool,
        fresh: bool,
        engine: Engine | None,
    ) -> AbstractContextManager[Any]:
        """What holds while the optimizer runs: a journal, a budget, both or neither."""
        if journal:
            facts = making.run_facts()
            return journalled(self.journal_path, facts, fresh=fresh, budget=budget, engine=engine)
        if budget is None and engine is None and not fresh:
            return nullcontext()
        return working(budget=budget, engine=engine, fresh=fresh)

    def _changes(self, state: ProgramState, module: Module) -> dict[str, list[str]]:
        changes: dict[str, list[str]] = {}
        predictors = dict(module.named_predictors())
        for name, predictor in predictors.items():
            if name not in state.predictors:
                changes[name] = ["it is new"]
                continue
            saved = state.predictors[name]
            what = differences(saved.signature, signature_facts(predictor.signature))
            if missing := missing_model(saved, self.state_path.parent):
                what.append(f"its trained model `{missing}` is missing")
            if what:
                changes[name] = what
        for name in state.predictors:
            if name not in predictors:
                changes[name] = ["it is gone"]
        return changes

    def _apply(self, module: Module, found: Mapping[str, PredictorState]) -> None:
        models = models_of(module)
        for name, predictor in module.named_predictors():
            if name in found:
                try:
                    apply_state(predictor, found[name], self.state_path.parent, models[name])
                except StateError as error:
                    raise StateError(
                        f"the state of `{self.name}` does not fit `{name}`: {error}; optimize again with: "
                        f"dspyc optimize {self.source}:{self.name}"
                    ) from error

    def _complain(self, changes: Mapping[str, list[str]]) -> None:
        told = "; ".join(f"`{name}`: {', '.join(what)}" for name, what in changes.items())
        message = (
            f"the state of the program `{self.name}` no longer fits it ({told}); "
            f"optimize again with: dspyc optimize {self.source}:{self.name}"
        )
        if self._recipe.stale == "error":
            raise StateError(message)
        logger.warning("%s. Until then these predictors run unoptimized", message)


def _remedy(program: Program) -> str:
    """How a program gets its state."""
    if program.source.suffix == ".py":
        source = program.source.with_suffix(".dspy").name
        return f"create one with `dspyc optimize {source}:{program.name}`, then build {source} again"
    return f"create one with: dspyc optimize {program.source}:{program.name}"


class TopPrograms(Sequence[Module]):
    """The best programs that a program's optimizer tried; the state is read when they are first used."""

    def __init__(self, program: Program, n: int) -> None:
        if n < 1:
            raise ConfigurationError(f"`top` must be above 0, not {n}")
        self._program = program
        self._n = n
        self._found: list[Module] | None = None

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> list[Module]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._programs()[index]

    def __len__(self) -> int:
        return len(self._programs())

    def __iter__(self) -> Iterator[Module]:
        return iter(self._programs())

    def __repr__(self) -> str:
        return f"TopPrograms({describe_top(self._program.state_path, self._n)})"

    def _programs(self) -> list[Module]:
        if self._found is None:
            self._found = self._read()
        return self._found

    def _read(self) -> list[Module]:
        program = self._program
        state = program.state
        if state is None:
            raise StateError(
                f"the program `{program.name}` has no state, so it has no best programs; {_remedy(program)}"
            )
        if changes := program._changes(state, program.outline()):
            raise StateError(
                f"the state of the program `{program.name}` no longer fits {list_names(changes)}; "
                f"optimize again with: dspyc optimize {program.source}:{program.name}"
            )
        if not state.candidates:
            return [program.module]
        found: list[Module] = []
        for candidate in state.candidates[: self._n]:
            module = program.outline()
            program._apply(module, candidate.predictors)
            module._compiled = True
            found.append(module)
        return found


def plain_module(module: Module) -> Module:
    """A module itself, or the module that a program's calls go to."""
    return module.module if isinstance(module, Program) else module


def _plain_argument(value: Any) -> Any:
    if isinstance(value, Program):
        return value.module
    if isinstance(value, TopPrograms):
        return list(value)
    if isinstance(value, (list, tuple)) and any(isinstance(item, Program) for item in value):
        return [_plain_argument(item) for item in value]
    return value
