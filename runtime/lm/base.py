"""`BaseLM`: what every language model shares: its call, its history, and the way a request goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, TextIO

from ...base.later import Later
from ..errors import StateError
from ..execution import drive, exits
from ..execution.callbacks import BaseCallback
from ..execution.loading import refuse_while_loading
from ..execution.replacing import in_place_of, stand_ins
from .capabilities import NOTHING_KNOWN, Capabilities, ModelType
from .said import AsSaid, beneath

if TYPE_CHECKING:
    from . import asking
    from . import history as calls
    from .control import passing
    from .messages import OutputFormat, ToolSpec
    from .request import GivenMessage, Request, Response
    from .stream import Delta
else:
    # How requests go, which is imported with the first one.
    asking = Later(globals(), "asking")
    calls = Later(globals(), "calls", ".history")
    passing = Later(globals(), "passing", ".control.passing")


class BaseLM:
    """A language model. Subclasses define how it answers, in one of these ways:

        class Echo(BaseLM):
            def complete(self, request):                  # typed; `acomplete` when it waits on an event loop
                return Response([request.messages[-1].text])

        class Theirs(BaseLM):                             # as in DSPy; or `aforward`
            def forward(self, prompt=None, messages=None, **kwargs):
                return client.chat.completions.create(model=self.model, messages=messages, **kwargs)

    Programs also use an overridden `__call__` or `acall`, such as a wrapper that counts or logs.
    """

    model: str = "custom"
    model_type: ModelType = "chat"
    cache: bool = False
    cache_in_memory: bool = True
    callbacks: Sequence[BaseCallback] | None = None
    num_retries: int = 3
    capabilities: Capabilities = NOTHING_KNOWN
    """What the model can do, for adapters to plan with."""

    prompt_form: str = "chat"
    """How the model is asked where the program sets no adapter: `chat`, or `compact` for one that was trained
    on compact prompts.
    """

    kwargs: Mapping[str, Any] = {}
    """The settings that are sent with every request."""

    in_process: bool = False
    """Whether it answers in this process, without a network, a key or costs: with `dspyc test --replay` it is
    asked where nothing of it was recorded.
    """

    _reported_as: ClassVar[str] = "lm"
    _is_saved: ClassVar[bool] = False
    """Whether it is a `SavedLM`, which is completed at the call."""
    _history: calls.CallHistory | None = None
    warned_of_rollout: bool = False
    """Whether it was said that `rollout_id` changes nothing at its temperature."""
    _limits: passing.Limits | None = None
    """What an `LM` and its copies may do together."""
    _others: tuple[Any, ...] | None = None
    """The models on which an `LM` falls back, made with the first failure."""
    _answers_by: ClassVar[str | None] = None
    _awaits_by: ClassVar[str | None] = None
    _called_by: ClassVar[tuple[bool, bool]] = (False, False)
    _is_called: ClassVar[bool] = False
    _asks_as_base: ClassVar[bool] = True

    def __init__(
        self,
        model: str | None = None,
        model_type: ModelType | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        cache: bool | None = None,
        callbacks: Sequence[BaseCallback] | None = None,
        num_retries: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Accept DSPy's parameters, each overriding the class; further ones are settings that are sent with
        every request.
        """
        given = {
            "model": model,
            "model_type": model_type,
            "cache": cache,
            "callbacks": callbacks,
            "num_retries": num_retries,
        }
        self.__dict__.update({name: value for name, value in given.items() if value is not None})
        sampling = {"temperature": temperature, "max_tokens": max_tokens}
        chosen = {name: value for name, value in sampling.items() if value is not None}
        self.kwargs = {**self.kwargs, **chosen, **kwargs}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._answers_by = _nearest(cls, ("complete", "forward")) or _nearest(cls, ("acomplete", "aforward"))
        cls._awaits_by = _nearest(cls, ("acomplete", "aforward", "complete", "forward"))
        cls._called_by = (cls.__call__ is not BaseLM.__call__, cls.acall is not BaseLM.acall)
        cls._is_called = any(cls._called_by)
        cls._asks_as_base = not cls._is_called and cls.reply is BaseLM.reply and cls.send is BaseLM.send
        AsSaid.install(cls, BaseLM)

    # --- calls ------------------------------------------------------------------------------------------

    def __call__(
        self, prompt: str | None = None, messages: Sequence[GivenMessage] | None = None, **kwargs: Any
    ) -> list[Any]:
        """Ask the model: `lm("prompt")` or `lm(messages=[...])`.

        Returns:
            The answers' texts, one unless `n` asks for more; dicts with `text`, `tool_calls`, `logprobs` and
            `reasoning_content` if an answer has more than a text.
        """
        if (other := in_place_of(self)) is not self:
            outputs: list[Any] = other(prompt, messages, **kwargs)
            return outputs
        return asking.shown_outputs(drive.drive(self.request(prompt, messages, kwargs)), self)

    async def acall(
        self, prompt: str | None = None, messages: Sequence[GivenMessage] | None = None, **kwargs: Any
    ) -> list[Any]:
        """Ask the model from asynchronous code."""
        if (other := in_place_of(self)) is not self:
            outputs: list[Any] = await other.acall(prompt, messages, **kwargs)
            return outputs
        return asking.shown_outputs(await self.request(prompt, messages, kwargs), self)

    def reply(
        self,
        messages: Sequence[GivenMessage],
        settings: Mapping[str, Any],
        tools: tuple[ToolSpec, ...] = (),
        output: OutputFormat | None = None,
    ) -> Coroutine[Any, Any, Response]:
        """Ask the model as adapters do: through the subclass's own `__call__` or `acall` where it has one."""
        if self._is_called:
            if asking.player() is None:
                return self.__called(messages, settings, tools, output)
            request = asking.make_request(self, None, messages, settings, tools, output)
            return asking.played(self, request, lambda: self.__called(messages, settings, tools, output))
        return asking.ask(self, asking.make_request(self, None, messages, settings, tools, output))

    def reply_now(
        self,
        messages: Sequence[GivenMessage],
        settings: Mapping[str, Any],
        tools: tuple[ToolSpec, ...] = (),
        output: OutputFormat | None = None,
    ) -> Response:
        """What `reply` does, for code that waits in place."""
        if self._asks_as_base:
            request = asking.make_request(self, None, messages, settings, tools, output)
            return asking.ask_now(self, request)
        return drive.drive(self.reply(messages, settings, tools, output), inside=True)

    async def reply_in_pieces(
        self,
        messages: Sequence[GivenMessage],
        settings: Mapping[str, Any],
        tools: tuple[ToolSpec, ...] = (),
        output: OutputFormat | None = None,
    ) -> AsyncIterator[Delta]:
        """Ask as `reply` does, and give the answer in pieces; whole where the subclass has its own call."""
        if self._is_called:
            for delta in asking.pieces.as_deltas(await self.reply(messages, settings, tools, output)):
                yield delta
            return
        request = asking.make_request(self, None, messages, settings, tools, output)
        async for delta in asking.ask_in_pieces(self, request):
            yield delta

    async def __called(
        self,
        messages: Sequence[GivenMessage],
        settings: Mapping[str, Any],
        tools: tuple[ToolSpec, ...],
        output: OutputFormat | None,
    ) -> Response:
        synchronous, asynchronous = self._called_by
        if drive.blocking.get() and not synchronous:
            return await self.request(None, messages, settings, tools, output)
        refuse_while_loading("a model is called")
        # What goes out is what these see, so it is in OpenAI's form.
        asked = asking.Request(self.model, messages, settings, tools=tools, output=output)
        extra = asked.sent_settings.keys() - settings.keys()
        kwargs = {**settings, **{name: asked.sent_settings[name] for name in extra}}
        outputs: Any
        if asynchronous and not drive.blocking.get():
            outputs = await self.acall(messages=asked.openai_messages, **kwargs)
        else:
            outputs = await drive.call_function(self.__call__, messages=asked.openai_messages, **kwargs)
        return asking.verify_response(asking.read_outputs(outputs), self.model)

    def request(
        self,
        prompt: str | None,
        messages: Sequence[GivenMessage] | None,
        settings: Mapping[str, Any],
        tools: tuple[ToolSpec, ...] = (),
        output: OutputFormat | None = None,
    ) -> Coroutine[Any, Any, Response]:
        """Ask the model, with cache, retries, usage and history.

        Args:
            prompt: the one message, instead of `messages`.
            messages: the conversation.
            settings: settings that this request changes; None removes one.
            tools: what the model may call.
            output: the format that the provider enforces.

        Raises:
            LMError: the model could not be reached, rejected the request, or gave no answer.
        """
        return asking.ask(self, asking.make_request(self, prompt, messages, settings, tools, output))

    async def astream(
        self, prompt: str | None = None, messages: Sequence[GivenMessage] | None = None, **kwargs: Any
    ) -> AsyncIterator[Delta]:
        """Ask the model and give the answer in pieces, as they come; with cache, usage and history.

        Without streaming, and from the cache, the answer comes in one piece.
        """
        model = in_place_of(self)
        request = asking.make_request(model, prompt, messages, kwargs)
        async for delta in asking.ask_in_pieces(model, request):
            yield delta

    # --- how it answers ---------------------------------------------------------------------------------

    async def send(self, request: Request) -> Response:
        """One request past the cache: by what the subclass defines, else as the class itself does it."""
        if drive.blocking.get():
            way = self._answers_by
            if way in ("acomplete", "aforward"):
                return drive.run_on_loop(self.__awaited(way, request))
            if way is None:
                return await self._transmit(request)
            return self.__answered_here(way, request)
        way = self._awaits_by
        if way is None:
            return await self._transmit(request)
        if way in ("acomplete", "aforward"):
            return await self.__awaited(way, request)
        response: Response = await drive.call_function(self.__answered, way, request)
        return response

    def send_now(self, request: Request) -> Response:
        """What `send` does, for code that waits in place."""
        way = self._answers_by
        if way != "complete" and way != "forward":
            return drive.drive(self.send(request), inside=True)
        if drive.blocking.get():
            return self.__answered_here(way, request)
        try:
            return self.complete(request) if way == "complete" else self.__answered(way, request)
        except StopIteration as error:
            raise exits.Stopped(error) from error

    async def stream(self, request: Request) -> AsyncIterator[Delta]:
        """One request past the cache, its answer in pieces; in one piece unless overridden."""
        for delta in asking.pieces.as_deltas(await self.send(request)):
            yield delta

    def complete(self, request: Request) -> Response:
        """Answer a request in this thread."""
        return drive.drive(self._transmit(request))

    async def acomplete(self, request: Request) -> Response:
        """Answer a request on the event loop; by `complete` or `forward` in a thread where only these are
        overridden.
        """
        way = self._answers_by
        if way in ("complete", "forward"):
            response: Response = await drive.call_function(self.__answered, way, request)
            return response
        return await self._transmit(request)

    def forward(
        self, prompt: str | None = None, messages: list[dict[str, Any]] | None = None, **kwargs: Any
    ) -> Any:
        """Answer as DSPy's models do: OpenAI's messages in, an object of OpenAI's shape out."""
        return asking.render_response(
            drive.drive(self._transmit(asking.make_request(self, prompt, messages, kwargs)))
        )

    async def aforward(
        self, prompt: str | None = None, messages: list[dict[str, Any]] | None = None, **kwargs: Any
    ) -> Any:
        """Answer as DSPy's models do, on the event loop."""
        return asking.render_response(
            await BaseLM.acomplete(self, asking.make_request(self, prompt, messages, kwargs))
        )

    async def _transmit(self, request: Request) -> Response:
        """How the class itself answers, below everything that a subclass overrides."""
        raise NotImplementedError(
            f"`{type(self).__name__}` does not implement `complete`, `acomplete`, `forward` or `aforward`"
        )

    def __answered(self, way: str, request: Request) -> Response:
        if way == "complete":
            return self.complete(request)
        return asking.read_response(self.forward(**_forward_arguments(request)), self.model)

    def __answered_here(self, way: str, request: Request) -> Response:
        """What the program's own method answers, below a coroutine that is driven in place: the method itself
        may run an event loop, in which nothing may wait in place.
        """
        token = drive.blocking.set(False)
        try:
            return self.__answered(way, request)
        except StopIteration as error:
            raise exits.Stopped(error) from error
        finally:
            drive.blocking.reset(token)

    async def __awaited(self, way: str, request: Request) -> Response:
        if way == "acomplete":
            return await self.acomplete(request)
        return asking.read_response(await self.aforward(**_forward_arguments(request)), self.model)

    def identity(self, request: Request) -> str:
        """What answers; part of a request's key in the cache."""
        return f"{type(self).__module__}.{type(self).__qualname__}"

    @property
    def supports_function_calling(self) -> bool:
        """Whether the model takes tools, and answers with calls to them."""
        return beneath(self).native_tools

    @property
    def supports_reasoning(self) -> bool:
        """Whether the model thinks before it answers."""
        return beneath(self).reasoning

    @property
    def supports_response_schema(self) -> bool:
        """Whether the provider can hold an answer to a JSON schema."""
        return beneath(self).response_schema

    @property
    def supported_params(self) -> set[str]:
        """The settings, by OpenAI's names, that the model takes; empty where that is not known."""
        return set()

    def close(self) -> None:
        """Close what the model holds open; it can be called again, and opens it again."""

    async def aclose(self) -> None:
        """Close what the model holds open, from asynchronous code."""
        self.close()

    # --- copies and states ------------------------------------------------------------------------------

    def copy(self, **changes: Any) -> Self:
        """The same model with some settings changed (None removes one) and a history of its own."""
        twin = self.__class__.__new__(self.__class__)
        twin.__dict__.update(self.__dict__)
        twin._history = None
        kwargs = dict(self.kwargs)
        for name, value in changes.items():
            is_attribute = name in self.__dict__ or name in _ATTRIBUTES
            if is_attribute:
                setattr(twin, name, value)
            if name in kwargs or not is_attribute:
                kwargs[name] = value
                if value is None:
                    del kwargs[name]
        twin.kwargs = kwargs
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # A model stands for something outside; copies of a program share it.
        return self

    def dump_state(self) -> dict[str, Any]:
        """What identifies the model and its settings, without keys."""
        from .redact import saved_settings

        facts: dict[str, Any] = {"model": self.model, "model_type": self.model_type, "cache": self.cache}
        facts["num_retries"] = self.num_retries
        return {**facts, **saved_settings(self.kwargs)}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r})"

    @classmethod
    def load_state(cls, state: Mapping[str, Any], *, allow_custom_lm_class: bool = False) -> BaseLM:
        """The model that `dump_state` described.

        Args:
            state: what it returned, here or in DSPy.
            allow_custom_lm_class: whether a class that the state names, and that the program has defined or
                imported, is made; nothing is ever imported because a state names it.

        Raises:
            StateError: the state names a class of its own, and that is not allowed or is not there.
        """
        facts = {name: value for name, value in state.items() if name != CLASS_IN_STATE}
        if cls is not BaseLM:
            return cls(**facts)
        from importlib import import_module

        # `client` builds on this module.
        lm: type[BaseLM] = import_module(".client", __package__).LM
        named = state.get(CLASS_IN_STATE)
        if named is None or str(named) in _LM_IN_STATES:
            return lm(**facts)
        if not allow_custom_lm_class:
            raise StateError(
                f"the state is of the class `{named}`; pass allow_custom_lm_class=True to create it"
            )
        for known in _classes_below(BaseLM):
            if f"{known.__module__}.{known.__qualname__}" == named:
                return known.load_state(facts)
        raise StateError(f"the state is of the class `{named}`; import it before you load the state")

    # --- history ----------------------------------------------------------------------------------------

    @property
    def history(self) -> calls.CallHistory:
        """The calls of this model."""
        if self._history is None:
            self._history = calls.CallHistory()
        return self._history

    @history.setter
    def history(self, entries: list[Any]) -> None:
        self._history = calls.CallHistory(entries)

    def inspect_history(self, n: int = 1, file: TextIO | None = None) -> None:
        """Print the last `n` calls of this model."""
        calls.show(self.history, n, file)

    def update_history(self, entry: Mapping[str, Any]) -> None:
        """Add an entry of DSPy's form to the histories of this model, of all models and of the modules that
        are being called.
        """
        asking.remember(self, calls.Entry.of(entry), asking.lookup("max_history_size"))


def _stand_in(fake: Any) -> BaseLM:
    from importlib import import_module

    # It builds on this module.
    model: BaseLM = import_module(".standin", __package__).StandIn(fake)
    return model


stand_ins.append(_stand_in)
_BUILT_IN = f"{__package__}."
_ATTRIBUTES = frozenset({"model", "model_type", "cache", "cache_in_memory", "callbacks", "num_retries"})
"""What a model has that is not sent with its requests, also where only its class says it."""
CLASS_IN_STATE = "_dspy_lm_class"
_LM_IN_STATES = ("dspy.clients.lm.LM", f"{__package__}.client.LM")


def _classes_below(cls: type[BaseLM]) -> Iterator[type[BaseLM]]:
    for each in cls.__subclasses__():
        yield each
        yield from _classes_below(each)


def _nearest(cls: type, names: tuple[str, ...]) -> str | None:
    """The first of these methods that a class, or a base of it outside this package, defines."""
    for base in cls.__mro__:
        if base is BaseLM or base.__module__ == f"{_BUILT_IN}client":
            return None
        for name in names:
            if name in base.__dict__:
                return name
    return None


def _forward_arguments(request: Request) -> dict[str, Any]:
    messages = None if request.prompt is not None else request.openai_messages
    return {"prompt": request.prompt, "messages": messages, **request.sent_settings}
