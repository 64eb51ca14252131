"""What `teacher_settings` say of a teacher: settings of its runs, and settings of its models' requests."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from weakref import finalize

from ...base.forks import new_lock
from ...base.text import near
from ..errors import ConfigurationError, list_names
from ..execution.replacing import in_place_of
from ..execution.settings import DEFAULT_CONFIG, context
from ..modules.base import Module
from ..modules.models import models_of
from ..typed_settings import CallSettings, ModuleSettings

logger = logging.getLogger("dspyc")

OF_MODELS = frozenset(ModuleSettings.__annotations__) - frozenset(CallSettings.__annotations__)
"""Settings that go with a request, wherever a module or a call names them."""
_MISSPELLED = 0.8
"""How alike two names are that are taken for one; as in `configure`."""

_told: dict[int, set[str]] = {}
"""By the identity of an object, as long as it lives: a module of a program may have no hash."""
_lock = new_lock()


def verify_teacher_settings(given: Mapping[str, Any] | None) -> None:
    """Complain about a misspelt name, which would have no effect.

    Raises:
        ConfigurationError: naming it, and what it is probably meant to be.
    """
    for name in given or {}:
        if name in OF_MODELS or name in DEFAULT_CONFIG:
            continue
        if close := near(name, (*OF_MODELS, *DEFAULT_CONFIG), _MISSPELLED):
            raise ConfigurationError(
                f"`teacher_settings` has the unknown setting `{name}`; did you mean `{close}`?"
            )


def of_requests(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings that go with each request of the teacher's models."""
    return {name: value for name, value in (given or {}).items() if name in OF_MODELS}


def of_runs(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The other settings, which hold while the teacher runs."""
    return {name: value for name, value in (given or {}).items() if name not in OF_MODELS}


@contextmanager
def teaching(given: Mapping[str, Any] | None, guide: Module) -> Iterator[None]:
    """The time in which a teacher runs with its settings.

    Args:
        given: the `teacher_settings` of an optimizer.
        guide: the teacher, a copy of which nobody else uses; its predictors get the settings of requests.
    """
    let_ask(guide, of_requests(given))
    with context(**of_runs(given)):
        yield


def let_ask(guide: Module, settings: Mapping[str, Any]) -> None:
    """Send settings with each request of a program's predictors."""
    for predictor in guide.predictors() if settings else ():
        predictor.config = {**predictor.config, **settings}


def tell_of_unused(given: Mapping[str, Any] | None, student: Module, guide: Module | None) -> None:
    """Warn of teacher settings that change nothing, once for each student.

    Args:
        given: the `teacher_settings` of an optimizer.
        student: the program that learns.
        guide: the teacher; None where the labels are learned from and nothing runs.
    """
    if not given:
        return
    if guide is None:
        tell_once(student, '`teacher_settings` has no effect with `teacher="labels"`: no teacher runs')
        return
    if others := _which_have_others(given.get("lm"), guide):
        tell_once(
            student,
            f"the `lm` of `teacher_settings` is not used by predictors with a model of their own, which "
            f"{others}; pass a `teacher=` program whose predictors have the model that is to teach",
        )


def tell_of_unused_model(lm: Any, student: Module) -> None:
    """Warn of a `task_model` that predictors do not run with, once for each student.

    Args:
        lm: the model; None where none is given.
        student: the program that is to run with it.
    """
    if others := _which_have_others(lm, student):
        tell_once(
            student,
            f"`task_model` is not used by predictors with a model of their own, which {others}; the program "
            "is optimized for the models that it will run with",
        )


def _which_have_others(lm: Any, program: Module) -> str:
    """The predictors that would not be answered by a model that is configured, as `a` and `b` have."""
    if lm is None:
        return ""
    with context(lm=lm):
        others = [name for name, used in models_of(program).items() if used is not in_place_of(lm)]
    return f"{list_names(others)} {'has' if len(others) == 1 else 'have'}" if others else ""


def tell_once(of: Any, words: str) -> None:
    """Warn, unless it was said of this student or signature before: a search makes demos many times."""
    with _lock:
        if (told := _told.get(id(of))) is None:
            told = _told[id(of)] = set()
            finalize(of, _told.pop, id(of), None).atexit = False
        if words in told:
            return
        told.add(words)
    logger.warning("%s", words)
