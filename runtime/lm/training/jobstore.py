"""Files and fine-tuning jobs in OpenAI's shapes, kept in a folder, over trainings on this machine."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

from ....base.files import write_atomically
from ....base.forks import new_lock, new_recursive_lock
from .local import LocalProvider, LocalTrainingJob
from .settings import Progress

Record = dict[str, Any]
ENDED = ("succeeded", "failed", "cancelled")
LEARNING_RATE = 2e-3
"""What OpenAI's `learning_rate_multiplier` multiplies."""
EPOCHS = 3
EVENT_EVERY = 10  # steps
LONGEST_SUFFIX = 64
LARGEST_SETTING = 2**31


class Refused(Exception):
    """A request that is answered with an error.

    Attributes:
        status: the HTTP status.
        param: the field that is wrong, if one is.
        code: OpenAI's code for it.
    """

    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.param, self.code = status, param, code


class JobStore:
    """The files and jobs of one folder, of which one job is trained at a time.

    A job that had not ended when the process did is trained again from its beginning.

    Args:
        folder: where files, jobs and models are kept.
        models: the models that may be trained, by the names that clients use.
    """

    def __init__(self, folder: Path, models: dict[str, str]) -> None:
        self.folder = folder
        self.models = models
        self._lock = new_recursive_lock()
        self._turn = new_lock()
        self._going: dict[str, threading.Event] = {}
        self._stopped: set[str] = set()
        for name in ("files", "jobs", "models"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.files = _read_all(folder / "files")
        self.jobs = _read_all(folder / "jobs")
        self.models |= self._trained()
        for job in self.jobs.values():
            if job["status"] not in ENDED:
                self._start(job)

    # --- files ------------------------------------------------------------------------------------------

    def add_file(self, name: str, purpose: str, content: bytes) -> Record:
        """Keep a file of training data."""
        if purpose != "fine-tune":
            raise Refused(400, f"'{purpose}' is not one of ['fine-tune']", "purpose")
        number = f"file-{secrets.token_hex(12)}"
        record = {
            "id": number,
            "object": "file",
            "bytes": len(content),
            "created_at": int(time.time()),
            "filename": name,
            "purpose": purpose,
            "status": "processed",
        }
        with self._lock:
            write_atomically(self.folder / "files" / f"{number}.jsonl", content)
            self._keep("files", record)
            self.files[number] = record
        return record

    def file(self, number: str) -> Record:
        """What is known of a file."""
        try:
            return self.files[number]
        except KeyError:
            raise Refused(404, f"No such File object: {number}", "id") from None

    def content(self, number: str) -> bytes:
        """A file's content."""
        self.file(number)
        return (self.folder / "files" / f"{number}.jsonl").read_bytes()

    def delete_file(self, number: str) -> Record:
        """Forget a file."""
        with self._lock:
            self.file(number)
            del self.files[number]
            for ending in ("json", "jsonl"):
                (self.folder / "files" / f"{number}.{ending}").unlink(missing_ok=True)
        return {"id": number, "object": "file", "deleted": True}

    # --- jobs -------------------------------------------------------------------------------------------

    def create(self, asked: Record) -> Record:
        """Begin a job."""
        model, file = asked.get("model"), asked.get("training_file")
        if not isinstance(model, str) or model not in self.models:
            raise Refused(
                404, f"The model `{model}` does not exist or cannot be fine-tuned", "model", "model_not_found"
            )
        if not isinstance(file, str) or file not in self.files:
            raise Refused(400, f"invalid training_file: {file}", "training_file", "invalid_file_id")
        _verify(asked)
        given = dict(asked.get("hyperparameters") or {})
        _settings(given)
        job: Record = {
            "id": f"ftjob-{secrets.token_hex(12)}",
            "object": "fine_tuning.job",
            "created_at": int(time.time()),
            "estimated_finish": None,
            "error": None,
            "fine_tuned_model": None,
            "finished_at": None,
            "hyperparameters": {
                "n_epochs": "auto",
                "batch_size": "auto",
                "learning_rate_multiplier": "auto",
                **given,
            },
            "integrations": [],
            "metadata": asked.get("metadata"),
            "method": {"type": "supervised", "supervised": {"hyperparameters": given}},
            "model": model,
            "organization_id": "local",
            "result_files": [],
            "seed": asked.get("seed") or 0,
            "status": "queued",
            "suffix": asked.get("suffix"),
            "trained_tokens": None,
            "training_file": file,
            "validation_file": asked.get("validation_file"),
            "events": [],
            "checkpoints": [],
        }
        with self._lock:
            self.jobs[str(job["id"])] = job
            self._tell(job, f"Created fine-tuning job: {job['id']}")
            self._start(job)
        return job

    def job(self, number: str) -> Record:
        """A job as it stands."""
        try:
            return self.jobs[number]
        except KeyError:
            raise Refused(
                404, f"Could not find fine tune: {number}", "fine_tune_id", "fine_tune_not_found"
            ) from None

    def cancel(self, number: str) -> Record:
        """Stop a job."""
        return self._change(number, "cancel", ("queued", "running", "paused", "validating_files"))

    def pause(self, number: str) -> Record:
        """Hold a job after its step."""
        return self._change(number, "pause", ("running", "queued"))

    def resume(self, number: str) -> Record:
        """Let a held job go on."""
        return self._change(number, "resume", ("paused",))

    def _change(self, number: str, verb: str, states: Sequence[str]) -> Record:
        with self._lock:
            job = self.job(number)
            if job["status"] not in states:
                raise Refused(
                    400, f"Job cannot be {_PAST[verb]}: it is {job['status']}", None, "invalid_status"
                )
            going = self._going[number]
            if verb == "pause":
                going.clear()
                self._set(job, "paused", "The job is paused")
            elif verb == "resume":
                self._set(job, "running", "The job goes on")
                going.set()
            else:
                self._stopped.add(number)
                self._set(job, "cancelled", "The job was cancelled")
                going.set()
        return job

    # --- training ---------------------------------------------------------------------------------------

    def _start(self, job: Record) -> None:
        self._going[job["id"]] = threading.Event()
        if job["status"] != "paused":
            self._going[job["id"]].set()
        threading.Thread(target=self._train, args=(job,), name=job["id"], daemon=True).start()

    def _train(self, job: Record) -> None:
        with self._turn:
            number = job["id"]
            self._wait_while_held(number)
            try:
                rows = self._rows(job)
                self._begin(job, rows)
                settings = {**_settings(job["hyperparameters"]), "seed": job["seed"] % 2**31}
                settings["output"] = str(self.folder / "models" / f"{number}.gguf")
                settings["progress"] = self._listener(job)
                model = self.models[job["model"]]
                trained = LocalProvider.finetune(LocalTrainingJob(model), model, rows, "chat", settings)
                self._finish(job, trained, rows)
            except CancelledError:
                pass  # `cancel` has said so already
            except Exception as error:  # noqa: BLE001 a job's failure is told to whoever asks for it
                with self._lock:
                    job["error"] = {"code": "training_failed", "message": str(error), "param": None}
                    self._set(job, "failed", f"The job failed: {error}", "error")

    def _wait_while_held(self, number: str) -> None:
        """Let others train while a job is held: whoever calls has the turn, and has it again afterwards."""
        going = self._going[number]
        while not going.is_set():
            self._turn.release()
            going.wait()
            self._turn.acquire()

    def _begin(self, job: Record, rows: list[Record]) -> None:
        with self._lock:
            if job["id"] in self._stopped:
                raise CancelledError
            self._set(job, "running", f"The job has started, on {len(rows)} rows")

    def _listener(self, job: Record) -> Callable[[Progress], None]:
        started = time.time()

        def listen(progress: Progress) -> None:
            self._wait_while_held(job["id"])
            if job["id"] in self._stopped:
                raise CancelledError
            if progress.checkpoint is not None:
                self._add_checkpoint(job, progress)
            if progress.step % EVENT_EVERY == 0 or progress.step == 1:
                share = max(progress.share, 1e-3)
                job["estimated_finish"] = int(started + (time.time() - started) / share)
                words = f"Step {progress.step}: training loss={progress.loss:.2f}"
                data = {"step": progress.step, "train_loss": progress.loss}
                self._tell(job, words, "info", "metrics", data)

        return listen

    def _add_checkpoint(self, job: Record, progress: Progress) -> None:
        name = f"{_name(job)}:ckpt-step-{progress.step}"
        with self._lock:
            job["checkpoints"].append(
                {
                    "id": f"ftckpt_{secrets.token_hex(12)}",
                    "object": "fine_tuning.job.checkpoint",
                    "created_at": int(time.time()),
                    "fine_tuned_model_checkpoint": name,
                    "fine_tuning_job_id": job["id"],
                    "metrics": {"step": progress.step, "train_loss": progress.loss},
                    "step_number": progress.step,
                    "file": progress.checkpoint,
                }
            )
            self.models[name] = f"gguf/{progress.checkpoint}"
            self._tell(job, f"Checkpoint created at step {progress.step}")

    def _finish(self, job: Record, trained: str, rows: list[Record]) -> None:
        with self._lock:
            if job["id"] in self._stopped:
                return
            job["fine_tuned_model"] = _name(job)
            job["finished_at"] = int(time.time())
            job["trained_tokens"] = sum(len(str(row)) for row in rows) // 4
            self.models[_name(job)] = trained
            self._set(job, "succeeded", "The job has successfully completed")

    def _rows(self, job: Record) -> list[Record]:
        # Not `splitlines`: JSON texts may hold what that takes for the end of a line, such as U+2028.
        lines = self.content(job["training_file"]).decode("utf-8").split("\n")
        return [json.loads(line) for line in lines if line.strip()]

    def _trained(self) -> dict[str, str]:
        """The models that the kept jobs have made, by the names that clients use."""
        found = {}
        for job in self.jobs.values():
            for each in job["checkpoints"]:
                if each.get("file"):
                    found[each["fine_tuned_model_checkpoint"]] = f"gguf/{each['file']}"
            if job["fine_tuned_model"]:
                folder = self.folder / "models" / job["id"]
                found[job["fine_tuned_model"]] = f"gguf/{folder}{'' if folder.is_dir() else '.gguf'}"
        return found

    # --- what is told -----------------------------------------------------------------------------------

    def _set(self, job: Record, status: str, words: str, level: str = "info") -> None:
        job["status"] = status
        if status in ENDED:
            job["finished_at"] = job["finished_at"] or int(time.time())
        self._tell(job, words, level)

    def _tell(
        self, job: Record, words: str, level: str = "info", kind: str = "message", data: Record | None = None
    ) -> None:
        with self._lock:
            job["events"].append(
                {
                    "id": f"ftevent-{secrets.token_hex(12)}",
                    "object": "fine_tuning.job.event",
                    "created_at": int(time.time()),
                    "level": level,
                    "message": words,
                    "type": kind,
                    "data": data or {},
                }
            )
            self._keep("jobs", job)

    def _keep(self, kind: str, record: Record) -> None:
        write_atomically(self.folder / kind / f"{record['id']}.json", json.dumps(record))


_PAST = {"cancel": "cancelled", "pause": "paused", "resume": "resumed"}


def _name(job: Record) -> str:
    """The new model's name, in OpenAI's form."""
    short = job["id"].removeprefix("ftjob-")[:8]
    return f"ft:{job['model'].replace('/', '-')}:local:{job['suffix'] or ''}:{short}"


def _verify(asked: Record) -> None:
    """Complain about what a job would fail of."""
    expected = {"seed": int, "suffix": str, "hyperparameters": dict}
    for name, kind in expected.items():
        value = asked.get(name)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise Refused(400, f"invalid {name}: {value!r}", name, "invalid_type")
    if len(asked.get("suffix") or "") > LONGEST_SUFFIX:
        raise Refused(400, f"suffix must have at most {LONGEST_SUFFIX} characters", "suffix", "invalid_value")


def _settings(given: Record) -> Record:
    """OpenAI's hyperparameters as those of a training on this machine."""
    known = {"n_epochs": "epochs", "batch_size": "batch_size", "learning_rate_multiplier": "learning_rate"}
    settings: Record = {"checkpoints": True}
    for name, value in given.items():
        if name not in known:
            raise Refused(400, f"Unrecognized hyperparameter: {name}", f"hyperparameters.{name}")
        if value == "auto":
            continue
        kinds = (int, float) if name == "learning_rate_multiplier" else int
        if not isinstance(value, kinds) or isinstance(value, bool) or not 0 < value < LARGEST_SETTING:
            raise Refused(400, f"{name} must be a number above 0", f"hyperparameters.{name}", "invalid_value")
        settings[known[name]] = value * (LEARNING_RATE if name == "learning_rate_multiplier" else 1)
    settings.setdefault("epochs", EPOCHS)
    return settings


def _read_all(folder: Path) -> dict[str, Record]:
    records = [json.loads(path.read_bytes()) for path in folder.glob("*.json")]
    return {record["id"]: record for record in sorted(records, key=lambda record: record["created_at"])}
