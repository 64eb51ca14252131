"""`Plan`: how a signature is asked of a model; and what an exchange asks of an adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import AdapterParseError
from ..lm.capabilities import Capabilities
from ..lm.messages import OutputFormat, ToolSpec
from ..lm.request import Completion
from ..signature.signature import Signature


@dataclass(frozen=True, slots=True)
class Plan:
    """How a signature is asked of a model: what goes into the prompt, and what the provider itself takes.

    Attributes:
        signature: what the prompt asks for, without the fields that the provider fills by other means.
        tools: what the model may call.
        output: the format that the provider enforces.
    """

    signature: type[Signature]
    tools: tuple[ToolSpec, ...] = ()
    output: OutputFormat | None = None


class Planner(Protocol):
    """What an exchange asks of an adapter; `Adapter` says what each does."""

    def plan(self, signature: type[Signature], capabilities: Capabilities) -> Plan:
        """How to ask."""
        ...

    def make_messages(
        self, plan: Plan, demos: Sequence[Any], inputs: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """What to send."""
        ...

    def read_completion(
        self, plan: Plan, completion: Completion, inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What the answer says."""
        ...

    def is_finished(self, signature: type[Signature], completion: str) -> bool:
        """Whether an answer that was cut off is whole all the same."""
        ...

    def format_retry(self, signature: type[Signature], error: AdapterParseError) -> str:
        """What to say to an answer that cannot be used."""
        ...
