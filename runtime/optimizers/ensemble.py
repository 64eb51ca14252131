"""`Ensemble`: several programs that answer together."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar

from ..errors import OptimizerError
from ..execution import flow
from ..execution.callables import name_of, takes
from ..limits import Ge
from ..modules.base import Module
from ..modules.function import as_module
from ..parameters import KW_ONLY, parameters
from ..signature.signature import Signature
from ..work.identity import value_digest
from .base import Optimizer
from .plan import Planned

logger = logging.getLogger("dspyc")


@parameters
class EnsembledProgram(Module):
    """Asks several programs and reduces their predictions to one; what `Ensemble` makes.

    The programs answer at the same time. All of them are saved with it, and optimizers can improve each.
    """

    programs: Sequence[Module]
    """The programs."""
    reduce_fn: Callable[[list[Any]], Any] | None = None
    """Makes one prediction of theirs, which come in the order of the programs; None returns the list."""
    size: Annotated[int, Ge(1)] | None = None
    """How many of the programs answer a call; all when None."""
    deterministic: bool = True
    """Let the inputs decide which programs answer."""

    def __post_init__(self) -> None:
        """Hold the programs in a list of its own."""
        self.programs = list(self.programs)

    @flow.scope
    async def aforward(self, /, **inputs: Any) -> Any:
        """Ask the programs, and reduce what they predict."""
        steps = [flow.start(program.acall(**inputs)) for program in self._asked(inputs)]
        predictions = [await step for step in steps]
        return predictions if self.reduce_fn is None else self.reduce_fn(predictions)

    def declared_signature(self) -> type[Signature] | None:
        """The signature that all of the programs have; None where they differ, or where one is not known."""
        found = [program.declared_signature() for program in self.programs]
        first = found[0]
        if first is None or self.reduce_fn is None:
            return None
        return first if all(each is not None and _same_fields(each, first) for each in found) else None

    def named_parameters(self) -> list[tuple[str, Any]]:
        """What optimizers can change in the programs, those of compiled ones too, or saving would lose it."""
        found: dict[int, tuple[str, Any]] = {}
        for index, program in enumerate(self.programs):
            for name, parameter in program.named_parameters():
                path = f"programs[{index}]" if name == "self" else f"programs[{index}].{name}"
                found.setdefault(id(parameter), (path, parameter))
        return list(found.values())

    def _identity(self) -> Any:
        return [self.reduce_fn, self.size, self.deterministic]

    def _asked(self, inputs: dict[str, Any]) -> Sequence[Module]:
        if self.size is None or self.size >= len(self.programs):
            return self.programs
        rng = random.Random(value_digest(inputs)) if self.deterministic else random.Random()
        return [self.programs[index] for index in sorted(rng.sample(range(len(self.programs)), self.size))]


@parameters
class Ensemble(Optimizer):
    """Makes one program of several: all of them answer, and a function reduces their predictions to one.

    No call is made to compile it. A common `reduce_fn` is `majority`, the answer that most programs give.

    From DSPy (Khattab et al., 2023, arXiv:2310.03714); voting over several answers is self-consistency (Wang
    et al., 2022, arXiv:2203.11171).
    """

    subject: ClassVar[str] = "programs"
    needs_state: ClassVar[bool] = False

    _: KW_ONLY
    reduce_fn: Callable[[list[Any]], Any] | None = None
    """Makes one prediction of the programs' predictions, such as `majority`; None returns the list."""
    size: Annotated[int, Ge(1)] | None = None
    """How many programs answer a call, drawn for each; all when None."""
    deterministic: bool = True
    """Draw them by the call's inputs, so that equal calls ask the same programs; False draws anew each
    time.
    """

    def compile(self, programs: Sequence[Module]) -> Module:  # type: ignore[override]  # not of one student
        """Return a program that asks all of these, or `size` of them.

        Args:
            programs: the programs, which are copied; plain functions are programs, too.

        Raises:
            OptimizerError: there are none, one of them is no program, or `reduce_fn` does not take a list of
                predictions.
        """
        self.verify(programs)
        if self.size is not None and self.size > (count := len(programs)):
            logger.warning("the ensemble asks all of its %d programs: `size` is %d", count, self.size)
        made = [as_module(program).deepcopy() for program in programs]
        return EnsembledProgram(made, self.reduce_fn, self.size, self.deterministic)

    def verify(self, programs: Sequence[Module]) -> None:  # type: ignore[override]
        """Raise what `compile` would reject.

        Args:
            programs: as in `compile`.

        Raises:
            OptimizerError: there are none, one of them is no program, or `reduce_fn` does not take a list of
                predictions.
        """
        if isinstance(programs, Module):
            raise OptimizerError("an ensemble is made of several programs: write compile([first, second])")
        others = [program for program in programs if not isinstance(as_module(program), Module)]
        if others:
            raise OptimizerError(f"an ensemble is made of programs, not of {type(others[0]).__name__}")
        if not len(programs):
            raise OptimizerError("an ensemble needs at least one program")
        if self.reduce_fn is not None and not takes(self.reduce_fn, 1):
            raise OptimizerError(
                f"`reduce_fn` is called with one value, the list of predictions, which "
                f"`{name_of(self.reduce_fn)}` does not take"
            )

    def plan(self, student: Any, **arguments: Any) -> Sequence[Planned]:
        """Nothing: to make an ensemble asks no model."""
        return []

    def outline(self, student: Any, **arguments: Any) -> Module:
        """The ensemble itself, which learns nothing.

        Args:
            student: the programs.
            arguments: none.
        """
        return self.compile(student, **arguments)


def _same_fields(one: type[Signature], other: type[Signature]) -> bool:
    return one is other or (
        list(one.input_fields) == list(other.input_fields)
        and list(one.output_fields) == list(other.output_fields)
    )
