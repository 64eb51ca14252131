"""Databricks' documented calls that a training needs: files, jobs, registered models and serving endpoints.

https://docs.databricks.com/api/workspace: the Files API, Jobs 2.2, Model Versions of Unity Catalog, and
Serving endpoints. The size of one is asked for as "Provisioned throughput Foundation Model APIs" has it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from ...errors import LMNotConfiguredError, LMUnknownModelError
from .rest import Fields, Rest

ROUTE = "/serving-endpoints"
"""What an address ends in at which models are asked, as litellm has it."""
SUCCEEDED = ("SUCCESS", "SUCCESS_WITH_FAILURES")
"""The codes of runs that have ended well."""


@dataclass(frozen=True)
class Workspace(Rest):
    """A workspace of Databricks, and a personal access token for it."""

    setting: ClassVar[str] = "DATABRICKS_HOST"

    @staticmethod
    def of(settings: Mapping[str, Any], train_kwargs: Mapping[str, Any]) -> Workspace:
        """The workspace that the training or the model names; the environment says what they do not.

        Raises:
            LMNotConfiguredError: there is no address or no token.
        """
        environment = os.environ
        address = (
            train_kwargs.get("databricks_host")
            or settings.get("api_base")
            or settings.get("base_url")
            or environment.get("DATABRICKS_HOST")
            or environment.get("DATABRICKS_API_BASE")
        )
        key = (
            train_kwargs.get("databricks_token")
            or settings.get("api_key")
            or environment.get("DATABRICKS_TOKEN")
            or environment.get("DATABRICKS_API_KEY")
        )
        if not address or not key:
            missing = "DATABRICKS_HOST" if not address else "DATABRICKS_TOKEN"
            given = "api_base=" if not address else "api_key="
            raise LMNotConfiguredError(f"set {missing}, or pass {given} to the model, to train at Databricks")
        address = str(address).rstrip("/").removesuffix(ROUTE)
        return Workspace(address if "://" in address else f"https://{address}", str(key))

    # --- files ------------------------------------------------------------------------------------------

    def upload(self, path: str, rows: list[Fields]) -> None:
        """Write rows as a JSON Lines file into a volume, and make its folder where there is none."""
        lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
        self.ask("PUT", f"/api/2.0/fs/directories{quote(path.rpartition('/')[0])}")
        self.ask("PUT", f"/api/2.0/fs/files{quote(path)}?overwrite=true", lines, "application/octet-stream")

    def delete_file(self, path: str) -> None:
        """Delete a file of a volume."""
        self.ask("DELETE", f"/api/2.0/fs/files{quote(path)}")

    # --- runs of jobs -----------------------------------------------------------------------------------

    def run_now(self, job: int, parameters: Mapping[str, str], token: str) -> int:
        """Start a run of a job; with the token of an earlier one, that run is meant."""
        facts = {"job_id": job, "job_parameters": dict(parameters), "idempotency_token": token}
        return int(self.post("/api/2.2/jobs/run-now", facts)["run_id"])

    def run(self, run: int) -> Fields:
        """A run as it stands."""
        return self.ask("GET", f"/api/2.2/jobs/runs/get?{urlencode({'run_id': run})}")

    def cancel_run(self, run: int) -> None:
        """Stop a run."""
        self.post("/api/2.2/jobs/runs/cancel", {"run_id": run})

    # --- registered models ------------------------------------------------------------------------------

    def versions(self, model: str) -> Iterator[Fields]:
        """The versions of a registered model, in no order, page after page; a page may be empty."""
        token: Fields = {}
        while True:
            path = f"/api/2.1/unity-catalog/models/{quote(model)}/versions"
            page = self.ask("GET", f"{path}?{urlencode(token)}" if token else path)
            yield from page.get("model_versions") or ()
            if not page.get("next_page_token"):
                return
            token = {"page_token": page["next_page_token"]}

    # --- serving endpoints ------------------------------------------------------------------------------

    def throughput(self, model: str, version: str) -> Fields:
        """Whether a model can be served with provisioned throughput, and in which steps."""
        path = f"/api/2.0/serving-endpoints/get-model-optimization-info/{quote(model)}/{quote(version)}"
        return self.ask("GET", path)

    def endpoint(self, name: str) -> Fields | None:
        """An endpoint as it stands; None where there is none."""
        try:
            return self.ask("GET", f"/api/2.0/serving-endpoints/{quote(name)}")
        except LMUnknownModelError:
            return None

    def create_endpoint(self, name: str, entity: Fields) -> None:
        """Create an endpoint that serves a model; not asked twice, as the second would be refused."""
        facts = {"name": name, "config": {"served_entities": [entity]}}
        self.post("/api/2.0/serving-endpoints", facts, again=False)

    def update_endpoint(self, name: str, entity: Fields) -> None:
        """Let an endpoint serve another model."""
        body = json.dumps({"served_entities": [entity]}).encode()
        self.ask("PUT", f"/api/2.0/serving-endpoints/{quote(name)}/config", body, "application/json")
