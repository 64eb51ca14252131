"""Tensors in files of safetensors, read one at a time.

The format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .words import json_of, read_json

if TYPE_CHECKING:
    from .checkpoint import Array

_LONGEST_HEADER = 100 << 20
"""As the library `safetensors` has it."""
_BYTES = {"BF16": 2, "F16": 2, "F32": 4}


@dataclass(frozen=True)
class Tensor:
    """A tensor in a file.

    Attributes:
        shape: its sizes.
        file: the file.
        kind: `BF16`, `F16` or `F32`.
        start: where its numbers begin in the file, in bytes.
        end: where they end.
    """

    shape: tuple[int, ...]
    file: Path
    kind: str
    start: int
    end: int

    def read(self) -> Array:
        """Its numbers, in 32 bits."""
        import numpy as np

        raw = np.memmap(self.file, dtype=np.uint8, mode="r")[self.start : self.end]
        if self.kind == "BF16":
            array = (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            array = raw.view({2: np.float16, 4: np.float32}[_BYTES[self.kind]]).astype(np.float32)
        shaped: Array = array.reshape(self.shape)
        return shaped


def has_all_tensors(folder: Path) -> bool:
    """Whether every file of weights is there, as far as the folder names them, and as long as it says.

    Raises:
        OSError, ValueError, KeyError, TypeError, AttributeError, struct.error: as `tensors_of`.
    """
    found = tensors_of(folder)
    sizes = {file: file.stat().st_size for file in {each.file for each in found.values()}}
    return bool(found) and all(each.end <= sizes[each.file] for each in found.values())


def tensors_of(folder: Path) -> dict[str, Tensor]:
    """The tensors in a folder, by their names.

    Raises:
        OSError: a file cannot be read.
        ValueError, KeyError, TypeError: it is no such file, or has numbers of another kind; a file that the
            folder's index names is missing.
    """
    found: dict[str, Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")):
        header, length = _header(file)
        for name, facts in header.items():
            if name != "__metadata__":
                if facts["dtype"] not in _BYTES:
                    raise ValueError(f"{name} has numbers of the kind {facts['dtype']}")
                start, end = (8 + length + offset for offset in facts["data_offsets"])
                found[name] = Tensor(tuple(facts["shape"]), file, facts["dtype"], start, end)
    index = folder / "model.safetensors.index.json"
    named = read_json(index)["weight_map"] if index.is_file() else {}
    # llama.cpp does without some weights: the model would answer, and badly.
    if found and (missing := next((name for name in named if name not in found), None)) is not None:
        raise ValueError(f"`{missing}`, which is in {named[missing]}, is missing")
    return found


def _header(file: Path) -> tuple[dict[str, Any], int]:
    """What a file says of its tensors, and the length of that."""
    with open(file, "rb") as content:
        start = content.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else _LONGEST_HEADER + 1
        if length > min(_LONGEST_HEADER, file.stat().st_size - 8):
            raise ValueError(
                f"{file.name} is not a complete safetensors file; git-lfs may not have fetched it"
            )
        return json_of(content.read(length), file.name), length
