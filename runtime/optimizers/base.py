"""`Optimizer`: the base of everything that makes a program better by looking at data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any, ClassVar, overload

from ..errors import ConfigurationError, OptimizerError, list_names
from ..example import Example, listed_examples
from ..execution.callbacks import BaseCallback, listening, with_callbacks
from ..modules.base import Module
from ..parameters import parameters_of
from ..signature.inputs import as_demo
from ..work.identity import program_digest
from .plan import Planned
from .teaching import verify_teacher_settings


class Optimizer:
    """Improves a program: `optimizer.compile(student, trainset=train)`.

    A subclass declares its parameters as fields (`@parameters`) and defines `compile`, which returns the
    improved program and does not change the student.
    """

    subject: ClassVar[str] = "student"
    """The name of the first argument of `compile`."""
    needs_state: ClassVar[bool] = True
    """Whether a program of this optimizer is not complete before `compile` has learned something for it."""

    _reported_as: ClassVar[str] = "compile"
    callbacks: ClassVar[Sequence[BaseCallback]] = ()
    """Called for each `compile`; the constructor accepts them."""

    def __post_init__(self) -> None:
        """Complain about parameters that could have no effect.

        Raises:
            ConfigurationError: naming them.
        """
        verify_teacher_settings(getattr(self, "teacher_settings", None))
        # An optimizer without the parameter `metric` has its own way to score.
        if getattr(self, "metric_threshold", None) is not None and getattr(self, "metric", ...) is None:
            raise ConfigurationError("`metric_threshold` needs a `metric`, whose scores are compared with it")

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "compile" in cls.__dict__:
            cls.compile = _reported(cls.__dict__["compile"])  # type: ignore[method-assign]

    def compile(self, student: Module, *args: Any, **kwargs: Any) -> Module:
        """Return the improved program.

        Args:
            student: the program to improve; it is not changed.
            args: the optimizer's own arguments, such as the trainset.
            kwargs: the optimizer's own arguments, such as `teacher` and `valset`.

        Raises:
            OptimizerError: the optimizer cannot work with these.
        """
        raise NotImplementedError(f"`{type(self).__name__}` does not define `compile`")

    def verify(self, student: Module, *args: Any, **kwargs: Any) -> None:
        """Raise what is known to be wrong before anything is asked or measured.

        Args:
            student: as `compile` gets it; it is not changed.
            args: as `compile` gets them.
            kwargs: as `compile` gets them.

        Raises:
            OptimizerError: the optimizer cannot work with these.
        """

    def outline(self, student: Any, **arguments: Any) -> Module:
        """The program that `compile` would return, as it is before anything is learned: what a saved state is
        put into.

        Args:
            student: as `compile` gets it; it is not changed.
            arguments: as `compile` gets them.
        """
        program: Module = student.deepcopy()
        return program

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned] | None:
        """What `compile` will ask of models, at least and at most, before it asks anything.

        Args:
            student: the program.
            arguments: as `compile` gets them.

        Returns:
            runs of programs and calls of models; None where the optimizer cannot say.
        """
        return None

    def get_params(self) -> dict[str, Any]:
        """The parameters of the optimizer; of one with a constructor of its own, its attributes."""
        declared = [parameter.name for parameter in parameters_of(type(self))]
        return {name: getattr(self, name) for name in declared} if declared else dict(vars(self))


_compiling: ContextVar[tuple[Optimizer, ...]] = ContextVar("dspyc_compiling", default=())
"""The optimizers at work here, whose `compile` may call that of its base class."""


def _reported(compile_: Callable[..., Any]) -> Callable[..., Any]:
    """`compile`, of which callbacks are told once, however many classes take part in it."""
    told = with_callbacks(compile_)

    @wraps(compile_)
    def reported(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        outer = _compiling.get()
        if self in outer or not listening(self.callbacks):
            return compile_(self, *args, **kwargs)
        token = _compiling.set((*outer, self))
        try:
            return told(self, *args, **kwargs)
        finally:
            _compiling.reset(token)

    return reported


Teleprompter = Optimizer
"""DSPy's name for `Optimizer`."""


class Candidates(Sequence[dict[str, Any]]):
    """The programs that an optimizer tried, best first.

    Each is a dict with `program`, its `score` (None where it was not measured) and what the optimizer says of
    it, such as `subscores` and `seed`. Kept on the winner as `candidate_programs`. They are no parts of it,
    which is why this is not a list: a program's parts are found in its lists.
    """

    def __init__(self, candidates: Sequence[dict[str, Any]]) -> None:
        self._candidates = sorted(candidates, key=_rank)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._candidates[index]

    def __len__(self) -> int:
        return len(self._candidates)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._candidates)

    def __deepcopy__(self, memo: dict[int, Any]) -> Candidates:
        return self

    def __repr__(self) -> str:
        return f"Candidates({[candidate['score'] for candidate in self._candidates]})"


def _rank(candidate: dict[str, Any]) -> float:
    score = candidate["score"]
    return math.inf if score is None else -score


def as_examples(name: str, examples: Any) -> list[Example]:
    """The examples of a trainset or valset, as a list.

    Raises:
        OptimizerError: they are none, or nothing says which of their fields are inputs.
    """
    rows = listed_examples(name, examples, OptimizerError)
    if not rows:
        raise OptimizerError(f"`{name}` cannot be empty: an optimizer needs examples to learn from")
    for index, row in enumerate(rows):
        if row._input_keys is None:
            raise OptimizerError(
                f"example {index} of `{name}` does not say which of its fields are inputs: "
                "use Dataset(…, inputs=[…]) or example.with_inputs(…)"
            )
    return rows


def shown_by(demos: Iterable[Any], signature: Any) -> Callable[[Example], bool]:
    """What says of an example whether one of these demos shows the answer to the inputs that a predictor with
    this signature gets from it.
    """
    shown, inputs = list(demos), list(signature.input_fields)

    def is_shown(example: Example) -> bool:
        if not shown:
            return False
        names = [name for name in inputs if name in example]
        return bool(names) and any(_is_demo_of(demo, signature, example, names) for demo in shown)

    return is_shown


def _is_demo_of(demo: Any, signature: Any, example: Any, names: Sequence[str]) -> bool:
    """Whether a demo has the values of an example in these inputs."""
    if not all(name in demo for name in names):
        return False
    differing = [(demo[name], example[name]) for name in names if demo[name] != example[name]]
    if not differing or any(type(one) is type(other) and type(one) in _SCALARS for one, other in differing):
        return not differing
    # A demo that was made in a run holds records and numbers where a row of a file holds plain values.
    given, shown = ({name: each[name] for name in names} for each in (example, demo))
    return dict(as_demo(signature, Example(given))) == dict(as_demo(signature, Example(shown)))


_SCALARS = (str, int, float, bool)


def fresh_copy(student: Module) -> Module:
    """A copy that has learned no demos. Unlike in `reset_copy`, parts keep language models of their own."""
    twin = student.deepcopy()
    for parameter in twin.parameters():
        lm = getattr(parameter, "lm", None)
        parameter.reset()
        if lm is not None:
            parameter.lm = lm
    return twin


def has_learned(student: Module) -> bool:
    """Whether a program has something that `fresh_copy` would forget, so that it should compete as it is."""
    return program_digest(student) != program_digest(fresh_copy(student))


def verify_structure(student: Module, teacher: Module) -> None:
    """Complain about a teacher whose predictors are not the student's, with the same fields.

    Instructions and demos may differ: a teacher may well have better ones.

    Raises:
        OptimizerError: naming the first difference.
    """
    of_student, of_teacher = dict(student.named_predictors()), dict(teacher.named_predictors())
    if not of_student:
        raise OptimizerError(f"{type(student).__name__} has no predictor that an optimizer could change")
    if missing := [name for name in of_student if name not in of_teacher]:
        raise OptimizerError(
            f"student and teacher must have the same predictors; the teacher has no {list_names(missing)}, "
            f"it has {list_names(of_teacher)}"
        )
    if extra := [name for name in of_teacher if name not in of_student]:
        raise OptimizerError(
            f"student and teacher must have the same predictors; the student has no {list_names(extra)}"
        )
    for name, predictor in of_student.items():
        theirs = of_teacher[name]
        if predictor is theirs:
            raise OptimizerError(f"student and teacher share the predictor `{name}`; they must not share any")
        if (wanted := _fields(predictor)) != (found := _fields(theirs)):
            raise OptimizerError(
                f"the predictor `{name}` has the fields {wanted} in the student and {found} in the teacher"
            )


def _fields(predictor: Any) -> str:
    signature = predictor.signature
    return f"`{', '.join(signature.input_fields)} -> {', '.join(signature.output_fields)}`"
