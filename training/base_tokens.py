"""`embedded/base`'s tokenizer, and what its tokens mean before the first step of training."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import torch
from minilm import MiniLM
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from torch.nn import functional

CONTROL = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|> {{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""A blank goes before each message, so that its first word is the token that it is inside a sentence."""
VOCABULARY = 8_192
BOILERPLATE = (
    "Your input fields are:\n1. `",
    "` (str):",
    "\nYour output fields are:\n1. `",
    "\nAll interactions will be structured in the following way, with the appropriate values filled in."
    "\n\n[[ ## ",
    "[[ ## completed ## ]]\nIn adhering to this structure, your objective is: \n        ",
    "        # note: the value you produce must exactly match (no extra characters) one of: ",
    "[[ ## ",
    "\n\n[[ ## ",
    " ## ]]\n",
    "\n\nRespond with the corresponding output fields, starting with the field `[[ ## ",
    " ## ]]` (must be formatted as a valid Python Literal[",
    " ## ]]`, then `[[ ## ",
    " ## ]]`, and then ending with the marker for `[[ ## completed ## ]]`.",
    "), and then ending with the marker for `[[ ## completed ## ]]`.",
    "\n\n[[ ## completed ## ]]\n",
    "[[ ## completed ## ]]",
    " -> ",
    '[{"',
    '": "',
    '", "',
    '"}, {"',
    '"}]',
)
"""What adapters write again and again, as one token each."""
MARKED = 0.35
"""How strongly a token shows that it begins with a blank, or a capital."""


def make_tokenizer(texts: Sequence[str], words: Sequence[str]) -> Tokenizer:
    """A byte-level BPE of the texts' words and of common English ones; boilerplate becomes added tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(BOILERPLATE),
        min_frequency=2,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=list(CONTROL),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_with_words(texts, words), trainer)
    tokenizer.add_tokens([AddedToken(piece, normalized=False, special=False) for piece in BOILERPLATE])
    return tokenizer


def _with_words(texts: Sequence[str], words: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield f" {text}"
    for rank, word in enumerate(words):
        count = max(1, 60_000 // (rank + 300))
        yield f" {word}" * count
        yield f"{word}\n" * (count // 4) + f" {word.title()}" * (count // 8)


def initial_embedding(tokenizer: Tokenizer, teacher: MiniLM, width: int, deviation: float = 0.04) -> Tensor:
    """A vector for each token: what the teacher makes of it as a text, in the directions that matter most.

    Two directions of their own say whether a token begins with a blank, and with a capital; tokens that are
    no text (control tokens, single bytes) get random ones. As in model2vec (Tulkens and van Dongen, 2024).
    """
    chance = torch.Generator().manual_seed(0)
    texts = [tokenizer.decode([index], skip_special_tokens=False) for index in range(VOCABULARY)]
    vectors = functional.normalize(torch.randn(VOCABULARY, width, generator=chance), dim=-1)
    known = [index for index, text in enumerate(texts) if text.strip().isalnum() and text not in CONTROL]
    taught = teacher.encode([texts[index].strip() for index in known])
    taught = taught - taught.mean(0)
    _, sizes, directions = torch.linalg.svd(taught, full_matrices=False)
    meant = taught @ directions[: width - 2].T / sizes[: width - 2].sqrt()
    meant = functional.normalize(meant, dim=-1)
    blank = torch.tensor([1.0 if texts[index][0] == " " else -1.0 for index in known])
    capital = torch.tensor([1.0 if texts[index].strip()[0].isupper() else -1.0 for index in known])
    marks = torch.stack([blank, capital], dim=1) * MARKED
    own = functional.normalize(torch.randn(len(known), width - 2, generator=chance), dim=-1)
    vectors[known] = torch.cat([meant + 0.25 * own, marks], dim=1)
    return functional.normalize(vectors, dim=-1) * deviation * width**0.5


def nonsense(chance: random.Random) -> str:
    """A word that does not exist, to be copied piece by piece."""
    parts = [
        chance.choice("bcdfghjklmnprstvwz") + chance.choice("aeiou") for _ in range(chance.randint(1, 3))
    ]
    word = "".join(parts) + chance.choice(("", "n", "r", "s", "x", "th"))
    return word.title() if chance.random() < 0.5 else word
