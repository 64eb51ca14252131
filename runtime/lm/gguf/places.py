"""Where the GGUF file behind a model's name is: `gguf/PATH`, or a model that the package ships."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

from ....base import models
from ....base.forks import new_lock
from ...errors import LMConfigurationError, LMUnknownModelError, did_you_mean, list_names
from .checkpoint import write
from .converting import convert, is_convertible
from .folder import digest_of, is_folder, is_llama, read_folder

_MODELS = Path(__file__).parents[1] / "models"
SHIPPED = {name: _MODELS / f"{name}.gguf" for name in models.SHIPPED}


def model_path(model: str) -> Path:
    """The GGUF file behind a model's name, which may not be there.

    A folder of safetensors is converted at its first use, into the folder of the user's models.

    Raises:
        LMUnknownModelError: dspyc has no embedded model of this name.
        LMConfigurationError: the folder holds a model that cannot be converted here.
    """
    kind, _, name = model.partition("/")
    if kind == "gguf":
        folder = folder_of(model)
        return Path(name).expanduser().absolute() if folder is None else _converted(folder, model)
    if name not in SHIPPED:
        shipped = [f"embedded/{known}" for known in SHIPPED]
        raise LMUnknownModelError(
            f"dspyc has no embedded model `{model}`; it has {list_names(shipped)}"
            + did_you_mean(model, shipped),
            model=model,
        )
    return SHIPPED[name]


def folder_of(model: str) -> Path | None:
    """The folder of safetensors that `gguf/PATH` names; None for a file, or a model that is shipped."""
    kind, _, name = model.partition("/")
    path = Path(name).expanduser().absolute()
    return path if kind == "gguf" and path.suffix != ".gguf" and is_folder(path) else None


def torch_folder(model: str) -> Path | None:
    """The folder that `gguf/PATH` names where it holds no llama that is trained here: TRL trains it."""
    if model.endswith(".gguf") or not model.startswith("gguf/"):
        return None
    folder = folder_of(model)
    return folder if folder is not None and not is_llama(folder) else None


def asked_in_torch(model: str) -> Path | None:
    """The folder that `gguf/PATH` names where llama.cpp cannot answer: transformers does."""
    folder = torch_folder(model)
    return None if folder is None or is_convertible(folder) else folder


_converting: dict[Path, Lock] = {}


def _converted(folder: Path, model: str) -> Path:
    path = data_folder() / "converted" / f"{folder.name}-{digest_of(folder)}.gguf"
    if path.exists():
        return path
    with _converting.setdefault(path, new_lock()):
        # Another thread may have done it meanwhile.
        if not path.exists():
            _convert(folder, path, model)
    return path


def _convert(folder: Path, path: Path, model: str) -> None:
    try:
        if is_llama(folder):
            write(read_folder(folder, model), path, "f16")
        else:
            convert(folder, path, model)
    except ImportError as error:
        raise LMConfigurationError(
            f"converting `{model}` needs the package `{error.name}`: pip install 'dspyc[train]'",
            model=model,
        ) from error


def data_folder() -> Path:
    """Where new models go unless a setting says otherwise: `$DSPYC_MODELS`, or a folder of user data."""
    if chosen := os.environ.get("DSPYC_MODELS"):
        return Path(chosen)
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "dspyc" / "models"
