"""`BaseLM`: what every language model shares: its call, its history, and the way a request goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self, TextIO

from ..errors import ConfigurationError
from ..execution import drive, exits
from ..execution.settings import lookup
from . import cache as caching
from . import history, usage
from .callbacks import BaseCallback, watched
from .recording import answered
from .request import Message, ModelType, Request, Response, request_key


class BaseLM:
    """A language model. Subclasses implement `complete`, and `acomplete` when they can wait on an event loop.

    class Echo(BaseLM):
        def complete(self, request):
            return Response((request.messages[-1]["content"],))
    """

    model: str = "custom"
    model_type: ModelType = "chat"
    cache: bool = False
    cache_in_memory: bool = True
    callbacks: Sequence[BaseCallback] | None = None
    takes_grammar: bool = False
    """Whether requests may hold a GBNF grammar of the answer, as the setting `grammar`."""

    kwargs: Mapping[str, Any] = {}
    """The settings that go with every request."""

    _history: history.CallHistory | None = None

    def __call__(
        self, prompt: str | None = None, messages: list[Message] | None = None, **kwargs: Any
    ) -> list[str]:
        """Ask the model: `lm("prompt")` or `lm(messages=[...])`; the answers' texts, one unless `n` says
        more.
        """
        return list(drive.drive(self.request(prompt, messages, kwargs)).texts)

    async def acall(
        self, prompt: str | None = None, messages: list[Message] | None = None, **kwargs: Any
    ) -> list[str]:
        """Ask the model from asynchronous code."""
        return list((await self.request(prompt, messages, kwargs)).texts)

    async def request(
        self, prompt: str | None, messages: list[Message] | None, settings: Mapping[str, Any]
    ) -> Response:
        """Ask the model, with everything around it: cache, retries, usage and history.

        Args:
            prompt: the one message, instead of `messages`.
            messages: the conversation.
            settings: what this request changes of the model's settings; None removes one.

        Raises:
            LMError: the model could not be reached, or refused.
        """
        if messages is None:
            if prompt is None:
                raise ConfigurationError("a language model is called with a prompt or with messages=[…]")
            messages = [{"role": "user", "content": prompt}]
        kwargs = {**self.kwargs, **settings} if settings else self.kwargs
        request = Request(self.model, messages, kwargs, self.model_type, prompt)
        if not self.callbacks:
            return await self._get(request)
        return await watched(self.callbacks, self, request, self._get(request))

    async def _get(self, request: Request) -> Response:
        number = history.next_number()
        key = None
        if request.kwargs.get("cache", self.cache):
            key = request_key(request, self.identity(request))
        response: Response | None = None if key is None else caching.get(key, self.cache_in_memory)
        if response is None:
            response = await answered(request, self.identity(request), self.send)
            if key is not None and not response.truncated:
                caching.put(key, response, self.cache_in_memory)
        self._note(number, request, response)
        return response

    async def send(self, request: Request) -> Response:
        """One request past the cache; with retries, where the subclass has them."""
        if drive.blocking.get():
            return exits.call(self.complete, request)
        return await self.acomplete(request)

    def complete(self, request: Request) -> Response:
        """Answer a request in this thread."""
        raise NotImplementedError(f"`{type(self).__name__}` does not implement `complete`")

    async def acomplete(self, request: Request) -> Response:
        """Answer a request on the event loop; by `complete` in a thread unless overridden."""
        response: Response = await drive.in_thread(self.complete, request)
        return response

    def identity(self, request: Request) -> str:
        """Who answers; part of a request's name in the cache."""
        return f"{type(self).__module__}.{type(self).__qualname__}"

    def copy(self, **changes: Any) -> Self:
        """The same model with some settings changed (None removes one) and a history of its own."""
        twin = self.__class__.__new__(self.__class__)
        twin.__dict__.update(self.__dict__)
        twin._history = None
        kwargs = dict(self.kwargs)
        for name, value in changes.items():
            if name in self.__dict__ or name in ("model", "model_type", "cache"):
                setattr(twin, name, value)
            if name in kwargs or name not in self.__dict__:
                kwargs[name] = value
                if value is None:
                    del kwargs[name]
        twin.kwargs = kwargs
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # A model stands for something outside; copies of a program share it.
        return self

    @property
    def history(self) -> history.CallHistory:
        """The calls of this model."""
        if self._history is None:
            self._history = history.CallHistory()
        return self._history

    def inspect_history(self, n: int = 1, file: TextIO | None = None) -> None:
        """Print the last `n` calls of this model."""
        history.show(self.history, n, file)

    def dump_state(self) -> dict[str, Any]:
        """What identifies the model and its settings, without keys."""
        from .redact import is_secret

        settings = {name: value for name, value in self.kwargs.items() if not is_secret(name)}
        return {"model": self.model, "model_type": self.model_type, "cache": self.cache, **settings}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r})"

    def _note(self, number: int, request: Request, response: Response) -> None:
        if response.usage and not response.cache_hit:
            usage.count(self.model, response.usage)
        usage.observe(response)
        if lookup("disable_history"):
            return
        entry = history.Entry(
            number=number,
            model=request.model,
            model_type=request.model_type,
            prompt=request.prompt,
            messages=request.messages,
            kwargs=dict(request.kwargs),
            response=response,
        )
        limit = lookup("max_history_size")
        history.ALL.add(entry, limit)
        self.history.add(entry, limit)
        for module in history.callers.get():
            module.history.add(entry, limit)
