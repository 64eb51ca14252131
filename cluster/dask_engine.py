"""`DaskEngine`: tasks on the workers of a Dask cluster."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..runtime.errors import ConfigurationError
from ..runtime.work.identity import digest
from .engine import ClusterEngine
from .failures import WorkerError
from .worker import work


class DaskEngine(ClusterEngine):
    """Performs tasks on an existing Dask cluster, whose workers have dspyc installed.

        with DaskEngine("bank.dspy", "tcp://10.0.0.5:8786") as engine:
            bank.router.optimize(engine=engine)

    Args:
        source: the file that declares the program.
        address: the address of the scheduler; `DASK_SCHEDULER_ADDRESS` or Dask's own settings when None.

    Raises:
        ConfigurationError: Dask is not installed, no cluster is named, or it cannot be reached.
    """

    def __init__(self, source: str | Path, address: str | None = None) -> None:
        super().__init__(source)
        try:
            dask = importlib.import_module("dask")
            distributed = importlib.import_module("distributed")
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "the engine `dask` needs Dask, which is not installed: pip install 'dspyc[dask]'"
            ) from error
        self._dask = distributed
        known = address or dask.config.get("scheduler-address", None)
        if known is None:
            raise ConfigurationError(
                "the engine `dask` needs the address of a scheduler: dask=tcp://HOST:8786, or the variable "
                "DASK_SCHEDULER_ADDRESS"
            )
        try:
            self._client = distributed.Client(known, set_as_default=False, timeout=_CONNECT_SECONDS)
        except (OSError, ValueError, TimeoutError) as error:
            raise ConfigurationError(f"the Dask scheduler at {known} cannot be reached: {error}") from error

    def __enter__(self) -> DaskEngine:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster, which goes on."""
        self._client.close()

    def _send(self, text: str) -> Any:
        # As a task, and not scattered: it is then made again where a worker dies that had it.
        return self._client.submit(_same, text, key=f"dspyc-text-{digest(text)}")

    def _submit(self, content: str, names: str, refs: Sequence[Any]) -> Any:
        return self._client.submit(work, content, names, *refs, pure=False)

    def _finished(self, handles: Sequence[Any]) -> Sequence[Any]:
        with self._client.as_current():
            return list(self._dask.wait(handles, return_when="FIRST_COMPLETED").done)

    def _result(self, handle: Any) -> str:
        try:
            text: str = handle.result()
        except self._dask.scheduler.KilledWorker as error:
            raise WorkerError(f"the workers that had this task died: {error}") from error
        return text

    def _cancel(self, handles: Sequence[Any]) -> None:
        self._client.cancel(handles, force=True)


_CONNECT_SECONDS = 10


def _same(text: str) -> str:
    return text
