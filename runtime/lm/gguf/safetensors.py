"""Tensors in files of safetensors, read one at a time.

The format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def tensors_of(folder: Path) -> dict[str, Tensor]:
    """The tensors in a folder, by their names.

    Raises:
        OSError: a file cannot be read.
        ValueError, KeyError: it is no such file, or has numbers of another kind.
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
    return found


def _header(file: Path) -> tuple[Any, int]:
    """What a file says of its tensors, and the length of that."""
    with open(file, "rb") as content:
        start = content.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else _LONGEST_HEADER + 1
        if length > min(_LONGEST_HEADER, file.stat().st_size - 8):
            raise ValueError(f"{file.name} is no whole file of safetensors; git-lfs may not have fetched it")
        return json.loads(content.read(length)), length
