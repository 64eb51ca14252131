"""The models that a state names: files, and folders as Hugging Face's transformers keep them."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

from ...base.files import is_private
from ..errors import StateError
from ..lm.gguf.folder import PROMPTS_FILE

LOCAL = "gguf/"
"""How the names of models begin that are files or folders."""
_WEIGHTS = "*.safetensors"
_PARTS = (
    _WEIGHTS, "*.safetensors.index.json", "config.json", "generation_config.json", "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
    "vocab.txt", "*.model", "*.jinja", "chat_template.json", "processor_config.json",
    "preprocessor_config.json", PROMPTS_FILE,
)  # fmt: skip
"""The files of a model's folder; others there are of its training, or of its owner."""


def trained_models(path: Path, text: str) -> list[Path]:
    """The trained models that lie beside a state file and are named in it: GGUF files, and folders of
    safetensors.

    Args:
        path: the state file.
        text: its content; one that is no JSON names nothing.
    """
    try:
        waiting, names = [json.loads(text)], set[str]()
    except (ValueError, RecursionError):
        return []
    while waiting:
        match waiting.pop():
            case dict() as found:
                waiting += found.values()
            case list() as found:
                waiting += found
            case str() as found if found.startswith(LOCAL):
                names.add(found.removeprefix(LOCAL))
    # What a state names lies beside it, or is not opened.
    beside = sorted(
        name for name in names if name not in ("", ".", "..") and not re.search(r"[/\\:\x00]", name)
    )
    models = [path.with_name(name) for name in beside]
    return [model for model in models if model.is_file() or is_model_folder(model)]


def is_model_folder(path: Path) -> bool:
    """Whether a path is a folder that says which model it holds; its weights may be missing."""
    return (path / "config.json").is_file()


def is_part_of_model(path: Path) -> bool:
    """Whether a file is one of a model's folder, beside others that have nothing to do with the model."""
    folder = path.parent
    return _is_part(path) and is_model_folder(folder) and any(folder.glob(_WEIGHTS))


def files_of(model: Path) -> list[Path]:
    """The files of a trained model: the file itself, or those in its folder that belong to the model.

    Links to files count, as a cache of Hugging Face has them in place of the files.

    Raises:
        StateError: a folder without weights, or with a link to weights that are not there.
    """
    if not model.is_dir():
        return [model] if model.is_file() else []
    parts = sorted(file for file in model.iterdir() if _is_part(file))
    weights = [file for file in parts if fnmatchcase(file.name, _WEIGHTS)]
    if not weights:
        raise StateError(f"the folder {model} has no weights: there is no file `{_WEIGHTS}` in it")
    for file in weights:
        if not file.is_file():
            raise StateError(f"the weights {file} are no file, or a link to one that is not there")
    return [file for file in parts if file.is_file()]


def _is_part(file: Path) -> bool:
    # A link that is called like a part of a model may lead to a key.
    names = (Path(file.name), Path(file.resolve().name))
    return any(fnmatchcase(file.name, each) for each in _PARTS) and not any(map(is_private, names))
