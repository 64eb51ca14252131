"""`KNN`: the examples of a trainset whose inputs are nearest to a call's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from ..errors import ConfigurationError
from ..example import Example, listed_examples
from ..execution import drive
from ..interface import Examples
from ..limits import Ge
from ..parameters import parameters
from .embedder import Embedder
from .extra import load
from .retriever import Once


@parameters
class KNN:
    """Finds the examples whose inputs are nearest to given inputs, by the vectors of both.

    knn = KNN(k=3, trainset=train, vectorizer=Embedder("openai/text-embedding-3-small"))
    knn(question="What is 2 + 2?")     # three examples, the nearest first
    """

    _unsaved: ClassVar[tuple[str, ...]] = ("_vectors",)

    k: Annotated[int, Ge(1)]
    """How many examples a call gives."""
    trainset: Examples
    """The examples, with their inputs marked."""
    vectorizer: Embedder | Any
    """What turns texts into vectors."""

    def __post_init__(self) -> None:
        """Prepare the vectors, which are made later.

        Raises:
            ConfigurationError: what is given are no examples, or one does not say which of its fields are
                inputs.
        """
        self.trainset = listed_examples("trainset", self.trainset, ConfigurationError)
        for number, example in enumerate(self.trainset):
            if example._input_keys is None:
                raise ConfigurationError(
                    f"example {number} of `trainset` does not say which of its fields are inputs: "
                    "use Dataset(…, inputs=[…]) or example.with_inputs(…)"
                )
        self._vectors: Once[Any] = Once(self._make)

    @property
    def trainset_vectors(self) -> Any:
        """The vectors of the examples, one a row."""
        return self._vectors.get()

    def __call__(self, **inputs: Any) -> list[Example]:
        """The nearest examples, the nearest first."""
        np = load("numpy", "KNN")
        vectors = self._vectors.get()
        if not len(vectors):
            return []
        query = np.asarray(self.vectorizer([_text(inputs)]), dtype=np.float32)[0]
        nearest = np.argsort(-(vectors @ query), kind="stable")[: self.k]
        return [self.trainset[int(number)] for number in nearest]

    async def acall(self, **inputs: Any) -> list[Example]:
        """The same from asynchronous code."""
        found: list[Example] = await drive.call_function(lambda: self(**inputs))
        return found

    def _make(self) -> Any:
        np = load("numpy", "KNN")
        texts = [_text(example.call_inputs()) for example in self.trainset]
        return np.asarray(self.vectorizer(texts) if texts else [], dtype=np.float32)


def _text(inputs: Mapping[str, Any]) -> str:
    """Inputs as the text of which the vector is made, as DSPy writes it."""
    return " | ".join(f"{name}: {value}" for name, value in inputs.items())
