"""Stand-ins for embedding models and retrievers, for tests: `DummyVectorizer` and `dummy_rm`."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import ConfigurationError
from .extra import load

_PRIME = 10**9 + 7


class DummyVectorizer:
    """Makes vectors that count the letter groups of a text; equal texts have equal vectors, always.

    Args:
        max_length: how long the vectors are.
        n_gram: how many letters a group has.
    """

    def __init__(self, max_length: int = 100, n_gram: int = 2) -> None:
        self.max_length = max_length
        self.n_gram = n_gram
        chance = random.Random(123)
        self._factors = [chance.randrange(1, _PRIME) for _ in range(n_gram)]

    def __call__(self, texts: Sequence[str]) -> Any:
        """A row for each text, with the mean 0 and the length 1."""
        np = load("numpy", "DummyVectorizer")
        vectors = np.zeros((len(texts), self.max_length), dtype=np.float32)
        for row, text in enumerate(texts):
            for start in range(len(text) - self.n_gram + 1):
                vectors[row, self._place(text[start : start + self.n_gram])] += 1
        vectors -= vectors.mean(axis=1, keepdims=True)
        return vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-10)

    def _place(self, group: str) -> int:
        value = 1
        for factor, letter in zip(self._factors, group, strict=True):
            value = (value * factor + ord(letter)) % _PRIME
        return value % self.max_length


class Passage(dict[str, Any]):
    """A passage as DSPy's retrievers give it: `passage.long_text` is `passage["long_text"]`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the passage has no `{name}`; it has {', '.join(self)}") from None


def dummy_rm(passages: Sequence[str] = ()) -> Callable[..., list[Passage]]:
    """A retriever over a few passages, for `configure(rm=…)`."""
    vectorizer = DummyVectorizer(max(map(len, passages), default=0) + 100)
    vectors = vectorizer(passages) if passages else None

    def search(query: str, *, k: int, **further: Any) -> list[Passage]:
        if vectors is None:
            raise ConfigurationError("dummy_rm was made without passages; write dummy_rm([…])")
        order = (-(vectors @ vectorizer([query])[0])).argsort(kind="stable")[:k]
        return [Passage(long_text=passages[int(number)]) for number in order]

    return search
