"""`ChainOfThoughtWithHint`: reasoning that may be given a hint, such as the right answer while training data
is made.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..interface import Interface
from ..parameters import parameters
from ..signature.fields import InputField
from ..signature.signature import Signature
from .base import Module, call_part
from .chain_of_thought import ChainOfThought


@parameters(extra="config")
class ChainOfThoughtWithHint(ChainOfThought):
    """`ChainOfThought` whose calls take one more, optional input: `hint`.

    With a hint, the prompt has a field for it; without one, the prompt is that of ChainOfThought. The trace
    keeps the hint among the inputs, but training data made from it does not show it, so a model learns to
    answer without it.
    """

    interface: ClassVar[Interface | None] = Interface(
        of="signature", inputs={"hint": str}, outputs={"reasoning": str}, calls="answer"
    )

    async def aforward(self, /, **inputs: Any) -> Any:
        """Reason, with the hint if there is one, and predict."""
        if not inputs.get("hint"):
            inputs.pop("hint", None)
        elif "signature" not in inputs and isinstance(self.predict, Module):
            inputs["signature"] = with_hint(self.predict.signature)
        return await call_part(self.predict, inputs)


def with_hint(signature: type[Signature]) -> type[Signature]:
    """The signature with an input `hint` at the end, unless it has one."""
    if "hint" in signature.input_fields:
        return signature
    found: type[Signature] | None = signature.__compiled__.get("with_hint")
    if found is None:
        found = signature.__compiled__["with_hint"] = signature.append(
            "hint", InputField(desc="${hint}"), str
        )
    return found
