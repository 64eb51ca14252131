"""`LM`: a language model by its name, over litellm or inside this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from ...base.later import Later
from ...base.models import is_reasoning_model, reasoning_complaint
from ..errors import LMConfigurationError
from ..execution.callbacks import BaseCallback
from ..limits import Ge, Le, Setting
from ..parameters import parameters
from .base import BaseLM
from .capabilities import Capabilities, capabilities_of
from .provider import Provider, provider_for

if TYPE_CHECKING:
    from . import retry
    from .jobs import TrainDataFormat, TrainingJob
    from .request import Request, Response
    from .stream import Delta
    from .transports import base as transports
else:
    # What sends requests, which is imported with the first one.
    retry = Later(globals(), "retry")
    transports = Later(globals(), "transports", ".transports.base")


@parameters(extra="kwargs")
class LM(BaseLM):
    """A language model: `LM("openai/gpt-4o-mini")`, `LM("anthropic/claude-…")`, `LM("ollama_chat/llama3.2",
    api_base=…)`.

    Models named `gguf/PATH` are GGUF files that run in this process, `embedded/NAME` come with dspyc.
    `openai/NAME` and servers that speak OpenAI's protocol (`api_base=…`) are reached directly, all others
    through litellm, with the key in the provider's usual environment variable or as `api_key=`. Further
    keyword arguments (`top_p`, `stop`, `seed`, `n`, …) go with every request.
    """

    model: str
    """The model, as `provider/name`."""
    model_type: Literal["chat", "text"] = "chat"
    """Whether it takes a conversation or a single text."""
    temperature: Annotated[float | None, Setting(), Ge(0), Le(2)] = 0.0
    """How freely it writes; 0 for the most likely answer, None for the provider's default."""
    max_tokens: Annotated[int | None, Setting(), Ge(1)] = 1000
    """How long an answer may be, in tokens; None for the provider's default."""
    cache: bool = True
    """Whether answers are cached and reused."""
    cache_in_memory: bool = True
    """Whether answers are cached in memory too, in front of the cache file."""
    callbacks: list[BaseCallback] | None = None
    """Called before each request and after each response."""
    num_retries: Annotated[int, Ge(0)] = 8
    """How often a request is retried after a temporary failure (rate limit, timeout, server error), with
    waits that grow to a minute; at most twice if the connection is refused.
    """
    provider: Provider | None = None
    """What starts, stops and trains the model; found by the model's name when None."""
    finetuning_model: str | None = None
    """The model to train instead, if the provider trains it under another name."""
    launch_kwargs: dict[str, Any] = {}  # noqa: RUF012 @parameters copies it
    """Settings for starting the model."""
    train_kwargs: dict[str, Any] = {}  # noqa: RUF012
    """Settings for training it."""

    _capabilities = None

    def __post_init__(self) -> None:
        """Gather the settings that are sent with every request.

        Raises:
            LMConfigurationError: a reasoning model with settings that it does not accept.
        """
        if complaint := reasoning_complaint(self.model, self.temperature, self.max_tokens):
            raise LMConfigurationError(complaint, model=self.model)
        limit = "max_completion_tokens" if is_reasoning_model(self.model) else "max_tokens"
        self.kwargs = {"temperature": self.temperature, limit: self.max_tokens, **self.kwargs}

    @property
    def transport(self) -> transports.Transport:
        """What carries requests to the model."""
        return transports.transport_for(self.model)

    @property
    def capabilities(self) -> Capabilities:
        """What the model can do, by its name."""
        return self._capabilities or capabilities_of(self.model)

    @capabilities.setter
    def capabilities(self, given: Capabilities) -> None:
        self._capabilities = given

    def identity(self, request: Request) -> str:
        """Which endpoint or file answers."""
        return self.transport.identity(request)

    async def _transmit(self, request: Request) -> Response:
        return await retry.send(self.transport, request, self.num_retries)

    async def stream(self, request: Request) -> AsyncIterator[Delta]:
        """One request past the cache, its answer in pieces."""
        deltas = (
            super().stream(request)
            if self._awaits_by
            else retry.stream(self.transport, request, self.num_retries)
        )
        async for delta in deltas:
            yield delta

    def copy(self, **changes: Any) -> Self:
        """The same model with some settings changed (None removes one) and a history of its own."""
        if "max_tokens" in changes and "max_completion_tokens" in self.kwargs:
            changes["max_completion_tokens"] = changes.pop("max_tokens")
        return super().copy(**changes)

    def dump_state(self) -> dict[str, Any]:
        """The arguments that create the same model again, `LM(**state)`, without keys."""
        from .redact import saved_settings

        state = super().dump_state()
        names = ("cache_in_memory", "num_retries", "finetuning_model", "launch_kwargs", "train_kwargs")
        state |= saved_settings({name: getattr(self, name) for name in names})
        if "max_completion_tokens" in state:
            state["max_tokens"] = state.pop("max_completion_tokens")
        return state

    # --- starting, stopping, training -------------------------------------------------------------------

    def infer_provider(self) -> Provider:
        """The given provider, or the one in the model's name."""
        given: Provider | None = self.__dict__.get("provider")
        return given or provider_for(self.model)

    def launch(self, launch_kwargs: Mapping[str, Any] | None = None) -> None:
        """Start serving the model, if its provider supports that."""
        self.infer_provider().launch(self, launch_kwargs or self.launch_kwargs)

    def kill(self, launch_kwargs: Mapping[str, Any] | None = None) -> None:
        """Stop serving the model, if its provider supports that."""
        self.infer_provider().kill(self, launch_kwargs or self.launch_kwargs)

    def finetune(
        self,
        train_data: list[dict[str, Any]],
        train_data_format: TrainDataFormat | None = "chat",
        train_kwargs: Mapping[str, Any] | None = None,
    ) -> TrainingJob:
        """Train the model on examples; the job runs in a thread, and `job.result()` is the trained model.

        Args:
            train_data: for `chat` dicts with `messages`, for `completion` dicts with `prompt` and
                `completion`.
            train_data_format: which of the two.
            train_kwargs: the provider's settings, instead of those given at construction.

        Raises:
            LMConfigurationError: the model's provider does not support training.
        """
        from .jobs import start_job

        provider = self.infer_provider()
        if not provider.finetunable:
            raise LMConfigurationError(
                f"`{self.model}` cannot be trained: its provider does not support training; "
                "models in GGUF files (`gguf/PATH`) can be trained",
                model=self.model,
            )
        job = provider.new_job(
            model=self.finetuning_model or self.model,
            train_data=train_data,
            train_data_format=train_data_format,
            train_kwargs=dict(train_kwargs or self.train_kwargs),
        )
        start_job(self, provider, job)
        return job


def _set_provider(lm: LM, provider: Provider | None) -> None:
    lm.__dict__["provider"] = provider


# The parameter, None unless it is given, reads as the provider that the model's name tells; only then is what
# trains models imported.
LM.provider = property(LM.infer_provider, _set_provider)  # type: ignore[assignment]
