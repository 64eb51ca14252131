"""`Adapter`: from a signature's values to messages, and from the model's answer back to values.

An adapter has hooks for each piece of the messages; `format` puts them together and `parse` reads an answer.
`plan` says what of a signature goes to the provider itself, by what the model can do. The exchange with the
model in between is the same for all: `exchange.py`.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, ClassVar

from ..errors import AdapterParseError
from ..example import Example
from ..execution import drive
from ..execution.callbacks import BaseCallback, Report, listening
from ..execution.replacing import in_place_of, let_answer
from ..execution.settings import Heard, context
from ..lm.capabilities import Capabilities
from ..lm.messages import Grammar, OutputFormat
from ..lm.request import Completion
from ..signature.conditions import check_outputs
from ..signature.signature import Signature
from ..types.content import in_parts
from ..values import rendering
from .compiled import find_history, signature_of_values
from .conversation import format_turn
from .demos import Turns, arranged, is_complete
from .exchange import exchange, exchange_now
from .incremental import FieldReader, WholeReader
from .native import native_fields, plan_natives, read_natives
from .plan import Plan, chooses_format

INCOMPLETE_DEMO = "This is an example of the task, though some input or output fields are not supplied."
MISSING_IN_DEMO = "Not supplied for this particular example. "


class Adapter:
    """The base class of adapters.

    An adapter of your own defines `format_field_description`, `format_field_structure`,
    `format_task_description`, `format_user_message_content`, `format_assistant_message_content` and `parse`;
    `format` puts the messages together from these. It may also override `format` and `parse` as a whole, or
    `__call__` and `acall`, the call itself; programs use whatever is overridden.
    """

    finetune_format: ClassVar[str] = "chat"
    """The format of the training data that `format_finetune_data` makes."""

    _reported_as: ClassVar[str] = "adapter"
    asks_to_read: ClassVar[bool] = False
    """Whether reading an answer asks a model, by `aread_completion`."""
    callbacks: list[BaseCallback] | None = None
    use_native_function_calling: bool = False
    native_response_types: list[type] | None = None
    parallel_tool_calls: bool | None = None
    _called_by: ClassVar[tuple[bool, bool]] = (False, False)
    _is_called: ClassVar[bool] = False
    _asks_as_base: ClassVar[bool] = True

    def __init__(
        self,
        callbacks: list[BaseCallback] | None = None,
        use_native_function_calling: bool = False,
        native_response_types: list[type] | None = None,
        parallel_tool_calls: bool | None = None,
    ) -> None:
        """Take what all adapters have; `ChatAdapter` says what each means."""
        self.callbacks = callbacks
        self.use_native_function_calling = use_native_function_calling
        self.native_response_types = native_response_types
        self.parallel_tool_calls = parallel_tool_calls

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._called_by = (cls.__call__ is not Adapter.__call__, cls.acall is not Adapter.acall)
        cls._is_called = any(cls._called_by)
        cls._asks_as_base = not cls._is_called and cls.reply is Adapter.reply

    # --- calls ------------------------------------------------------------------------------------------

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
        if type(lm) is not lm.__class__:  # a stand-in of a test
            let_answer(lm)
            lm = in_place_of(lm)
        return drive.drive(self.acall(lm, lm_kwargs, signature, demos, inputs, max_retries))

    def acall(
        self,
        lm: Any,
        lm_kwargs: Mapping[str, Any],
        signature: type[Signature],
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
        max_retries: int | None = None,
    ) -> Coroutine[Any, Any, list[dict[str, Any]]]:
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
            ConditionError: an answer could be read, but still violated a condition.
            TruncatedAnswerError: an answer was cut off, even with more room.
            LMError: the model could not be asked.
        """
        return exchange(self, lm, lm_kwargs, signature, demos, inputs, max_retries)

    def reply(
        self,
        lm: Any,
        lm_kwargs: Mapping[str, Any],
        signature: type[Signature],
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
        max_retries: int | None,
    ) -> Coroutine[Any, Any, list[dict[str, Any]]]:
        """Ask as predictors do: through the subclass's own `__call__` or `acall` where it has one."""
        if not self._is_called:
            return exchange(self, lm, lm_kwargs, signature, demos, inputs, max_retries)
        synchronous, asynchronous = self._called_by
        given = (lm, lm_kwargs, signature, demos, inputs)
        if asynchronous and not (synchronous and drive.blocking.get()):
            return _with_retries(self.acall, given, max_retries)
        return _with_retries(self.__call__, given, max_retries)

    def reply_now(
        self,
        lm: Any,
        lm_kwargs: Mapping[str, Any],
        signature: type[Signature],
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
        max_retries: int | None,
    ) -> list[dict[str, Any]]:
        """What `reply` does, for code that waits in place."""
        if self._asks_as_base:
            return exchange_now(self, lm, lm_kwargs, signature, demos, inputs, max_retries)
        work = self.reply(lm, lm_kwargs, signature, demos, inputs, max_retries)
        return drive.drive(work, inside=True)

    def plan(
        self, signature: type[Signature], lm: Any, settings: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> Plan:
        """How this signature is asked of this model.

        Args:
            signature: whose outputs are asked for.
            lm: the language model; its `capabilities` say what it can do.
            settings: its settings for this call.
            inputs: the values of the inputs.

        Raises:
            ConfigurationError: there is an output of tool calls, and no input for the tools.
        """
        # Only a signature without fields that a provider could fill has one.
        plain: Plan | None = signature.__compiled__.get(Plan)
        if plain is None:
            natives = native_fields(signature)
            if natives is not None:
                return plan_natives(self, natives, signature, lm, settings, inputs)
            plain = signature.__compiled__[Plan] = Plan(signature)
        output = self.output_format(signature, lm.capabilities)
        if output is not None and not chooses_format(settings, lm):
            return Plan(signature, output=output)
        return plain

    def preview(
        self,
        lm: Any,
        settings: Mapping[str, Any],
        signature: type[Signature],
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """The messages of a request, without asking the model, which may be None."""
        if lm is None:
            return self.format(signature, demos, inputs)
        return self.format(self.plan(signature, lm, settings, inputs).signature, demos, inputs)

    def output_format(self, signature: type[Signature], capabilities: Capabilities) -> OutputFormat | None:
        """The format that the provider holds the answer to, by what the model can do; None for none."""
        if capabilities.grammar and (grammar := self.grammar(signature)) is not None:
            return Grammar(grammar, capabilities.grammar_setting)
        return None

    def make_messages(
        self, plan: Plan, demos: Sequence[Any], inputs: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The messages of a request, made by `format` and reported to the callbacks."""
        callbacks = listening(self.callbacks) if Heard.anywhere or self.callbacks else None
        if not callbacks:
            return in_parts(self.format(plan.signature, demos, inputs))
        given = {"signature": plan.signature, "demos": demos, "inputs": inputs}
        with Report(callbacks, "adapter_format", self, given) as report:
            report.outputs = messages = in_parts(self.format(plan.signature, demos, inputs))
            return messages

    def read_completion(
        self, plan: Plan, completion: Completion, inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The outputs in an answer, in any of its parts.

        Raises:
            AdapterParseError: the answer cannot be read.
            ConditionError: the answer violates a condition.
        """
        if plan.natives is None:
            return self.read(plan.signature, completion.text, inputs)
        return read_natives(self, plan, completion, inputs)

    async def aread_completion(
        self, plan: Plan, completion: Completion, inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The same, for an adapter that asks a model to read an answer (`asks_to_read`)."""
        return self.read_completion(plan, completion, inputs)

    def read(self, signature: type[Signature], completion: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Parse an answer's text and check it against the signature's conditions.

        Raises:
            AdapterParseError: the answer cannot be read.
            ConditionError: the answer violates a condition.
        """
        told = Heard.anywhere or self.callbacks
        values = self.parsed(signature, completion) if told else self.parse(signature, completion)
        if signature.__compiled__.get("output") != ():
            check_outputs(type(self).__name__, signature, completion, inputs, values)
        return values

    def parsed(self, signature: type[Signature], completion: str) -> dict[str, Any]:
        """What `parse` finds in an answer's text; reported to the callbacks.

        Raises:
            AdapterParseError: the answer cannot be read.
        """
        callbacks = listening(self.callbacks)
        if not callbacks:
            return self.parse(signature, completion)
        given = {"signature": signature, "completion": completion}
        with Report(callbacks, "adapter_parse", self, given) as report:
            report.outputs = values = self.parse(signature, completion)
        return values

    def stream_reader(self, plan: Plan) -> FieldReader:
        """What cuts an answer into fields while it comes; without one, fields are shown when they are all
        there.
        """
        return WholeReader()

    def is_finished(self, signature: type[Signature], completion: str) -> bool:
        """Whether an answer that was cut off at the token limit is complete anyway.

        Only an adapter whose format marks the end of an answer can tell; the base class cannot.
        """
        return False

    # --- messages ---------------------------------------------------------------------------------------

    def format(
        self, signature: type[Signature], demos: Sequence[Any], inputs: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The messages of a request: system, few-shot examples, earlier turns, the inputs."""
        history = find_history(signature)
        turns = signature if history is None else signature.delete(history)
        messages = [{"role": "system", "content": self.format_system_message(signature)}]
        if demos:
            messages += self.format_demos(signature, demos)
        if history is not None:
            messages += self.format_conversation_history(turns, history, inputs)
        content = self.format_user_message_content(turns, inputs, main_request=True)
        if content:
            messages.append({"role": "user", "content": content})
        return in_parts(messages)

    def format_system_message(self, signature: type[Signature]) -> str:
        """The fields, their layout, and the task."""
        return (
            f"{self.format_field_description(signature)}\n"
            f"{self.format_field_structure(signature)}\n"
            f"{self.format_task_description(signature)}"
        )

    def format_field_description(self, signature: type[Signature]) -> str:
        """The lists of input and output fields."""
        raise self._lacks("format_field_description")

    def format_field_structure(self, signature: type[Signature]) -> str:
        """The layout of an exchange."""
        raise self._lacks("format_field_structure")

    def format_task_description(self, signature: type[Signature]) -> str:
        """The instructions."""
        raise self._lacks("format_task_description")

    def format_user_message_content(
        self,
        signature: type[Signature],
        inputs: Mapping[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """The inputs that are present, with a reminder of the outputs if this is the request itself."""
        raise self._lacks("format_user_message_content")

    def format_assistant_message_content(
        self,
        signature: type[Signature],
        outputs: Mapping[str, Any],
        missing_field_message: str | None = None,
    ) -> str:
        """An answer with these outputs, as the model should write it."""
        raise self._lacks("format_assistant_message_content")

    def format_demos(self, signature: type[Signature], demos: Sequence[Any]) -> list[dict[str, Any]]:
        """Few-shot examples as turns: those that lack fields first, then the complete ones.

        An example without any input or any output is left out.
        """
        return arranged(
            self._demo_turns(signature, demo._store if isinstance(demo, Example) else demo) for demo in demos
        )

    def _demo_turns(self, signature: type[Signature], values: Mapping[str, Any]) -> Turns | None:
        """An example as turns; None for one that is left out."""
        is_whole = is_complete(signature.fields, values)
        lacks_half = signature.input_fields.keys().isdisjoint(values) or (
            signature.output_fields.keys().isdisjoint(values)
        )
        if lacks_half and not is_whole:
            return None
        prefix = "" if is_whole else INCOMPLETE_DEMO
        return Turns(
            is_whole,
            self.format_user_message_content(signature, values, prefix=prefix),
            self.format_assistant_message_content(signature, values, missing_field_message=MISSING_IN_DEMO),
        )

    def format_conversation_history(
        self, signature: type[Signature], history_field_name: str, inputs: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The earlier turns of a conversation, each as a question and its answer.

        Args:
            signature: without the history field.
            history_field_name: the input that holds the `History`.
            inputs: the inputs of the call.
        """
        history = inputs.get(history_field_name)
        messages: list[dict[str, Any]] = []
        for turn in getattr(history, "messages", ()):
            messages += format_turn(self, signature, turn)
        return messages

    def format_finetune_data(
        self,
        signature: type[Signature],
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
    ) -> dict[str, list[Any]]:
        """One example of training data: `{"messages": [...]}`, ending with the answer."""
        answer = {"role": "assistant", "content": self.format_assistant_message_content(signature, outputs)}
        return {"messages": in_parts([*self.format(signature, demos, inputs), answer])}

    def format_retry(self, signature: type[Signature], error: AdapterParseError) -> str:
        """The follow-up turn after an answer that cannot be used."""
        return f"That answer cannot be used: {error.reason}.\n\nAnswer again, with all fields."

    def format_answer(self, values: Mapping[str, Any]) -> str:
        """Fields and values as an answer in this adapter's format."""
        return self.format_assistant_message_content(signature_of_values(values, "output"), values)

    def format_untyped(self, values: Mapping[str, Any]) -> str:
        """Names and values of any kind as this adapter writes fields of text; an agent's trajectory."""
        return self.format_user_message_content(signature_of_values(values, "input"), values)

    # --- answers ----------------------------------------------------------------------------------------

    def parse(self, signature: type[Signature], completion: str) -> dict[str, Any]:
        """The outputs that an answer holds.

        Raises:
            AdapterParseError: the answer cannot be read.
        """
        raise self._lacks("parse")

    def grammar(self, signature: type[Signature]) -> str | None:
        """A GBNF grammar of the answers, or None if the outputs cannot be described by one."""
        return None

    def value_start(self, name: str, text: str) -> int | None:
        """Where an output's value begins in an answer; None if that cannot be said."""
        return None

    def write_choice(self, choice: Any) -> str:
        """A choice of a closed type as it stands in an answer."""
        return rendering.render(choice)

    def _lacks(self, hook: str) -> NotImplementedError:
        return NotImplementedError(f"`{type(self).__name__}` does not implement `{hook}`")


async def _with_retries(function: Any, given: tuple[Any, ...], max_retries: int | None) -> Any:
    """Call a subclass's own `__call__` or `acall`; one without `max_retries`, as DSPy's, finds it among the
    settings.
    """
    from inspect import signature as signature_of

    parameters = signature_of(function).parameters.values()
    if any(one.name == "max_retries" or one.kind is one.VAR_KEYWORD for one in parameters):
        return await drive.call_function(function, *given, max_retries=max_retries)
    if max_retries is None:
        return await drive.call_function(function, *given)
    with context(max_retries=max_retries):
        return await drive.call_function(function, *given)
