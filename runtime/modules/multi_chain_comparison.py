"""`MultiChainComparison`: several answers with their reasoning, compared by the model for a better one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar

from ..errors import InputError, also_as
from ..example import Example
from ..interface import Interface
from ..limits import Ge
from ..lm.base import BaseLM
from ..parameters import KW_ONLY, parameters
from ..prediction import Completions, Prediction
from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature, SignatureLike, ensure_signature
from .base import Module, call_part
from .predict import Predict


@parameters(extra="config")
class MultiChainComparison(Module):
    """Shows the model `M` attempts at the same inputs and asks for corrected reasoning and a better answer.

        attempts = ChainOfThought("question -> answer", n=3, temperature=0.7)(question=q).completions
        compare = MultiChainComparison("question -> answer", M=3)
        compare(attempts, question=q).answer

    An attempt is a prediction of ChainOfThought, or a dict with `reasoning` and the last output of the
    signature. Source: Yoran et al., "Answering Questions by Meta-Reasoning over Multiple Chains of Thought",
    2023, in DSPy's form.
    """

    interface: ClassVar[Interface | None] = Interface(
        of="signature", inputs={"completions": list[Any]}, outputs={"rationale": str}, calls="answer"
    )
    concurrent: ClassVar[bool] = False

    signature: SignatureLike
    """The inputs, outputs and instructions: a Signature class or a string."""
    M: Annotated[int, Ge(1)] = 3
    """How many attempts are compared."""
    temperature: float = 0.7
    """The temperature of the comparison."""
    _: KW_ONLY
    lm: BaseLM | None = None
    """The language model, instead of the configured one."""
    max_retries: int | None = None
    """How often an answer that cannot be read, or violates a condition, is shown to the model again."""

    def __post_init__(self) -> None:
        """Make the predictor of the extended signature.

        Raises:
            SignatureError: it is not a signature.
        """
        signature = ensure_signature(self.signature)
        self.last_key = list(signature.output_fields)[-1]
        extended = with_attempts(signature, self.M)
        settings = {"temperature": self.temperature, **self.__dict__["config"]}
        self.predict = Predict(extended, lm=self.lm, max_retries=self.max_retries, **settings)
        # The predictor holds what these said; two places would come to say different things.
        for name in ("signature", "temperature", "lm", "max_retries", "config"):
            del self.__dict__[name]

    def declared_signature(self) -> type[Signature]:
        """The signature of the comparison, with an input for each attempt."""
        found: type[Signature] = self.predict.signature
        return found

    def _refuse_positional(self) -> None:
        """The attempts may be given by position."""

    async def aforward(
        self, /, completions: Completions | Iterable[Prediction | Mapping[str, Any]] = (), **inputs: Any
    ) -> Any:
        """Show the attempts and predict.

        Args:
            completions: the attempts.
            inputs: the inputs of the signature, and settings of the call.

        Raises:
            InputError: there are not `M` attempts, or one lacks its reasoning or answer.
        """
        attempts = [self._describe(number, one) for number, one in enumerate(completions, 1)]
        if len(attempts) != self.M:
            raise InputError(
                f"there are {len(attempts)} attempts to compare, and M is {self.M}: "
                f"pass {self.M} of them, or write MultiChainComparison(…, M={len(attempts)})"
            )
        shown = {f"reasoning_attempt_{number}": text for number, text in enumerate(attempts, 1)}
        return await call_part(self.predict, {**shown, **inputs})

    def _describe(self, number: int, attempt: Any) -> str:
        fields: Mapping[str, Any] = dict(attempt) if isinstance(attempt, (Example, Mapping)) else {}
        reasoning = fields.get("rationale") or fields.get("reasoning")
        if reasoning is None or self.last_key not in fields:
            wrong = InputError(
                f"attempt {number} needs `reasoning` and `{self.last_key}`, as ChainOfThought predicts them"
            )
            raise also_as(wrong, KeyError())
        return (
            f"«I'm trying to {_first_line(reasoning)} I'm not sure but my prediction is "
            f"{_first_line(fields[self.last_key])}»"
        )


def with_attempts(signature: type[Signature], count: int) -> type[Signature]:
    """The signature with an input for each attempt at the end, and `rationale` as the first output."""
    for number in range(1, count + 1):
        field = InputField(prefix=f"Student Attempt #{number}:", desc="${reasoning attempt}")
        signature = signature.append(f"reasoning_attempt_{number}", field, str)
    prefix = "Accurate Reasoning: Thank you everyone. Let's now holistically"
    field = OutputField(prefix=prefix, desc="${corrected reasoning}")
    return signature.prepend("rationale", field, str)


def _first_line(value: Any) -> str:
    return str(value).strip().split("\n")[0].strip()
