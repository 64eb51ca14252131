"""`Adapter`: from a signature's values to messages, and from the model's answer back to values.

An adapter has hooks for each piece of the messages; `format` puts them together and `parse` reads an answer.
The call in between is here: an answer that cannot be read, or that breaks a condition, is shown to the model
with what is wrong, up to `max_retries` times, and then raised with all tries.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..errors import AdapterParseError
from ..execution import drive
from ..execution.settings import lookup
from ..lm.callbacks import BaseCallback, told
from ..signature.conditions import check_outputs
from ..signature.signature import Signature
from .feedback import with_feedback

logger = logging.getLogger("dspyc")

INCOMPLETE_DEMO = "This is an example of the task, though some input or output fields are not supplied."
MISSING_IN_DEMO = "Not supplied for this particular example. "


class Adapter:
    """The base of adapters; see `ChatAdapter` for the hooks."""

    finetune_format: ClassVar[str] = "chat"
    """The format of the training data that `format_finetune_data` makes."""

    callbacks: list[BaseCallback] | None = None

    def __call__(
        self,
        lm: Any,
        lm_kwargs: Mapping[str, Any],
        signature: type[Signature],
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
        max_retries: int | None = None,
    ) -> list[dict[str, Any]]:
        """Ask the model and read its answers; see `acall`."""
        return drive.drive(self.acall(lm, lm_kwargs, signature, demos, inputs, max_retries))

    async def acall(
        self,
        lm: Any,
        lm_kwargs: Mapping[str, Any],
        signature: type[Signature],
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
        max_retries: int | None = None,
    ) -> list[dict[str, Any]]:
        """Ask the model and read its answers.

        Args:
            lm: the language model.
            lm_kwargs: its settings for this call.
            signature: whose outputs are asked for.
            demos: few-shot examples.
            inputs: the values of the inputs.
            max_retries: follow-up turns for an answer that cannot be read; `settings.max_retries` when None.

        Returns:
            The outputs by name, once for each answer asked for.

        Raises:
            AdapterParseError: an answer still could not be read after the follow-up turns.
            ConditionError: it could be read, and still broke a condition.
            LMError: the model could not be asked.
        """
        given = {"signature": signature, "demos": demos, "inputs": inputs}
        messages = with_feedback(
            told(self.callbacks, "adapter_format", self, given, lambda: self.format(signature, demos, inputs))
        )
        if getattr(lm, "takes_grammar", False) and "grammar" not in lm_kwargs:
            grammar = self.grammar(signature)
            if grammar is not None:
                lm_kwargs = {**lm_kwargs, "grammar": grammar}
        response = await lm.request(None, messages, lm_kwargs)
        if response.truncated:
            logger.warning("the answer of `%s` was cut off at max_tokens; raise max_tokens", lm.model)
        answers: list[dict[str, Any]] = []
        for text in response.texts:
            try:
                answers.append(self.read(signature, text, inputs))
            except AdapterParseError as error:
                retries = lookup("max_retries") if max_retries is None else max_retries
                first = _explained(error, messages, response)
                answers.append(await self._again(lm, lm_kwargs, signature, inputs, messages, first, retries))
        return answers

    async def _again(
        self,
        lm: Any,
        lm_kwargs: Mapping[str, Any],
        signature: type[Signature],
        inputs: Mapping[str, Any],
        messages: list[dict[str, Any]],
        error: AdapterParseError,
        max_retries: int,
    ) -> dict[str, Any]:
        tries = [error]
        settings = {name: value for name, value in lm_kwargs.items() if name != "n"}
        for _ in range(max_retries):
            # The follow-up grows from the first request by the last answer only: earlier ones would be bad
            # examples.
            turns = [
                *messages,
                {"role": "assistant", "content": error.lm_response or "(nothing)"},
                {"role": "user", "content": self.format_retry(signature, error)},
            ]
            response = await lm.request(None, turns, settings)
            try:
                return self.read(signature, response.texts[0], inputs)
            except AdapterParseError as again:
                error = _explained(again, turns, response)
                tries.append(error)
        last = tries[-1]
        last.attempts = tuple(tries[:-1])
        raise last

    def read(self, signature: type[Signature], completion: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Parse an answer and check it against the signature's conditions.

        Raises:
            AdapterParseError: the answer cannot be read.
            ConditionError: the answer breaks a condition.
        """
        given = {"signature": signature, "completion": completion}
        values = told(self.callbacks, "adapter_parse", self, given, lambda: self.parse(signature, completion))
        check_outputs(type(self).__name__, signature, completion, inputs, values)
        return values

    def format(
        self, signature: type[Signature], demos: Sequence[Any], inputs: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The messages of a request: system, few-shot examples, earlier turns, the inputs."""
        raise NotImplementedError

    def parse(self, signature: type[Signature], completion: str) -> dict[str, Any]:
        """The outputs that an answer holds.

        Raises:
            AdapterParseError: the answer cannot be read.
        """
        raise NotImplementedError

    def format_retry(self, signature: type[Signature], error: AdapterParseError) -> str:
        """The follow-up turn after an answer that cannot be used."""
        raise NotImplementedError

    def format_answer(self, values: Mapping[str, Any]) -> str:
        """Fields and values as an answer in this adapter's format."""
        raise NotImplementedError

    def format_untyped(self, values: Mapping[str, Any]) -> str:
        """Names and values of any kind as this adapter writes fields of text; an agent's trajectory."""
        raise NotImplementedError

    def format_finetune_data(
        self,
        signature: type[Signature],
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
    ) -> dict[str, list[Any]]:
        """One example of training data: the messages of the call with the answer that it should have got."""
        raise NotImplementedError

    def grammar(self, signature: type[Signature]) -> str | None:
        """A GBNF grammar of the answers, or None when they are not closed enough for one."""
        return None


def _explained(error: AdapterParseError, messages: list[dict[str, Any]], response: Any) -> AdapterParseError:
    error.messages = messages
    if response.truncated:
        error.note = "the model stopped because it reached max_tokens; raise max_tokens"
    return error
