"""Training at OpenAI, and at servers that speak its protocol for fine-tuning."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, ClassVar

from ...errors import ConfigurationError, DataError, LMConfigurationError, LMError, LMUnexpectedError
from ..base import BaseLM
from ..jobs import TrainDataFormat, TrainingJob
from ..provider import Provider
from .remote import POLL_SECONDS, RemoteTrainingJob, naming
from .under_way import JobUnderWay
from .wire import Server

logger = logging.getLogger("dspyc")

OF_THE_JOB = ("suffix", "seed", "method", "metadata", "integrations", "validation_file")
"""Train settings that stand beside the hyperparameters in a job."""
ENDED = ("succeeded", "failed", "cancelled")
_STATES = {
    "validating_files": "pending",
    "queued": "pending",
    "running": "running",
    "pausing": "paused",
    "paused": "paused",
    "succeeded": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}


class OpenAITrainingJob(RemoteTrainingJob):
    """A training at a server: it goes on there whatever becomes of this process.

    `provider_job_id` is its number there: `train_kwargs={"job_id": …}` waits for a job that is under way.
    """

    states: ClassVar[Mapping[str, str]] = _STATES

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.server: Server | None = None
        self.provider_file_id: str | None = None
        self.provider_job_id: str | None = None
        self.estimated_finish: int | None = None
        self.losses: list[float] = []

    def stop_at_server(self) -> bool:
        """Stop the job at the server; False when there is none yet."""
        if self.server is None or self.provider_job_id is None:
            return False
        self.server.cancel(self.provider_job_id)
        return True

    def forget_file(self) -> None:
        """Delete the job's file, which nobody needs any more; that it is gone already is no failure."""
        if self.server is not None and self.provider_file_id is not None:
            with suppress(LMError):
                self.server.delete_file(self.provider_file_id)
            self.provider_file_id = None

    def pause(self) -> None:
        """Hold the job at the server."""
        server, number = self._under_way()
        self.provider_status = str(server.pause(number)["status"])

    def resume(self) -> None:
        """Let the held job go on."""
        server, number = self._under_way()
        self.provider_status = str(server.resume(number)["status"])

    def checkpoints(self) -> list[dict[str, Any]]:
        """The models after single epochs, the latest first, as the server tells of them."""
        server, number = self._under_way()
        return list(server.checkpoints(number))

    def _under_way(self) -> tuple[Server, str]:
        if self.server is None or self.provider_job_id is None:
            raise ConfigurationError("the training has not been created at the server yet")
        return self.server, self.provider_job_id


class OpenAIProvider(Provider):
    """Trains at OpenAI, or at the server that `api_base` names.

    The training's settings are OpenAI's hyperparameters (`n_epochs`, `batch_size`,
    `learning_rate_multiplier`), those of a job (`suffix`, `seed`, `method`, …), and `poll_seconds`, the time
    between two looks at the job, and `job_id`, to wait for a job that is under way in place of a new one.

    The same training asked for again at the same server takes up the job that an earlier process has begun,
    or its model, unless the setting `fresh` is true.
    """

    finetunable: ClassVar[bool] = True
    finds_again: ClassVar[bool] = True
    training_job: ClassVar[type[TrainingJob] | None] = OpenAITrainingJob

    @staticmethod
    def verify(model: str, train_kwargs: Mapping[str, Any] | None = None) -> None:
        """Complain about settings that no server takes; nothing is sent.

        Raises:
            ConfigurationError: a setting that has an invalid value.
        """
        settings = train_kwargs or {}
        seconds = settings.get("poll_seconds", POLL_SECONDS)
        if not isinstance(seconds, (int, float)) or seconds <= 0:
            raise ConfigurationError(f"`poll_seconds` must be above 0, not {seconds!r}")
        given = settings.get("n_epochs", "auto")
        if given != "auto" and (not isinstance(given, int) or given < 1):
            raise ConfigurationError(
                f'`n_epochs` must be a whole number of at least 1, or "auto", not {given!r}'
            )
        if not isinstance(settings.get("fresh", False), bool):
            raise ConfigurationError(f"`fresh` must be true or false, not {settings['fresh']!r}")

    @staticmethod
    def verify_lm(lm: BaseLM) -> None:
        """Complain that there is no key for OpenAI itself."""
        Server.of(lm.kwargs)

    @staticmethod
    def finetune(
        job: TrainingJob,
        model: str,
        train_data: list[dict[str, Any]],
        train_data_format: TrainDataFormat | None,
        train_kwargs: Mapping[str, Any] | None = None,
    ) -> str:
        """Upload the data, create a job, wait for it, and return the new model's name.

        Raises:
            LMError: the server refused it, could not be reached, or the training failed there.
            DataError: there is nothing to learn from.
        """
        if train_data_format not in (None, "chat"):
            raise LMConfigurationError(
                f"`{model}` learns from conversations (`chat`), not `{train_data_format}`"
            )
        settings = dict(train_kwargs or {})
        OpenAIProvider.verify(model, settings)
        seconds = float(settings.pop("poll_seconds", POLL_SECONDS))
        server = Server.of(getattr(getattr(job, "lm", None), "kwargs", {}))
        followed = job if isinstance(job, OpenAITrainingJob) else OpenAITrainingJob(model)
        followed.server = server
        followed.provider_job_id = settings.pop("job_id", None)
        fresh = bool(settings.pop("fresh", False))
        if followed.provider_job_id is None:
            if not train_data:
                raise DataError("the training data is empty")
            followed.stop_if_cancelled()
            followed.provider_job_id = _begun(followed, server, model, train_data, settings, fresh)
            with naming(_again(followed.provider_job_id)):
                followed.end_if_cancelled()
        return f"openai/{_followed(followed, server, followed.provider_job_id, seconds)}"


def _begun(
    job: OpenAITrainingJob,
    server: Server,
    model: str,
    data: list[dict[str, Any]],
    settings: Mapping[str, Any],
    fresh: bool,
) -> str:
    """The number of the job of this training: one that an earlier process has begun, or a new one."""
    known = JobUnderWay(server, data, _asked(model, "", settings))
    with known.alone(job.stop_if_cancelled):
        if not fresh and (number := known.number()) is not None:
            logger.info("this very training was begun before, as job %s; it is waited for", number)
            job.provider_file_id = known.file
            return number
        file = job.provider_file_id = str(server.upload(data)["id"])
        job.end_if_cancelled()
        # Before the job is created: what comes after may not be lived to see.
        known.keep(file)
        number = str(server.create(_asked(model, file, settings))["id"])
        known.keep(file, number)
    return number


def _asked(model: str, file: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A job as OpenAI takes it."""
    facts: dict[str, Any] = {"model": model.removeprefix("openai/"), "training_file": file}
    facts |= {name: settings[name] for name in OF_THE_JOB if name in settings}
    if chosen := {name: value for name, value in settings.items() if name not in OF_THE_JOB}:
        facts["hyperparameters"] = chosen
    return facts


def _followed(job: OpenAITrainingJob, server: Server, number: str, seconds: float) -> str:
    """The name of the new model, once the job at the server has ended."""
    told: set[str] = set()
    while True:
        found, events = _looked(job, server, number, told, seconds)
        job.provider_status, job.estimated_finish = found["status"], found.get("estimated_finish")
        for event in reversed(events):
            job.events.append(event)
            loss = (event.get("data") or {}).get("train_loss")
            if isinstance(loss, (int, float)):
                job.losses.append(float(loss))
        if job.provider_status in ENDED:
            break
        job.stop_if_cancelled()
        time.sleep(seconds)
    if job.provider_status == "cancelled":
        raise CancelledError(f"the training of `{job.model}` was cancelled")
    if job.provider_status == "failed":
        reason = (found.get("error") or {}).get("message") or "the server does not say why"
        raise LMUnexpectedError(f"the training of `{job.model}` failed at the server: {reason}")
    trained = found.get("fine_tuned_model")
    if not trained:
        raise LMUnexpectedError(f"the training of `{job.model}` succeeded, but the server names no model")
    return str(trained)


def _looked(
    job: OpenAITrainingJob, server: Server, number: str, told: set[str], seconds: float
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The job as it stands, and its new events."""
    with naming(_again(number)):
        return job.looked(lambda: (server.job(number), _new_events(server, number, told)), seconds)


def _again(number: str) -> str:
    return f'job {number} goes on there; wait for it with train_kwargs={{"job_id": "{number}"}}'


def _new_events(server: Server, number: str, told: set[str]) -> list[dict[str, Any]]:
    """The events since the last look, the latest first."""
    found = []
    for event in server.events(number):
        if event["id"] in told:
            break
        found.append(event)
    told.update(event["id"] for event in found)
    return found
