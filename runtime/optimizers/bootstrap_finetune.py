"""`BootstrapFinetune`: a model trained on the teacher's successful runs."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import TimeoutError as NotYet
from typing import Annotated, Any

from ..adapters.base import Adapter
from ..errors import OptimizerError, list_names
from ..evaluate.scores import succeeded
from ..example import Example
from ..execution.progress import report, watched, within
from ..execution.settings import lookup
from ..interface import Examples, Metric
from ..limits import Ge
from ..lm.base import BaseLM
from ..modules.base import Module
from ..modules.models import models_of
from ..parameters import parameters
from ..work.run import exhausted, is_fresh, next_step
from .base import Optimizer, as_examples, verify_structure
from .labels import Labels, is_labels, runs_by_labels, verify_labels
from .plan import Planned, Span
from .rollouts import Call, calls_of
from .trace_data import TraceData, bootstrap_trace_data
from .training_jobs import (
    Job,
    finds_again,
    tell_of_other_forms,
    verify_adapter,
    verify_places,
    verify_trainable,
)

logger = logging.getLogger("dspyc")


@parameters
class BootstrapFinetune(Optimizer):
    """Trains the student's language models on the runs of a teacher that the metric accepts.

    The teacher runs on every training example; each call of a predictor in an accepted run becomes a
    conversation: the prompt as the student will send it, with the outputs as the answer. Each model is
    trained on the conversations of the predictors that use it, and is replaced in them. The returned program
    has the trained models.

    The setup is that of distillation with prompts (Khattab et al., 2023, arXiv:2310.03714; Soylu et al.,
    2024, arXiv:2407.10930).
    """

    metric: Metric | None = None
    """Whether a run is good enough to learn from; without a metric, all are."""
    multitask: bool = True
    """Train one model for all predictors that share a model, instead of one for each predictor."""
    train_kwargs: dict[Any, Any] | None = None
    """Settings of the training, or a dict of them for each language model."""
    adapter: Adapter | dict[Any, Adapter] | None = None
    """The format of the conversations, or one for each language model. When None, it is the program's own; a
    program that sets none gets compact prompts for models in GGUF files, and asks in the same form
    afterwards.
    """
    exclude_demos: bool = False
    """Leave the demos out of the conversations and of the returned program."""
    num_threads: Annotated[int, Ge(1)] = 6
    """How many examples to run at a time; at least the number of models to train."""

    def compile(
        self,
        student: Module,
        trainset: Examples,
        teacher: Module | Sequence[Module] | Labels | None = None,
    ) -> Module:
        """Return a copy of the student with trained models.

        Args:
            student: the program; it is not changed.
            trainset: the examples, with their inputs marked.
            teacher: the program whose runs to learn from, or several, with the student's structure. The
                student itself when None. "labels" trains on the rows' own labels: no model is called.

        Raises:
            OptimizerError: before any call, if a model is missing or cannot be trained, structures differ,
                or there are more models than threads; after the runs, if none was good enough, or a budget
                left no room for all of them; after the training, if it failed.
        """
        examples = as_examples("trainset", trainset)
        program = student.deepcopy()
        if is_labels(teacher):
            verify_labels(program, examples)
            jobs = self._plan(program)
            tell_of_other_forms(jobs)
            runs, attempts = runs_by_labels(program, examples), len(examples)
        else:
            teachers = self._teachers(program, teacher)
            jobs = self._plan(program)
            tell_of_other_forms(jobs)
            runs, attempts = self._runs(teachers, examples), len(examples) * len(teachers)
        for job in jobs:
            self._fill(job, program, runs, attempts)
        for job, model in zip(jobs, self._trained(jobs), strict=True):
            for name, predictor in program.named_predictors():
                if name in job.predictors:
                    predictor.lm = model
                    predictor.demos = [] if self.exclude_demos else predictor.demos
        program._compiled = True
        return program

    def verify(
        self,
        student: Module,
        trainset: Examples,
        teacher: Module | Sequence[Module] | Labels | None = None,
    ) -> None:
        """Raise that a model cannot be trained, a package is missing, and the like.

        Args:
            student: the program.
            trainset: the examples.
            teacher: as in `compile`.

        Raises:
            OptimizerError: what `compile` would raise before its first call.
        """
        examples = as_examples("trainset", trainset)
        if is_labels(teacher):
            verify_labels(student, examples)
        else:
            self._teachers(student, teacher)
        self._plan(student)

    def plan(self, student: Module, **arguments: Any) -> Sequence[Planned]:
        """What `compile` will ask of models; see `Optimizer.plan`. Training asks nothing."""
        teacher, rows = arguments.get("teacher"), len(arguments["trainset"])
        if is_labels(teacher):
            return []
        return [Planned("teacher", Span(rows, rows), guide) for guide in self._guides(student, teacher)]

    @staticmethod
    def finetune_lms(finetune_dict: Mapping[Any, Mapping[str, Any]]) -> dict[Any, Any]:
        """Train several models at the same time, and give the trained ones under the same keys.

        A subclass that trains otherwise overrides it; any model can be trained, then.

        Args:
            finetune_dict: for each key the arguments of a training: `lm`, `train_data`, and as far as they
                are not the usual ones `train_data_format` and `train_kwargs`.

        Raises:
            OptimizerError: a training failed; the others are stopped.
        """
        jobs = [
            Job(
                asked["lm"],
                None,
                dict(asked.get("train_kwargs") or {}),
                data=list(asked["train_data"]),
                data_format=asked.get("train_data_format") or "chat",
            )
            for asked in finetune_dict.values()
        ]
        return dict(zip(finetune_dict, _train(jobs), strict=True))

    @property
    def _has_own_training(self) -> bool:
        """Whether `finetune_lms` is another than ours: that of a subclass, or one put into this object."""
        return self.finetune_lms is not BootstrapFinetune.finetune_lms

    def _trained(self, jobs: list[Job]) -> list[Any]:
        """The trained models, in the order of the jobs."""
        if not self._has_own_training:
            return _train(jobs)
        keys = [(job.lm, None if self.multitask else number) for number, job in enumerate(jobs)]
        asked = {
            key: {
                "lm": job.lm,
                "train_data": job.data,
                "train_data_format": job.data_format,
                "train_kwargs": job.train_kwargs,
            }
            for key, job in zip(keys, jobs, strict=True)
        }
        try:
            trained = self.finetune_lms(asked)
        except OptimizerError:
            raise
        except Exception as error:
            raise OptimizerError(f"the training failed: {error}") from error
        if not isinstance(trained, Mapping):
            raise OptimizerError(
                f"`finetune_lms` returned {type(trained).__name__}; it must return a dict with the trained "
                "models under the keys of the dict that it is given"
            )
        missing = [job for key, job in zip(keys, jobs, strict=True) if key not in trained]
        if without := [name for job in missing for name in job.predictors]:
            raise OptimizerError(
                f"`finetune_lms` returned no model for {list_names(without)}; it must return a dict with the "
                "trained models under the keys of the dict that it is given"
            )
        return [trained[key] for key in keys]

    @staticmethod
    def _guides(student: Module, teacher: Module | Sequence[Module] | str | None) -> list[Module]:
        """Whose runs to learn from."""
        assert not isinstance(teacher, str)
        given = [teacher] if teacher is None or isinstance(teacher, Module) else list(teacher)
        if not given:
            raise OptimizerError("`teacher` is an empty list; leave it out to learn from the student itself")
        return [student if one is None else one for one in given]

    def _teachers(self, student: Module, teacher: Module | Sequence[Module] | str | None) -> list[Module]:
        teachers = [one.deepcopy() for one in self._guides(student, teacher)]
        for guide in teachers:
            verify_structure(student, guide)
        return teachers

    def _plan(self, program: Module) -> list[Job]:
        """What is to be trained, verified as far as that goes before the first call."""
        jobs: dict[tuple[int, str | None], Job] = {}
        models = models_of(program)
        without = [name for name, lm in models.items() if lm is None]
        if without:
            raise OptimizerError(
                f"no language model is set for {list_names(without)}; BootstrapFinetune trains the models "
                "that the student's predictors use"
            )
        for name, predictor in program.named_predictors():
            lm = models[name]
            key = (id(lm), None if self.multitask else name)
            if key not in jobs:
                adapter, form, asked_by = _way_to_ask(_for_model(self.adapter, lm), predictor, lm)
                finds = is_fresh() and not self._has_own_training and finds_again(lm)
                anew = {"fresh": True} if finds else {}
                kwargs = {**form, **anew, **self._train_kwargs(lm)}
                jobs[key] = Job(lm, adapter, kwargs, data_format=adapter.finetune_format, asked_by=asked_by)
            jobs[key].predictors.append(name)
        for job in jobs.values():
            if not self._has_own_training:
                verify_trainable(job)
            verify_adapter(job)
        verify_places(list(jobs.values()))
        if len(jobs) > self.num_threads:
            raise OptimizerError(
                f"there are {len(jobs)} models to train and `num_threads` is {self.num_threads}; it must be "
                f"at least {len(jobs)}"
                + ("" if self.multitask else ", or `multitask` true to train one for all predictors")
            )
        return list(jobs.values())

    def _train_kwargs(self, lm: Any) -> dict[str, Any]:
        given = self.train_kwargs or {}
        if any(isinstance(key, BaseLM) for key in given):
            given = given.get(lm) or {}
        return {**getattr(lm, "train_kwargs", {}), **given}

    def _runs(self, teachers: list[Module], examples: list[Example]) -> list[list[Call]]:
        """The calls of each accepted run."""
        runs: list[TraceData] = []
        for number, guide in enumerate(teachers, 1):
            with within(f"teacher {number} of {len(teachers)}" if len(teachers) > 1 else ""):
                runs += bootstrap_trace_data(guide, examples, self.metric, self.num_threads)
        limit = exhausted()
        if limit is not None and len(runs) < len(teachers) * len(examples):
            raise OptimizerError(
                f"the budget of {limit} is used up before the teacher ran on every example, so nothing was "
                f"trained{next_step()}"
            )
        accepted = [run for run in runs if self.metric is None or succeeded(self.metric, run["score"], None)]
        return [calls_of(run["trace"]) for run in accepted]

    def _fill(self, job: Job, program: Module, runs: list[list[Call]], attempts: int) -> None:
        predictors = dict(program.named_predictors())
        for calls in runs:
            for call in calls:
                if call.predictor in job.predictors:
                    job.data.append(self._conversation(job.adapter, predictors[call.predictor], call))
        if not job.data:
            reason = "the metric accepted none of the teacher's" if not runs else "it was not called in"
            raise OptimizerError(
                f"there is nothing to train {list_names(job.predictors)} on: {reason} {attempts} runs"
            )
        random.Random(0).shuffle(job.data)

    def _conversation(self, adapter: Adapter | None, predictor: Any, call: Call) -> dict[str, Any]:
        signature = predictor.signature
        inputs = {name: value for name, value in call.inputs.items() if name in signature.input_fields}
        outputs = {name: call.outputs[name] for name in signature.output_fields if name in call.outputs}
        demos = [] if self.exclude_demos else [demo for demo in predictor.demos if not _is_of(demo, inputs)]
        assert adapter is not None
        return adapter.format_finetune_data(signature, demos, inputs, outputs)


def _train(jobs: list[Job]) -> list[Any]:
    """Start all trainings, wait for all, and give the trained models; the first failure stops the others."""
    running: list[Any] = []
    try:
        for job in jobs:
            logger.info("training %s on %d conversations", job.lm.model, len(job.data))
            # A model that is being served may need the memory that its training wants.
            getattr(job.lm, "kill", lambda: None)()
            running.append(job.lm.finetune(job.data, job.data_format, job.train_kwargs or None))
        models: list[Any] = []
        for number, (job, training) in enumerate(zip(jobs, running, strict=True)):
            models.append(_wait(job, training, number, len(jobs)))
        report("train", len(jobs), len(jobs))
        return models
    except BaseException as error:
        for training in running:
            training.cancel()
        for training in running:
            getattr(training, "settle", lambda: None)()
        if isinstance(error, Exception) and not isinstance(error, OptimizerError):
            raise OptimizerError(f"the training failed: {error}") from error
        raise


def _wait(job: Job, training: Any, number: int, total: int) -> Any:
    """The trained model; while it is not there, say how far it is."""
    if not watched():
        return training.result()
    while True:
        try:
            return training.result(timeout=_POLL_SECONDS)
        except NotYet:
            if training.done():
                raise
            losses = getattr(training, "losses", None)
            told = f"step {len(losses)}, loss {losses[-1]:.2f}" if losses else f"{len(job.data)} rows"
            with within(job.lm.model if total > 1 else ""):
                report("train", number, total, told)


_POLL_SECONDS = 0.25


def _for_model(given: Any, lm: Any) -> Any:
    return given.get(lm) if isinstance(given, Mapping) else given


def _way_to_ask(
    given: Adapter | None, predictor: Any, lm: Any
) -> tuple[Adapter, dict[str, Any], type[Adapter]]:
    """What writes the conversations for a model, the setting by which the trained model remembers it, and the
    class of what will ask it.

    A model that keeps how it is to be asked gets compact prompts unless the program sets an adapter: the
    weights and the grammar will know what others have to be told on every call.
    """
    from ..adapters.chat import ChatAdapter
    from ..adapters.compact import CompactAdapter

    own = lookup("adapter", predictor._defaults)
    chosen = given or own
    provider = lm.infer_provider() if hasattr(lm, "infer_provider") else None
    tells = getattr(provider, "trained_form", None)
    form = tells(getattr(lm, "finetuning_model", None) or lm.model) if tells is not None else None
    if chosen is None:
        chosen = CompactAdapter() if form == "compact" else ChatAdapter()
    learned = CompactAdapter if isinstance(chosen, CompactAdapter) else ChatAdapter
    if form is None:
        return chosen, {}, type(own or ChatAdapter())
    return chosen, {"prompts": "compact" if learned is CompactAdapter else "chat"}, type(own or learned())


def _is_of(demo: Any, inputs: Mapping[str, Any]) -> bool:
    """Whether a demo shows the answer to these very inputs."""
    return all(demo.get(name) == value for name, value in inputs.items())
