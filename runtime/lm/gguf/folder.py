"""Models as Hugging Face's transformers keep them, a folder of safetensors, read as the GGUF file is.

Only what a GGUF file of the llama architecture can say: `LlamaForCausalLM` and its like with a byte-level BPE
tokenizer. All others are asked and trained by transformers, as they are.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import LMConfigurationError
from .checkpoint import Checkpoint, Shape, Vocabulary
from .safetensors import tensors_of
from .words import Unsaid, layers_of, read_json, settings_of, template_of, vocabulary_of

if TYPE_CHECKING:
    from .checkpoint import Array

ARCHITECTURES = ("LlamaForCausalLM", "MistralForCausalLM")
PROMPTS_FILE = "dspyc.json"
"""Where a folder that was trained here says how it is to be asked, and which training it comes from:
`{"prompts": "compact", "training": {…}}`.
"""
_LAYERS = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
}  # fmt: skip


def is_folder(path: Path) -> bool:
    """Whether a path is a folder that holds such a model."""
    return (path / "config.json").is_file()


def is_llama(path: Path) -> bool:
    """Whether a folder holds what can be converted here; one that cannot be read counts as that, too.

    Only the settings and the tokenizer are read, once as long as they do not change.
    """
    try:
        changed = [(path / name).stat().st_mtime_ns for name in ("config.json", "tokenizer.json")]
    except OSError:
        return not _is_other(path)
    return _is_llama(path, *changed)


@lru_cache(maxsize=256)
def _is_llama(path: Path, *changed: int) -> bool:
    try:
        config = read_json(path / "config.json")
        _vocabulary(path, config, _shape(config, "it").vocabulary)
    except (LMConfigurationError, Unsaid):
        return False
    except (OSError, KeyError, TypeError, AttributeError, IndexError, ValueError, ArithmeticError):
        return not _is_other(path)
    return True


def _is_other(path: Path) -> bool:
    """Whether a folder says that its model is of another architecture."""
    try:
        kinds = read_json(path / "config.json").get("architectures")
    except (OSError, AttributeError, ValueError):
        return False
    return isinstance(kinds, list) and bool(kinds) and not {str(each) for each in kinds} & set(ARCHITECTURES)


def prompts_of(path: Path) -> str | None:
    """The form of the prompts that a folder's model was trained on, where it was trained here."""
    form = _said_of_training(path).get("prompts")
    return form if isinstance(form, str) else None


def training_of(path: Path) -> dict[str, Any] | None:
    """What a folder says of the training that its model comes from, where it was trained here."""
    found = _said_of_training(path).get("training")
    return found if isinstance(found, dict) else None


def _said_of_training(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path / PROMPTS_FILE)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def has_template(path: Path) -> bool:
    """Whether a folder says how a conversation is written, as the file does that it becomes.

    Raises:
        OSError, KeyError, TypeError, AttributeError, ValueError: its files cannot be read.
    """
    return bool(template_of(path, settings_of(path)))


def digest_of(path: Path) -> str:
    """What tells a folder's content from another's without reading the weights."""
    files = sorted(each for each in path.iterdir() if each.suffix in (".json", ".safetensors", ".jinja"))
    facts = [(each.name, each.stat()) for each in files if each.is_file()]
    # The change of a file's content, even where whoever wrote it has set the time of its writing.
    said = [(name, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for name, one in facts]
    return hashlib.sha256(json.dumps([str(path), said]).encode()).hexdigest()[:12]


def read_folder(path: Path, model: str) -> Checkpoint:
    """The whole model in the folder, its weights as 32-bit numbers.

    Raises:
        LMConfigurationError: something is missing, or it is no plain llama with a byte-level BPE tokenizer.
    """
    try:
        config = read_json(path / "config.json")
        shape = _shape(config, model)
        vocabulary = _vocabulary(path, config, shape.vocabulary)
        weights = _weights(path, shape, model)
    except Unsaid as error:
        raise _unreadable(model, str(error)) from error
    except (OSError, KeyError, TypeError, AttributeError, IndexError, ValueError, ArithmeticError) as error:
        raise LMConfigurationError(f"`{model}` cannot be read: {error!r}", model=model) from error
    return Checkpoint(path.name, shape, vocabulary, weights)


def _shape(config: dict[str, Any], model: str) -> Shape:
    kinds = config.get("architectures") or []
    if not set(kinds) & set(ARCHITECTURES):
        raise _unreadable(model, f"its architecture is {', '.join(kinds) or 'not said'}")
    heads, width = int(config["num_attention_heads"]), int(config["hidden_size"])
    rope = config.get("rope_parameters") or {}
    scaling = config.get("rope_scaling") or (rope if rope.get("rope_type", "default") != "default" else None)
    if scaling or config.get("sliding_window") or config.get("attention_bias") or config.get("mlp_bias"):
        raise _unreadable(model, "it scales its rotations, attends in windows, or has biases")
    if config.get("head_dim") not in (None, width // heads):
        raise _unreadable(model, "its heads are not as wide as the others make them")
    return Shape(
        vocabulary=int(config["vocab_size"]),
        width=width,
        layers=layers_of(config),
        heads=heads,
        key_value_heads=int(config.get("num_key_value_heads") or heads),
        feed_forward=int(config["intermediate_size"]),
        context=int(config["max_position_embeddings"]),
        rope_base=float(config.get("rope_theta") or rope.get("rope_theta") or 10_000.0),
        norm_epsilon=float(config.get("rms_norm_eps", 1e-5)),
    )


def _vocabulary(path: Path, config: dict[str, Any], size: int) -> Vocabulary:
    """The tokenizer, as far as models with it can be trained here.

    Raises:
        Unsaid: it is another one.
    """
    found = vocabulary_of(path, config, size)
    if found.scores:
        raise Unsaid("its tokenizer is not a byte-level BPE")
    return found


def _weights(path: Path, shape: Shape, model: str) -> dict[str, Array]:
    found = tensors_of(path)
    if not found:
        raise _unreadable(model, "it has no safetensors")
    names = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
    for index in range(shape.layers):
        layer = f"model.layers.{index}."
        names |= {f"blk.{index}.{ours}.weight": f"{layer}{theirs}.weight" for theirs, ours in _LAYERS.items()}
    if "lm_head.weight" in found:
        names["output.weight"] = "lm_head.weight"
    weights = {ours: found[theirs].read() for ours, theirs in names.items()}
    for index in range(shape.layers):
        for name, heads in (("attn_q", shape.heads), ("attn_k", shape.key_value_heads)):
            key = f"blk.{index}.{name}.weight"
            weights[key] = turned(weights[key], heads)
    return weights


def turned(matrix: Array, heads: int) -> Array:
    """Queries or keys with the two halves of each head in turns: llama.cpp rotates neighbours."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _unreadable(model: str, reason: str) -> LMConfigurationError:
    return LMConfigurationError(
        f"`{model}` cannot be converted here: {reason}; convert it with llama.cpp's `convert_hf_to_gguf.py`",
        model=model,
    )
