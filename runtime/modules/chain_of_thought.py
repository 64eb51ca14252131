"""`ChainOfThought`: the model reasons in words before it fills the outputs."""

from __future__ import annotations

from typing import Any, ClassVar

from ..interface import Interface
from ..lm.base import BaseLM
from ..parameters import KW_ONLY, parameters
from ..signature.fields import Field, OutputField
from ..signature.signature import Signature, SignatureLike, ensure_signature
from .base import Module, call_part
from .predict import Predict


@parameters(extra="config")
class ChainOfThought(Module):
    """Asks for `reasoning` before the signature's outputs.

    A signature that has an output `reasoning` of its own keeps it, moved to the front.
    """

    interface: ClassVar[Interface | None] = Interface(
        of="signature", outputs={"reasoning": str}, calls="answer"
    )
    concurrent: ClassVar[bool] = False

    signature: SignatureLike
    """The inputs, outputs and instructions: a Signature class or a string."""
    rationale_field: Field | None = None
    """A field to use instead of `reasoning: str`, to ask for the reasoning in other words."""
    rationale_field_type: Any = str
    """The type of the reasoning."""
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
        extended = with_reasoning(
            ensure_signature(self.signature), self.rationale_field, self.rationale_field_type
        )
        self.predict = Predict(extended, lm=self.lm, max_retries=self.max_retries, **self.__dict__["config"])
        # The predictor holds what these said; two places would come to say different things.
        for name in ("signature", "rationale_field", "rationale_field_type", "lm", "max_retries", "config"):
            del self.__dict__[name]

    def declared_signature(self) -> type[Signature]:
        """The signature of the module's calls, including the reasoning."""
        found: type[Signature] = self.predict.signature
        return found

    async def aforward(self, /, **inputs: Any) -> Any:
        """Reason and predict, without the bookkeeping around it."""
        return await call_part(self.predict, inputs)


def with_reasoning(
    signature: type[Signature], field: Field | None = None, type_: Any = str
) -> type[Signature]:
    """The signature with its reasoning as the first output."""
    own = signature.output_fields.get("reasoning")
    if own is not None and field is None:
        return signature.delete("reasoning").prepend("reasoning", own)
    name = field.name if field is not None and field.name else "reasoning"
    annotation = field.annotation if field is not None and field.annotation is not None else type_
    return signature.prepend(name, field or OutputField(desc="${reasoning}"), annotation)
