"""`Predict`: one call of a model for one signature; every other module is made of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY
from typing import Any, ClassVar, Self

from ..adapters.base import Adapter
from ..adapters.chat import ChatAdapter
from ..errors import ConfigurationError, InputError, NotConfiguredError
from ..example import Example
from ..execution import trace
from ..execution.loading import refuse_while_loading
from ..execution.settings import lookup, of_call, of_parts
from ..interface import Interface
from ..lm.base import BaseLM
from ..parameters import parameters
from ..prediction import Prediction
from ..signature.fields import InputField
from ..signature.inputs import complete_inputs, needs_types, typed_demo
from ..signature.signature import Signature, SignatureLike, ensure_signature
from ..state.models import SavedLM
from ..state.predictor import dump, restore
from ..values.inputs import Misfit
from .base import Module
from .tree import Predictor

HINT = "hint_"
"""The input by which a predictor is told what to do better than in an earlier attempt; see `Refine`."""
_CALL_SETTINGS = ("signature", "lm", "config", "demos", "max_retries")
_DEFAULT_ADAPTER = ChatAdapter()
_SETTLED_TEMPERATURE = 0.15


@parameters(extra="config")
class Predict(Module, Predictor):
    """Calls the model once: the signature's inputs go out as messages, the outputs are read from its answer.

        predict = Predict("question -> answer: float")
        predict(question="How much is 2 + 2?").answer

    Further keyword arguments (`temperature`, `max_tokens`, `n`, …) are settings of the LM for this
    predictor's calls. A call takes the inputs, and `lm`, `config`, `demos` and `max_retries` for that call
    alone.
    """

    interface: ClassVar[Interface | None] = Interface(of="signature")
    concurrent: ClassVar[bool] = False

    signature: SignatureLike
    """The inputs, outputs and instructions: a Signature class or a string."""
    _: KW_ONLY
    lm: BaseLM | None = None
    """The language model of this predictor, before any that is configured."""
    demos: list[Any] = []  # noqa: RUF012 @parameters copies it
    """Few-shot examples, instead of those of the signature."""
    max_retries: int | None = None
    """How often an answer that cannot be read, or breaks a condition, is shown to the model again."""

    def __post_init__(self) -> None:
        """Read the signature and take its demos.

        Raises:
            SignatureError: it is no signature.
            InputError: a demo has a value that is not of its field's type.
        """
        self.signature = ensure_signature(self.signature)
        self.config: dict[str, Any] = self.__dict__["config"]
        self.demos = [_given_demo(self.signature, number, demo) for number, demo in enumerate(self.demos, 1)]
        if not self.demos:
            self.reset_demos()
        self.hint: str | None = None
        self._made_with = self.lm
        self.traces: list[Any] = []
        self.train: list[Any] = []

    # --- calls ------------------------------------------------------------------------------------------

    def __call__(self, /, *args: Any, **inputs: Any) -> Any:
        """Predict from the inputs, given by name.

        Raises:
            InputError: an input is unknown or missing, or against a condition.
            NotConfiguredError: there is no language model.
            AdapterParseError: the model's answer could not be read.
            LMError: the model could not be asked.
        """
        if args:
            raise InputError(_no_positional(self.signature))
        return super().__call__(**inputs)

    async def acall(self, /, *args: Any, **inputs: Any) -> Any:
        """Predict from asynchronous code."""
        if args:
            raise InputError(_no_positional(self.signature))
        return await super().acall(**inputs)

    async def aforward(self, /, **inputs: Any) -> Any:
        """Predict, without the bookkeeping around it."""
        call = _Call(self, inputs)
        completions = await call.adapter.reply(
            call.lm, call.config, call.signature, call.demos, call.sent, call.max_retries
        )
        prediction = Prediction.from_completions(completions, call.signature)
        trace.record(self, call.inputs, prediction)
        return prediction

    def messages(self, /, **inputs: Any) -> list[dict[str, Any]]:
        """The exact messages that a call with these inputs would send; sends nothing and needs no LM."""
        call = _Call(self, inputs, needs_lm=False)
        return call.adapter.format(call.signature, call.demos, call.sent)

    def declared_signature(self) -> type[Signature]:
        """The signature whose inputs and outputs the calls have."""
        found: type[Signature] = self.signature
        return found

    @property
    def needs_loop(self) -> bool:
        """Whether synchronous calls need the event loop; for subclasses that say so."""
        return type(self) is not Predict and super().needs_loop

    # --- what is learned --------------------------------------------------------------------------------

    def reset(self) -> None:
        """Go back to the language model and demos that it was made with, and forget what was traced."""
        self.lm = self._made_with
        self.traces, self.train = [], []
        self.reset_demos()

    def reset_demos(self) -> None:
        """Go back to the demos that the signature has."""
        self.demos = [Example(demo) for demo in self.signature.demos]

    def dump_state(self) -> dict[str, Any]:
        """What was learned, as JSON's types: demos, signature, LM, and the settings of the calls.

        Raises:
            StateError: a value that JSON cannot hold; it is named by its field and its type.
        """
        return dump(self)

    def load_state(self, state: Mapping[str, Any]) -> Self:
        """Take over what `dump_state` gave; values of demos get their fields' types again.

        Raises:
            StateError: the state is for another signature.
        """
        restore(self, state)
        return self

    def update_config(self, **config: Any) -> None:
        """Change settings of the LM for this predictor's calls."""
        self.config = {**self.config, **config}

    def get_config(self) -> dict[str, Any]:
        """The settings of the LM for this predictor's calls."""
        return self.config

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.signature.signature})"


class _Call:
    """One call, with everything decided: which LM, adapter, settings and demos, and the complete inputs.

    `inputs` are the caller's, `sent` what the prompt shows, which may hold a hint from an earlier attempt
    too.
    """

    __slots__ = ("adapter", "config", "demos", "inputs", "lm", "max_retries", "sent", "signature")

    def __init__(self, predictor: Predict, given: dict[str, Any], needs_lm: bool = True) -> None:
        signature = predictor.signature
        demos = predictor.demos
        lm, config, retries = in_force(predictor)
        if not given.keys().isdisjoint(_CALL_SETTINGS):
            expected = signature.input_fields
            settings = {
                name: given.pop(name) for name in _CALL_SETTINGS if name in given and name not in expected
            }
            if "signature" in settings:
                signature = ensure_signature(settings["signature"])
            lm = settings.get("lm") or lm
            demos = settings.get("demos", demos)
            config = {**config, **(settings.get("config") or {})}
            retries = settings.get("max_retries", retries)
        if needs_lm:
            if lm is None:
                refuse_while_loading("a module is called")
                raise NotConfiguredError(
                    f"no language model is set for `{predictor!r}`: configure(lm=LM('openai/gpt-4o-mini')), "
                    "or give `lm=` to the module or the call"
                )
            if isinstance(lm, str):
                raise ConfigurationError(f'`lm` takes a model object, not a name: write lm=LM("{lm}")')
            config = _with_randomness(config, lm)
        self.lm: Any = lm
        self.signature = signature
        self.demos: Sequence[Any] = _typed_demos(signature, demos) if demos else ()
        self.config: Mapping[str, Any] = config
        self.max_retries = retries
        self.adapter: Adapter = lookup("adapter", predictor._defaults) or _DEFAULT_ADAPTER
        self.inputs = complete_inputs(signature, given, signature.__name__)
        self.sent = self.inputs
        if predictor.hint is not None:
            self.signature = _hinted(signature)
            self.sent = {**self.inputs, HINT: predictor.hint}


def in_force(predictor: Predict) -> tuple[Any, Mapping[str, Any], int]:
    """The LM (None when there is none), its settings and the follow-up turns that a call of this predictor
    has here.

    From the nearest: the calls of the modules around, the predictor's own, what the modules around were made
    with, and the settings.
    """
    lm: Any = predictor.lm
    config: Mapping[str, Any] = predictor.config
    retries = predictor.max_retries
    if type(lm) is SavedLM:
        lm = lm.at((of_parts() or {}).get("lm") or lookup("lm", predictor._defaults))
    if parts := of_parts():
        lm = lm or parts.get("lm")
        retries = parts.get("max_retries") if retries is None else retries
        config = {**parts.get("config", {}), **config}
    if call := of_call():
        lm = call.get("lm") or lm
        config = {**config, **call.get("config", {})}
        retries = call.get("max_retries", retries)
    defaults = predictor._defaults
    if retries is None:
        retries = lookup("max_retries", defaults)
    return lm or lookup("lm", defaults), config, retries


def _hinted(signature: type[Signature]) -> type[Signature]:
    found: type[Signature] | None = signature.__compiled__.get(HINT)
    if found is None:
        found = signature.append(HINT, InputField(desc="A hint to the module from an earlier run"), str)
        signature.__compiled__[HINT] = found
    return found


def _given_demo(signature: type[Signature], number: int, demo: Any) -> Any:
    """A demo that a user gives, in the types of its fields."""
    try:
        typed = typed_demo(signature, demo)
    except Misfit as misfit:
        text = misfit.describe(f"demos[{number - 1}]")
        raise InputError(text, field=misfit.path.lstrip("."), value=misfit.value, row=number) from None
    same = all(typed[name] is demo[name] for name in typed)
    return demo if same else demo.copy(**typed) if isinstance(demo, Example) else typed


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
    """The settings; several answers at a temperature that makes them all alike get one that does not."""
    count = config.get("n") or lm.kwargs.get("n") or 1
    if count > 1:
        temperature = config.get("temperature", lm.kwargs.get("temperature"))
        if temperature is None or temperature <= _SETTLED_TEMPERATURE:
            return {**config, "temperature": 0.7}
    return config


def _no_positional(signature: type[Signature]) -> str:
    names = list(signature.input_fields)
    example = ", ".join(f"{name}=…" for name in names)
    return f"inputs are given by name: ({example})"
