"""`Predict`: one call of a model for one signature; every other module is made of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ...base.later import Later
from ..errors import InputError
from ..example import Example
from ..execution import drive, exits, trace
from ..execution.settings import Heard, at_once
from ..interface import Interface
from ..lm.base import BaseLM
from ..parameters import KW_ONLY, parameters
from ..prediction import Prediction
from ..signature.signature import Signature, SignatureLike, ensure_signature
from .base import CallScope, CallSignature, Module
from .tree import Predictor

if TYPE_CHECKING:
    from ..state import predictor as states
    from . import calling
else:
    # What a call takes, adapters and all that reads answers, is imported with the first one.
    calling = Later(globals(), "calling")
    states = Later(globals(), "states", "..state.predictor")


@parameters(extra="config")
class Predict(Module, Predictor):
    """Calls the model once: sends the signature's inputs as messages and reads the outputs from the answer.

        predict = Predict("question -> answer: float")
        predict(question="How much is 2 + 2?").answer

    Further keyword arguments (`temperature`, `max_tokens`, `n`, …) are settings of the LM for this
    predictor's calls. A call takes the inputs, and `lm`, `config`, `demos` and `max_retries` for that call
    alone.
    """

    __signature__ = CallSignature()
    interface: ClassVar[Interface | None] = Interface(of="signature", calls="answer")
    concurrent: ClassVar[bool] = False

    signature: SignatureLike
    """The inputs, outputs and instructions: a Signature class or a string."""
    _: KW_ONLY
    lm: BaseLM | None = None
    """The language model of this predictor, instead of the configured one."""
    demos: list[Any] = []  # noqa: RUF012 @parameters copies it
    """Few-shot examples, instead of those of the signature."""
    max_retries: int | None = None
    """How often an answer that cannot be read, or violates a condition, is shown to the model again."""

    def __post_init__(self) -> None:
        """Read the signature and take its demos.

        Raises:
            SignatureError: it is not a signature.
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
        """Predict, and wait for it."""
        cls = type(self)
        own = self.__dict__
        if (
            args
            or cls._forward_first
            or cls.aforward is not _AFORWARD
            or cls.acall is not _ACALL
            or "aforward" in own
            or "acall" in own
            or super(Predict, cls).__call__ is not _CALL
        ):
            return super().__call__(*args, **inputs)
        # Nothing here needs a coroutine, which would cost more than all that is done between two calls.
        here = at_once()
        try:
            if (
                here is None
                or here["track_usage"]
                or Heard.anywhere
                or self._part_settings is not None
                or self._defaults
                or self.callbacks
            ):
                with CallScope(self, args, inputs) as scope:
                    return scope.finished(self._forward_now(inputs))
            token = trace.callers.set((*trace.callers.get(), self))
            try:
                return self._forward_now(inputs)
            finally:
                trace.callers.reset(token)
        except exits.Stopped as stopped:
            # What a model has stopped by: inside another coroutine it stays carried, as in `drive`.
            if drive.blocking.get():
                raise
            raise stopped.error from None
        except StopIteration as error:
            # As in a coroutine: it would end a loop of the caller's, who would never know.
            raise RuntimeError("a part of the call raised StopIteration") from error

    async def aforward(self, /, **inputs: Any) -> Any:
        """Predict, without the bookkeeping around it; what a call does.

        Raises:
            InputError: an input is unknown or missing, or violates a condition.
            NotConfiguredError: there is no language model.
            AdapterParseError: the model's answer could not be read.
            LMError: the model could not be asked.
        """
        if drive.blocking.get():
            return self._forward_now(inputs)
        call = self._prepared(inputs)
        completions = await call.adapter.reply(
            call.lm, call.config, call.signature, call.demos, call.sent, call.max_retries
        )
        prediction = Prediction.from_completions(completions, call.signature)
        trace.record(self, call.inputs, prediction)
        return prediction

    def _forward_now(self, inputs: dict[str, Any]) -> Any:
        """What `aforward` does, for code that waits in place."""
        call = self._prepared(inputs)
        completions = call.adapter.reply_now(
            call.lm, call.config, call.signature, call.demos, call.sent, call.max_retries
        )
        prediction = Prediction.from_completions(completions, call.signature)
        trace.record(self, call.inputs, prediction)
        return prediction

    def _prepared(self, inputs: dict[str, Any]) -> calling.Call:
        """A call with these inputs, decided."""
        return calling.Call(self, inputs)

    def messages(self, /, **inputs: Any) -> list[dict[str, Any]]:
        """The exact messages that a call with these inputs would send; sends nothing and needs no LM."""
        call = calling.Call(self, inputs, needs_lm=False)
        return call.adapter.preview(call.lm, call.config, call.signature, call.demos, call.sent)

    def _refuse_positional(self) -> None:
        example = ", ".join(f"{name}=…" for name in self.signature.input_fields)
        raise InputError(f"inputs must be passed by name: ({example})")

    def declared_signature(self) -> type[Signature]:
        """The signature of the module's calls."""
        found: type[Signature] = self.signature
        return found

    @property
    def needs_loop(self) -> bool:
        """Whether synchronous calls need the event loop; for subclasses that say so."""
        return self.concurrent and not self._forward_first and type(self) is not Predict

    # --- what is learned --------------------------------------------------------------------------------

    def reset(self) -> None:
        """Restore the original language model and demos, and clear the traces."""
        self.lm = self._made_with
        self.traces, self.train = [], []
        self.reset_demos()

    def reset_demos(self) -> None:
        """Restore the demos of the signature."""
        self.demos = [Example(demo) for demo in self.signature.demos]

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """What was learned: demos, signature, LM, and the settings of the calls.

        Args:
            json_mode: in JSON types; False leaves the values of demos as they are.

        Raises:
            StateError: a value that JSON cannot hold; the message gives its field and type.
        """
        return states.dump(self, json_mode)

    def load_state(self, state: Mapping[str, Any], *, allow_unsafe_lm_state: bool = False) -> Self:
        """Load what `dump_state` returned; the values of demos get the types of their fields again.

        Args:
            state: the state.
            allow_unsafe_lm_state: as in `Module.load_state`.

        Raises:
            StateError: the state is for another signature.
        """
        states.restore(self, state, allow_unsafe_lm_state)
        return self

    def update_config(self, **config: Any) -> None:
        """Change settings of the LM for this predictor's calls."""
        self.config = {**self.config, **config}

    def get_config(self) -> dict[str, Any]:
        """The settings of the LM for this predictor's calls."""
        return self.config

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.signature.signature})"


_CALL, _ACALL, _AFORWARD = Module.__call__, Module.acall, Predict.aforward


def _given_demo(signature: type[Signature], number: int, demo: Any) -> Any:
    """A demo that a user gives, in the types of its fields."""
    from ..signature.inputs import typed_demo
    from ..values.inputs import Misfit

    try:
        typed = typed_demo(signature, demo)
    except Misfit as misfit:
        text = misfit.describe(f"demos[{number - 1}]")
        raise InputError(text, field=misfit.path.lstrip("."), value=misfit.value, row=number) from None
    same = all(typed[name] is demo[name] for name in typed)
    return demo if same else demo.copy(**typed) if isinstance(demo, Example) else typed
