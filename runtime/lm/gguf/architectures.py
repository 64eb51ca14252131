"""What llama.cpp has to be told of the architectures that are converted here, and how their weights differ.

Each follows llama.cpp's own conversion of it (`convert_hf_to_gguf.py`, https://github.com/ggml-org/llama.cpp).
What a folder's settings say beyond this is refused rather than left out: the model would answer, and badly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
        shape: the shape of that weight, from its GGUF name and the shape that transformers has.
        rotations: weights that scale the rotations, by their GGUF names.
        called: what the settings that all others call alike are called here.
        prefix: what the names of weights begin with, where some folders leave it out.
        layer_norms: whether layers are normed by mean and variance, with biases.
        rotates: whether positions are told by rotations.
    """

    name: str
    activations: tuple[str, ...] = ("silu",)
    verify: Callable[[Config], None] = lambda config: None
    tell: Callable[[Any, Config], None] = lambda writer, config: None
    weight: Callable[[str, Array, Config], Array] = lambda name, array, config: array
    shape: Callable[[str, tuple[int, ...]], tuple[int, ...]] = lambda name, shape: shape
    rotations: Callable[[Config], Mapping[str, Sequence[float]]] = lambda config: llama_rotations(config)
    called: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    layer_norms: bool = False
    rotates: bool = True

    def settings(self, given: Config) -> Config:
        """A folder's settings by the names that all architectures share."""
        others = {name: value for name, value in given.items() if name not in self.called}
        known = {ours: given[theirs] for ours, theirs in self.called.items() if given.get(theirs) is not None}
        return {**others, **known}


def head_width(config: Config) -> int:
    """Numbers in one attention head."""
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def key_value_heads(config: Config) -> int:
    """How many heads the keys and values have."""
    return int(config.get("num_key_value_heads") or config["num_attention_heads"])


@dataclass(frozen=True)
class Rotation:
    """How the heads of a model are rotated.

    Attributes:
        base: the base of the rotations.
        kind: how they are scaled: `llama3`, `longrope`; "" where they are not.
        scaling: what the folder says of that.
        share: the part of each head that is rotated.
    """

    base: float
    kind: str
    scaling: Mapping[str, Any]
    share: float


def rotation(config: Config) -> Rotation:
    """How the heads are rotated, as the folder says it in old words or new ones."""
    given = config.get("rope_parameters") or {}
    if any(isinstance(each, Mapping) for each in given.values()):
        given = given.get("full_attention") or {}
    scaling = config.get("rope_scaling") or (given if given.get("rope_type", "default") != "default" else {})
    kind = scaling.get("rope_type") or scaling.get("type") or "default"
    share = config.get("partial_rotary_factor", given.get("partial_rotary_factor", 1))
    base = config.get("rope_theta") or given.get("rope_theta") or 10_000.0
    known = "" if kind == "default" else {"su": "longrope"}.get(kind, str(kind))
    return Rotation(float(base), known, scaling, 1.0 if share is None else float(share))


def verify_rotation(config: Config, kinds: tuple[str, ...] = ("llama3",), *, in_part: bool = False) -> None:
    """Complain about rotations that are not converted.

    Args:
        config: what the folder says.
        kinds: how they may be scaled.
        in_part: whether a part of each head may be rotated.

    Raises:
        Unsaid: saying what is not converted.
    """
    found = rotation(config)
    if found.kind and found.kind not in kinds:
        raise Unsaid(f"it scales its rotations in a way that is not converted here ({found.kind})")
    if found.share != 1 and not in_part:
        raise Unsaid("its heads are rotated only in part")


def rotated_width(config: Config) -> int:
    """Numbers in the part of each head that is rotated."""
    return int(head_width(config) * rotation(config).share)


def llama_rotations(config: Config) -> Mapping[str, Sequence[float]]:
    """By how much each rotation of Llama 3 is slower than it would be without scaling."""
    found = rotation(config)
    base, scaling = found.base, found.scaling
    if found.kind != "llama3":
        return {}
    width, old = head_width(config), float(scaling["original_max_position_embeddings"])
    factor, low, high = (float(scaling[name]) for name in ("factor", "low_freq_factor", "high_freq_factor"))
    factors = []
    for index in range(0, width, 2):
        length = 2 * math.pi * base ** (index / width)
        smooth = (old / length - low) / (high - low)
        between = 1 / ((1 - smooth) / factor + smooth)
        factors.append(1.0 if length < old / high else factor if length > old / low else between)
    return {"rope_freqs.weight": factors}


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
    verify_rotation(config, ())


def _verify_llama(config: Config) -> None:
    verify_rotation(config)
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
LARGEST_GEMMA = {2: 46, 3: 62}
"""The layers of the Gemma 2 and 3 whose scores llama.cpp scales in another way."""


def _verify_gemma(config: Config, generation: int) -> None:
    _no_biases(config)
    _unscaled(config)
    is_largest = layers_of(config) == LARGEST_GEMMA[generation]
    scaled_by = config["hidden_size"] // config["num_attention_heads"] if is_largest else head_width(config)
    if config.get("query_pre_attn_scalar", 256) != scaled_by:
        raise Unsaid("it scales its attention in a way of its own")
    if config.get("use_bidirectional_attention"):
        raise Unsaid("it reads in both directions")


def _verify_gemma2(config: Config) -> None:
    _verify_gemma(config, 2)
    if not config.get("attn_logit_softcapping") or not config.get("final_logit_softcapping"):
        raise Unsaid("it does not cap its scores")
    kinds = config.get("layer_types") or []
    if any((kind == "full_attention") != (index % 2 == 1) for index, kind in enumerate(kinds)):
        raise Unsaid("other layers than each second attend to the whole text")


def _tell_gemma2(writer: Any, config: Config) -> None:
    _tell_windows(writer, config)
    writer.add_attn_logit_softcapping(float(config["attn_logit_softcapping"]))
    writer.add_final_logit_softcapping(float(config["final_logit_softcapping"]))


def _verify_gemma3(config: Config) -> None:
    _verify_gemma(config, 3)
    if config.get("attn_logit_softcapping") or config.get("final_logit_softcapping"):
        raise Unsaid("it caps its scores")
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


def _tell_windows(writer: Any, config: Config) -> None:
    writer.add_sliding_window(int(config["sliding_window"]))


def _gemma_weight(name: str, array: Array, config: Config) -> Array:
    return array + 1 if name.endswith("_norm.weight") else array


# --- Phi-3 ----------------------------------------------------------------------------------------------


def context_of(config: Config) -> int:
    """The longest text that llama.cpp reads as transformers does.

    llama.cpp does not attend in Phi-3's window, and scales all rotations alike where transformers scales
    those of short texts and of long ones: within the window, and the shorter length, there is no difference.
    """
    lengths = [int(config["max_position_embeddings"])]
    if config.get("model_type") == "phi3":
        lengths += [int(config["sliding_window"])] if config.get("sliding_window") else []
        if rotation(config).kind == "longrope":
            lengths.append(_short_length(config))
    return min(lengths)


def _short_length(config: Config) -> int:
    said = rotation(config).scaling.get("original_max_position_embeddings")
    return int(said or config["original_max_position_embeddings"])


def _verify_phi3(config: Config) -> None:
    verify_rotation(config, ("longrope",), in_part=True)
    _no_biases(config)
    if rotation(config).kind:
        short, long = (rotation(config).scaling[f"{name}_factor"] for name in ("short", "long"))
        if not len(short) == len(long) == rotated_width(config) // 2:
            raise Unsaid("its rotations are more or fewer than it scales")


def _tell_phi3(writer: Any, config: Config) -> None:
    writer.add_sliding_window(0)
    if rotation(config).kind:
        short = _short_length(config)
        scale = int(config["max_position_embeddings"]) / short
        grown = math.sqrt(1 + math.log(scale) / math.log(short)) if scale > 1 else 1.0
        writer.add_rope_scaling_orig_ctx_len(short)
        writer.add_rope_scaling_attn_factors(float(rotation(config).scaling.get("attention_factor") or grown))


def _phi3_rotations(config: Config) -> Mapping[str, Sequence[float]]:
    scaling = rotation(config).scaling
    kinds = ("short", "long") if rotation(config).kind else ()
    return {f"rope_factors_{kind}.weight": list(map(float, scaling[f"{kind}_factor"])) for kind in kinds}


# --- GPT-2 ----------------------------------------------------------------------------------------------

_OF_GPT2 = {
    "hidden_size": "n_embd", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
    "max_position_embeddings": "n_positions", "intermediate_size": "n_inner",
    "hidden_act": "activation_function", "rms_norm_eps": "layer_norm_epsilon",
    "num_key_value_heads": "n_head",
}  # fmt: skip
_TURNED = ("attn_qkv.weight", "attn_output.weight", "ffn_up.weight", "ffn_down.weight")
"""What GPT-2 multiplies from the other side."""


def _verify_gpt2(config: Config) -> None:
    if not config.get("scale_attn_weights", True) or config.get("scale_attn_by_inverse_layer_idx"):
        raise Unsaid("it scales its attention in a way of its own")
    if config.get("add_cross_attention"):
        raise Unsaid("it attends to another model")


def _gpt2_weight(name: str, array: Array, config: Config) -> Array:
    return array.T if name.endswith(_TURNED) else array


def _gpt2_shape(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[::-1] if name.endswith(_TURNED) else shape


ARCHITECTURES: dict[str, Architecture] = {
    "LlamaForCausalLM": Architecture("llama", verify=_verify_llama, weight=_llama_weight),
    "MistralForCausalLM": Architecture("llama", verify=_verify_llama, weight=_llama_weight),
    "Qwen2ForCausalLM": Architecture("qwen2", verify=_verify_qwen2),
    "Qwen3ForCausalLM": Architecture("qwen3", verify=_verify_qwen3),
    "Gemma2ForCausalLM": Architecture(
        "gemma2", ("gelu_pytorch_tanh",), verify=_verify_gemma2, tell=_tell_gemma2, weight=_gemma_weight
    ),
    "Gemma3ForCausalLM": Architecture(
        "gemma3", ("gelu_pytorch_tanh",), verify=_verify_gemma3, tell=_tell_windows, weight=_gemma_weight
    ),
    "Phi3ForCausalLM": Architecture(
        "phi3", verify=_verify_phi3, tell=_tell_phi3, rotations=_phi3_rotations
    ),
    "GPT2LMHeadModel": Architecture(
        "gpt2", ("gelu_new", "gelu_pytorch_tanh"), verify=_verify_gpt2, weight=_gpt2_weight,
        shape=_gpt2_shape, called=_OF_GPT2, prefix="transformer.", layer_norms=True, rotates=False,
    ),
}  # fmt: skip
"""By the names that transformers has for them."""
