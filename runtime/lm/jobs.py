"""Trainings that run in threads of their own."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, Literal, Protocol, TypeAlias

from .base import BaseLM

TrainDataFormat: TypeAlias = Literal["chat", "completion"]


class TrainingJob(Future[BaseLM]):
    """A training job that runs in a thread of its own; its result is the trained language model."""

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
        self.lm: BaseLM | None = None
        """The model that is trained, with its settings."""
        self.model = model
        self.train_data = train_data or []
        self.train_data_format = train_data_format
        self.train_kwargs = dict(train_kwargs or {})

    def status(self) -> str:
        """The state of the job: `running`, `done`, `failed` or `cancelled`; providers can add others."""
        if self.cancelled():
            return "cancelled"
        if not self.done():
            return "running"
        return "failed" if self.exception() else "done"


class Trainer(Protocol):
    """What a job asks of a provider."""

    def finetune(
        self,
        job: TrainingJob,
        model: str,
        train_data: list[dict[str, Any]],
        train_data_format: TrainDataFormat | None,
        train_kwargs: Mapping[str, Any] | None = None,
    ) -> str:
        """Train the model and return the name of the new one."""
        ...


def start_job(lm: BaseLM, provider: Trainer, job: TrainingJob) -> None:
    """Run a job in a thread of its own; the trained model is a copy of the LM under its new name."""

    job.lm = lm

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
