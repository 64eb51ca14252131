"""Training at Databricks: a job of the workspace trains, and a serving endpoint answers.

Databricks' own service for it, Foundation Model Fine-tuning, has ended, and its calls were never documented.
What is documented, and used here, is the way around it: files, runs of jobs, registered models, endpoints.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, ClassVar

from ....base import databricks
from ...errors import (
    ConfigurationError,
    DataError,
    LMConfigurationError,
    LMError,
    LMInvalidRequestError,
    LMUnexpectedError,
)
from ..base import BaseLM
from ..jobs import TrainDataFormat, TrainingJob
from ..provider import Provider
from .endpoint import DEPLOY_SECONDS, Deployment
from .remote import POLL_SECONDS, RemoteTrainingJob, naming
from .under_way import RunUnderWay
from .workspace import SUCCEEDED, Workspace

logger = logging.getLogger("dspyc")

_TASKS = {"chat": "CHAT_COMPLETION", "completion": "INSTRUCTION_FINETUNE"}
"""What the kinds of data are called at Databricks."""
_COLUMNS = {"chat": ("messages",), "completion": ("prompt", "completion")}
_OF_THE_WAIT = (
    "skip_deploy", "deploy_timeout", "served_entity", "fresh", "poll_seconds", "databricks_host",
    "databricks_token",
)  # fmt: skip
"""Settings that do not say what is trained."""
_CANCELLED = ("CANCELED", "USER_CANCELED")
_STATES = {"BLOCKED": "pending", "PENDING": "pending", "QUEUED": "pending", "WAITING": "pending"}


class DatabricksTrainingJob(RemoteTrainingJob):
    """A training at Databricks: a run of a job, and the endpoint that serves what it has made.

    `run_id` is the run's number: `train_kwargs={"run_id": …}` waits for a run that is under way. `events` has
    a dict for each state of the run and the endpoint: `state`, `message` and, for the run, its page, `url`.
    """

    states: ClassVar[Mapping[str, str]] = _STATES

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.workspace: Workspace | None = None
        self.file: str | None = None
        self.known: RunUnderWay | None = None
        self.run_id: int | None = None
        self.launch_started = False
        self.launch_completed = False
        self.endpoint_name: str | None = None

    def stop_at_server(self) -> bool:
        """Stop the run; False when there is none yet. An endpoint that is being made stays."""
        if self.workspace is None or self.run_id is None:
            return False
        if not self.launch_started:
            self.workspace.cancel_run(self.run_id)
            self.forget_note()
        return True

    def forget_file(self) -> None:
        """Delete the training data from the volume; that it is gone already is no failure."""
        if self.workspace is not None and self.file is not None:
            with suppress(LMError):
                self.workspace.delete_file(self.file)
            self.file = None

    def forget_note(self) -> None:
        """Let the same training be begun anew when it is asked for again."""
        if self.known is not None:
            self.known.note.drop()


class DatabricksProvider(Provider):
    """Trains by a job of a Databricks workspace, and serves the new model there.

    `job_id` names the job, `train_data_path` a folder of a volume for the data, and `register_to` the model
    in Unity Catalog that the job registers. The job's parameters are `model`, `train_data_path` (the file),
    `register_to` and `task_type` (`CHAT_COMPLETION` or `INSTRUCTION_FINETUNE`), and every setting that is not
    one of these: `run_id`, to wait for a run that is under way in place of a new one; `idempotency_token`,
    with which the same training asked for again is waited for; `fresh`; `skip_deploy`; `deploy_timeout`, in
    seconds; `served_entity`, how the endpoint serves the model, where its own throughput is not right;
    `poll_seconds`, the time between two looks; `databricks_host` and `databricks_token`, in place of those of
    the model.

    The same training asked for again takes up the run that an earlier process has begun, or serves the model
    that it has made, unless the setting `fresh` is true.
    """

    finetunable: ClassVar[bool] = True
    finds_again: ClassVar[bool] = True
    training_job: ClassVar[type[TrainingJob] | None] = DatabricksTrainingJob

    @staticmethod
    def verify(model: str, train_kwargs: Mapping[str, Any] | None = None) -> None:
        """Complain about settings that are missing or cannot be; nothing is sent.

        Raises:
            ConfigurationError: a setting is missing, or has an invalid value.
        """
        settings = train_kwargs or {}
        for _, words in databricks.complaints(settings):
            raise ConfigurationError(words)
        required = {
            "register_to": "the model in Unity Catalog, `CATALOG.SCHEMA.MODEL`",
            "train_data_path": "the folder of a volume for the data, `/Volumes/CATALOG/SCHEMA/VOLUME/FOLDER`",
            "job_id": "the job of the workspace that trains",
        }
        for name, meaning in required.items():
            if name not in settings and not (name != "register_to" and "run_id" in settings):
                raise ConfigurationError(
                    f"training at Databricks needs `{name}` in `train_kwargs`: {meaning}"
                )

    @staticmethod
    def verify_training(lm: BaseLM, train_kwargs: Mapping[str, Any]) -> None:
        """Complain that there is no address or token of a workspace."""
        Workspace.of(lm.kwargs, train_kwargs)

    @staticmethod
    def finetune(
        job: TrainingJob,
        model: str,
        train_data: list[dict[str, Any]],
        train_data_format: TrainDataFormat | None,
        train_kwargs: Mapping[str, Any] | None = None,
    ) -> str:
        """Upload the data, run the job, wait for it, serve the new model, and return its name.

        Raises:
            LMError: Databricks refused it, could not be reached, or the training or the serving failed there.
            DataError: there is nothing to learn from, or rows are not of the format.
        """
        settings = dict(train_kwargs or {})
        DatabricksProvider.verify(model, settings)
        followed = job if isinstance(job, DatabricksTrainingJob) else DatabricksTrainingJob(model)
        workspace = Workspace.of(getattr(getattr(job, "lm", None), "kwargs", {}), settings)
        followed.workspace = workspace
        seconds = float(settings.get("poll_seconds", POLL_SECONDS))
        if "run_id" in settings:
            followed.run_id = int(settings["run_id"])
        else:
            _start(followed, workspace, train_data, train_data_format or "chat", settings)
        run, known = followed.run_id, followed.known
        assert run is not None
        followed.endpoint_name = databricks.endpoint_of(settings["register_to"])
        began = 0
        if known is None or known.version is None:
            with naming(_again(run, "goes on there; wait for it")):
                followed.end_if_cancelled()
            began = _waited(followed, workspace, run, seconds)
        if not settings.get("skip_deploy", False):
            followed.launch_started = True
            followed.provider_status = "DEPLOYING"
            version = None if known is None else known.version
            entity = settings.get("served_entity")
            deployment = Deployment(workspace, settings["register_to"], entity, version)
            within = float(settings.get("deploy_timeout", DEPLOY_SECONDS))
            with naming(_again(run, "has ended well; serve its model")):
                deployment.ready(followed, began, within, seconds)
            if known is not None:
                known.keep(version=deployment.version)
            followed.launch_completed = True
        return f"databricks/{followed.endpoint_name}"

    @staticmethod
    def deploy_finetuned_model(
        model: str,
        data_format: TrainDataFormat | None = None,
        databricks_host: str | None = None,
        databricks_token: str | None = None,
        deploy_timeout: float = DEPLOY_SECONDS,
    ) -> None:
        """Serve the newest version of a registered model, and wait until it answers.

        Args:
            model: the model in Unity Catalog, `CATALOG.SCHEMA.MODEL`.
            data_format: taken for DSPy's sake; the endpoint itself says when it is ready.
            databricks_host: the workspace; the environment says it when None.
            databricks_token: the token for it; the environment says it when None.
            deploy_timeout: how many seconds that may take.

        Raises:
            LMError: Databricks refused it, could not be reached, or the endpoint is not ready in time.
        """
        for _, words in databricks.complaints({"register_to": model, "deploy_timeout": deploy_timeout}):
            raise ConfigurationError(words.replace("register_to", "model"))
        given = {"databricks_host": databricks_host, "databricks_token": databricks_token}
        deployment = Deployment(Workspace.of({}, given), model, None)
        deployment.ready(DatabricksTrainingJob(model), 0, deploy_timeout, POLL_SECONDS)


def _start(
    job: DatabricksTrainingJob,
    workspace: Workspace,
    rows: list[dict[str, Any]],
    form: TrainDataFormat,
    settings: Mapping[str, Any],
) -> None:
    """Upload the data and start a run, or take up the one that an earlier process has started."""
    _verify_rows(rows, form)
    job.stop_if_cancelled()
    if given := settings.get("idempotency_token"):
        _start_with(given, job, workspace, rows, form, settings)
        return
    told = {name: value for name, value in settings.items() if name not in _OF_THE_WAIT}
    known = job.known = RunUnderWay(workspace, [job.model, form, rows, told], settings["register_to"])
    with known.alone(job.stop_if_cancelled):
        if settings.get("fresh"):
            known.note.drop()
        elif (number := known.number()) is not None:
            logger.info("this very training was begun before, as run %s; it is taken up", number)
            job.run_id = int(number)
            return
        token = known.token or secrets.token_hex(16)
        # Before the run is started: what comes after may not be lived to see.
        known.keep(token)
        try:
            _start_with(token, job, workspace, rows, form, settings)
        except LMInvalidRequestError:
            # Databricks refuses the token of a run that was deleted.
            known.note.drop()
            raise
        known.keep(run=job.run_id)


def _start_with(
    token: str,
    job: DatabricksTrainingJob,
    workspace: Workspace,
    rows: list[dict[str, Any]],
    form: TrainDataFormat,
    settings: Mapping[str, Any],
) -> None:
    """Upload the data and start the run that has this token; where there is one, that is meant."""
    # The same training asked for again writes the same file, and no other training writes it.
    name = hashlib.sha256(token.encode()).hexdigest()[:32]
    path = f"{settings['train_data_path'].rstrip('/')}/finetuning_{name}.jsonl"
    workspace.upload(path, rows)
    job.file = path
    job.end_if_cancelled()
    own = {"model": job.model.removeprefix("databricks/"), "train_data_path": path}
    own |= {"register_to": settings["register_to"], "task_type": _TASKS[form]}
    given = {name: _text(value) for name, value in settings.items() if name not in databricks.SETTINGS}
    job.run_id = workspace.run_now(int(settings["job_id"]), given | own, token)


def _verify_rows(rows: list[dict[str, Any]], form: TrainDataFormat) -> None:
    if form not in _TASKS:
        raise LMConfigurationError(f"Databricks learns from `chat` or `completion` data, not `{form}`")
    if not rows:
        raise DataError("the training data is empty")
    for number, row in enumerate(rows, 1):
        for name in _COLUMNS[form]:
            if name not in row:
                raise DataError(f"row {number} of the training data has no `{name}`, which `{form}` data has")


def _text(value: Any) -> str:
    """A parameter of a job, which is always a text."""
    return value if isinstance(value, str) else json.dumps(value)


def _waited(job: DatabricksTrainingJob, workspace: Workspace, run: int, seconds: float) -> int:
    """When the run began, in milliseconds of Unix time, once it has ended well."""
    while True:
        with naming(_again(run, "goes on there; wait for it")):
            found = job.looked(lambda: workspace.run(run), seconds)
        status = found.get("status") or {}
        state = job.provider_status = str(status.get("state") or "PENDING")
        end = status.get("termination_details") or {}
        job.tell(state, str(end.get("message") or ""), url=str(found.get("run_page_url") or ""))
        if state == "TERMINATED":
            break
        job.stop_if_cancelled()
        time.sleep(seconds)
    code = str(end.get("code") or "")
    if code in _CANCELLED:
        job.forget_file()
        job.forget_note()
        raise CancelledError(f"the training of `{job.model}` was cancelled")
    if code not in SUCCEEDED:
        job.forget_note()
        page = f"; see {found['run_page_url']}" if found.get("run_page_url") else ""
        reason = end.get("message") or code or "Databricks does not say why"
        raise LMUnexpectedError(f"the training of `{job.model}` failed in run {run}: {reason}{page}")
    return int(found.get("start_time") or 0)


def _again(run: int, how: str) -> str:
    return f'run {run} {how} with train_kwargs={{"run_id": {run}}}'
