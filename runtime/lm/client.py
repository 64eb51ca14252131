"""`LM`: a language model by its name, over litellm or inside this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from ...base.later import Later
from ...base.models import is_reasoning_model, reasoning_complaint
from ..errors import ConfigurationError, LMConfigurationError, LMError
from ..execution.callbacks import BaseCallback
from ..limits import Ge, Gt, Le, Setting
from ..parameters import parameters
from .base import BaseLM
from .capabilities import IN_TORCH, SERVERS, Capabilities, capabilities_of
from .provider import Provider, provider_for
from .rollouts import warn_of_rollout

if TYPE_CHECKING:
    from . import falling_back, retry
    from .control import passing
    from .gguf import forms, places
    from .jobs import TrainDataFormat, TrainingJob
    from .request import Request, Response
    from .stream import Delta
    from .transports import base as transports
else:
    # What sends requests, which is imported with the first one.
    falling_back = Later(globals(), "falling_back")
    forms = Later(globals(), "forms", ".gguf.forms")
    places = Later(globals(), "places", ".gguf.places")
    passing = Later(globals(), "passing", ".control.passing")
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
    model_type: Literal["chat", "text", "responses"] = "chat"
    """Whether it takes a conversation, a single text, or a conversation by OpenAI's API for responses."""
    temperature: Annotated[float | None, Setting(), Ge(0), Le(2)] = 0.0
    """How random the answers are; 0 for the most likely answer, None for the provider's default, which a
    reasoning model has unless you say otherwise.
    """
    max_tokens: Annotated[int | None, Setting(), Ge(1)] = 1000
    """The longest answer, in tokens; None for the provider's default, which a reasoning model has
    unless you say otherwise.
    """
    probabilities: Annotated[bool, Setting()] = False
    """Whether predictions have the probabilities of the choices of their outputs (`Literal`, enum, `bool`,
    bounded `int`), where the model gives log probabilities.
    """
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
    server: Literal["llama.cpp", "vllm", "sglang", "ollama", "lm_studio"] | None = None
    """What serves the model at `api_base`, where its name does not tell: it says how an adapter can hold the
    answers to a schema or a grammar.
    """
    timeout: Annotated[float | None, Gt(0)] = None
    """How many seconds an attempt may take; 600 when None."""
    deadline: Annotated[float | None, Gt(0)] = None
    """How many seconds a call may take with all its attempts and waits; no limit when None."""
    max_concurrency: Annotated[int | None, Ge(1)] = None
    """The most requests in progress at once; no limit when None."""
    rpm: Annotated[float | None, Gt(0)] = None
    """The most requests per minute; no limit when None."""
    tpm: Annotated[float | None, Gt(0)] = None
    """The most tokens per minute, in prompts and answers together; no limit when None."""
    fallbacks: str | BaseLM | list[str | BaseLM] | None = None
    """The models to try, in turn, if this one fails."""
    budget: Annotated[float | None, Gt(0)] = None
    """The most that its calls may cost, in US dollars; a call that could cost more is not sent."""
    provider: Provider | None = None
    """What starts, stops and trains the model; found by the model's name when None."""
    finetuning_model: str | None = None
    """The model to train instead, if the provider trains it under another name."""
    launch_kwargs: dict[str, Any] = {}  # noqa: RUF012 @parameters copies it
    """Settings for starting the model."""
    train_kwargs: dict[str, Any] = {}  # noqa: RUF012
    """Settings for training it."""
    use_developer_role: bool = False
    """Whether system messages go as a developer's, to `model_type="responses"`."""

    _capabilities = None

    @staticmethod
    def __complete__(given: dict[str, Any]) -> None:
        """Leave a reasoning model, which refuses the usual settings, at its own."""
        if is_reasoning_model(str(given.get("model"))):
            given.setdefault("temperature", None)
            given.setdefault("max_tokens", None)
        if hasattr(given.get("timeout"), "read"):
            # httpx's, with a limit for each part of an attempt.
            given["request_timeout"] = given.pop("timeout")

    def __post_init__(self) -> None:
        """Gather the settings that are sent with every request.

        Raises:
            LMConfigurationError: a reasoning model with settings that it does not accept.
        """
        if complaint := reasoning_complaint(self.model, self.temperature, self.max_tokens):
            raise LMConfigurationError(complaint, model=self.model)
        limit = "max_completion_tokens" if is_reasoning_model(self.model) else "max_tokens"
        self.kwargs = {"temperature": self.temperature, limit: self.max_tokens, **self.kwargs}
        if self.probabilities:
            self.kwargs["probabilities"] = True
        if self.use_developer_role:
            self.kwargs["use_developer_role"] = True
        for name in _SENT_WITH_EACH:
            if (value := getattr(self, name)) is not None:
                self.kwargs[name] = value
        self.__set_limits()
        if self.fallbacks is not None:
            self.fallbacks = _checked_fallbacks(self.fallbacks)
        if "rollout_id" in self.kwargs:
            self.__settle_rollout()

    def __set_limits(self) -> None:
        given = (self.max_concurrency, self.rpm, self.tpm, self.budget)
        self._limits = None if given == (None, None, None, None) else passing.Limits(self.model, *given)

    def __settle_rollout(self) -> None:
        """Drop a rollout's number of None, and warn of one that changes nothing."""
        if self.kwargs["rollout_id"] is None:
            self.kwargs = {name: value for name, value in self.kwargs.items() if name != "rollout_id"}
        else:
            warn_of_rollout(self.kwargs, self)

    @property
    def transport(self) -> transports.Transport:
        """What carries requests to the model."""
        return transports.transport_for(self.model)

    @property
    def capabilities(self) -> Capabilities:
        """What the model can do, by its name or its server's."""
        own: Any = self._capabilities
        if own is not None:
            given: Capabilities = own
            return given
        if self.server:
            return SERVERS[self.server]
        model = self.model
        if model.startswith("gguf/") and places.asked_in_torch(model) is not None:
            return IN_TORCH
        return capabilities_of(model)

    @capabilities.setter
    def capabilities(self, given: Capabilities) -> None:
        self._capabilities = given

    @property
    def prompt_form(self) -> str:  # type: ignore[override]
        """How the model is asked where the program sets no adapter; a GGUF file says it."""
        return forms.prompt_form(self.model) if self.model.startswith(_IN_FILES) else "chat"

    @property
    def in_process(self) -> bool:  # type: ignore[override]
        """Whether it answers in this process, and so do those that it falls back on."""
        return self.model.startswith(("gguf/", "embedded/")) and not self.fallbacks

    def identity(self, request: Request) -> str:
        """Which endpoint or file answers, and by which class where that answers in its own way."""
        place = transports.transport_for(self.model).identity(request)
        answers_itself = self._awaits_by is not None or type(self).send is not BaseLM.send
        return f"{super().identity(request)} {place}" if answers_itself else place

    async def _transmit(self, request: Request) -> Response:
        if not _OF_THE_MODEL.isdisjoint(request.settings):
            raise _misplaced(request)
        if not self.fallbacks:
            return await retry.send(self.transport, request, self.num_retries, self._limits)
        try:
            return await retry.send(
                self.transport, request, self.num_retries, self._limits, falling_back.PATIENCE
            )
        except LMError as error:
            return await falling_back.ask_others(self, request, error, self.__other_models())

    def __other_models(self) -> tuple[Any, ...]:
        if self._others is None:
            self._others = tuple(
                falling_back.named_model(self, each) if isinstance(each, str) else each
                for each in _checked_fallbacks(self.fallbacks) or ()
            )
        return self._others

    async def stream(self, request: Request) -> AsyncIterator[Delta]:
        """One request past the cache, its answer in pieces."""
        if self._awaits_by:
            async for delta in super().stream(request):
                yield delta
            return
        if not _OF_THE_MODEL.isdisjoint(request.settings):
            raise _misplaced(request)
        patience = falling_back.PATIENCE if self.fallbacks else None
        begun = False
        try:
            async for delta in retry.stream(
                self.transport, request, self.num_retries, self._limits, patience
            ):
                begun = True
                yield delta
        except LMError as error:
            if begun or not self.fallbacks:
                raise
            async for delta in falling_back.stream_others(self, request, error, self.__other_models()):
                yield delta

    def copy(self, **changes: Any) -> Self:
        """The same model with some settings changed (None removes one) and a history of its own."""
        if "max_tokens" in changes and "max_completion_tokens" in self.kwargs:
            changes["max_completion_tokens"] = changes.pop("max_tokens")
        twin = super().copy(**changes)
        for name in (*_SENT_WITH_EACH, *_SENT_IF_SET):
            if changes.get(name) not in (None, False):
                twin.kwargs = {**twin.kwargs, name: changes[name]}
        twin._others = None
        if twin.fallbacks is not None and "fallbacks" in changes:
            twin.fallbacks = _checked_fallbacks(twin.fallbacks)
        if not _LIMITS.isdisjoint(changes):
            twin.__set_limits()
            if "budget" not in changes and self._limits is not None and twin._limits is not None:
                twin._limits.purse = self._limits.purse
        if changes.get("rollout_id") is not None:
            twin.warned_of_rollout = False
            warn_of_rollout(twin.kwargs, twin)
        return twin

    @property
    def supported_params(self) -> set[str]:
        """The settings, by OpenAI's names, that the model takes, by litellm's account."""
        from .transports import litellm_module

        provider, _, name = self.model.partition("/")
        found = litellm_module.load().get_supported_openai_params(
            model=name or provider, custom_llm_provider=provider if name else "openai"
        )
        return set(found or ())

    def close(self) -> None:
        """Close the connections that are kept for the next requests of any model.

        Requests under way are finished, and later ones open new connections.
        """
        transports.close_connections()

    def dump_state(self) -> dict[str, Any]:
        """The arguments that create the same model again, `LM(**state)`, without keys."""
        from .redact import saved_settings

        state = super().dump_state()
        names = ("cache_in_memory", "finetuning_model", "launch_kwargs", "train_kwargs")
        state |= saved_settings({name: getattr(self, name) for name in names})
        kept = {name: getattr(self, name) for name in sorted(_LIMITS) if getattr(self, name) is not None}
        if self.server is not None:
            kept["server"] = self.server
        if self.fallbacks:
            listed = _checked_fallbacks(self.fallbacks) or ()
            kept["fallbacks"] = [each if isinstance(each, str) else each.model for each in listed]
        state |= kept
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


_SENT_WITH_EACH = ("timeout", "deadline")
"""Parameters that a call may change as it may change its temperature."""
_SENT_IF_SET = ("probabilities", "use_developer_role")
_IN_FILES = ("gguf/", "embedded/", "openai/local:")
_LIMITS = frozenset({"max_concurrency", "rpm", "tpm", "budget"})
_OF_THE_MODEL = _LIMITS | {"fallbacks"}


def _misplaced(request: Request) -> LMConfigurationError:
    """The error of a call that sets what only a model has."""
    name = min(_OF_THE_MODEL & request.settings.keys())
    return LMConfigurationError(
        f"`{name}` is a parameter of the model, not of a call: write LM({request.model!r}, {name}=…)",
        model=request.model,
    )


def _checked_fallbacks(given: Any) -> list[str | BaseLM] | None:
    """The models to fall back on; one may be given without a list.

    Raises:
        ConfigurationError: something is no model and no name of one.
    """
    listed = [given] if isinstance(given, (str, BaseLM)) else given
    wrong = [given]
    if isinstance(listed, (list, tuple)):
        wrong = [each for each in listed if not (isinstance(each, BaseLM) or _is_name(each))]
    if wrong:
        raise ConfigurationError(
            f'`fallbacks` of `LM` must be a list of models or their names, such as ["openai/gpt-4o"], '
            f"not {wrong[0]!r}"
        )
    return list(listed) or None


def _is_name(given: Any) -> bool:
    return isinstance(given, str) and bool(given.strip())


def _set_provider(lm: LM, provider: Provider | None) -> None:
    lm.__dict__["provider"] = provider


# The parameter, None unless it is given, reads as the provider that the model's name tells; only then is what
# trains models imported.
LM.provider = property(LM.infer_provider, _set_provider)  # type: ignore[assignment]
