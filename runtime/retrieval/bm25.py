"""`BM25`: search by words, in this process."""

from __future__ import annotations

from typing import Annotated, Any

from ..limits import Ge
from ..parameters import KW_ONLY, parameters
from .corpus import Corpus, read_passages
from .extra import load
from .retriever import Hit, Once, Retriever, made


@parameters
class BM25(Retriever):
    """Finds the passages that share the rarest words with the query.

        search = BM25("docs.jsonl", k=3)
        search(query="opening hours").passages

    The index is made with the first search, in memory. Passages that share no word with the query are not
    returned, so there may be fewer than `k`. Source: Robertson and Zaragoza, "The Probabilistic Relevance
    Framework: BM25 and Beyond", 2009, as the package bm25s implements it.
    """

    corpus: Corpus
    """The passages: a file (`.txt` with one a line, `.jsonl`, `.csv`), a dataset, or a list of texts."""
    k: Annotated[int, Ge(1)] = 3
    """How many passages a call gives."""
    _: KW_ONLY
    text: str | None = None
    """The field of a row that holds the passage; `text` or the only one unless given."""
    k1: Annotated[float, Ge(0)] = 1.5
    """How quickly further occurrences of a word count less."""
    b: Annotated[float, Ge(0)] = 0.75
    """How much long passages are penalized, from 0 to 1."""
    stopwords: str | list[str] = "en"
    """Words that do not count: of a language (`en`, `de`, `fr`, …), a list, or an empty list for none."""
    stemmer: Any = None
    """Reduces words to their stems: a stemmer of PyStemmer, or any function of a list of words."""

    def __post_init__(self) -> None:
        """Prepare the index, which is made later."""
        self._index: Once[tuple[list[str], Any]] = Once(self._make)

    async def search(self, query: str, k: int) -> tuple[list[str], list[Hit]]:
        """The corpus, and the passages that fit a query best, best first."""
        corpus, index = await made(self._index)
        if index is None:
            return corpus, []
        np = load("numpy", "BM25")
        (words,) = self._tokens([query])
        if not words:
            return corpus, []
        scores = index.get_scores(words)
        # Of passages that fit equally well, the first comes first.
        fitting = np.flatnonzero(scores > 0)
        best = fitting[np.argsort(-scores[fitting], kind="stable")[:k]]
        return corpus, [Hit(int(number), round(float(scores[number]), 4)) for number in best]

    def _make(self) -> tuple[list[str], Any]:
        corpus = read_passages(self.corpus, self.text, self._folder())
        if not corpus:
            return corpus, None
        index = load("bm25s", "BM25").BM25(k1=self.k1, b=self.b)
        index.index(self._tokens(corpus), show_progress=False)
        return corpus, index

    def _tokens(self, texts: list[str]) -> Any:
        tokenize = load("bm25s", "BM25").tokenize
        stopwords = self.stopwords or None
        return tokenize(
            texts, stopwords=stopwords, stemmer=self.stemmer, return_ids=False, show_progress=False
        )
