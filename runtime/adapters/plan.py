"""`Plan`: how a signature is asked of a model; and what an exchange asks of an adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ...base.frozen import frozen_record
from ..errors import AdapterParseError
from ..lm.messages import EMPTY, OutputFormat, ToolSpec
from ..lm.request import Completion
from ..signature.signature import Signature
from .incremental import FieldReader


@frozen_record
class Plan:
    """How a signature is asked of a model: what goes into the prompt, and what the provider itself takes.

    Attributes:
        signature: what the prompt asks for, without the fields that the provider fills by other means.
        tools: what the model may call.
        output: the format that the provider enforces.
        settings: settings of the request that this way to ask needs, beside those of the call.
        original: the signature of the call, where the provider fills some of its fields by other means.
        natives: which outputs the provider fills, as `native.py` says; None for none.
    """

    signature: type[Signature]
    tools: tuple[ToolSpec, ...] = ()
    output: OutputFormat | None = None
    settings: Mapping[str, Any] = EMPTY
    original: type[Signature] | None = None
    natives: NativeFields | None = None


@frozen_record
class NativeFields:
    """The fields of a signature that a provider can take or fill by other means than the text.

    Attributes:
        tools: the input that holds the tools; None if there is none.
        calls: the output that takes the calls of tools; None if there is none.
        typed: the outputs of a `Type`, which says itself what the provider can do for it.
    """

    tools: str | None
    calls: str | None
    typed: tuple[tuple[str, Any], ...]


def chooses_format(settings: Mapping[str, Any], lm: Any) -> bool:
    """Whether the program itself says which format the provider holds the answer to."""
    return not _FORMATS.isdisjoint(settings) or not _FORMATS.isdisjoint(lm.kwargs)


_FORMATS = frozenset(
    {
        "ebnf", "grammar", "guided_choice", "guided_grammar", "guided_json", "guided_regex", "json_schema",
        "regex", "response_format", "structured_outputs",
    }
)  # fmt: skip


class Planner(Protocol):
    """What an exchange asks of an adapter; `Adapter` says what each does."""

    @property
    def asks_to_read(self) -> bool:
        """Whether reading an answer asks a model."""
        ...

    def plan(
        self, signature: type[Signature], lm: Any, settings: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> Plan:
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

    def stream_reader(self, plan: Plan) -> FieldReader:
        """What cuts an answer into fields while it comes."""
        ...

    async def aread_completion(
        self, plan: Plan, completion: Completion, inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What the answer says, where reading it asks a model."""
        ...

    def value_start(self, name: str, text: str) -> int | None:
        """Where an output's value begins in an answer."""
        ...

    def write_choice(self, choice: Any) -> str:
        """A choice as it stands in an answer."""
        ...

    def is_finished(self, signature: type[Signature], completion: str) -> bool:
        """Whether an answer that was cut off is whole all the same."""
        ...

    def format_retry(self, signature: type[Signature], error: AdapterParseError) -> str:
        """What to say to an answer that cannot be used."""
        ...
