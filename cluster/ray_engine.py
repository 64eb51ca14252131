"""`RayEngine`: tasks on the workers of a Ray cluster."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..runtime.errors import ConfigurationError
from .engine import ClusterEngine
from .failures import WorkerError
from .worker import work


class RayEngine(ClusterEngine):
    """Performs tasks on an existing Ray cluster, whose nodes have dspyc installed.

    Args:
        source: the file that declares the program.
        address: the address of the cluster; `RAY_ADDRESS`, or the one that runs on this machine, when None.

    Raises:
        ConfigurationError: Ray is not installed, or there is no cluster at the address.
    """

    def __init__(self, source: str | Path, address: str | None = None) -> None:
        super().__init__(source)
        try:
            ray = importlib.import_module("ray")
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "the engine `ray` needs Ray, which is not installed: pip install 'dspyc[ray]'"
            ) from error
        self._ray = ray
        self._is_own = not ray.is_initialized()
        if self._is_own:
            if address is not None:
                # Ray itself goes on trying for more than a minute.
                _verify_reachable(address)
            try:
                ray.init(address or "auto", log_to_driver=False, configure_logging=False)
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise ConfigurationError(
                    f"there is no Ray cluster at {address or 'this machine'}: {error}"
                ) from error
        self._work = ray.remote(max_retries=3)(work)

    def __enter__(self) -> RayEngine:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster, which goes on."""
        if self._is_own:
            self._ray.shutdown()

    def _send(self, text: str) -> Any:
        return self._ray.put(text)

    def _submit(self, content: str, names: str, refs: Sequence[Any]) -> Any:
        return self._work.remote(content, names, *refs)

    def _finished(self, handles: Sequence[Any]) -> Sequence[Any]:
        done, _ = self._ray.wait(list(handles), num_returns=1)
        return list(done)

    def _result(self, handle: Any) -> str:
        try:
            text: str = self._ray.get(handle)
        except (self._ray.exceptions.WorkerCrashedError, self._ray.exceptions.NodeDiedError) as error:
            raise WorkerError(f"the workers that had this task died: {error}") from error
        return text

    def _cancel(self, handles: Sequence[Any]) -> None:
        for handle in handles:
            self._ray.cancel(handle, force=True)


def _verify_reachable(address: str) -> None:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS):
            pass
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigurationError(f"there is no Ray cluster at {address}: {error}") from error


_CONNECT_SECONDS = 10
