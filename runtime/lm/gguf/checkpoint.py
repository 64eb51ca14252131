"""GGUF files of the llama architecture, read into arrays and written from them.

A GGUF file holds everything a model needs: its shape, weights, tokens and chat template. So fine-tuning
starts from one and ends in one, and no second format is kept beside it. Needs the packages `gguf`, `numpy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ....base.files import remove_leftovers, replacing
from ...errors import LMConfigurationError
from .header import PROMPTS, TRAINING, read_header

if TYPE_CHECKING:
    import numpy as np

    Array: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

Precision = Literal["f16", "q8_0"]
ARCHITECTURE = "llama"

# How a text is cut before the merges are applied, by the name that a GGUF file gives it.
SPLITTERS = {
    "gpt-2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "smollm": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "llama-bpe": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}

LAYER_TENSORS = (
    "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down",
)  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """The sizes of a llama model."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    key_value_heads: int
    feed_forward: int
    context: int
    rope_base: float = 10_000.0
    norm_epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        """Numbers in one attention head."""
        return self.width // self.heads

    def tensors(self, *, tied: bool) -> dict[str, tuple[int, ...]]:
        """The name and shape of every weight, as GGUF names them; `tied` models have no output matrix."""
        keys = self.key_value_heads * self.head_width
        names: dict[str, tuple[int, ...]] = {"token_embd.weight": (self.vocabulary, self.width)}
        layer: dict[str, tuple[int, ...]] = {
            "attn_norm": (self.width,),
            "attn_q": (self.width, self.width),
            "attn_k": (keys, self.width),
            "attn_v": (keys, self.width),
            "attn_output": (self.width, self.width),
            "ffn_norm": (self.width,),
            "ffn_gate": (self.feed_forward, self.width),
            "ffn_up": (self.feed_forward, self.width),
            "ffn_down": (self.width, self.feed_forward),
        }
        for index in range(self.layers):
            names |= {f"blk.{index}.{name}.weight": layer[name] for name in LAYER_TENSORS}
        names["output_norm.weight"] = (self.width,)
        if not tied:
            names["output.weight"] = (self.vocabulary, self.width)
        return names


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer and the chat template, as a GGUF file states them.

    Byte-level BPE has `merges`. One over texts whose blanks are `▁` has `scores` in their place, and puts a
    blank before every text where `space_before` says so.
    """

    tokens: tuple[str, ...]
    kinds: tuple[int, ...]
    merges: tuple[str, ...]
    splitter: str
    end: int
    padding: int
    chat_template: str
    start: int | None = None
    starts_with: bool = False
    scores: tuple[float, ...] = ()
    space_before: bool = False
    other_ends: tuple[int, ...] = ()
    """Tokens that end an answer beside `end`."""
    takes_blanks: bool = False
    """Whether special tokens take the blanks behind them, as llama.cpp has it for Phi-3."""


@dataclass(frozen=True)
class Checkpoint:
    """A whole model in memory: 32-bit weights by their GGUF names."""

    name: str
    shape: Shape
    vocabulary: Vocabulary
    weights: dict[str, Array]
    prompts: str = "chat"
    """The form of the prompts that it is trained on: `chat` or `compact`."""
    training: str = ""
    """What the file is to say of the training that it comes from; read from no file."""

    @property
    def tied(self) -> bool:
        """Whether the output matrix is the embedding matrix."""
        return "output.weight" not in self.weights


def read(path: str | Path, model: str | None = None) -> Checkpoint:
    """The whole model in the GGUF file at `path`, its weights as 32-bit numbers.

    Raises `LMUnknownModelError` when there is no file, and `LMConfigurationError` when it holds a model that
    cannot be read as plain llama weights with a byte-level BPE tokenizer; `model` is its name in the message.
    """
    from gguf import GGUFReader
    from gguf.quants import dequantize

    path = Path(path)
    name = model or f"gguf/{path}"
    header = read_header(path, name)
    if header.architecture != ARCHITECTURE:
        raise _untrainable(name, f"its architecture is `{header.architecture}`")
    reader = GGUFReader(path)
    facts = {key: field.contents() for key, field in reader.fields.items()}
    shape = _shape(facts, name)
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    tied = "output.weight" not in tensors
    expected = shape.tensors(tied=tied)
    if unknown := sorted(tensors.keys() ^ expected.keys()):
        raise _untrainable(name, f"its weights are not those of a plain llama model (`{unknown[0]}`)")
    weights = {}
    for key, size in expected.items():
        array = dequantize(tensors[key].data, tensors[key].tensor_type)
        weights[key] = array.astype("float32").reshape(size)
    title = str(facts.get("general.name", path.stem))
    return Checkpoint(title, shape, _vocabulary(facts, name), weights, header.prompts or "chat")


def _shape(facts: dict[str, Any], model: str) -> Shape:
    def fact(key: str, default: Any = None) -> Any:
        return facts.get(f"{ARCHITECTURE}.{key}", default)

    heads, width = int(fact("attention.head_count")), int(fact("embedding_length"))
    shape = Shape(
        vocabulary=len(facts["tokenizer.ggml.tokens"]),
        width=width,
        layers=int(fact("block_count")),
        heads=heads,
        key_value_heads=int(fact("attention.head_count_kv", heads)),
        feed_forward=int(fact("feed_forward_length")),
        context=int(fact("context_length")),
        rope_base=float(fact("rope.freq_base", 10_000.0)),
        norm_epsilon=float(fact("attention.layer_norm_rms_epsilon", 1e-5)),
    )
    if (
        fact("rope.dimension_count", shape.head_width) != shape.head_width
        or fact("attention.key_length", shape.head_width) != shape.head_width
    ):
        raise _untrainable(model, "its heads are rotated only in part")
    if fact("rope.scaling.type", "none") != "none" or fact("expert_count", 0):
        raise _untrainable(model, "it scales its rotations or has experts")
    return shape


def _vocabulary(facts: dict[str, Any], model: str) -> Vocabulary:
    def fact(key: str, default: Any = None) -> Any:
        return facts.get(f"tokenizer.{key}", default)

    if fact("ggml.model") != "gpt2" or fact("ggml.pre", "gpt-2") not in SPLITTERS:
        kind = f"{fact('ggml.model')}/{fact('ggml.pre')}"
        raise _untrainable(model, f"its tokenizer is `{kind}`, not one of {', '.join(SPLITTERS)}")
    end = int(fact("ggml.eos_token_id"))
    start = fact("ggml.bos_token_id")
    return Vocabulary(
        tokens=tuple(fact("ggml.tokens")),
        kinds=tuple(int(kind) for kind in fact("ggml.token_type")),
        merges=tuple(fact("ggml.merges")),
        splitter=fact("ggml.pre", "gpt-2"),
        end=end,
        padding=int(fact("ggml.padding_token_id", end)),
        chat_template=fact("chat_template", ""),
        start=None if start is None else int(start),
        starts_with=bool(fact("ggml.add_bos_token", False)),
    )


def _untrainable(model: str, reason: str) -> LMConfigurationError:
    return LMConfigurationError(
        f"`{model}` cannot be fine-tuned locally: {reason}; use a model of the llama architecture "
        "with a byte-level BPE tokenizer",
        model=model,
    )


def write(checkpoint: Checkpoint, path: str | Path, precision: Precision = "q8_0") -> None:
    """Write the model to `path`, at once: a reader sees the old file or the whole new one.

    Matrices get the given precision, where their rows divide into blocks of 32; vectors stay in 32 bits.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target)
    with replacing(target) as file:
        _write(checkpoint, file.name, precision)


def _write(checkpoint: Checkpoint, path: str, precision: Precision) -> None:
    import gguf
    import numpy as np

    shape, vocabulary = checkpoint.shape, checkpoint.vocabulary
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(checkpoint.name)
    if checkpoint.prompts != "chat":
        writer.add_string(PROMPTS, checkpoint.prompts)
    writer.add_context_length(shape.context)
    if checkpoint.training:
        writer.add_string(TRAINING, checkpoint.training)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.key_value_heads)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_vocab_size(shape.vocabulary)
    kinds = {"f16": gguf.LlamaFileType.MOSTLY_F16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
    writer.add_file_type(kinds[precision])
    write_vocabulary(writer, vocabulary)
    for name in shape.tensors(tied=checkpoint.tied):
        weight = np.ascontiguousarray(checkpoint.weights[name], dtype=np.float32)
        if weight.ndim == 1:
            writer.add_tensor(name, weight)
        elif precision == "q8_0" and weight.shape[-1] % 32 == 0:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(weight, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, weight.astype(np.float16))
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def write_vocabulary(writer: Any, vocabulary: Vocabulary) -> None:
    """State a tokenizer and a chat template in a file."""
    writer.add_tokenizer_model("llama" if vocabulary.scores else "gpt2")
    writer.add_tokenizer_pre(vocabulary.splitter)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.kinds)
    if vocabulary.scores:
        writer.add_token_scores(vocabulary.scores)
        writer.add_add_space_prefix(vocabulary.space_before)
    else:
        writer.add_token_merges(vocabulary.merges)
    writer.add_eos_token_id(vocabulary.end)
    if vocabulary.other_ends:
        # A file has words for one more; llama.cpp knows the usual others by their texts.
        writer.add_eot_token_id(vocabulary.other_ends[0])
    writer.add_pad_token_id(vocabulary.padding)
    if vocabulary.start is not None:
        writer.add_bos_token_id(vocabulary.start)
    writer.add_add_bos_token(vocabulary.starts_with)
    if vocabulary.chat_template:
        writer.add_chat_template(vocabulary.chat_template)
