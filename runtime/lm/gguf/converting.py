"""Folders of safetensors as GGUF files, for llama.cpp: the architectures of `architectures`.

The names of the tensors come from the package `gguf`. Weights are read, converted and written one at a time,
so a conversion takes the memory of the largest one.
"""

from __future__ import annotations

import math
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any

from ....base.files import remove_leftovers, replacing
from ...errors import LMConfigurationError
from .architectures import (
    ARCHITECTURES,
    Architecture,
    Config,
    head_width,
    key_value_heads,
    rotation,
    rotation_factors,
)
from .checkpoint import Vocabulary, write_vocabulary
from .folder import prompts_of
from .header import PROMPTS
from .safetensors import Tensor, tensors_of
from .words import Unsaid, layers_of, read_json, vocabulary_of

_ROTATIONS = "rope_freqs.weight"
_UNUSED = ".rotary_emb.inv_freq"
"""What old folders keep beside the weights, and can be worked out."""


def is_convertible(path: Path) -> bool:
    """Whether a folder holds a model that is converted here: as far as its settings and tokenizer say."""
    names = ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json")
    try:
        changed = [(path / name).stat().st_mtime_ns for name in names[:2]]
    except OSError:
        return False
    changed.append(int(any(path.glob("*.safetensors"))))
    changed += [(path / name).stat().st_mtime_ns for name in names[2:] if (path / name).is_file()]
    return _is_convertible(path, *changed)


@lru_cache(maxsize=256)
def _is_convertible(path: Path, *changed: int) -> bool:
    try:
        _planned(path)
        return any(path.glob("*.safetensors"))
    except (OSError, KeyError, TypeError, AttributeError, IndexError, ValueError, ArithmeticError):
        return False


def convert(path: Path, target: Path, model: str) -> None:
    """Write the GGUF file of the model in a folder, whole or not at all; matrices in 16 bits.

    Raises:
        LMConfigurationError: it is not converted here, or its files are damaged; `model` is its name.
        ImportError: a package is not installed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        architecture, config, vocabulary = _planned(path)
        remove_leftovers(target)
        with replacing(target) as file:
            _write(path, file.name, architecture, config, vocabulary)
    except Unsaid as error:
        raise LMConfigurationError(
            f"`{model}` cannot be converted here: {error}; convert it with llama.cpp's "
            "`convert_hf_to_gguf.py`",
            model=model,
        ) from error
    except (
        OSError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        ValueError,
        ArithmeticError,
        struct.error,
    ) as error:
        raise LMConfigurationError(f"`{model}` cannot be converted: {error!r}", model=model) from error


def _planned(path: Path) -> tuple[Architecture, Config, Vocabulary]:
    config = read_json(path / "config.json")
    names = config.get("architectures") or []
    architecture = next((ARCHITECTURES[name] for name in names if name in ARCHITECTURES), None)
    if architecture is None:
        raise Unsaid(f"its architecture is {', '.join(names) or 'not said'}")
    if config.get("auto_map"):
        raise Unsaid("it comes with code of its own")
    if config.get("quantization_config"):
        raise Unsaid("its weights are quantized")
    activation = config.get("hidden_activation") or config.get("hidden_act") or architecture.activations[0]
    if activation not in architecture.activations:
        raise Unsaid(f"its layers use `{activation}`")
    layers_of(config)
    rotation(config)
    architecture.verify(config)
    return architecture, config, vocabulary_of(path, config, int(config["vocab_size"]))


def _write(path: Path, file: str, architecture: Architecture, config: Config, vocabulary: Vocabulary) -> None:
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(file, architecture.name)
    form = prompts_of(path)
    if form is not None and form != "chat":
        writer.add_string(PROMPTS, form)
    writer.add_name(path.name)
    _tell(writer, config)
    architecture.tell(writer, config)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    write_vocabulary(writer, vocabulary)
    tensors = _tensors(path, architecture, config)
    factors = np.array(rotation_factors(config), dtype=np.float32)
    try:
        for name, tensor in tensors.items():
            kind = np.dtype(np.float16 if len(tensor.shape) > 1 else np.float32)
            writer.add_tensor_info(name, tensor.shape, kind, math.prod(tensor.shape) * kind.itemsize)
        if len(factors):
            writer.add_tensor_info(_ROTATIONS, factors.shape, factors.dtype, factors.nbytes)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for name, tensor in tensors.items():
            array = architecture.weight(name, tensor.read(), config)
            kind = np.dtype(np.float16 if array.ndim > 1 else np.float32)
            writer.write_tensor_data(np.ascontiguousarray(array, dtype=kind))
        if len(factors):
            writer.write_tensor_data(factors)
    finally:
        writer.close()


def _tell(writer: Any, config: Config) -> None:
    """What is said of every architecture."""
    heads, width = int(config["num_attention_heads"]), head_width(config)
    writer.add_context_length(int(config["max_position_embeddings"]))
    writer.add_embedding_length(int(config["hidden_size"]))
    writer.add_block_count(layers_of(config))
    writer.add_feed_forward_length(int(config["intermediate_size"]))
    writer.add_head_count(heads)
    writer.add_head_count_kv(key_value_heads(config))
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_rope_dimension_count(width)
    writer.add_rope_freq_base(rotation(config)[0])
    writer.add_layer_norm_rms_eps(float(config.get("rms_norm_eps", 1e-6)))
    writer.add_vocab_size(int(config["vocab_size"]))


def _tensors(path: Path, architecture: Architecture, config: Config) -> dict[str, Tensor]:
    """The weights by their GGUF names."""
    import gguf

    kind = next(each for each, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture.name)
    names = gguf.get_tensor_name_map(kind, layers_of(config))
    found = tensors_of(path)
    if not found:
        raise Unsaid("it has no safetensors")
    if config.get("tie_word_embeddings"):
        found.pop("lm_head.weight", None)
    tensors: dict[str, Tensor] = {}
    for theirs, tensor in found.items():
        if theirs.endswith(_UNUSED):
            continue
        ours = names.get_name(theirs, try_suffixes=(".weight", ".bias"))
        if ours is None:
            raise Unsaid(f"llama.cpp's {architecture.name} has no weight `{theirs}`")
        tensors[ours] = tensor
    for index in range(layers_of(config)):
        if not any(name.startswith(f"blk.{index}.") for name in tensors):
            raise ValueError(f"the weights of layer {index + 1} are missing")
    return tensors
