"""Errors of models: one tree, made as DSPy's are, and what servers say about coming again."""

from __future__ import annotations

import asyncio
import copy
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any
from unittest import mock

import pytest

import dspyc.runtime as dspy
from dspyc.runtime.lm.transports.waits import asked_wait
from support.asked import model
from support.openai_server import Failure, OpenAIServer, Raw

NAMES = (
    "LMError", "LMTransportError", "LMLockTimeoutError", "LMCollectionLimitError", "LMConfigurationError",
    "LMNotConfiguredError", "LMUnsupportedFeatureError", "LMProviderError", "LMUnexpectedError",
    "LMStreamAssemblyError", "LMAuthError", "LMBillingError", "LMRateLimitError", "LMInvalidRequestError",
    "ContextWindowExceededError", "LMUnsupportedModelError", "LMTimeoutError", "LMServerError",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_errors_are_made_as_dspys(name: str) -> None:
    kind: Any = getattr(dspy, name)
    error = kind(
        message="too busy",
        model="m",
        provider="openai",
        provider_code="p",
        status=429,
        request_id="r",
        retry_after=2.0,
    )
    assert isinstance(error, dspy.DSPyError)
    assert str(error) == "[m] too busy"
    for each in (error, copy.copy(error), error.copy()):
        assert (each.message, each.model, each.provider) == ("too busy", "m", "openai")
        assert each.provider_code == "p"
        assert (each.status, each.request_id, each.retry_after) == (429, "r", 2.0)
        assert each.code == kind.default_code
    assert kind(code="mine").code == "mine"


def test_the_tree_is_dspys() -> None:
    provider = (dspy.LMAuthError, dspy.LMBillingError, dspy.LMRateLimitError, dspy.LMInvalidRequestError)
    for kind in (*provider, dspy.LMTimeoutError, dspy.LMServerError):
        assert issubclass(kind, dspy.LMProviderError)
    assert issubclass(dspy.LMUnsupportedModelError, dspy.LMInvalidRequestError)
    assert issubclass(dspy.LMNotConfiguredError, dspy.LMConfigurationError)
    assert issubclass(dspy.LMStreamAssemblyError, dspy.LMUnexpectedError)
    passing = {name for name in NAMES if dspy.is_retryable_lm_error(getattr(dspy, name)("x"))}
    assert passing == {
        "LMTransportError", "LMLockTimeoutError", "LMRateLimitError", "LMTimeoutError", "LMServerError",
    }  # fmt: skip


def test_the_context_window_needs_no_words() -> None:
    assert str(dspy.ContextWindowExceededError()) == "Context window exceeded"
    assert str(dspy.ContextWindowExceededError(model="m")) == "[m] Context window exceeded"


def test_features_are_kept() -> None:
    assert dspy.LMUnsupportedFeatureError("no", feature="tools").features == ["tools"]
    both = dspy.LMUnsupportedFeatureError("no", features=["a", "b"], issues=["c"])
    assert (both.features, both.issues) == (["a", "b"], ["c"])
    error = dspy.AdapterParseError("A", dspy.Signature("q -> a"), "raw", "why", {"a": 1})
    assert error.parsed_result == {"a": 1}


@pytest.mark.usefixtures("carrier")
@pytest.mark.parametrize(
    ("step", "kind", "code"),
    [
        (Failure(429, "no money", "insufficient_quota"), dspy.LMBillingError, "insufficient_quota"),
        (Failure(402, "pay first", "unpaid"), dspy.LMBillingError, None),
        (Failure(429, "slower", "rate_limit_exceeded"), dspy.LMRateLimitError, "rate_limit_exceeded"),
        (Failure(400, "no such model", "model_not_found"), dspy.LMUnknownModelError, "model_not_found"),
        (Failure(409, "conflict", "busy"), dspy.LMServerError, None),
    ],
)
def test_the_providers_code_counts(server: OpenAIServer, step: Failure, kind: type, code: str | None) -> None:
    server.script(step)
    with pytest.raises(kind) as caught:
        model(server)("x")
    assert type(caught.value) is kind
    assert caught.value.provider == "openai"
    # litellm hands the code on with some statuses only.
    assert code is None or caught.value.provider_code == code
    assert (caught.value.status, caught.value.model) == (step.status, "openai/any")


@pytest.mark.usefixtures("carrier")
@pytest.mark.parametrize("name", ["x-request-id", "request-id", "x-ms-request-id"])
def test_the_requests_identifier_is_kept(server: OpenAIServer, name: str) -> None:
    server.script(Failure(500, "broken", headers={name: "req_7"}))
    with pytest.raises(dspy.LMServerError) as caught:
        model(server)("x")
    assert caught.value.request_id == "req_7"


@pytest.mark.usefixtures("carrier")
def test_an_answer_without_choices_is_named(server: OpenAIServer) -> None:
    server.script(*[Raw({"choices": []})] * 2)
    with pytest.raises(dspy.EmptyAnswerError, match="`openai/any` returned an empty answer"):
        model(server)("x")
    with dspy.context(lm=model(server)), pytest.raises(dspy.EmptyAnswerError):
        dspy.Predict("question -> answer")(question="x")


def test_functions_of_litellm_that_a_program_replaced_are_called() -> None:
    with mock.patch("litellm.completion") as completion:
        completion.return_value.choices = []
        with pytest.raises(dspy.EmptyAnswerError):
            dspy.LM("openai/gpt-4o-mini", cache=False, num_retries=0)("x")
        assert completion.call_args.kwargs["model"] == "openai/gpt-4o-mini"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120), ({"retry-after": " 1.5 "}, 1.5), ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None), ({"retry-after": "inf"}, None), ({"retry-after": ""}, None),
        ({"retry-after-ms": "soon", "retry-after": "4"}, 4), ({"retry-after-ms": "-1"}, None),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360), ({"x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-remaining-requests": "5"}, None),
        ({"x-ratelimit-reset-requests": "1h2m", "x-ratelimit-remaining-requests": "0"}, 3720),
        ({"x-ratelimit-reset": "17"}, 17),
        ({"retry-after": "2", "x-ratelimit-reset": "17"}, 2),
    ],
)  # fmt: skip
def test_waits_that_servers_ask_for(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers) == seconds


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("retry-after", lambda at: formatdate(at, usegmt=True)),
        ("retry-after", lambda at: formatdate(at)[:-6]),
        ("retry-after", lambda at: str(int(at))),
        ("x-ratelimit-reset", lambda at: f"{at:.0f}"),
        ("anthropic-ratelimit-requests-reset", lambda at: datetime.fromtimestamp(at, UTC).isoformat()),
        (
            "anthropic-ratelimit-tokens-reset",
            lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}",
        ),
    ],
)
def test_waits_as_moments(name: str, text: Callable[[float], str]) -> None:
    found = asked_wait({name: text(time.time() + 30)})
    assert found is not None
    assert 25 < found <= 31


def test_googles_wait_is_in_the_body() -> None:
    assert asked_wait({}, '{"error": {"details": [{"retryDelay": "34.5s"}]}}') == 34.5


# --- DSPy's doors ---------------------------------------------------------------------------------------


def test_a_reasoning_model_needs_no_settings() -> None:
    assert dspy.LM("openai/gpt-5-nano").kwargs == {"temperature": None, "max_completion_tokens": None}
    assert dspy.LM("openai/o3", temperature=1.0).temperature == 1.0
    for wrong in ({"temperature": 0.2}, {"temperature": 0.0}, {"max_tokens": 500}):
        with pytest.raises(dspy.LMConfigurationError, match="is a reasoning model"):
            dspy.LM("openai/gpt-5-nano", **wrong)
    assert dspy.LM("openai/gpt-4o").kwargs == {"temperature": 0.0, "max_tokens": 1000}


def test_a_rollout_at_temperature_0_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="rollout_id has no effect"):
        lm = dspy.LM("openai/x", rollout_id=1)
    with pytest.warns(UserWarning, match="rollout_id has no effect"):
        lm.copy(rollout_id=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lm.copy(rollout_id=3, temperature=1.0).kwargs["rollout_id"] == 3
        assert "rollout_id" not in dspy.LM("openai/x", rollout_id=None).kwargs
        dspy.LM("openai/x", temperature=None, rollout_id=4)


def test_a_rollout_of_a_call_is_warned_of(server: OpenAIServer) -> None:
    with pytest.warns(UserWarning, match="rollout_id has no effect"):
        model(server)("x", rollout_id=1)


class Mine(dspy.BaseLM):
    """A model of the user's own."""

    def complete(self, request: dspy.Request) -> dspy.Response:
        return dspy.Response(["hi"])


def test_states_make_models() -> None:
    lm = dspy.LM("openai/x", temperature=0.3, cache=False, cache_in_memory=False, num_retries=2)
    made = dspy.BaseLM.load_state(lm.dump_state())
    assert type(made) is dspy.LM
    assert made.dump_state() == lm.dump_state()
    assert dspy.LM.load_state({**lm.dump_state(), "_dspy_lm_class": "dspy.clients.lm.LM"}).num_retries == 2
    mine = Mine("m", temperature=0.5, num_retries=1)
    assert Mine.load_state(mine.dump_state()).kwargs == {"temperature": 0.5}
    named = {**mine.dump_state(), "_dspy_lm_class": f"{__name__}.Mine"}
    with pytest.raises(dspy.StateError, match="allow_custom_lm_class=True"):
        dspy.BaseLM.load_state(named)
    assert type(dspy.BaseLM.load_state(named, allow_custom_lm_class=True)) is Mine
    with pytest.raises(dspy.StateError, match="import it"):
        dspy.BaseLM.load_state({**named, "_dspy_lm_class": "os.system"}, allow_custom_lm_class=True)


def test_what_models_support() -> None:
    known = dspy.LM("openai/gpt-4o-mini")
    assert known.supports_function_calling
    assert known.supports_response_schema
    assert not known.supports_reasoning
    assert dspy.LM("openai/o3").supports_reasoning
    assert {"temperature", "tools", "response_format"} <= known.supported_params
    own = Mine("m")
    able = (own.supports_function_calling, own.supports_response_schema, own.supports_reasoning)
    assert able == (False, False, False)
    assert own.supported_params == set()
    own.close()


def test_closing_leaves_nothing_open_and_calls_go_on(server: OpenAIServer) -> None:
    from dspyc.runtime.lm.transports import direct, http

    lm = model(server)
    lm("x")
    asyncio.run(lm.acall("z"))
    session = http._Pool.session
    kept = [connection for _, connection in direct._Idle.by_place["http", "127.0.0.1", server.port]]
    assert kept
    assert session is not None
    lm.close()
    lm.close()
    assert session.closed
    assert http._Pool.session is None
    assert {connection.fileno() for connection in kept} == {-1}
    assert not direct._Idle.by_place
    assert lm("y") == ["This is a test!"]
