"""What llama.cpp has to be told of the architectures that are converted here, and how their weights differ.

Each follows llama.cpp's own conversion of it (`convert_hf_to_gguf.py`, https://github.com/ggml-org/llama.cpp).
What a folder's settings say beyond this is refused rather than left out: the model would answer, and badly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .folder import turned
from .words import Unsaid, layers_of

if TYPE_CHECKING:
    from .checkpoint import Array

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Architecture:
    """An architecture of llama.cpp.

    Attributes:
        name: llama.cpp's name of it.
        activations: what the feed-forward layers may use, by transformers' names.
        verify: raises `Unsaid` for what a folder's settings say and a file cannot.
        tell: writes what is said of this architecture alone.
        weight: a weight as llama.cpp wants it, from its GGUF name and what transformers has.
    """

    name: str
    activations: tuple[str, ...] = ("silu",)
    verify: Callable[[Config], None] = lambda config: None
    tell: Callable[[Any, Config], None] = lambda writer, config: None
    weight: Callable[[str, Array, Config], Array] = lambda name, array, config: array


def head_width(config: Config) -> int:
    """Numbers in one attention head."""
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def key_value_heads(config: Config) -> int:
    """How many heads the keys and values have."""
    return int(config.get("num_key_value_heads") or config["num_attention_heads"])


def rotation(config: Config) -> tuple[float, Mapping[str, Any]]:
    """The base of the rotations, and how they are scaled: `{}` where they are not.

    Raises:
        Unsaid: they are scaled in another way than Llama 3's, or only a part of each head is rotated.
    """
    given = config.get("rope_parameters") or {}
    if any(isinstance(each, Mapping) for each in given.values()):
        given = given.get("full_attention") or {}
    scaling = config.get("rope_scaling") or (given if given.get("rope_type", "default") != "default" else {})
    kind = scaling.get("rope_type") or scaling.get("type")
    if kind not in (None, "default", "llama3"):
        raise Unsaid(f"it scales its rotations in a way that is not converted here ({kind})")
    share = config.get("partial_rotary_factor", given.get("partial_rotary_factor", 1))
    if share not in (None, 1):
        raise Unsaid("its heads are rotated only in part")
    base = config.get("rope_theta") or given.get("rope_theta") or 10_000.0
    return float(base), scaling if kind == "llama3" else {}


def rotation_factors(config: Config) -> list[float]:
    """By how much each rotation of Llama 3 is slower than it would be without scaling; none where it is not
    scaled.
    """
    base, scaling = rotation(config)
    if not scaling:
        return []
    width, old = head_width(config), float(scaling["original_max_position_embeddings"])
    factor, low, high = (float(scaling[name]) for name in ("factor", "low_freq_factor", "high_freq_factor"))
    factors = []
    for index in range(0, width, 2):
        length = 2 * math.pi * base ** (index / width)
        smooth = (old / length - low) / (high - low)
        between = 1 / ((1 - smooth) / factor + smooth)
        factors.append(1.0 if length < old / high else factor if length > old / low else between)
    return factors


def _no_windows(config: Config) -> None:
    is_used = config.get("use_sliding_window", True)
    if config.get("sliding_window") and is_used:
        raise Unsaid("it attends in windows")
    if set(config.get("layer_types") or ()) - {"full_attention"}:
        raise Unsaid("some of its layers attend to a part of the text")


def _no_biases(config: Config) -> None:
    if config.get("attention_bias") or config.get("mlp_bias"):
        raise Unsaid("it has biases")


def _unscaled(config: Config) -> None:
    if rotation(config)[1]:
        raise Unsaid("it scales its rotations")


def _verify_llama(config: Config) -> None:
    _no_windows(config)
    _no_biases(config)


def _llama_weight(name: str, array: Array, config: Config) -> Array:
    heads = {"attn_q": int(config["num_attention_heads"]), "attn_k": key_value_heads(config)}
    count = heads.get(name.split(".")[-2])
    return array if count is None else turned(array, count)


def _verify_qwen2(config: Config) -> None:
    _no_windows(config)
    _unscaled(config)


def _verify_qwen3(config: Config) -> None:
    _verify_llama(config)
    _unscaled(config)


WINDOWS = 6
"""Of so many layers of Gemma 3, the last attends to the whole text; llama.cpp takes that for granted."""
WINDOW_ROTATION = 10_000.0
"""And this as the base of the rotations in all other layers."""
LARGEST_GEMMA = 62
"""The layers of the Gemma 3 whose scores llama.cpp scales in another way."""


def _verify_gemma3(config: Config) -> None:
    _no_biases(config)
    _unscaled(config)
    layers = layers_of(config)
    if layers == LARGEST_GEMMA or config.get("query_pre_attn_scalar", 256) != head_width(config):
        raise Unsaid("it scales its attention in a way of its own")
    if config.get("attn_logit_softcapping") or config.get("final_logit_softcapping"):
        raise Unsaid("it caps its scores")
    if config.get("use_bidirectional_attention"):
        raise Unsaid("it reads in both directions")
    kinds = config.get("layer_types") or []
    if any((kind == "full_attention") != ((index + 1) % WINDOWS == 0) for index, kind in enumerate(kinds)):
        raise Unsaid("other layers than each sixth attend to the whole text")
    if not kinds and config.get("sliding_window_pattern", WINDOWS) != WINDOWS:
        raise Unsaid("other layers than each sixth attend to the whole text")
    given = config.get("rope_parameters") or {}
    if not (config.get("rope_theta") or (given.get("full_attention") or {}).get("rope_theta")):
        raise Unsaid("it does not say by which base it rotates")
    local = (given.get("sliding_attention") or {}).get("rope_theta") or config.get("rope_local_base_freq")
    if (local or WINDOW_ROTATION) != WINDOW_ROTATION:
        raise Unsaid("it rotates within windows with a base of its own")


def _tell_gemma3(writer: Any, config: Config) -> None:
    writer.add_sliding_window(int(config["sliding_window"]))


def _gemma_weight(name: str, array: Array, config: Config) -> Array:
    return array + 1 if name.endswith("_norm.weight") else array


ARCHITECTURES: dict[str, Architecture] = {
    "LlamaForCausalLM": Architecture("llama", verify=_verify_llama, weight=_llama_weight),
    "MistralForCausalLM": Architecture("llama", verify=_verify_llama, weight=_llama_weight),
    "Qwen2ForCausalLM": Architecture("qwen2", verify=_verify_qwen2),
    "Qwen3ForCausalLM": Architecture("qwen3", verify=_verify_qwen3),
    "Gemma3ForCausalLM": Architecture(
        "gemma3", ("gelu_pytorch_tanh",), verify=_verify_gemma3, tell=_tell_gemma3, weight=_gemma_weight
    ),
}
"""By the names that transformers has for them."""
