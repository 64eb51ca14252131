"""How much memory and room on the disk there is, and how much of it the training of a model takes."""

from __future__ import annotations

import json
import math
import shutil
import struct
from pathlib import Path

from ....base.files import render_size
from ...errors import LMConfigurationError
from .settings import FinetuneSettings

LONGEST_HEADER = 100 << 20
"""Bytes; what safetensors itself accepts."""


def require_memory(model: str, folder: Path, settings: FinetuneSettings, longest: int) -> None:
    """Refuse before the machine begins to swap.

    Args:
        model: its name.
        folder: where it is.
        settings: the batch size, and whether LoRA is used.
        longest: the tokens of the longest row, 0 while that is not known.
    """
    sizes = [size for file in sorted(folder.glob("*.safetensors")) for size in _sizes(file, model)]
    if not sizes:
        raise LMConfigurationError(
            f"`{model}` cannot be trained: its folder has no safetensors; pickled weights are not read",
            model=model,
        )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    text = config.get("text_config") or config
    width = int(text.get("hidden_size") or text.get("n_embd") or 0)
    layers = int(text.get("num_hidden_layers") or text.get("n_layer") or 0)
    weights = sum(math.prod(size) for size in sizes)
    pairs = sum(settings.lora * sum(size) for size in sizes if len(size) == 2) if settings.lora else 0
    # In numbers of four bytes: each trained weight, its gradient, two moments; layers and scores of a step.
    kept = weights + 4 * pairs if settings.lora else 4 * weights
    tokens = settings.batch_size * longest
    needed = 4 * (kept + tokens * (layers * 28 * width + 3 * int(text.get("vocab_size") or 0)))
    available = free_memory()
    if available is not None and needed > available:
        raise LMConfigurationError(
            f"training `{model}` needs about {needed / 2**30:.1f} GiB of memory and {available / 2**30:.1f} "
            "GiB are free; use a smaller `batch_size`, `lora` or a smaller model",
            model=model,
        )


def free_memory() -> int | None:
    """The bytes that a training may take: on the GPU where there is one."""
    import torch

    if torch.cuda.is_available():
        free: int = torch.cuda.mem_get_info()[0]
        return free
    return available_memory()


def require_room(model: str, place: Path, size: int) -> None:
    """Refuse before the start what could not be written at the end.

    Args:
        model: the name of the model that is trained.
        place: where the new one goes.
        size: how many bytes it has, at least.
    """
    folder = next((each for each in place.absolute().parents if each.exists()), None)
    try:
        free = size if folder is None else shutil.disk_usage(folder).free
    except OSError:
        return
    if free < size:
        raise LMConfigurationError(
            f"the model that comes of training `{model}` needs {render_size(size)}, and {render_size(free)} "
            f"are free in `{folder}`; make room there, or name another folder with `output`",
            model=model,
        )


def _sizes(file: Path, model: str) -> list[list[int]]:
    """The shapes of the tensors in a safetensors file, from its header alone."""
    try:
        with open(file, "rb") as content:
            (length,) = struct.unpack("<Q", content.read(8))
            header = json.loads(content.read(min(length, LONGEST_HEADER)))
        return [facts["shape"] for name, facts in header.items() if name != "__metadata__"]
    except (OSError, ValueError, KeyError, AttributeError, struct.error) as error:
        raise LMConfigurationError(f"`{file}` of `{model}` is damaged", model=model) from error


def available_memory() -> int | None:
    """The bytes that programs may still take without swapping, where the system says so."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None
