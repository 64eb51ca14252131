"""`Embedder`: texts to vectors, by a provider's model, a model on this machine, or a function."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from ...base.once import once
from ..errors import ConfigurationError
from ..execution import drive
from ..execution.loading import refuse_while_loading
from ..limits import Ge
from ..lm import embedding
from ..parameters import parameters
from .extra import load

if TYPE_CHECKING:
    import numpy as np

    Vectors: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

EmbeddingFunction: TypeAlias = Callable[..., Any]
"""Takes a list of texts and returns a vector for each."""

_LOCAL = "local/"


@parameters(extra="kwargs")
class Embedder:
    """Turns texts into vectors: `Embedder("openai/text-embedding-3-small")(["a text", "another"])`.

    A single text gives one vector of 32-bit floats, a list a matrix with a row for each. Further keyword
    arguments (`api_base`, `dimensions`, …) go to the provider, or to the function.
    """

    model: str | EmbeddingFunction
    """A provider's model (`openai/text-embedding-3-small`), the folder or name of one that runs here
    (`local/minishlab/potion-base-8M`, by model2vec or sentence-transformers), or a function that takes a list
    of texts.
    """
    batch_size: Annotated[int, Ge(1)] = 200
    """How many texts one request, or one call of the function, gets at most."""
    caching: bool = True
    """Whether the vectors of a provider's model are kept in the cache."""

    def __post_init__(self) -> None:
        """Look at the model.

        Raises:
            ConfigurationError: it is neither a name nor a function.
        """
        self.default_kwargs: dict[str, Any] = self.__dict__.pop("kwargs")
        if not (isinstance(self.model, str) or callable(self.model)):
            raise ConfigurationError(
                f"`model` of `Embedder` must be a model's name or a function, not {type(self.model).__name__}"
            )

    def __call__(
        self,
        inputs: str | Sequence[str],
        batch_size: int | None = None,
        caching: bool | None = None,
        **kwargs: Any,
    ) -> Vectors:
        """The vectors of texts.

        Args:
            inputs: a text or a list of texts.
            batch_size: instead of the parameter.
            caching: instead of the parameter.
            kwargs: further settings of this call.

        Returns:
            a vector for a text, a matrix for a list.

        Raises:
            LMError: the provider could not be asked.
            ConfigurationError: numpy, or what runs a local model, is not installed.
        """
        return drive.run(self.acall(inputs, batch_size, caching, **kwargs), concurrent=self.needs_loop)

    @property
    def needs_loop(self) -> bool:
        """Whether the function is async, so that a call needs the event loop."""
        return callable(self.model) and drive.is_async(self.model)

    async def acall(
        self,
        inputs: str | Sequence[str],
        batch_size: int | None = None,
        caching: bool | None = None,
        **kwargs: Any,
    ) -> Vectors:
        """The same from asynchronous code."""
        refuse_while_loading("vectors are made")
        np = load("numpy", "an embedder")
        texts = [inputs] if isinstance(inputs, str) else list(inputs)
        settings = {**self.default_kwargs, **kwargs}
        size = batch_size or self.batch_size
        if isinstance(self.model, str) and not self.model.startswith(_LOCAL):
            kept = self.caching if caching is None else caching
            rows: Any = await embedding.embed(self.model, texts, settings, size, kept)
        else:
            rows = await self._called(texts, size, settings)
        vectors: Vectors = np.asarray(rows, dtype=np.float32)
        return vectors[0] if isinstance(inputs, str) else vectors

    async def _called(self, texts: list[str], size: int, settings: Mapping[str, Any]) -> list[Any]:
        rows: list[Any] = []
        for start in range(0, len(texts), size):
            batch = texts[start : start + size]
            made = await drive.call_function(self._function, batch, **settings)
            if len(made) != len(batch):
                raise ConfigurationError(
                    f"the embedding function returned {len(made)} vectors for {len(batch)} texts"
                )
            rows.extend(made)
        return rows

    @once
    def _function(self) -> Callable[..., Any]:
        if callable(self.model):
            return self.model
        return _local_encoder(self.model.removeprefix(_LOCAL))

    def __deepcopy__(self, memo: dict[int, Any]) -> Embedder:
        return self


def _local_encoder(name: str) -> Callable[..., Any]:
    """What makes vectors with a model on this machine: model2vec where installed, or sentence-transformers.

    Raises:
        ConfigurationError: neither is installed, or neither can read the model.
    """
    place = os.path.expanduser(name)
    try:
        static_model = import_module("model2vec").StaticModel
    except ModuleNotFoundError:
        transformers = load(
            "sentence_transformers",
            f"the embedding model `local/{name}`",
            "pip install model2vec for a static model, or sentence-transformers",
        )
        made: Callable[..., Any] = transformers.SentenceTransformer(place).encode
        return made
    try:
        static: Callable[..., Any] = static_model.from_pretrained(place).encode
    except Exception as error:
        raise ConfigurationError(f"model2vec cannot read the model `local/{name}`: {error}") from error
    return static
