"""Every error that the runtime raises, in one tree.

    DspycError
    ├── ConfigurationError (ValueError)     a parameter or setting that cannot be
    │   └── NotConfiguredError              a module was called and no LM is set
    ├── SignatureError (ValueError)         a signature that cannot be read or built
    │   └── UndeclaredFieldError (TypeError)    a field without InputField() or OutputField()
    ├── InputError (ValueError)             a call whose inputs do not fit the signature
    ├── AdapterParseError (ValueError)      an answer that cannot be read, after its follow-up turns
    │   └── ConditionError                  an answer that reads, and breaks a `where` condition
    ├── ProgramAssertionError (AssertionError)   an `assert` in a program that failed to the end
    ├── LimitError (TimeoutError)           a bound of the runtime that was reached: a pattern that explodes
    ├── ToolError (ValueError)              a tool called with arguments that it cannot take
    ├── CodeInterpreterError (RuntimeError)  a sandbox that cannot run code
    │   └── CodeExecutionError              code that failed in a sandbox, or reached a limit of it
    │       └── CodeSyntaxError (SyntaxError)    code that is not Python, or none that the sandbox knows
    ├── StateError (ValueError)             a saved state that does not fit the program
    │   ├── MissingStateError (KeyError)        it lacks a part of the program
    │   └── MissingCodeError (ModuleNotFoundError)  a saved program's module cannot be imported
    ├── DataError (ValueError)              a data set that cannot be read
    ├── BatchError                          too many examples of a batch failed
    ├── EvaluationError                     too many rows failed; `result` has the others
    ├── OptimizerError                      an optimizer that cannot do its work
    ├── JournalError                        a run that cannot be continued or written down
    ├── ReplayError                         a cassette that cannot be used, or does not hold a request
    └── LMError                             a model call that failed
        ├── LMTransportError                no connection, or it broke; tried again
        ├── LMProviderError                 the provider refused or failed
        │   ├── LMRateLimitError    429     tried again
        │   ├── LMTimeoutError      408     tried again
        │   ├── LMServerError       5xx     tried again
        │   ├── LMAuthError         401, 403
        │   ├── LMBillingError      402     the account has no money or quota left
        │   └── LMInvalidRequestError   400
        │       ├── ContextWindowExceededError
        │       └── LMUnknownModelError 404 DSPy's LMUnsupportedModelError
        ├── LMConfigurationError (ConfigurationError)
        │   └── LMNotConfiguredError (LMAuthError)   no key is set
        ├── LMUnsupportedFeatureError       what a model is asked for and cannot do
        ├── BudgetExceededError             a call that could cost more than is left of a budget
        ├── LMAnswerError                   the model answered, and the answer is not one
        │   ├── EmptyAnswerError            no answer in it, or one that says nothing; tried again
        │   ├── FilteredAnswerError         stopped by the provider's filter
        │   ├── LMCollectionLimitError      larger than an answer may be
        │   └── TruncatedAnswerError (AdapterParseError)   cut off at the limit of tokens
        ├── LMLockTimeoutError              a lock of the credentials; for models of the user's own
        └── LMUnexpectedError               a reply that no rule covers
            └── LMStreamAssemblyError       a stream that ended before its answer did

Messages say what to do next, and never hold a key: whoever raises an `LMError` redacts its text first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

from ..base.text import clip
from ..base.text import did_you_mean as did_you_mean
from ..base.text import list_names as list_names


class HasOutputs(Protocol):
    """What an error shows of a signature; a `Signature` class has it."""

    @property
    def output_fields(self) -> Mapping[str, Any]:
        """The outputs by name."""
        ...


class DspycError(Exception):
    """The base class: `except DspycError` catches all errors that the runtime raises on purpose."""

    def copy(self) -> Self:
        """The same error without its traceback, to be raised again."""
        twin = type(self).__new__(type(self))
        twin.args = self.args
        twin.__dict__.update(self.__dict__)
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt by their constructor, whose parameters are not what `args` holds.
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[DspycError], args: tuple[Any, ...], facts: dict[str, Any]) -> DspycError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(facts)
    return error


def also_as(error: DspycError, cause: BaseException) -> DspycError:
    """The error as one that `except` with the class of its cause catches, too.

    The error itself where there can be no class of both.
    """
    kind = type(error)
    if isinstance(error, type(cause)) or not isinstance(cause, Exception):
        return error
    body = {
        "__module__": kind.__module__,
        "__str__": Exception.__str__,
        "__reduce__": lambda self: (_rebuild, (kind, self.args, self.__dict__)),
    }
    try:
        mixed: Any = type(kind.__name__, (kind, type(cause)), body)
        # An OSError has fields of its own, which its `__new__` makes.
        make: Any = type(cause).__new__ if isinstance(cause, OSError) else mixed.__new__
        twin: DspycError = make(mixed)
    except TypeError:
        return error
    twin.args = error.args
    twin.__dict__.update(error.__dict__)
    return twin


DSPyError = DspycError


class ConfigurationError(DspycError, ValueError):
    """A constructor parameter or a setting that does not exist, or has an invalid value."""


class NotConfiguredError(ConfigurationError):
    """A module was called, but neither it, nor its surroundings, nor the call set an LM."""


class SignatureError(DspycError, ValueError):
    """A signature string or class that is not valid."""


class UndeclaredFieldError(SignatureError, TypeError):
    """A field of a signature class that is declared neither as an input nor as an output."""


class InputError(DspycError, ValueError):
    """A call whose inputs do not fit the signature: unknown, missing, of the wrong type, or invalid.

    Attributes:
        field: the input, with the path inside it: `seller.address.country`.
        value: the value at fault, where there is one.
        row: the number of the row that it is from, counted from 1, where it is from a row of data.
        origin: where that row stands in a file: "`train.csv`, line 7".
    """

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        value: Any = None,
        row: int | None = None,
        origin: str | None = None,
    ) -> None:
        super().__init__(message)
        self.field = field
        self.value = value
        self.row = row
        self.origin = origin

    def __str__(self) -> str:
        place = self.origin or (None if self.row is None else f"row {self.row}")
        return super().__str__() if place is None else f"{place}: {super().__str__()}"


class LimitError(DspycError, TimeoutError):
    """A limit of the runtime was reached; the message names it."""


class ToolError(DspycError, ValueError):
    """A function that cannot be made into a tool, or arguments that a tool does not accept."""


class ToolRunError(ToolError, RuntimeError):
    """A tool that failed; the tool's own error is its cause."""


class CodeInterpreterError(DspycError, RuntimeError):
    """A sandbox that cannot run code: it is not installed, closed, busy, or given an unsupported value."""


class CodeExecutionError(CodeInterpreterError):
    """Code that failed in the sandbox, or reached one of its limits; other code can do better."""


class CodeSyntaxError(CodeExecutionError, SyntaxError):
    """Code that is not Python, or uses a part of Python that the sandbox does not support."""

    def __str__(self) -> str:
        # SyntaxError writes its attribute `msg`, which a copy does not have.
        return str(self.args[0]) if self.args else ""


class StateError(DspycError, ValueError):
    """A saved state that does not fit the program it is loaded into."""


class MissingStateError(StateError, KeyError):
    """A saved state without an entry for a part of the program."""

    def __str__(self) -> str:
        # KeyError writes the `repr` of its text.
        return str(self.args[0]) if self.args else ""


class MissingCodeError(StateError, ModuleNotFoundError):
    """A saved program whose own module cannot be imported here."""

    def __str__(self) -> str:
        # ImportError writes its attribute `msg`, which a copy does not have.
        return str(self.args[0]) if self.args else ""


class DataError(DspycError, ValueError):
    """A data file that cannot be read, or rows without what the program needs."""


class BatchError(DspycError):
    """Too many examples of a batch failed; the cause is the first failure."""


class EvaluationError(DspycError):
    """An evaluation that could not be finished, or a metric that did not return a score.

    `result` is the `EvaluationResult` of the finished rows, if there are any.
    """

    result: Any = None


class OptimizerError(DspycError, ValueError):
    """An optimizer that cannot work with what it was given."""


class JournalError(DspycError):
    """A journal that cannot be written, is another run's, or is being written by another process."""


class ReplayError(DspycError):
    """A cassette that cannot be read or written, or that does not hold what a test asks a model."""


class ProgramAssertionError(DspycError, AssertionError):
    """An `assert` in a program that still failed after its last try; `values` are those in its condition."""

    def __init__(self, message: str, values: dict[str, Any] | None = None) -> None:
        self.message = message
        self.values = values or {}
        shown = ", ".join(f"{name} = {clip(repr(value), 200)}" for name, value in self.values.items())
        super().__init__(f"{message} ({shown})" if shown else message)


class AdapterParseError(DspycError, ValueError):
    """An answer that could not be read as the signature's outputs.

    Attributes:
        adapter_name: the adapter that tried to read it.
        signature: the signature whose outputs were requested.
        lm_response: the raw answer.
        messages: what was sent, when known.
        parsed_result: the fields that could be read.
        field: the field at fault, where there is one.
        reason: what is wrong, in the words that the follow-up turn shows to the model.
        attempts: the errors of the earlier tries, first to last.
    """

    def __init__(
        self,
        adapter_name: str,
        signature: HasOutputs,
        lm_response: str,
        message: str | None = None,
        parsed_result: dict[str, Any] | None = None,
        *,
        field: str | None = None,
        messages: list[dict[str, Any]] | None = None,
    ) -> None:
        self.adapter_name = adapter_name
        self.signature = signature
        self.lm_response = lm_response
        self.parsed_result = parsed_result or {}
        self.field = field
        self.messages = messages
        self.attempts: tuple[AdapterParseError, ...] = ()
        self.note: str | None = None
        if message is None:
            missing = [name for name in signature.output_fields if name not in self.parsed_result]
            message = f"the answer has no {list_names(missing)}"
        self.reason = message
        super().__init__(message)

    def __str__(self) -> str:
        lines = [f"{self.adapter_name} could not read the model's answer: {self.reason}"]
        if self.note:
            lines.append(self.note)
        for number, earlier in enumerate(self.attempts, 1):
            lines.append(f"  try {number}: {earlier.reason}")
        lines.append(f"expected the fields {list_names(list(self.signature.output_fields))}; the answer was:")
        lines.append(clip(self.lm_response, 2000))
        return "\n".join(lines)


class ConditionError(AdapterParseError):
    """An answer that was read, but violated a condition of the signature, even after the last try.

    `condition` is its text and `value` the value that violated it.
    """

    condition: str = ""
    value: Any = None


class LMError(DspycError):
    """A model call that failed.

    Made as DSPy's errors are, too: `LMError("too busy", model="openai/x", status=429)`.

    Attributes:
        message: what is wrong.
        code: the kind of error in one word, as `rate_limit`.
        model: the model's name as given to `LM`.
        provider: who served it; unless given, the part of the name before the first `/`, if there is one.
        provider_code: the provider's own code of the error, as `insufficient_quota`.
        status: the HTTP status, where there was one.
        retry_after: the seconds that the server asked to wait, if it did.
        request_id: the provider's identifier of the request, if it gave one.
    """

    retryable = False
    default_code: ClassVar[str] = "lm_error"

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        model: str | None = None,
        provider: str | None = None,
        provider_code: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        self.message = message
        self.code = code or self.default_code
        self.model = model
        self.provider = provider or _provider_of(model)
        self.provider_code = provider_code
        self.status = status
        self.retry_after = retry_after
        self.request_id = request_id
        named = model is None or f"`{model}`" in message
        super().__init__(message if named else f"[{model}] {message}".rstrip())


class LMTransportError(LMError):
    """The connection could not be made, or was lost."""

    retryable = True
    default_code = "transport"
    unreachable: bool = False
    """No connection could be made; it is retried at most twice."""


class LMProviderError(LMError):
    """The provider refused the request, or failed."""

    default_code = "provider"


class LMRateLimitError(LMProviderError):
    """The provider received too many requests."""

    retryable = True
    default_code = "rate_limit"


class LMTimeoutError(LMProviderError):
    """No answer came in time."""

    retryable = True
    default_code = "timeout"


class LMServerError(LMProviderError):
    """The provider failed."""

    retryable = True
    default_code = "server"


class LMAuthError(LMProviderError):
    """The provider does not accept the key, or the key does not allow the model."""

    default_code = "auth"


class LMBillingError(LMProviderError):
    """The provider refuses the request until the account is paid, or its quota is raised."""

    default_code = "billing"


class LMInvalidRequestError(LMProviderError):
    """The provider rejected the request."""

    default_code = "invalid_request"


class LMUnknownModelError(LMInvalidRequestError):
    """The provider, or its name, is unknown, or the provider has no such model."""

    default_code = "unsupported_model"


LMUnsupportedModelError = LMUnknownModelError


class ContextWindowExceededError(LMInvalidRequestError):
    """The messages are longer than the model's context window."""

    default_code = "context_window_exceeded"

    def __init__(self, message: str = "Context window exceeded", **facts: Any) -> None:
        super().__init__(message, **facts)


class LMConfigurationError(LMError, ConfigurationError):
    """Parameters of an LM that its model or this machine does not support."""

    default_code = "configuration"


class LMNotConfiguredError(LMConfigurationError, LMAuthError):
    """No key is set for the model's provider."""

    default_code = "not_configured"


class LMUnsupportedFeatureError(LMError):
    """The request needs something that the model or its provider cannot do.

    Attributes:
        features: what was asked for.
        issues: the reasons why it cannot be had.
    """

    default_code = "unsupported_feature"

    def __init__(
        self,
        message: str = "",
        *,
        feature: str | None = None,
        features: Sequence[str] | None = None,
        issues: Sequence[str] | None = None,
        **facts: Any,
    ) -> None:
        given = [] if feature is None else [feature]
        self.feature = feature
        self.features = given if features is None else list(features)
        self.issues = list(issues or ())
        super().__init__(message, **facts)


class BudgetExceededError(LMError):
    """A call that was not made, because it could cost more than is left of a budget.

    Attributes:
        budget: the budget, in US dollars.
        spent: what was spent of it.
    """

    default_code = "budget"
    budget: float = 0.0
    spent: float = 0.0


class LMLockTimeoutError(LMError):
    """A lock on the credentials could not be acquired; only models of the user's own raise it.

    Attributes:
        path: the file that is locked.
        lock_path: the lock.
    """

    retryable = True
    default_code = "lock_timeout"

    def __init__(self, message: str = "", *, path: str = "", lock_path: str = "", **facts: Any) -> None:
        self.path, self.lock_path = path, lock_path
        super().__init__(message, **facts)


class LMAnswerError(LMError):
    """The model replied, but not with an answer; `finish_reason` is why it stopped."""

    default_code = "answer"
    finish_reason: str | None = None


class LMCollectionLimitError(LMAnswerError):
    """An answer that is larger than any answer may be."""

    default_code = "collection_limit"


class EmptyAnswerError(LMAnswerError):
    """The reply contains no answer (`choices` is empty), or one without any content."""

    retryable = True

    def __init__(self, model: str, finish_reason: str | None) -> None:
        self.finish_reason = finish_reason
        stopped = f" (finish reason: `{finish_reason}`)" if finish_reason else ""
        super().__init__(f"`{model}` returned an empty answer{stopped}", model=model, status=200)


class FilteredAnswerError(LMAnswerError):
    """A filter of the provider stopped the answer."""

    def __init__(self, model: str, finish_reason: str | None) -> None:
        self.finish_reason = finish_reason
        super().__init__(
            f"the provider of `{model}` filtered the answer (`{finish_reason}`)\n"
            "rephrase the request, or use another model",
            model=model,
            status=200,
        )


class TruncatedAnswerError(AdapterParseError, LMAnswerError):
    """An answer that was cut off at the limit of tokens before its last field was finished.

    `lm_response` is what there is of it. To use the truncated answer, set `accept_truncated=True`.
    """

    def __init__(
        self,
        adapter_name: str,
        signature: Any,
        lm_response: str,
        model: str,
        max_tokens: int | None,
        messages: list[dict[str, Any]] | None = None,
    ) -> None:
        limit = "the model's limit of tokens" if max_tokens is None else f"max_tokens={max_tokens}"
        AdapterParseError.__init__(
            self,
            adapter_name,
            signature,
            lm_response,
            f"it was cut off at {limit}, before its last field was finished",
            messages=messages,
        )
        self.note = "raise max_tokens, or set accept_truncated=True to use the part that arrived"
        self.message = self.reason
        self.code, self.model, self.provider = "truncated", model, _provider_of(model)
        self.status, self.provider_code, self.retry_after, self.request_id = 200, None, None, None
        self.finish_reason = "length"


class LMUnexpectedError(LMError):
    """A failure that fits no other class; its cause is chained."""

    default_code = "unexpected"


class LMStreamAssemblyError(LMUnexpectedError):
    """A stream that ended before its answer did.

    Attributes:
        partial: what had come of the answer.
        part_index: the answer's number, where there are several.
    """

    default_code = "stream_assembly"

    def __init__(
        self, message: str = "", *, partial: Any = None, part_index: int | None = None, **facts: Any
    ) -> None:
        self.partial, self.part_index = partial, part_index
        super().__init__(message, **facts)


def is_retryable_lm_error(error: BaseException) -> bool:
    """Whether an error of a model call may be temporary, so the same request may succeed later."""
    return isinstance(error, LMError) and error.retryable


def _provider_of(model: str | None) -> str | None:
    provider, slash, _ = (model or "").partition("/")
    return provider if slash else None
