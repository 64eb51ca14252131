"""Choosing among categories by what earlier choices brought: Optuna's sampler, asked and told."""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from ..errors import OptimizerError
from ..execution.planning import is_planned

logger = logging.getLogger("dspyc")

Choice: TypeAlias = Mapping[str, int]
"""The number of a category, for each parameter."""


def require_optuna(what: str) -> Any:
    """The package `optuna`.

    Args:
        what: who needs it, for the message: "MIPROv2".

    Raises:
        OptimizerError: it is not installed.
    """
    try:
        return importlib.import_module("optuna")
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] != "optuna":
            raise
        raise OptimizerError(
            f"{what} searches with Optuna, which is not installed: pip install 'dspyc[optuna]'"
        ) from None


def verify_optuna(what: str) -> None:
    """Complain where Optuna is not installed; where a run is only planned, say so.

    Args:
        what: as in `require_optuna`.

    Raises:
        OptimizerError: it is not installed.
    """
    try:
        require_optuna(what)
    except OptimizerError as error:
        if not is_planned():
            raise
        logger.warning("%s", error)


class Sampler:
    """Proposes choices: a tree-structured Parzen estimator over all parameters together.

    TPE is by Bergstra et al., 2011, "Algorithms for Hyper-Parameter Optimization". The same seed, told the
    same, proposes the same.

    Args:
        what: who searches, for messages.
        sizes: how many categories each parameter has.
        seed: the seed.

    Raises:
        OptimizerError: Optuna is not installed.
    """

    def __init__(self, what: str, sizes: Mapping[str, int], seed: int) -> None:
        optuna = require_optuna(what)
        self._optuna = optuna
        self._distributions = {
            name: optuna.distributions.CategoricalDistribution(tuple(range(size)))
            for name, size in sizes.items()
        }
        with _quiet(optuna):
            # A choice that is not told of yet counts as a bad one, so that choices asked for together differ.
            sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
            self._study = optuna.create_study(direction="maximize", sampler=sampler)

    def ask(self) -> tuple[int, Choice]:
        """A choice, and the number by which to tell of it."""
        trial = self._study.ask(self._distributions)
        return trial.number, {name: trial.params[name] for name in self._distributions}

    def tell(self, number: int, score: float | None) -> None:
        """Say what came of a choice; None where it failed."""
        if score is None:
            self._study.tell(number, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(number, score)

    def note(self, choice: Choice, score: float) -> None:
        """Say what came of a choice that was not asked for."""
        trial = self._optuna.trial.create_trial(
            params=dict(choice), distributions=self._distributions, value=score
        )
        self._study.add_trial(trial)


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Optuna says of each study that it was created, and warns that `multivariate` is experimental.

    This is for making one alone: a change of Optuna's level makes `logging` forget the levels of all loggers.
    """
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)
