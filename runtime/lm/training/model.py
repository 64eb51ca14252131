"""The llama model in plain torch, as functions of a dictionary of weights under their GGUF names.

Queries and keys are rotated in adjacent pairs, as llama.cpp does it, so weights go to and from a GGUF file as
they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ..gguf.checkpoint import Shape

Weights = dict[str, Tensor]
LORA_SCALE = 2.0
"""By how much the product of a pair counts, alpha over rank in LoRA's terms."""


def initial_weights(shape: Shape, seed: int) -> Weights:
    """Random weights for a tied model of this shape: normal, narrower where a layer adds to the stream."""
    generator = torch.Generator().manual_seed(seed)
    weights: Weights = {}
    for name, size in shape.tensors(tied=True).items():
        if len(size) == 1:
            weights[name] = torch.ones(size)
            continue
        deviation = 0.02
        if name.endswith(("attn_output.weight", "ffn_down.weight")):
            deviation /= math.sqrt(2 * shape.layers)
        weights[name] = torch.randn(size, generator=generator) * deviation
    return weights


@dataclass(frozen=True)
class Dropout:
    """The share of a layer's numbers that training leaves out at random, from a generator of its own."""

    share: float
    generator: torch.Generator

    def __call__(self, stream: Tensor) -> Tensor:
        """The numbers with some left out and the others made larger."""
        # Four draws of 16 bits from each number of the generator, which is what dropping costs.
        drawn = torch.empty((stream.numel() + 3) // 4, dtype=torch.int64)
        drawn.random_(-(2**63), 2**63 - 1, generator=self.generator)
        draws = drawn.view(torch.int16)[: stream.numel()].view(stream.shape)
        kept = (draws >= round(self.share * 2**16) - 2**15).to(stream.dtype)
        return stream * kept.div_(1 - self.share)


def hidden_states(
    weights: Weights,
    shape: Shape,
    prefix: Tensor,
    rows: Tensor,
    dropout: Dropout | None = None,
    first: int | None = None,
) -> Tensor:
    """The last layer's states of `rows` (batch, length), each preceded by the same `prefix` (length,).

    The prefix is worked out once for the whole batch, which is exact because attention only looks back: rows
    of one task share their system message, so this saves half of the work of a step. With `first`, the states
    are those from this position of the rows on, and the last layer works out no others.
    """
    drop = dropout or _keep
    shared, (batch, length) = prefix.shape[0], rows.shape
    embedding = weights["token_embd.weight"]
    stream = drop(embedding[torch.cat([prefix, rows.reshape(-1)])])
    rotation = _rotation(shape, shared + length)
    mask = torch.ones(length, shared + length, dtype=torch.bool).tril(shared)
    for index in range(shape.layers):
        layer = f"blk.{index}."
        normal = _normalise(stream, weights[layer + "attn_norm.weight"], shape.norm_epsilon)
        wanted = first if index == shape.layers - 1 else None
        attended = _attention(weights, layer, shape, normal, shared, (batch, length), rotation, mask, wanted)
        if wanted is not None:
            stream = stream[shared:].view(batch, length, -1)[:, wanted:].flatten(0, 1)
        stream = stream + drop(attended)
        normal = _normalise(stream, weights[layer + "ffn_norm.weight"], shape.norm_epsilon)
        gate = functional.silu(_times(weights, layer + "ffn_gate.weight", normal))
        gated = gate * _times(weights, layer + "ffn_up.weight", normal)
        inner = _times(weights, layer + "ffn_down.weight", gated)
        stream = stream + drop(inner)
    last = (stream[shared:] if first is None else stream).view(batch, -1, shape.width)
    return _normalise(last, weights["output_norm.weight"], shape.norm_epsilon)


def logits(weights: Weights, states: Tensor) -> Tensor:
    """The scores of every token after each of `states`."""
    return states @ weights.get("output.weight", weights["token_embd.weight"]).T


def add_lora(weights: Weights, rank: int, seed: int) -> list[str]:
    """Put a small matrix pair beside each matrix of the layers, and give the names of these.

    Only they are trained (LoRA: Hu et al., 2021, arXiv:2106.09685): the change of a matrix is their product,
    which begins as zero.
    """
    generator = torch.Generator().manual_seed(seed)
    names: list[str] = []
    for name in [name for name, matrix in weights.items() if name.startswith("blk.") and matrix.dim() == 2]:
        outputs, inputs = weights[name].shape
        weights[f"{name}.down"] = torch.randn(rank, inputs, generator=generator) / math.sqrt(inputs)
        weights[f"{name}.up"] = torch.zeros(outputs, rank)
        names += [f"{name}.down", f"{name}.up"]
    return names


def merge_lora(weights: Weights) -> None:
    """Add the products of the pairs to their matrices, and drop the pairs."""
    for name in [name.removesuffix(".up") for name in weights if name.endswith(".up")]:
        up, down = weights.pop(f"{name}.up"), weights.pop(f"{name}.down")
        weights[name] = weights[name] + LORA_SCALE * up @ down


def _times(weights: Weights, name: str, stream: Tensor) -> Tensor:
    """A matrix applied, with what its pair adds where it has one."""
    product = stream @ weights[name].T
    up = weights.get(f"{name}.up")
    if up is None:
        return product
    return product + LORA_SCALE * (stream @ weights[f"{name}.down"].T) @ up.T


def _keep(stream: Tensor) -> Tensor:
    return stream


def _normalise(stream: Tensor, scale: Tensor, epsilon: float) -> Tensor:
    return functional.rms_norm(stream, (stream.shape[-1],), scale, epsilon)


def _attention(
    weights: Weights,
    layer: str,
    shape: Shape,
    normal: Tensor,
    shared: int,
    size: tuple[int, int],
    rotation: Tensor,
    mask: Tensor,
    first: int | None,
) -> Tensor:
    """What each position takes from those before it: of the prefix and of the rows, or of the rows from
    `first` on.
    """
    batch, length = size
    asking = normal if first is None else normal[shared:].view(batch, length, -1)[:, first:].flatten(0, 1)
    queries = _times(weights, f"{layer}attn_q.weight", asking)
    keys, values = (_times(weights, f"{layer}attn_{name}.weight", normal) for name in "kv")

    def split(flat: Tensor, heads: int) -> tuple[Tensor, Tensor]:
        common = flat[:shared].view(1, shared, heads, shape.head_width).transpose(1, 2)
        rest = flat[shared:].view(batch, length, heads, shape.head_width).transpose(1, 2)
        return common, rest

    def turn(parts: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return _rotate(parts[0], rotation[:shared]), _rotate(parts[1], rotation[shared:])

    if first is None:
        first_query, query = turn(split(queries, shape.heads))
    else:
        late = queries.view(batch, length - first, shape.heads, shape.head_width).transpose(1, 2)
        query, mask = _rotate(late, rotation[shared + first :]), mask[first:]
    first_key, key = turn(split(keys, shape.key_value_heads))
    first_value, value = split(values, shape.key_value_heads)
    key = torch.cat([first_key.expand(batch, -1, -1, -1), key], dim=2)
    value = torch.cat([first_value.expand(batch, -1, -1, -1), value], dim=2)
    grouped = shape.heads != shape.key_value_heads
    attend = functional.scaled_dot_product_attention
    rows = attend(query, key, value, attn_mask=mask, enable_gqa=grouped)
    flat = rows.transpose(1, 2).reshape(-1, shape.width)
    if shared and first is None:
        start = attend(first_query, first_key, first_value, is_causal=True, enable_gqa=grouped)
        flat = torch.cat([start.transpose(1, 2).reshape(shared, shape.width), flat])
    return _times(weights, layer + "attn_output.weight", flat)


def _rotation(shape: Shape, length: int) -> Tensor:
    pairs = torch.arange(0, shape.head_width, 2, dtype=torch.float32) / shape.head_width
    angles = torch.outer(torch.arange(length, dtype=torch.float32), shape.rope_base**-pairs)
    return torch.polar(torch.ones_like(angles), angles)


def _rotate(heads: Tensor, turns: Tensor) -> Tensor:
    pairs = torch.view_as_complex(heads.reshape(*heads.shape[:-1], heads.shape[-1] // 2, 2))
    return torch.view_as_real(pairs * turns).flatten(-2)
