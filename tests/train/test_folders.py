"""Folders of safetensors, as transformers keeps models: asked and trained like GGUF files."""

from __future__ import annotations

import json
import os
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dspyc.runtime import LM
from dspyc.runtime.errors import LMConfigurationError
from dspyc.runtime.lm.gguf import checkpoint as gguf
from dspyc.runtime.lm.gguf.converting import convert, is_convertible
from dspyc.runtime.lm.gguf.folder import _LAYERS, digest_of, is_llama, read_folder
from dspyc.runtime.lm.gguf.places import model_path
from dspyc.runtime.lm.gguf.safetensors import has_all_tensors, tensors_of
from dspyc.runtime.lm.transports.embedded import SHIPPED, stop

pytestmark = pytest.mark.train

ASKED = [
    {"role": "system", "content": "Name the intent of a bank customer's message."},
    {"role": "user", "content": "My card still has not arrived"},
]


def turned_back(matrix: Any, heads: int) -> Any:
    """Queries or keys as transformers keeps them: the halves of each head one after the other."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def safetensors(tensors: dict[str, Any], kind: str) -> bytes:
    """The bytes of a safetensors file."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, array in tensors.items():
        if kind == "BF16":
            raw = (np.ascontiguousarray(array).view(np.uint32) >> 16).astype(np.uint16).tobytes()
        else:
            raw = array.astype({"F16": np.float16, "F32": np.float32}[kind]).tobytes()
        header[name] = {
            "dtype": kind,
            "shape": array.shape,
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + data


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shipped model as transformers would have saved it, in two files."""
    monkeypatch.setenv("DSPYC_MODELS", str(tmp_path / "models"))
    return written(tmp_path / "hf", "F32")


def written(path: Path, kind: str, **changes: Any) -> Path:
    whole = gguf.read(SHIPPED["banking"])
    shape, words = whole.shape, whole.vocabulary
    path.mkdir()
    config = {
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": shape.width,
        "intermediate_size": shape.feed_forward,
        "max_position_embeddings": shape.context,
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.key_value_heads,
        "rms_norm_eps": shape.norm_epsilon,
        "rope_theta": shape.rope_base,
        "vocab_size": shape.vocabulary,
        **changes,
    }
    (path / "config.json").write_text(json.dumps(config))
    added = [
        {"id": index, "content": token, "special": words.kinds[index] == 3}
        for index, token in enumerate(words.tokens)
        if words.kinds[index] in (3, 4)
    ]
    vocabulary = {token: index for index, token in enumerate(words.tokens) if words.kinds[index] == 1}
    model = {"type": "BPE", "vocab": vocabulary, "merges": [merge.split(" ") for merge in words.merges]}
    tokenizer = {
        "model": model,
        "added_tokens": added,
        "pre_tokenizer": {"type": "ByteLevel", "use_regex": True},
    }
    (path / "tokenizer.json").write_text(json.dumps(tokenizer))
    settings = {"eos_token": words.tokens[words.end], "pad_token": {"content": words.tokens[words.padding]}}
    (path / "tokenizer_config.json").write_text(
        json.dumps({**settings, "chat_template": words.chat_template})
    )
    tensors = {"model.embed_tokens.weight": whole.weights["token_embd.weight"]}
    tensors["model.norm.weight"] = whole.weights["output_norm.weight"]
    for index in range(shape.layers):
        for theirs, ours in _LAYERS.items():
            array = whole.weights[f"blk.{index}.{ours}.weight"]
            array = turned_back(array, shape.heads) if ours in ("attn_q", "attn_k") else array
            tensors[f"model.layers.{index}.{theirs}.weight"] = array
    names = list(tensors)
    for number, part in enumerate((names[:9], names[9:]), 1):
        file = path / f"model-{number:05}-of-00002.safetensors"
        file.write_bytes(safetensors({name: tensors[name] for name in part}, kind))
    return path


def test_a_folder_holds_the_weights_of_the_file_it_was_made_of(folder: Path) -> None:
    found, whole = read_folder(folder, "it"), gguf.read(SHIPPED["banking"])
    assert found.shape == whole.shape
    assert (found.vocabulary.tokens, found.vocabulary.kinds) == (
        whole.vocabulary.tokens,
        whole.vocabulary.kinds,
    )
    assert found.vocabulary.end == whole.vocabulary.end
    for name, array in whole.weights.items():
        assert np.array_equal(found.weights[name], array), name


def test_a_folder_is_asked_by_its_name(folder: Path, tmp_path: Path) -> None:
    lm = LM(f"gguf/{folder}", cache=False)
    assert lm(messages=ASKED) == LM("embedded/banking", cache=False)(messages=ASKED)
    [converted] = (tmp_path / "models" / "converted").glob("*.gguf")
    changed = converted.stat().st_mtime_ns
    lm(messages=ASKED)
    assert converted.stat().st_mtime_ns == changed, "it is converted once"


@pytest.mark.parametrize(
    ("settings", "form"),
    [
        ({"chat_template": "{{ messages }}"}, "chat"),
        ({"chat_template": [{"name": "default", "template": "{{ messages }}"}]}, "chat"),
        ({"eos_token": "</s>"}, "plain"),
        (["no settings"], "chat"),
    ],
)
@pytest.mark.parametrize("kind", ["gguf/", "openai/local:"])
def test_how_a_folder_is_asked_is_said_without_converting_it(
    folder: Path, tmp_path: Path, settings: Any, form: str, kind: str
) -> None:
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    assert LM(f"{kind}{folder}").prompt_form == form
    assert not (tmp_path / "models").exists()


def test_half_precisions_are_read(tmp_path: Path) -> None:
    whole = gguf.read(SHIPPED["banking"]).weights["blk.0.ffn_up.weight"]
    for kind in ("BF16", "F16"):
        found = read_folder(written(tmp_path / kind, kind), "it").weights["blk.0.ffn_up.weight"]
        assert np.abs(found - whole).max() < 0.01 * np.abs(whole).max()


def test_a_folder_is_trained(folder: Path, tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "card"}, {"role": "assistant", "content": "plastic"}]}
    settings = {"steps": 20, "warmup_steps": 1, "output": tmp_path / "new.gguf"}
    trained = LM(f"gguf/{folder}", cache=False).finetune([row], "chat", settings).result(timeout=120)
    assert trained(messages=row["messages"][:1]) == ["plastic"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"architectures": ["Qwen2ForCausalLM"]}, "Qwen2ForCausalLM"),
        ({"rope_scaling": {"type": "linear", "factor": 2}}, "scales its rotations"),
        ({"sliding_window": 4096}, "windows"),
        ({"hidden_size": None}, "cannot be read"),
    ],
)
def test_what_cannot_be_converted_is_told(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(LMConfigurationError, match=reason):
        read_folder(written(tmp_path / "hf", "F32", **changes), "it")


def deep(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text("[" * 200_000)


def header(length: int, content: bytes) -> Callable[[Path], object]:
    file = "model-00001-of-00002.safetensors"
    return lambda folder: (folder / file).write_bytes(struct.pack("<Q", length) + content)


def said(**changes: Any) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        file = folder / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return change


def without(part: int, index: bool) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        if index:
            names = {name: each.file.name for name, each in tensors_of(folder).items()}
            (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
        (folder / f"model-{part:05}-of-00002.safetensors").unlink()

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without(2, index=True), "which is in model-00002-of-00002.safetensors, is missing"),
        (without(2, index=False), "layer . are missing"),
        (header(1 << 62, b"{}"), "is not a complete safetensors file"),
        (header(200_000, b"[" * 200_000), "nested too deeply"),
        (header(2, b"[]"), "holds no JSON object"),
        (deep("config.json"), "nested too deeply"),
        (deep("tokenizer.json"), "nested too deeply"),
        (said(num_hidden_layers=10**9), "claims to have 1000000000 layers"),
        (said(vocab_size=10**12), "claims to have 1000000000000 tokens"),
        (said(vocab_size=float("inf")), "cannot be converted: OverflowError"),
        (said(num_attention_heads=0), "cannot be converted: ZeroDivisionError"),
    ],
)
def test_damaged_and_hostile_folders_are_told(folder: Path, change: Any, words: str) -> None:
    change(folder)
    with pytest.raises(LMConfigurationError, match=words):
        convert(folder, folder / "made.gguf", "it")
    with suppress(LMConfigurationError):
        read_folder(folder, "it")
    is_llama(folder)
    is_convertible(folder)


def test_weights_that_are_cut_off_are_not_whole(folder: Path) -> None:
    assert has_all_tensors(folder)
    file = folder / "model-00002-of-00002.safetensors"
    os.truncate(file, file.stat().st_size - 1)
    assert not has_all_tensors(folder)


def test_a_folder_is_converted_once_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def slowly(path: Path, target: Path, model: str) -> None:
        made.append(target)
        time.sleep(0.2)
        convert(path, target, model)

    monkeypatch.setattr("dspyc.runtime.lm.gguf.places.convert", slowly)
    stop(f"gguf/{folder}")
    assert made == [], "what was never converted was never loaded"
    with ThreadPoolExecutor() as pool:
        paths = set(pool.map(model_path, [f"gguf/{folder}"] * 3))
    assert paths == set(made)
    assert len(made) == 1


def test_a_change_is_seen_that_keeps_size_and_time(folder: Path) -> None:
    file, before = folder / "config.json", digest_of(folder)
    content, times = file.read_text(), file.stat()
    time.sleep(0.05)
    file.write_text(content.replace("Llama", "Lloma"))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert digest_of(folder) != before


def test_weights_that_come_later_are_seen(folder: Path, tmp_path: Path) -> None:
    files = list(folder.glob("*.safetensors"))
    for file in files:
        file.rename(tmp_path / file.name)
    assert not is_convertible(folder)
    for file in files:
        (tmp_path / file.name).rename(file)
    assert is_convertible(folder)


@pytest.mark.parametrize(
    "content", [b"version https://git-lfs.github.com/spec/v1", b"", b"abc", b"\x09" + bytes(9)]
)
def test_weights_that_are_not_there_are_told(tmp_path: Path, content: bytes) -> None:
    folder = written(tmp_path / "hf", "F32")
    for file in folder.glob("*.safetensors"):
        file.write_bytes(content)
    with pytest.raises(LMConfigurationError, match="git-lfs may not have fetched it"):
        read_folder(folder, "it")


def test_few_numbers_are_trained_by_lora(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "card"}, {"role": "assistant", "content": "plastic"}]}
    settings = {
        "learning_rate": 0.01,
        "steps": 150,
        "warmup_steps": 1,
        "lora": 4,
        "output": tmp_path / "new.gguf",
        "precision": "f16",
    }
    trained = LM("embedded/banking-base", cache=False).finetune([row], "chat", settings).result(timeout=120)
    assert trained(messages=row["messages"][:1]) == ["plastic"]
    before, after = gguf.read(SHIPPED["banking-base"]).weights, gguf.read(tmp_path / "new.gguf").weights
    assert before.keys() == after.keys()
    assert np.allclose(before["token_embd.weight"], after["token_embd.weight"], atol=1e-3)
    change = after["blk.1.ffn_up.weight"] - before["blk.1.ffn_up.weight"]
    sizes = np.linalg.svd(change, compute_uv=False)
    assert sizes[0] > 0.01
    assert sizes[4] < 0.02 * sizes[0], "the change has the rank that was asked for"
