"""`Embeddings`: search by vectors, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from ...base.files import replacing
from ..errors import ConfigurationError, StateError
from ..execution import drive
from ..interface import Interface
from ..limits import Ge
from ..parameters import parameters
from .corpus import Corpus, read_passages
from .embedder import Embedder
from .extra import load
from .retriever import Hit, Once, Retriever, made

_CONFIG, _VECTORS, _FAISS = "config.json", "corpus_embeddings.npy", "faiss_index.bin"
_CANDIDATES = 10
"""How many candidates an approximate index gives for each passage that is asked for."""


class _Index(NamedTuple):
    corpus: list[str]
    vectors: Any
    approximate: Any = None
    """faiss's index over the vectors, for a large corpus."""


@parameters
class Embeddings(Retriever):
    """Finds the passages whose vectors are nearest to the query's.

        embedder = Embedder("openai/text-embedding-3-small")
        search = Embeddings(corpus=passages, embedder=embedder, k=5)
        search("opening hours").passages

    The vectors are made with the first search. `save` and `from_saved` keep them in a folder: the corpus as
    JSON and the vectors as numbers.
    """

    interface: ClassVar[Interface | None] = Interface(
        of="",
        needs={"query": str},
        inputs={"k": int},
        outputs={"passages": list[str], "indices": list[int]},
        calls="0",
    )
    gives_scores: ClassVar[bool] = False

    corpus: Corpus
    """The passages: a list of texts, a file, or a dataset."""
    embedder: Embedder | Callable[..., Any]
    """What turns texts into vectors."""
    k: Annotated[int, Ge(1)] = 5
    """How many passages a call gives."""
    cache: bool = False
    """Accepted for compatibility with DSPy; the embedder has a cache of its own."""
    brute_force_threshold: int = 20_000
    """From this many passages on, faiss finds candidates that are then compared exactly."""
    normalize: bool = True
    """Whether vectors are compared by their angle alone."""
    text: str | None = None
    """The field of a row that holds the passage; `text` or the only one unless given."""

    def __post_init__(self) -> None:
        """Prepare the index, which is made later."""
        self._index: Once[_Index] = Once(self._make)

    @property
    def corpus_embeddings(self) -> Any:
        """The vectors of the passages, one a row; made now if they are not yet."""
        return self._index.get().vectors

    @property
    def index(self) -> Any:
        """faiss's index, for a large corpus."""
        return self._index.get().approximate

    async def search(self, query: str, k: int) -> tuple[list[str], list[Hit]]:
        """The corpus, and the passages that fit a query best, best first."""
        index = await made(self._index)
        np = load("numpy", "a search by vectors")
        if not index.corpus:
            return index.corpus, []
        vector = self._scaled(np.atleast_2d(np.asarray(await self._vectors([query]), dtype=np.float32)))
        candidates = np.arange(len(index.corpus))
        if index.approximate is not None:
            candidates = index.approximate.search(vector, k * _CANDIDATES)[1][0]
            candidates = candidates[candidates >= 0]
        scores = index.vectors[candidates] @ vector[0]
        best = np.argsort(-scores, kind="stable")[:k]
        return index.corpus, [Hit(int(candidates[place]), float(scores[place])) for place in best]

    async def _vectors(self, texts: list[str]) -> Any:
        if isinstance(self.embedder, Embedder):
            return await self.embedder.acall(texts)
        return await drive.call_function(self.embedder, texts)

    @property
    def needs_loop(self) -> bool:
        """Whether the embedder waits for something else than a model."""
        given = self.embedder
        return given.needs_loop if isinstance(given, Embedder) else drive.is_async(given)

    def _make(self) -> _Index:
        np = load("numpy", "a search by vectors")
        corpus = read_passages(self.corpus, self.text, self._folder())
        if not corpus:
            return _Index(corpus, np.zeros((0, 0), dtype=np.float32))
        vectors = self._scaled(np.asarray(self._made(corpus), dtype=np.float32))
        large = len(corpus) >= self.brute_force_threshold
        return _Index(corpus, vectors, _approximate(vectors) if large else None)

    def _made(self, corpus: list[str]) -> Any:
        return drive.run(self._vectors(corpus), concurrent=self.needs_loop)

    def _scaled(self, vectors: Any) -> Any:
        if not self.normalize:
            return vectors
        np = load("numpy", "a search by vectors")
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-10)

    # --- on the disk ------------------------------------------------------------------------------------

    def save(self, path: str | Path, save_program: bool = False, modules_to_serialize: Any = None) -> None:
        """Keep passages and vectors in a folder, for `from_saved`.

        Args:
            path: the folder.
            save_program: accepted for `Module.save`'s sake; the folder is the whole retriever.
            modules_to_serialize: as `save_program`.
        """
        index, folder = self._index.get(), Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        config = {
            "k": self.k,
            "normalize": self.normalize,
            "corpus": index.corpus,
            "has_faiss_index": index.approximate is not None,
        }
        text = json.dumps(config, indent=2, ensure_ascii=False)
        with ExitStack() as files:
            # The last that is opened is the first in its place, and the settings are the last: passages and
            # vectors of two indexes never meet.
            files.enter_context(replacing(folder / _CONFIG)).write(text.encode("utf-8", "backslashreplace"))
            vectors = files.enter_context(replacing(folder / _VECTORS))
            load("numpy", "a search by vectors").save(vectors, index.vectors, allow_pickle=False)
            if index.approximate is not None:
                approximate = files.enter_context(replacing(folder / _FAISS))
                _faiss().write_index(index.approximate, approximate.name)
            (folder / _CONFIG).unlink(missing_ok=True)

    def load(self, path: str | Path, embedder: Any = None) -> Any:  # type: ignore[override]  # DSPy's own
        """Read what `save` has kept into this retriever, and return it.

        Args:
            path: the folder.
            embedder: what makes vectors of queries; that of this retriever unless given.

        Raises:
            FileNotFoundError: the folder or a file in it is missing.
            StateError: the folder does not contain a saved retriever.
        """
        folder = Path(path)
        for needed in (folder, folder / _CONFIG, folder / _VECTORS):
            if not needed.exists():
                raise FileNotFoundError(
                    f"there is no saved retriever in `{folder}`: `{needed.name}` is missing"
                )
        config, vectors = _saved(folder)
        if len(config["corpus"]) != len(vectors):
            raise StateError(
                f"`{folder}` holds {len(config['corpus'])} passages and {len(vectors)} vectors; "
                "save the retriever again"
            )
        self.k, self.normalize, self.corpus = config["k"], config["normalize"], config["corpus"]
        if embedder is not None:
            self.embedder = embedder
        approximate = None
        if config["has_faiss_index"] and (folder / _FAISS).exists():
            approximate = _faiss().read_index(str(folder / _FAISS))
        index = _Index(config["corpus"], vectors, approximate)
        self._index = Once(lambda: index)
        return self

    @classmethod
    def from_saved(cls, path: str | Path, embedder: Any) -> Self:
        """The retriever that `save` has kept in a folder."""
        made: Self = cls(corpus=[], embedder=embedder).load(path)
        return made


@parameters
class EmbeddingsWithScores(Embeddings):
    """`Embeddings` whose results also have `scores`: how near each passage is, 1.0 for the same direction."""

    interface: ClassVar[Interface | None] = Interface(
        of="",
        needs={"query": str},
        inputs={"k": int},
        outputs={"passages": list[str], "indices": list[int], "scores": list[float]},
        calls="0",
    )
    gives_scores: ClassVar[bool] = True


def _saved(folder: Path) -> tuple[dict[str, Any], Any]:
    """What the files of a saved retriever hold; nothing in them is unpickled."""
    np = load("numpy", "a search by vectors")
    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        vectors = np.load(folder / _VECTORS, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise StateError(f"`{folder}` does not contain a saved retriever: {error}") from error
    lacking = [name for name in ("k", "normalize", "corpus", "has_faiss_index") if name not in config]
    if lacking:
        raise StateError(f"`{folder / _CONFIG}` has no `{lacking[0]}`; save the retriever again")
    return config, vectors


def _approximate(vectors: Any) -> Any:
    """faiss's index: the vectors in cells, each vector as 32 bytes."""
    faiss = _faiss()
    count, width = vectors.shape
    cells = int(2 * count**0.5)
    index = faiss.IndexIVFPQ(faiss.IndexFlatL2(width), width, cells, 32, 8)
    index.train(vectors)
    index.add(vectors)
    index.nprobe = min(16, cells)
    return index


def _faiss() -> Any:
    try:
        return load("faiss", "a search by vectors in a large corpus", "pip install faiss-cpu")
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}, or raise `brute_force_threshold`") from None
