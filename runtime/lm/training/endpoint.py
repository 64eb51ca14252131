"""Serving a registered model at Databricks: one step at a time, each of which may be repeated."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ....base import databricks
from ...errors import LMTimeoutError, LMUnexpectedError
from .remote import RemoteTrainingJob
from .workspace import Workspace

DEPLOY_SECONDS = 900.0
_FAILED = ("UPDATE_FAILED", "UPDATE_CANCELED")


class Deployment:
    """A model that gets an endpoint, or whose endpoint gets the model's new version.

    Args:
        workspace: where.
        model: the registered model.
        served_entity: how it is served; with as much of its own throughput as is sold at once when None.
        version: the version that is served; the newest when None.
    """

    def __init__(
        self,
        workspace: Workspace,
        model: str,
        served_entity: Mapping[str, Any] | None = None,
        version: str | None = None,
    ) -> None:
        self.workspace = workspace
        self.model = model
        self.name = databricks.endpoint_of(model)
        self.version = version
        self._given = served_entity
        self._entity: dict[str, Any] | None = None
        self._is_asked = False

    def ready(self, job: RemoteTrainingJob, since: int, within: float, seconds: float) -> None:
        """Serve the version and wait until it answers.

        Args:
            job: is told where it stands, and stops the wait when it is cancelled.
            since: the oldest time of a version that counts as the newest, in milliseconds of Unix time.
            within: how many seconds that may take.
            seconds: between two looks.

        Raises:
            LMError: there is no such version, Databricks refused it, or the endpoint failed.
            LMTimeoutError: it took too long; the endpoint goes on starting.
        """
        until = time.monotonic() + within
        while not job.looked(lambda: self._step(job, since), seconds):
            job.stop_if_cancelled()
            if time.monotonic() >= until:
                raise LMTimeoutError(
                    f"`{self.model}` was not served by the endpoint `{self.name}` within {within:g} seconds"
                )
            time.sleep(seconds)

    def _step(self, job: RemoteTrainingJob, since: int) -> bool:
        """Look at the endpoint and ask for what it lacks; whether it answers with the new version."""
        if self._entity is None:
            self.version = self.version or self._newest(since)
            if self.version is None:
                job.tell("REGISTERING", f"`{self.model}` is being registered")
                return False
            self._entity = self._served(self.version)
        found = self.workspace.endpoint(self.name)
        if found is None:
            job.tell("CREATING", f"the endpoint `{self.name}` is being made")
            self.workspace.create_endpoint(self.name, self._entity)
            self._is_asked = True
            return False
        state = found.get("state") or {}
        ready, update = str(state.get("ready") or ""), str(state.get("config_update") or "")
        is_there, is_coming = (self._serves(found.get(name)) for name in ("config", "pending_config"))
        job.tell(ready, f"the endpoint `{self.name}`: {update}")
        if update in _FAILED and self._is_asked:
            raise LMUnexpectedError(f"the endpoint `{self.name}` failed: {_reason(found)}")
        if update == "IN_PROGRESS":
            # An endpoint takes no other change while one is under way.
            self._is_asked = self._is_asked or is_there or is_coming
            return False
        if update in _FAILED or not (is_there or is_coming):
            self.workspace.update_endpoint(self.name, self._entity)
            self._is_asked = True
            return False
        return ready == "READY" and is_there and not is_coming

    def _newest(self, since: int) -> str | None:
        """The newest version of the model; None while it is being registered."""
        found = [
            each for each in self.workspace.versions(self.model) if int(each.get("created_at") or 0) >= since
        ]
        if not found:
            raise LMUnexpectedError(f"the run has registered no version of `{self.model}`")
        newest = max(found, key=lambda each: int(each["version"]))
        if newest.get("status") == "FAILED_REGISTRATION":
            raise LMUnexpectedError(f"version {newest['version']} of `{self.model}` could not be registered")
        return None if newest.get("status") == "PENDING_REGISTRATION" else str(newest["version"])

    def _served(self, version: str) -> dict[str, Any]:
        """The model as the endpoint is to serve it."""
        entity = {"name": self.name, "entity_name": self.model, "entity_version": version}
        if self._given is not None:
            return {**self._given, **entity}
        info = self.workspace.throughput(self.model, version)
        chunk = info.get("throughput_chunk_size")
        if not info.get("optimizable") or not isinstance(chunk, int):
            raise LMUnexpectedError(
                f"`{self.model}` cannot be served with provisioned throughput in tokens a second; say how it "
                'is served, such as train_kwargs={"served_entity": {"workload_type": "GPU_MEDIUM", '
                '"workload_size": "Small", "scale_to_zero_enabled": True}}'
            )
        return {**entity, "min_provisioned_throughput": 0, "max_provisioned_throughput": chunk}

    def _serves(self, config: Mapping[str, Any] | None) -> bool:
        """Whether a configuration has the model in the version that is wanted."""
        assert self._entity is not None
        return any(
            each.get("entity_name") == self.model
            and str(each.get("entity_version")) == self._entity["entity_version"]
            for each in (config or {}).get("served_entities") or ()
        )


def _reason(found: Mapping[str, Any]) -> str:
    """What an endpoint says of the failure of its newest configuration."""
    for config in (found.get("pending_config"), found.get("config")):
        for each in (config or {}).get("served_entities") or ():
            told = (each.get("state") or {}).get("deployment_state_message")
            if told:
                return str(told)
    return "Databricks does not say why"
