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

from ....base.expressions import pattern
from ....base.files import remove_leftovers, replacing
from ...errors import LMConfigurationError
from .architectures import (
    ARCHITECTURES,
    Architecture,
    Config,
    context_of,
    head_width,
    key_value_heads,
    rotated_width,
    rotation,
)
from .checkpoint import Vocabulary, write_vocabulary
from .folder import prompts_of
from .header import PROMPTS
from .safetensors import Tensor, tensors_of
from .words import Unsaid, layers_of, read_json, vocabulary_of

_UNUSED = (".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias")
"""What old folders keep beside the weights, and can be worked out."""
_PHI3 = pattern(r"(?i)phi-?3")
_IN_32_BITS = "position_embd.weight"
"""A matrix that llama.cpp keeps in 32 bits."""


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
    config: Config = read_json(path / "config.json")
    names = config.get("architectures") or []
    architecture = next((ARCHITECTURES[name] for name in names if name in ARCHITECTURES), None)
    if architecture is None:
        raise Unsaid(f"its architecture is {', '.join(names) or 'not said'}")
    if config.get("auto_map"):
        raise Unsaid("it comes with code of its own")
    if config.get("quantization_config"):
        raise Unsaid("its weights are quantized")
    config = architecture.settings(config)
    activation = config.get("hidden_activation") or config.get("hidden_act") or architecture.activations[0]
    if activation not in architecture.activations:
        raise Unsaid(f"its layers use `{activation}`")
    layers_of(config)
    architecture.verify(config)
    vocabulary = vocabulary_of(path, config, int(config["vocab_size"]))
    if vocabulary.takes_blanks and architecture.name != "phi3":
        raise Unsaid("its special tokens take the blanks behind them")
    return architecture, config, vocabulary


def _write(path: Path, file: str, architecture: Architecture, config: Config, vocabulary: Vocabulary) -> None:
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(file, architecture.name)
    form = prompts_of(path)
    if form is not None and form != "chat":
        writer.add_string(PROMPTS, form)
    writer.add_name(_name(path, vocabulary))
    _tell(writer, config, architecture)
    architecture.tell(writer, config)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    write_vocabulary(writer, vocabulary)
    tensors = _tensors(path, architecture, config)
    rotations = {
        name: np.array(factors, dtype=np.float32) for name, factors in architecture.rotations(config).items()
    }
    try:
        for name, tensor in tensors.items():
            shape = architecture.shape(name, tensor.shape)
            kind = np.dtype(_precision(name, len(shape)))
            writer.add_tensor_info(name, shape, kind, math.prod(shape) * kind.itemsize)
        for name, factors in rotations.items():
            writer.add_tensor_info(name, factors.shape, factors.dtype, factors.nbytes)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for name, tensor in tensors.items():
            array = architecture.weight(name, tensor.read(), config)
            writer.write_tensor_data(np.ascontiguousarray(array, dtype=_precision(name, array.ndim)))
        for factors in rotations.values():
            writer.write_tensor_data(factors)
    finally:
        writer.close()


def _precision(name: str, dimensions: int) -> str:
    return "float16" if dimensions > 1 and name != _IN_32_BITS else "float32"


def _name(path: Path, vocabulary: Vocabulary) -> str:
    """The model's name, by which llama.cpp knows whether special tokens take the blanks behind them."""
    plain = _PHI3.sub("phi 3", path.name)
    return f"phi-3 {plain}" if vocabulary.takes_blanks else plain


def _tell(writer: Any, config: Config, architecture: Architecture) -> None:
    """What is said of every architecture."""
    heads, width, inner = (
        int(config["num_attention_heads"]),
        head_width(config),
        config.get("intermediate_size"),
    )
    writer.add_context_length(context_of(config))
    writer.add_embedding_length(int(config["hidden_size"]))
    writer.add_block_count(layers_of(config))
    writer.add_feed_forward_length(int(inner or 4 * config["hidden_size"]))
    writer.add_head_count(heads)
    writer.add_head_count_kv(key_value_heads(config))
    writer.add_key_length(width)
    writer.add_value_length(width)
    if architecture.rotates:
        writer.add_rope_dimension_count(rotated_width(config))
        writer.add_rope_freq_base(rotation(config).base)
    tell_epsilon = writer.add_layer_norm_eps if architecture.layer_norms else writer.add_layer_norm_rms_eps
    tell_epsilon(float(config.get("rms_norm_eps", 1e-6)))
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
        is_named = theirs.startswith((architecture.prefix, "lm_head."))
        whole = theirs if is_named else f"{architecture.prefix}{theirs}"
        ours = names.get_name(whole, try_suffixes=(".weight", ".bias"))
        if ours is None:
            raise Unsaid(f"llama.cpp's {architecture.name} has no weight `{theirs}`")
        tensors[ours] = tensor
    for index in range(layers_of(config)):
        if not any(name.startswith(f"blk.{index}.") for name in tensors):
            raise ValueError(f"the weights of layer {index + 1} are missing")
    return tensors
