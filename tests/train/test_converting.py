"""Folders of other architectures, converted and answered by llama.cpp as transformers answers them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import LM
from dspyc.runtime.errors import LMConfigurationError
from dspyc.runtime.lm.gguf.checkpoint import SPLITTERS
from dspyc.runtime.lm.gguf.converting import convert, is_convertible
from dspyc.runtime.lm.gguf.header import read_header

pytestmark = pytest.mark.train

TEXTS = [
    "Hello world, the cat sat on the mat.",
    "My card hasn't arrived in 2024!\n\nWhy?  Two  blanks",
    "na\u00efve \u00e9t\u00e9 \u6771\u4eac \U0001f642 x=1;\ty",
    "I'LL they're 12345 don't",
    " a blank first, and a longer text that goes on " * 4,
]
WITH_BLANKS = "<user>  Is it here?<assistant>\n No.<end> "
SPECIAL = ["<unk>", "<s>", "<end>", "<user>", "<assistant>", "</s>", "<|endoftext|>"]
SIZES = {
    "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 512, "bos_token_id": 1, "eos_token_id": 2,
    "pad_token_id": 2, "initializer_range": 0.3,
}  # fmt: skip
SLOWER = {
    "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
}  # fmt: skip
LONGER = {
    "rope_type": "longrope", "rope_theta": 10000.0, "original_max_position_embeddings": 256,
    "short_factor": [1.0 + index / 10 for index in range(8)], "long_factor": [4.0] * 8,
}  # fmt: skip
LONGER_TEXTS = {"rope_parameters": LONGER, "original_max_position_embeddings": 256}
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "qwen2": ("Qwen2", "qwen2", {}),
    "qwen2, one matrix for both ends": ("Qwen2", "gpt-2", {"tie_word_embeddings": True}),
    "qwen3": ("Qwen3", "qwen2", {"head_dim": 32}),
    "gemma3": (
        "Gemma3",
        "pieces",
        {"head_dim": 32, "query_pre_attn_scalar": 32, "sliding_window": 16, "num_hidden_layers": 7},
    ),
    "mistral": ("Mistral", "pieces behind a blank", {"sliding_window": None, "head_dim": 32}),
    "gemma2": (
        "Gemma2",
        "pieces",
        {
            "head_dim": 32,
            "query_pre_attn_scalar": 32,
            "sliding_window": 16,
            "num_hidden_layers": 4,
            "attn_logit_softcapping": 5.0,
            "final_logit_softcapping": 4.0,
        },
    ),
    "phi3": ("Phi3", "pieces behind a blank", {"sliding_window": None}),
    "phi3, rotated in part": ("Phi3", "qwen2", {"partial_rotary_factor": 0.75, "tie_word_embeddings": True}),
    "phi3, scaled for long texts": ("Phi3", "pieces that take blanks", LONGER_TEXTS),
    "gpt2": ("GPT2", "gpt-2", {}),
    "gpt2, two matrices": ("GPT2", "gpt-2", {"tie_word_embeddings": False, "n_inner": 80}),
    "llama 3": ("Llama", "llama-bpe", {"rope_parameters": SLOWER}),
    "llama 2": ("Llama", "pieces behind a blank", {}),
}


def tokenizer_of(kind: str) -> Any:
    """A tokenizer made of the texts: byte-level, cut by a pattern, or like SentencePiece's."""
    from tokenizers import (
        Regex,
        Tokenizer,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )
    from transformers import PreTrainedTokenizerFast

    if "pieces" in kind:
        learner = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
        learner.pre_tokenizer = pre_tokenizers.Metaspace()
        bytes_ = [f"<0x{number:02X}>" for number in range(256)]
        trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=SPECIAL + bytes_, show_progress=False)
        learner.train_from_iterator([TEXTS[0], TEXTS[1], TEXTS[3], TEXTS[4]], trainer)
        facts = json.loads(learner.to_str())
        facts["added_tokens"] = [each for each in facts["added_tokens"] if each["content"] in SPECIAL]
        facts["pre_tokenizer"] = None
        made = Tokenizer.from_str(json.dumps(facts))
        blanks = normalizers.Replace(" ", "\u2581")
        if kind == "pieces":
            made.normalizer = blanks
            made.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
        else:
            made.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), blanks])
        made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
        if kind.endswith("that take blanks"):
            facts = json.loads(made.to_str())
            for each in facts["added_tokens"]:
                each["rstrip"] = each["content"] not in ("<unk>", "<s>", "<|endoftext|>")
            made = Tokenizer.from_str(json.dumps(facts))
        return PreTrainedTokenizerFast(
            tokenizer_object=made, unk_token="<unk>", bos_token="<s>", eos_token="<end>", pad_token="<end>"
        )
    made = Tokenizer(models.BPE())
    cut = pre_tokenizers.Split(Regex(SPLITTERS[kind]), "isolated")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=kind == "gpt-2")
    made.pre_tokenizer = level if kind == "gpt-2" else pre_tokenizers.Sequence([cut, level])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>", pad_token="<end>")


def written(folder: Path, kind: str) -> tuple[Any, Any]:
    """A folder with a tiny model of random weights; the model and its tokenizer."""
    import torch
    import transformers

    name, words, changes = KINDS[kind]
    tokenizer = tokenizer_of(words)
    torch.manual_seed(0)
    config = getattr(transformers, "Gemma3TextConfig" if name == "Gemma3" else f"{name}Config")(
        **{**SIZES, "vocab_size": len(tokenizer), **changes}
    )
    kind = "GPT2LMHeadModel" if name == "GPT2" else f"{name}ForCausalLM"
    network = getattr(transformers, kind)(config)
    with torch.no_grad():
        for one in network.parameters():
            if one.dim() == 1:
                one.add_(torch.randn_like(one) * 0.3)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return network.eval(), tokenizer


@pytest.mark.parametrize("kind", KINDS)
def test_llama_cpp_answers_as_transformers_does(kind: str, tmp_path: Path) -> None:
    import torch

    from dspyc.runtime.lm.transports.embedded import ServerSettings, _start

    network, tokenizer = written(tmp_path / "model", kind)
    assert is_convertible(tmp_path / "model")
    convert(tmp_path / "model", tmp_path / "model.gguf", "it")
    context = read_header(tmp_path / "model.gguf", "it").context
    settings = ServerSettings(
        tmp_path / "model.gguf", changed=0, context=context, slots=1, threads=1, gpu_layers=None
    )
    server, compared = _start(settings, "it"), 0
    others = [WITH_BLANKS] if KINDS[kind][1] == "pieces that take blanks" else []
    for text in [*TEXTS, *others, *(text[: 3 * count] for count, text in enumerate(TEXTS * 2, 1))]:
        ids = tokenizer.encode(text)
        with torch.no_grad():
            wanted = network(torch.tensor([ids])).logits[0, -1].log_softmax(-1)
        asked = {"prompt": text, "max_tokens": 1, "temperature": 0.0, "logprobs": 10, "cache_prompt": False}
        answer = server.handle_completions(asked)
        assert answer["usage"]["prompt_tokens"] == len(ids), text
        told = (answer["choices"][0]["logprobs"] or {}).get("content")
        # Of two tokens that are equally likely in 16 bits, either may be the first.
        if told and float(wanted.max() - wanted[told[0]["id"]]) < 0.05:
            compared += 1
            for each in told[0]["top_logprobs"]:
                assert each["logprob"] == pytest.approx(float(wanted[each["id"]]), abs=0.05), text
        else:
            # A token that is half a letter is not told.
            assert not told
    assert compared >= 5


@pytest.mark.parametrize(
    ("kind", "changes", "context"),
    [("phi3", {"sliding_window": 100}, 100), ("phi3, scaled for long texts", {}, 256), ("gpt2", {}, 512)],
)
def test_texts_are_no_longer_than_both_read_alike(
    kind: str, changes: dict[str, Any], context: int, tmp_path: Path
) -> None:
    written(tmp_path / "model", kind)
    config = json.loads((tmp_path / "model" / "config.json").read_text()) | changes
    (tmp_path / "model" / "config.json").write_text(json.dumps(config))
    convert(tmp_path / "model", tmp_path / "model.gguf", "it")
    assert read_header(tmp_path / "model.gguf", "it").context == context


def test_a_folder_that_is_called_like_a_phi_keeps_its_blanks(tmp_path: Path) -> None:
    """llama.cpp looks at the name, and then for tokens that the model may not have."""
    from dspyc.runtime.lm.transports.embedded import ServerSettings, _start

    _, tokenizer = written(tmp_path / "Phi-3-of-ours", "qwen2")
    convert(tmp_path / "Phi-3-of-ours", tmp_path / "model.gguf", "it")
    settings = ServerSettings(tmp_path / "model.gguf", 0, context=512, slots=1, threads=1, gpu_layers=None)
    text = "<user>  Hello"
    answer = _start(settings, "it").handle_completions({"prompt": text, "max_tokens": 1})
    assert answer["usage"]["prompt_tokens"] == len(tokenizer.encode(text))


def test_weights_without_their_prefix_are_found(tmp_path: Path) -> None:
    """As in the first folders of GPT-2, which also hold the masks."""
    import torch
    from safetensors.torch import load_file, save_file

    written(tmp_path / "model", "gpt2")
    file = tmp_path / "model" / "model.safetensors"
    found = {name.removeprefix("transformer."): each for name, each in load_file(file).items()}
    save_file({**found, "h.0.attn.bias": torch.ones(1, 1, 8, 8)}, file)
    convert(tmp_path / "model", tmp_path / "short.gguf", "it")
    written(tmp_path / "model", "gpt2")
    convert(tmp_path / "model", tmp_path / "long.gguf", "it")
    assert (tmp_path / "short.gguf").read_bytes() == (tmp_path / "long.gguf").read_bytes()


BLANKS = {
    "some behind": (lambda token: {"rstrip": token == "<end>"}, "some of its special tokens take the blanks"),
    "before": (lambda token: {"lstrip": token == "<end>"}, "take the blanks before them"),
    "of another architecture": (lambda token: {"rstrip": token[1:] not in _KEPT}, "take the blanks behind"),
}
_KEPT = ("unk>", "s>", "|endoftext|>")


@pytest.mark.parametrize("case", BLANKS)
def test_special_tokens_that_take_blanks(case: str, folders: dict[str, Path], tmp_path: Path) -> None:
    changed, words = BLANKS[case]
    for file in folders["qwen2"].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    for each in tokenizer["added_tokens"]:
        each.update(changed(each["content"]))
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert not is_convertible(tmp_path)
    with pytest.raises(LMConfigurationError, match=words):
        convert(tmp_path, tmp_path / "made.gguf", "it")


def test_a_folder_is_answered_by_llama_cpp_and_converted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSPYC_MODELS", str(tmp_path / "models"))
    written(tmp_path / "qwen", "qwen2")
    lm = LM(f"gguf/{tmp_path / 'qwen'}", cache=False, max_tokens=4)
    assert lm.capabilities.grammar
    first = lm(messages=[{"role": "user", "content": "Hello"}])
    [file] = (tmp_path / "models" / "converted").iterdir()
    changed = file.stat().st_mtime_ns
    assert lm(messages=[{"role": "user", "content": "Hello"}]) == first
    assert file.stat().st_mtime_ns == changed


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "another architecture": ("qwen2", {"architectures": ["OtherForCausalLM"]}, "its architecture is Other"),
    "windows": ("qwen2", {"use_sliding_window": True, "sliding_window": 8}, "attends in windows"),
    "windows of some layers": (
        "qwen3",
        {"layer_types": ["full_attention", "sliding_attention"]},
        "attend to a part of the text",
    ),
    "scaled rotations": (
        "qwen2",
        {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0}},
        "scales its rotations in a way that is not converted here .yarn.",
    ),
    "old words for them": ("llama 2", {"rope_scaling": {"type": "linear", "factor": 2.0}}, "linear"),
    "biases": ("llama 2", {"attention_bias": True}, "biases"),
    "another activation": ("qwen3", {"hidden_act": "relu"}, "its layers use `relu`"),
    "a part of the heads": ("llama 2", {"partial_rotary_factor": 0.5}, "rotated only in part"),
    "quantized weights": ("qwen2", {"quantization_config": {"quant_method": "fp8"}}, "quantized"),
    "code": ("qwen2", {"auto_map": {"AutoConfig": "own.C"}}, "code of its own"),
    "uncapped scores": ("gemma2", {"attn_logit_softcapping": None}, "does not cap its scores"),
    "windows in other layers": ("gemma2", {"layer_types": ["full_attention"] * 4}, "each second"),
    "both directions": ("gemma2", {"use_bidirectional_attention": True}, "in both directions"),
    "another scaling": (
        "phi3",
        {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0}},
        "scales its rotations in a way that is not converted here .yarn.",
    ),
    "other factors": (
        "phi3",
        {"rope_parameters": {**LONGER, "short_factor": [1.0] * 7}},
        "more or fewer than it scales",
    ),
    "attention by layers": ("gpt2", {"scale_attn_by_inverse_layer_idx": True}, "scales its attention"),
    "attention to another": ("gpt2", {"add_cross_attention": True}, "attends to another model"),
    "another word for the activation": ("gpt2", {"activation_function": "relu"}, "its layers use `relu`"),
    "capped scores": ("gemma3", {"final_logit_softcapping": 30.0}, "caps its scores"),
    "scaled attention": ("gemma3", {"query_pre_attn_scalar": 168}, "scales its attention"),
    "no base": ("gemma3", {"rope_parameters": None}, "does not say by which base"),
    "other windows": ("gemma3", {"layer_types": ["full_attention"] * 7}, "other layers than each sixth"),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("models")
    kinds = sorted({kind for kind, _, _ in REFUSED.values()})
    for kind in kinds:
        written(place / kind, kind)
    return {kind: place / kind for kind in kinds}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_file_cannot_say_is_refused(case: str, folders: dict[str, Path], tmp_path: Path) -> None:
    kind, changes, words = REFUSED[case]
    for file in folders[kind].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert is_convertible(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text()) | changes
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert not is_convertible(tmp_path), "transformers answers"
    with pytest.raises(LMConfigurationError, match=words):
        convert(tmp_path, tmp_path / "made.gguf", "it")
    assert not list(tmp_path.glob("*.gguf*"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"normalizer": {"type": "Lowercase"}}, "changes texts before it cuts them"),
        ({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True}}, "a blank before every text"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "cuts texts in a way"),
        ({"model": {"type": "Unigram", "vocab": []}}, "not a byte-level BPE"),
    ],
)
def test_other_tokenizers_are_refused(
    changes: dict[str, Any], words: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    for file in folders["qwen2"].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text()) | changes
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert not is_convertible(tmp_path)
    with pytest.raises(LMConfigurationError, match=words):
        convert(tmp_path, tmp_path / "made.gguf", "it")
