"""Models as Hugging Face's transformers keep them, a folder of safetensors, read as the GGUF file is.

Only what a GGUF file of the llama architecture can say: `LlamaForCausalLM` and its like with a byte-level BPE
tokenizer. All others are asked and trained by transformers, as they are.
"""

from __future__ import annotations

import hashlib
import json
import struct
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import LMConfigurationError
from .checkpoint import SPLITTERS, Checkpoint, Shape, Vocabulary

if TYPE_CHECKING:
    from .checkpoint import Array

ARCHITECTURES = ("LlamaForCausalLM", "MistralForCausalLM")
PROMPTS_FILE = "dspyc.json"
"""Where a folder that was trained here says how it is to be asked, and which training it comes from:
`{"prompts": "compact", "training": {…}}`.
"""
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5  # token types of the GGUF format
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
        config = _json(path / "config.json")
        _vocabulary(path, config, _shape(config, "it").vocabulary, "it")
    except LMConfigurationError:
        return False
    except (OSError, KeyError, TypeError, AttributeError, IndexError, ValueError):
        return not _is_other(path)
    return True


def _is_other(path: Path) -> bool:
    """Whether a folder says that its model is of another architecture."""
    try:
        kinds = _json(path / "config.json").get("architectures")
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
        found = _json(path / PROMPTS_FILE)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def has_template(path: Path) -> bool:
    """Whether a folder says how a conversation is written, as the file does that it becomes.

    Raises:
        OSError, KeyError, TypeError, AttributeError, ValueError: its files cannot be read.
    """
    return bool(_template(path, _settings(path)))


def digest_of(path: Path) -> str:
    """What tells a folder's content from another's without reading the weights."""
    files = sorted(each for each in path.iterdir() if each.suffix in (".json", ".safetensors", ".jinja"))
    said = [(each.name, each.stat().st_size, each.stat().st_mtime_ns) for each in files]
    return hashlib.sha256(json.dumps([str(path), said]).encode()).hexdigest()[:12]


def read_folder(path: Path, model: str) -> Checkpoint:
    """The whole model in the folder, its weights as 32-bit numbers.

    Raises:
        LMConfigurationError: something is missing, or it is no plain llama with a byte-level BPE tokenizer.
    """
    try:
        config = _json(path / "config.json")
        shape = _shape(config, model)
        vocabulary = _vocabulary(path, config, shape.vocabulary, model)
        weights = _weights(path, shape, model)
    except (OSError, KeyError, TypeError, IndexError, ValueError) as error:
        raise LMConfigurationError(f"`{model}` cannot be read: {error!r}", model=model) from error
    return Checkpoint(path.name, shape, vocabulary, weights)


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


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
        layers=int(config["num_hidden_layers"]),
        heads=heads,
        key_value_heads=int(config.get("num_key_value_heads") or heads),
        feed_forward=int(config["intermediate_size"]),
        context=int(config["max_position_embeddings"]),
        rope_base=float(config.get("rope_theta") or rope.get("rope_theta") or 10_000.0),
        norm_epsilon=float(config.get("rms_norm_eps", 1e-5)),
    )


def _vocabulary(path: Path, config: dict[str, Any], size: int, model: str) -> Vocabulary:
    whole = _json(path / "tokenizer.json")
    if whole["model"].get("type", "BPE") != "BPE" or not whole["model"].get("merges"):
        raise _unreadable(model, "its tokenizer is no byte-level BPE")
    tokens = [f"[PAD{index}]" for index in range(size)]
    kinds = [UNUSED] * size
    for token, index in whole["model"]["vocab"].items():
        tokens[index], kinds[index] = token, NORMAL
    for entry in whole.get("added_tokens", ()):
        tokens[entry["id"]] = entry["content"]
        kinds[entry["id"]] = CONTROL if entry["special"] else USER_DEFINED
    ids = {token: index for index, token in enumerate(tokens)}
    settings = _settings(path)
    end = _id(settings.get("eos_token"), ids, config.get("eos_token_id"))
    if end is None:
        raise _unreadable(model, "it does not say which token ends a text")
    padding = _id(settings.get("pad_token"), ids, config.get("pad_token_id"))
    return Vocabulary(
        tokens=tuple(tokens),
        kinds=tuple(kinds),
        merges=tuple(pair if isinstance(pair, str) else " ".join(pair) for pair in whole["model"]["merges"]),
        splitter=_splitter(whole.get("pre_tokenizer") or {}, model),
        end=end,
        padding=end if padding is None else padding,
        chat_template=_template(path, settings),
        start=_id(settings.get("bos_token"), ids, config.get("bos_token_id")),
        starts_with=bool(settings.get("add_bos_token", False)),
    )


def _id(token: Any, ids: dict[str, int], otherwise: Any) -> int | None:
    """The number of a token that is given as its text, as an object with it, or as a number elsewhere."""
    text = token.get("content") if isinstance(token, dict) else token
    if isinstance(text, str) and text in ids:
        return ids[text]
    number = otherwise[0] if isinstance(otherwise, list) and otherwise else otherwise
    return number if isinstance(number, int) else None


def _splitter(given: dict[str, Any], model: str) -> str:
    """The name that llama.cpp has for the way in which texts are cut."""
    steps = given.get("pretokenizers", [given])
    patterns = [step["pattern"].get("Regex") for step in steps if step.get("type") == "Split"]
    digits = any(step.get("type") == "Digits" and step.get("individual_digits") for step in steps)
    known = {pattern: name for name, pattern in SPLITTERS.items()}
    if not patterns and any(step.get("type") == "ByteLevel" for step in steps):
        return "smollm" if digits else "gpt-2"
    if len(patterns) == 1 and patterns[0] in known:
        return known[patterns[0]]
    raise _unreadable(model, f"its tokenizer cuts texts in a way that is none of {', '.join(SPLITTERS)}")


def _settings(path: Path) -> dict[str, Any]:
    file = path / "tokenizer_config.json"
    return _json(file) if file.is_file() else {}


def _template(path: Path, settings: dict[str, Any]) -> str:
    file = path / "chat_template.jinja"
    given = file.read_text(encoding="utf-8") if file.is_file() else settings.get("chat_template") or ""
    if isinstance(given, list):
        given = next((each["template"] for each in given if each.get("name") == "default"), "")
    return str(given).replace("{% generation %}", "").replace("{% endgeneration %}", "")


def _weights(path: Path, shape: Shape, model: str) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for file in sorted(path.glob("*.safetensors")):
        found |= _tensors(file)
    if not found:
        raise _unreadable(model, "it has no safetensors")
    names = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
    for index in range(shape.layers):
        layer = f"model.layers.{index}."
        names |= {f"blk.{index}.{ours}.weight": f"{layer}{theirs}.weight" for theirs, ours in _LAYERS.items()}
    if "lm_head.weight" in found:
        names["output.weight"] = "lm_head.weight"
    weights = {ours: found[theirs] for ours, theirs in names.items()}
    for index in range(shape.layers):
        for name, heads in (("attn_q", shape.heads), ("attn_k", shape.key_value_heads)):
            key = f"blk.{index}.{name}.weight"
            weights[key] = _turned(weights[key], heads)
    return weights


def _turned(matrix: Array, heads: int) -> Array:
    """Queries or keys with the two halves of each head in turns: llama.cpp rotates neighbours."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _tensors(path: Path) -> dict[str, Array]:
    """The tensors of a safetensors file, as 32-bit numbers.

    The format: https://github.com/huggingface/safetensors#format
    """
    import numpy as np

    data = np.memmap(path, dtype=np.uint8, mode="r")
    (length,) = struct.unpack("<Q", data[:8].tobytes())
    header = json.loads(data[8 : 8 + length].tobytes())
    tensors: dict[str, Array] = {}
    for name, facts in header.items():
        if name == "__metadata__":
            continue
        start, end = (8 + length + offset for offset in facts["data_offsets"])
        raw = data[start:end]
        if facts["dtype"] == "BF16":
            array = (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            array = raw.view({"F16": np.float16, "F32": np.float32}[facts["dtype"]]).astype(np.float32)
        tensors[name] = array.reshape(facts["shape"])
    return tensors


def _unreadable(model: str, reason: str) -> LMConfigurationError:
    return LMConfigurationError(
        f"`{model}` cannot be converted here: {reason}; convert it with llama.cpp's `convert_hf_to_gguf.py`",
        model=model,
    )
