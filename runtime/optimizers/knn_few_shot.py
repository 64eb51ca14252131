"""`KNNFewShot`: demos from the training examples that are nearest to each call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from ..execution.drive import call_function
from ..execution.progress import unwatched
from ..interface import Examples, Metric
from ..limits import Ge
from ..modules.base import Module, call_part
from ..parameters import KW_ONLY, parameters
from ..retrieval.embedder import Embedder
from ..retrieval.knn import KNN
from ..signature.signature import Signature
from ..work.run import apart
from .base import Optimizer
from .bootstrap_few_shot import BootstrapFewShot
from .labels import Labels, is_labels, verify_teacher
from .plan import Planned


@parameters
class NearestFewShot(Module):
    """Runs a module with demos from the examples nearest to each call's inputs; what `KNNFewShot` makes.

    Its predictors are the module's, by the same names.
    """

    student: Module
    """What to run."""
    knn: KNN
    """Finds the examples."""
    bootstrap: BootstrapFewShot
    """Makes demos of them."""
    teacher: Module | Labels | None = None
    """Whose runs on the examples become demos."""

    @property
    def needs_loop(self) -> bool:
        """As the module does."""
        return self.student.needs_loop

    async def aforward(self, /, **inputs: Any) -> Any:
        """Make the demos for these inputs, and run."""
        signature = self.declared_signature()
        names = inputs if signature is None else signature.input_fields
        given = {name: inputs[name] for name in names if name in inputs}
        nearest = await self.knn.acall(**given)
        if not nearest:
            return await call_part(self.student, inputs)
        return await call_part(await call_function(self._with_demos, nearest), inputs)

    def declared_signature(self) -> type[Signature] | None:
        """The signature of the module."""
        return self.student.declared_signature()

    def named_parameters(self) -> list[tuple[str, Any]]:
        """What optimizers can change in the module."""
        return self.student.named_parameters()

    def map_named_predictors(self, func: Callable[[Any], Any]) -> Any:
        """Replace every predictor of the module by what a function returns for it."""
        self.student = self.student.map_named_predictors(func)
        return self

    def _identity(self) -> Any:
        return [self.knn.k, self.knn.trainset, vars(self.bootstrap), self.teacher]

    def _with_demos(self, nearest: Examples) -> Module:
        # These runs belong to the call: no journal of the work around it can tell them apart.
        with apart(), unwatched():
            return self.bootstrap.compile(self.student, teacher=self.teacher, trainset=nearest)


@parameters
class KNNFewShot(Optimizer):
    """Gives each call demos from the `k` training examples whose inputs are most like those of the call.

    The examples become demos as in `BootstrapFewShot`, at each call: the teacher runs on them, and what the
    metric accepts is shown. With `teacher="labels"` or `max_bootstrapped_demos=0` the examples are shown with
    their labels, and no further call is made. Demos that the student has are kept.

    From DSPy (Khattab et al., 2023, arXiv:2310.03714); choosing demos by similarity is from Liu et al., 2021,
    "What Makes Good In-Context Examples for GPT-3?", arXiv:2101.06804.
    """

    needs_state: ClassVar[bool] = False

    k: Annotated[int, Ge(1)]
    """How many of the nearest examples to take."""
    trainset: Examples
    """The examples, with their inputs marked."""
    vectorizer: Embedder | Any
    """What turns inputs into vectors."""
    _: KW_ONLY
    metric: Metric | None = None
    """Whether a run is good enough to be shown; without a metric, all are."""
    metric_threshold: float | None = None
    """The lowest accepted score; without one, any score that is true or not 0."""
    teacher_settings: dict[str, Any] | None = None
    """Settings for the teacher's runs: those of `configure`, such as a stronger `lm`, and those of requests,
    such as `temperature`.
    """
    max_bootstrapped_demos: Annotated[int, Ge(0)] = 4
    """The most demos from runs that each predictor gets for a call."""
    max_labeled_demos: Annotated[int, Ge(0)] = 16
    """The number of demos up to which the nearest examples are added with their labels."""
    max_rounds: Annotated[int, Ge(1)] = 1
    """How often to try an example; from the second time at temperature 1, unless `teacher_settings` or the
    predictor sets one.
    """
    max_errors: Annotated[int, Ge(1)] | None = None
    """The number of failed runs of one call after which to give up; `settings.max_errors` unless given."""

    @property
    def KNN(self) -> KNN:  # noqa: N802 DSPy's name
        """What finds the examples."""
        return KNN(self.k, self.trainset, self.vectorizer)

    def compile(self, student: Module, *, teacher: Module | Labels | None = None) -> Module:
        """Return a program that runs a copy of the student with demos for each call.

        Args:
            student: the program; it is not changed.
            teacher: the program whose runs become demos, with the student's structure; a copy of the student
                when None, and the rows' own labels when "labels".

        Raises:
            OptimizerError: teacher and student differ, or the labels do not teach every predictor.
        """
        self.verify(student, teacher=teacher)
        guide = teacher.deepcopy() if isinstance(teacher, Module) else teacher
        return NearestFewShot(student.deepcopy(), self.KNN, self._bootstrap(), guide)

    def verify(self, student: Module, *, teacher: Module | Labels | None = None) -> None:
        """Raise what `compile` would reject.

        Args:
            student: as in `compile`.
            teacher: as in `compile`.

        Raises:
            OptimizerError: teacher and student differ, or the labels do not teach every predictor.
        """
        verify_teacher(student, teacher, list(self.trainset) if is_labels(teacher) else ())

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned]:
        """What calls of the program will ask of models beside its own; see `Optimizer.plan`."""
        nearest = min(self.k, len(self.trainset))
        planned = self._bootstrap().plan(student, **{**arguments, "trainset": range(nearest)})
        return [replace(each, in_calls=True) for each in planned]

    def _bootstrap(self) -> BootstrapFewShot:
        """What makes demos of the examples that are nearest to a call."""
        names = ("metric", "metric_threshold", "teacher_settings", "max_rounds", "max_errors")
        return BootstrapFewShot(
            **{name: getattr(self, name) for name in names},
            max_bootstrapped_demos=self.max_bootstrapped_demos,
            max_labeled_demos=self.max_labeled_demos,
        )

    def outline(self, student: Any, **arguments: Any) -> Module:
        """The program itself, which learns nothing before it is called.

        Args:
            student: as in `compile`.
            arguments: as in `compile`.
        """
        return self.compile(student, **arguments)
