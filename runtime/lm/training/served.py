"""Models behind a server on this machine, which `launch` starts and `kill` ends: `openai/local:PATH`."""

from __future__ import annotations

import atexit
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from ....base.forks import new_lock
from ...errors import ConfigurationError, LMConfigurationError, did_you_mean
from ..base import BaseLM
from ..gguf.places import model_path
from ..jobs import TrainDataFormat, TrainingJob
from ..provider import Provider
from .local import LocalProvider, LocalTrainingJob
from .server import KEY

PREFIX = "openai/local:"
STARTING_SECONDS = 600.0
ENDING_SECONDS = 10.0
COMMANDS = {
    "llama.cpp": ("-m", "dspyc.runtime.lm.training.llama_server", "{file}", "--port", "{port}"),
    "vllm": (
        "-m", "vllm.entrypoints.openai.api_server", "--model", "{path}",
        "--served-model-name", "local:{path}", "--host", "127.0.0.1", "--port", "{port}",
    ),
    "sglang": (
        "-m", "sglang.launch_server", "--model-path", "{path}", "--served-model-name", "local:{path}",
        "--host", "127.0.0.1", "--port", "{port}",
    ),
}  # fmt: skip
"""What Python is started with for each kind of server; the last two want a GPU."""
SETTINGS = ("server", "port", "timeout", "arguments")


@dataclass(frozen=True)
class _Running:
    """A server that was started here."""

    process: subprocess.Popen[bytes]
    log: Path


_running: dict[str, _Running] = {}
"""By the address at which it answers."""
_launching = new_lock()
"""One launch at a time: two of the same model, or on the same port, would lose a server."""
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Past the proxy that the environment may name: the servers are on this machine."""
KEYED = ("llama.cpp", "vllm")
"""Servers that take the key from the environment."""


class ServedProvider(Provider):
    """Starts, ends and trains models in files, with the answers coming from a server on loopback.

    `launch_kwargs`: `server`, which is `llama.cpp` (a GGUF file or a folder of safetensors, on the CPU),
    `vllm` or `sglang` (a folder or a name of Hugging Face, on a GPU); `port`, a free one when not given;
    `timeout`, the seconds that the start may take; `arguments`, more words for the server's command line.
    """

    finetunable: ClassVar[bool] = True
    finds_again: ClassVar[bool] = True
    training_job: ClassVar[type[TrainingJob] | None] = LocalTrainingJob

    @staticmethod
    def launch(lm: BaseLM, launch_kwargs: Mapping[str, Any] | None = None) -> None:
        """Start the server, wait until it answers, and send the model's requests there.

        Raises:
            ConfigurationError: a setting that does not exist.
            LMConfigurationError: what serves it is not installed, or it did not start.
        """
        settings = dict(launch_kwargs or {})
        for name in settings:
            if name not in SETTINGS:
                raise ConfigurationError(f"unknown launch setting `{name}`{did_you_mean(name, SETTINGS)}")
        with _launching:
            if _address_of(lm) not in _running:
                _launch(lm, settings)

    @staticmethod
    def kill(lm: BaseLM, launch_kwargs: Mapping[str, Any] | None = None) -> None:
        """End the server; nothing happens when it was not started here."""
        running = _running.pop(_address_of(lm), None)
        if running is not None:
            _end(running)
            lm.kwargs = {
                name: value for name, value in lm.kwargs.items() if name not in ("api_base", "api_key")
            }

    @staticmethod
    def trained_form(model: str) -> str:
        """Compact prompts, as for models in this process."""
        return LocalProvider.trained_form(_in_file(model))

    @staticmethod
    def verify(model: str, train_kwargs: Mapping[str, Any] | None = None) -> None:
        """Complain as `LocalProvider` does."""
        LocalProvider.verify(_in_file(model), train_kwargs)

    @staticmethod
    def finetune(
        job: TrainingJob,
        model: str,
        train_data: list[dict[str, Any]],
        train_data_format: TrainDataFormat | None,
        train_kwargs: Mapping[str, Any] | None = None,
    ) -> str:
        """Train as `LocalProvider` does; the new model's server is to be started by `launch`."""
        trained = LocalProvider.finetune(job, _in_file(model), train_data, train_data_format, train_kwargs)
        return f"{PREFIX}{trained.removeprefix('gguf/')}"


def _launch(lm: BaseLM, settings: Mapping[str, Any]) -> None:
    path = lm.model.removeprefix(PREFIX)
    server = settings.get("server") or "llama.cpp"
    port = settings.get("port") or _free_port()
    if not isinstance(port, int) or not 0 < port < 1 << 16:
        raise ConfigurationError(f"`port` must be a number from 1 to 65535, not {port!r}")
    key = secrets.token_hex(16)
    command = _command(server, path, port, lm.model) + [str(each) for each in settings.get("arguments", ())]
    address = f"http://127.0.0.1:{port}/v1"
    if address in _running or _is_taken(port):
        raise ConfigurationError(f"port {port} is taken; give another `port`, or none for a free one")
    running = _running[address] = _start(command, key)
    try:
        _wait(running, address, key, settings.get("timeout") or STARTING_SECONDS, lm.model)
        if server in KEYED and not _refuses_others(address):
            raise LMConfigurationError(
                f"what answers at `{address}` is not the server of `{lm.model}`: it takes any key",
                model=lm.model,
            )
    except BaseException:
        _running.pop(address, None)
        _end(running)
        raise
    lm.kwargs = {**lm.kwargs, "api_base": address, "api_key": key}
    if getattr(lm, "server", None) is None:
        lm.__dict__["server"] = server


def _in_file(model: str) -> str:
    return f"gguf/{model.removeprefix(PREFIX)}"


def is_served(lm: BaseLM) -> bool:
    """Whether a server that was started here has the model."""
    return isinstance(getattr(lm, "kwargs", None), Mapping) and _address_of(lm) in _running


def _address_of(lm: BaseLM) -> str:
    return str(lm.kwargs.get("api_base"))


def _command(server: str, path: str, port: int, model: str) -> list[str]:
    if server not in COMMANDS:
        raise ConfigurationError(f"`server` must be one of {', '.join(COMMANDS)}, not {server!r}")
    package = "xllamacpp" if server == "llama.cpp" else server
    if find_spec(package) is None:
        raise LMConfigurationError(
            f"serving `{model}` needs the package `{package}`: pip install {package}", model=model
        )
    file = ""
    if server == "llama.cpp":
        found = model_path(_in_file(model))
        if not found.is_file():
            raise LMConfigurationError(f"there is no model file at `{found}`", model=model)
        file = str(found)
    return [sys.executable, *(word.format(file=file, path=path, port=port) for word in COMMANDS[server])]


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _is_taken(port: int) -> bool:
    with socket.socket() as listening:
        if os.name == "posix":
            # Connections of an earlier server that are still being closed are no hindrance.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _refuses_others(address: str) -> bool:
    """Whether a wrong key is refused, as the server that was started does."""
    headers = {"Authorization": f"Bearer {secrets.token_hex(16)}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/chat/completions", b"{}", headers)
    try:
        with _opener.open(request, timeout=30):
            return False
    except urllib.error.HTTPError as error:
        with error:
            return error.code in (401, 403)


def _start(command: list[str], key: str) -> _Running:
    descriptor, name = tempfile.mkstemp(prefix="dspyc-server-", suffix=".log")
    environment = {**os.environ, KEY: key, "VLLM_API_KEY": key}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    with os.fdopen(descriptor, "wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    return _Running(process, Path(name))


def _wait(running: _Running, address: str, key: str, seconds: float, model: str) -> None:
    """Return when the server answers, and not something else in its place."""
    until = time.monotonic() + seconds
    request = urllib.request.Request(f"{address}/models", headers={"Authorization": f"Bearer {key}"})
    while running.process.poll() is None:
        with suppress(OSError, HTTPException), _opener.open(request, timeout=5):
            if running.process.poll() is None:
                return
            break
        if time.monotonic() > until:
            raise LMConfigurationError(
                f"the server of `{model}` did not answer within {seconds:.0f} s", model=model
            )
        time.sleep(0.05)
    last = running.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    raise LMConfigurationError(
        f"the server of `{model}` ended with status {running.process.returncode}: {' / '.join(last)}",
        model=model,
    )


def _end(running: _Running) -> None:
    running.process.terminate()
    try:
        running.process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        running.process.kill()
        running.process.wait()
    running.log.unlink(missing_ok=True)


@atexit.register
def _end_all() -> None:
    for running in _running.values():
        _end(running)
    _running.clear()


def _after_fork() -> None:
    # The servers belong to the process that started them.
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
