"""The first facts of a GGUF file, read with the standard library alone: enough to start a model or refuse it.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ....base.files import UnreadableFile, verify_regular
from ...errors import LMConfigurationError, LMUnknownModelError

MAGIC = b"GGUF"
STRING, ARRAY = 8, 9
NUMBERS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
PROMPTS = "dspyc.prompts"
"""The fact in which a model trained here says how it is to be asked; it stands before the context."""
TRAINING = "dspyc.training"
"""The fact in which it says which training it comes from, as JSON; it is long and stands behind."""
LONGEST_STRING = 64 << 20
_LARGEST = 1 << 50

Value = int | float | bool | str


@dataclass(frozen=True)
class Header:
    """What a GGUF file says about its model before the tokens begin."""

    architecture: str
    context: int
    prompts: str | None = None
    """The form of the prompts that it was trained on, `chat` or `compact`, where it says."""


def read_header(path: Path, model: str) -> Header:
    """The header of the GGUF file at `path`.

    Raises `LMUnknownModelError` when there is no file and `LMConfigurationError` when it is no GGUF file of a
    language model; both name `model`, the name that the user gave.
    """
    try:
        verify_regular(path, _LARGEST)
        with open(path, "rb") as file:
            return _header(file, path, model)
    except UnreadableFile as problem:
        if problem.kind != "missing" and not path.is_dir():
            raise LMConfigurationError(f"the model file `{path}` {problem.message}", model=model) from None
        raise LMUnknownModelError(
            f'there is no model file at `{path}`; `LM("gguf/PATH")` takes the path of a GGUF file',
            model=model,
        ) from None
    except OSError as error:
        raise LMConfigurationError(
            f"cannot read the model file `{path}`: {error.strerror}", model=model
        ) from error


def _header(file: BinaryIO, path: Path, model: str) -> Header:
    if file.read(4) != MAGIC:
        raise LMConfigurationError(
            f"`{path}` is not a GGUF file; convert the model with llama.cpp's `convert_hf_to_gguf.py`, "
            "or use a file whose name ends in `.gguf`",
            model=model,
        )
    facts: dict[str, Value] = {}
    try:
        for key, value in _facts(file):
            facts[key] = value
            architecture = facts.get("general.architecture")
            context = facts.get(f"{architecture}.context_length")
            if isinstance(architecture, str) and isinstance(context, int):
                return Header(architecture, context, _text(facts.get(PROMPTS)))
    except (struct.error, UnicodeDecodeError, OverflowError, ValueError, MemoryError):
        raise LMConfigurationError(
            f"the GGUF file `{path}` is truncated or damaged; download it again", model=model
        ) from None
    raise LMConfigurationError(
        f"the GGUF file `{path}` does not state a context length, so it is not a language model", model=model
    )


def has_chat_template(path: Path) -> bool:
    """Whether a GGUF file says how a conversation is written; one that does not holds a base model.

    Steps over the tokens, which takes some tenths of a second for the largest vocabularies.

    Raises:
        OSError: the file cannot be read.
        LMConfigurationError: it is truncated or damaged.
    """
    try:
        with open(path, "rb") as file:
            file.read(len(MAGIC))
            return any(key == "tokenizer.chat_template" for key, _ in _facts(file))
    except (struct.error, UnicodeDecodeError, OverflowError, ValueError, MemoryError):
        raise LMConfigurationError(
            f"the GGUF file `{path}` is truncated or damaged; download it again"
        ) from None


def text_fact(path: Path, name: str) -> str | None:
    """A text that a GGUF file states under a name; None where it states none, or is not readable as such a
    file.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                return None
            return next((_text(value) for key, value in _facts(file) if key == name), None)
    except (struct.error, UnicodeDecodeError, OverflowError, ValueError, MemoryError):
        return None


_SIZES = {0: (1, 4), 1: (1, 2), 8: (32, 34), 30: (1, 2)}
"""Numbers in a block and its bytes, by the types of tensors that are written here."""
_ALIGNED = 32


def is_whole(path: Path) -> bool:
    """Whether a GGUF file that was written here has all its tensors' numbers, as its header states them.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        verify_regular(path, _LARGEST)
        with open(path, "rb") as file:
            if file.read(4) != MAGIC:
                return False
            file.seek(8)
            count = _number(file, "<Q")
            file.seek(4)
            for _ in _facts(file):
                pass
            ends = [0]
            for _ in range(count):
                _string(file)
                size = 1
                for _ in range(_number(file, "<I")):
                    size *= _number(file, "<Q")
                numbers, length = _SIZES[_number(file, "<I")]
                ends.append(_number(file, "<Q") + size // numbers * length)
            start = -(-file.tell() // _ALIGNED) * _ALIGNED
            return file.seek(0, 2) >= start + max(ends)
    except (struct.error, UnicodeDecodeError, OverflowError, ValueError, KeyError, MemoryError):
        return False


def _text(value: Value | None) -> str | None:
    return value if isinstance(value, str) else None


def _facts(file: BinaryIO) -> Iterator[tuple[str, Value]]:
    """The scalar facts in the order of the file; arrays are stepped over."""
    version, _tensors, count = _number(file, "<I"), _number(file, "<Q"), _number(file, "<Q")
    if not 2 <= version <= 3:
        raise ValueError(version)
    for _ in range(count):
        key, kind = _string(file), _number(file, "<I")
        if kind == ARRAY:
            element, length = _number(file, "<I"), _number(file, "<Q")
            if element == STRING:
                for _ in range(length):
                    file.seek(_number(file, "<Q"), 1)
            else:
                file.seek(length * struct.calcsize(_format(element)), 1)
        elif kind == STRING:
            yield key, _string(file)
        else:
            yield key, _number(file, _format(kind))


def _format(kind: int) -> str:
    try:
        return NUMBERS[kind]
    except KeyError:
        raise ValueError(kind) from None


def _number(file: BinaryIO, layout: str) -> int:
    value: int = struct.unpack(layout, file.read(struct.calcsize(layout)))[0]
    return value


def _string(file: BinaryIO) -> str:
    length = _number(file, "<Q")
    if length > LONGEST_STRING:
        raise ValueError(length)
    raw = file.read(length)
    if len(raw) != length:
        raise ValueError(length)
    return raw.decode("utf-8")
