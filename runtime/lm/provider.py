"""Providers: who can start a model, stop it and make a better one of it by training."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from importlib import import_module
from typing import Any, ClassVar, Literal, TypeAlias

from ..errors import LMConfigurationError
from .base import BaseLM

TrainDataFormat: TypeAlias = Literal["chat", "completion"]


class TrainingJob(Future[BaseLM]):
    """A training that runs in a thread of its own; its result is the trained language model."""

    def __init__(
        self,
        model: str = "",
        train_data: list[dict[str, Any]] | None = None,
        train_data_format: TrainDataFormat | None = "chat",
        train_kwargs: Mapping[str, Any] | None = None,
        thread: threading.Thread | None = None,
    ) -> None:
        super().__init__()
        self.thread = thread
        self.model = model
        self.train_data = train_data or []
        self.train_data_format = train_data_format
        self.train_kwargs = dict(train_kwargs or {})

    def status(self) -> str:
        """Where it stands: `running`, `done`, `failed` or `cancelled`; providers may say more."""
        if self.cancelled():
            return "cancelled"
        if not self.done():
            return "running"
        return "failed" if self.exception() else "done"


class Provider:
    """What a provider can do; this base can do nothing beyond answering.

    Subclasses that train set `finetunable` and override `finetune`.
    """

    finetunable: ClassVar[bool] = False
    training_job: ClassVar[type[TrainingJob]] = TrainingJob

    def new_job(self, **facts: Any) -> TrainingJob:
        """A job of this provider's class, not started; DSPy's providers name the class `TrainingJob`."""
        kind: type[TrainingJob] = getattr(self, "TrainingJob", None) or self.training_job
        return kind(**facts)

    @staticmethod
    def launch(lm: BaseLM, launch_kwargs: Mapping[str, Any] | None = None) -> None:
        """Start serving the model; nothing to do for one that is always there."""

    @staticmethod
    def kill(lm: BaseLM, launch_kwargs: Mapping[str, Any] | None = None) -> None:
        """Stop serving the model; nothing to do for one that is always there."""

    @staticmethod
    def verify(model: str, train_kwargs: Mapping[str, Any] | None = None) -> None:
        """Complain about what would keep `finetune` from training the model, before anything is spent.

        Raises:
            LMConfigurationError: the model cannot be trained here, or what training needs is not installed.
            ConfigurationError: a setting that does not exist or cannot be.
        """

    @staticmethod
    def finetune(
        job: TrainingJob,
        model: str,
        train_data: list[dict[str, Any]],
        train_data_format: TrainDataFormat | None,
        train_kwargs: Mapping[str, Any] | None = None,
    ) -> str:
        """Train the model and return the name of the new one.

        Raises:
            LMConfigurationError: this provider does not train.
        """
        raise LMConfigurationError(f"nobody here can train `{model}`")


PROVIDERS: dict[str, str] = {
    "gguf/": ".training.local:LocalProvider",
    "embedded/": ".training.local:LocalProvider",
}
"""The longest beginning of a model's name that fits decides; all others get `Provider` itself."""


def provider_for(model: str) -> Provider:
    """The provider of a model.

    Raises:
        LMConfigurationError: it exists and what it needs is not installed.
    """
    fitting = [prefix for prefix in PROVIDERS if model.startswith(prefix)]
    if not fitting:
        return Provider()
    module_name, _, class_name = PROVIDERS[max(fitting, key=len)].partition(":")
    try:
        provider: Provider = getattr(import_module(module_name, __package__), class_name)()
    except ModuleNotFoundError as error:
        raise LMConfigurationError(
            f"training `{model}` needs the package `{error.name}`: pip install 'dspyc[train]'"
        ) from error
    return provider


def start_job(lm: BaseLM, provider: Provider, job: TrainingJob) -> None:
    """Run a job in a thread of its own; the trained model is a copy of the LM under its new name."""

    def work() -> None:
        if not job.set_running_or_notify_cancel():
            return
        try:
            name = provider.finetune(job, job.model, job.train_data, job.train_data_format, job.train_kwargs)
            job.set_result(lm.copy(model=name))
        except BaseException as error:  # noqa: BLE001 the failure belongs to whoever asks for the result
            job.set_exception(error)

    job.thread = threading.Thread(target=work, name=f"dspyc-training-{job.model}", daemon=True)
    job.thread.start()
