"""One call of a predictor, decided: its model, adapter, settings, demos and inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ..adapters.base import Adapter
from ..adapters.chat import ChatAdapter
from ..adapters.exchange import prepare
from ..errors import ConfigurationError, NotConfiguredError
from ..execution.loading import refuse_while_loading
from ..execution.replacing import in_place_of, let_answer
from ..execution.settings import at_once, lookup, of_call, of_parts
from ..lm.request import Request
from ..signature.fields import InputField
from ..signature.inputs import are_whole, complete_inputs, needs_types, typed_demo
from ..signature.signature import Signature, ensure_signature
from ..values.inputs import Misfit
from .tree import Predictor

HINT = "hint_"
"""The input by which a predictor is told what to do better than in an earlier attempt; see `Refine`."""
_CALL_SETTINGS = ("signature", "lm", "config", "demos", "max_retries", "prediction")
_DEFAULT_ADAPTER = ChatAdapter()
_SETTLED_TEMPERATURE = 0.15


class Call:
    """One call, with everything decided: which LM, adapter, settings and demos, and the complete inputs.

    `inputs` are the caller's, `sent` what the prompt shows, which may hold a hint from an earlier attempt
    too.
    """

    __slots__ = ("adapter", "config", "demos", "inputs", "lm", "max_retries", "sent", "signature")

    def __init__(self, predictor: Predictor, given: dict[str, Any], needs_lm: bool = True) -> None:
        signature = predictor.signature
        demos = predictor.demos
        here = None if predictor._defaults else at_once()
        lm: Any = predictor.lm
        config: Mapping[str, Any] = predictor.config
        retries = predictor.max_retries
        if here is None or of_parts() or of_call() or getattr(lm, "_is_saved", False):
            lm, config, retries = in_force(predictor)
        else:
            # What `in_force` finds where neither a file, a module around nor its call says anything.
            lm = in_place_of(lm or here["lm"])
            retries = here["max_retries"] if retries is None else retries
        whole = are_whole(signature, given)
        if not whole and not given.keys().isdisjoint(_CALL_SETTINGS):
            expected = signature.input_fields
            settings = {
                name: given.pop(name) for name in _CALL_SETTINGS if name in given and name not in expected
            }
            if "signature" in settings:
                signature = ensure_signature(settings["signature"])
            lm = in_place_of(_completed(settings.get("lm"), predictor) or lm)
            demos = settings.get("demos", demos)
            config = {**config, **(settings.get("config") or {})}
            if "prediction" in settings:
                # OpenAI's predicted output, `{"type": "content", "content": …}`, is for the provider.
                config["prediction"] = settings["prediction"]
            retries = settings.get("max_retries", retries)
        if needs_lm:
            if lm is None:
                refuse_while_loading("a module is called")
                raise NotConfiguredError(
                    f"no language model is set for `{predictor!r}`: "
                    "call configure(lm=LM('openai/gpt-4o-mini')), or pass `lm=` to the module or the call"
                )
            if isinstance(lm, str):
                raise ConfigurationError(f'`lm` must be a model object, not a name: write lm=LM("{lm}")')
            if (config.get("n") or lm.kwargs.get("n") or 1) > 1:
                config = _with_randomness(config, lm)
        self.lm: Any = lm
        self.signature = signature
        self.demos: Sequence[Any] = _typed_demos(signature, demos) if demos else ()
        self.config: Mapping[str, Any] = config
        self.max_retries = retries
        adapter = lookup("adapter", predictor._defaults) if here is None else here["adapter"]
        self.adapter: Adapter = adapter or default_adapter(lm)
        self.inputs = given if whole else complete_inputs(signature, given, signature.__name__)
        self.sent = self.inputs
        if predictor.hint is not None:
            self.signature = _hinted(signature)
            self.sent = {**self.inputs, HINT: predictor.hint}


def default_adapter(lm: Any) -> Adapter:
    """The adapter for a model where the program sets none, by how it was trained to be asked."""
    form = getattr(lm, "prompt_form", "chat")
    return _DEFAULT_ADAPTER if form == "chat" else _adapter_of(form)


@cache
def _adapter_of(form: str) -> Adapter:
    """The adapters of few models, imported with the first of these."""
    from ..adapters.compact import CompactAdapter
    from ..adapters.plain import PlainAdapter

    return CompactAdapter() if form == "compact" else PlainAdapter()


def request_of(predictor: Predictor, inputs: Mapping[str, Any]) -> tuple[Any, Request]:
    """The first request of a call with these inputs, and the model that would get it; nothing is sent.

    Raises:
        InputError: an input is unknown or missing.
        NotConfiguredError: there is no language model.
    """
    from ..lm.asking import make_request  # what only a call needs

    call = Call(predictor, dict(inputs))
    plan, settings, messages = prepare(
        call.adapter, call.lm, call.config, call.signature, call.demos, call.sent
    )
    return call.lm, make_request(call.lm, None, messages, settings, plan.tools, plan.output)


def lm_of(part: Any) -> Any:
    """The LM that a call of a module's part has here, None for none; the configured one where a test has put
    something else in the predictor's place.
    """
    return in_force(part)[0] if hasattr(part, "config") else lookup("lm")


def in_force(predictor: Predictor) -> tuple[Any, Mapping[str, Any], int]:
    """The LM (None when there is none), its settings and the follow-up turns that a call of this predictor
    has here.

    From the nearest: the calls of the modules around, the predictor's own, what the modules around were made
    with, and the settings.
    """
    lm: Any = predictor.lm
    config: Mapping[str, Any] = predictor.config
    retries = predictor.max_retries
    if lm is not None and getattr(lm, "_is_saved", False):
        let_answer(lm)
        if lm._is_saved:
            lm = lm.at((of_parts() or {}).get("lm") or lookup("lm", predictor._defaults))
    if parts := of_parts():
        lm = lm or _completed(parts.get("lm"), predictor)
        retries = parts.get("max_retries") if retries is None else retries
        config = {**parts.get("config", {}), **config}
    if call := of_call():
        lm = _completed(call.get("lm"), predictor) or lm
        config = {**config, **call.get("config", {})}
        retries = call.get("max_retries", retries)
    defaults = predictor._defaults
    if retries is None:
        retries = lookup("max_retries", defaults)
    return in_place_of(lm or lookup("lm", defaults)), config, retries


def _completed(lm: Any, predictor: Predictor) -> Any:
    """A model that is given for a call or for parts; one of a state has the address of the configured one."""
    if lm is None:
        return None
    let_answer(lm)
    return lm.at(lookup("lm", predictor._defaults)) if getattr(lm, "_is_saved", False) else lm


def _hinted(signature: type[Signature]) -> type[Signature]:
    found: type[Signature] | None = signature.__compiled__.get(HINT)
    if found is None:
        found = signature.append(HINT, InputField(desc="A hint to the module from an earlier run"), str)
        signature.__compiled__[HINT] = found
    return found


def _typed_demos(signature: type[Signature], demos: Sequence[Any]) -> Sequence[Any]:
    """The demos as the prompt shows them; one that an optimizer took from data may hold plain values."""
    if not needs_types(signature):
        return demos
    shown = []
    for demo in demos:
        try:
            shown.append(typed_demo(signature, demo))
        except Misfit:
            shown.append(demo)  # a label that is not of its type is shown as it is written
    return shown


def _with_randomness(config: Mapping[str, Any], lm: Any) -> Mapping[str, Any]:
    """The settings for several answers: at a temperature that makes them all alike they get another one."""
    temperature = config.get("temperature", lm.kwargs.get("temperature"))
    if temperature is None or temperature <= _SETTLED_TEMPERATURE:
        return {**config, "temperature": 0.7}
    return config
