"""`ReActV2`: an agent whose model calls tools in the provider's own way, several at a time."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from ..adapters.chat import ChatAdapter
from ..errors import AdapterParseError, ConfigurationError, ContextWindowExceededError, ToolError
from ..execution import exits, flow
from ..execution.settings import lookup
from ..interface import Interface, ToolFunction
from ..limits import Ge
from ..lm.base import BaseLM
from ..parameters import KW_ONLY, parameters
from ..prediction import Prediction
from ..signature.conditions import check_outputs
from ..signature.fields import InputField, OutputField
from ..signature.inputs import complete_inputs
from ..signature.signature import Signature, SignatureLike, ensure_signature, make_signature
from ..tools.permission import CodeNotAllowedError
from ..tools.tool import Tool, schema_of
from ..types.history import History
from ..types.reasoning import Reasoning
from ..types.toolcalls import ToolCall, ToolCallResults, ToolCalls
from .base import call_part
from .calling import Call, lm_of
from .handed_down import handed_down
from .predict import Predict
from .toolbox import Agent, Toolbox, said_of

logger = logging.getLogger("dspyc")

_SUBMIT = "submit"
_TAKEN = {_SUBMIT: "the agent gives its outputs by its own"}
_OWN_INPUTS = ("history", "tools")
_OWN_OUTPUTS = ("history", "termination_reason")


@parameters(extra="config")
class ReActV2(Agent):
    """Works out the outputs by calling tools, in the provider's own way of function calling where it has one.

        agent = ReActV2("question -> answer: float", tools=[search, calculate])
        agent(question="…").answer

    In each turn the model may call several tools, which run at the same time; what they return, or the errors
    that they raise, is in the conversation of the next turn. It ends with a call of `submit`, whose arguments
    are the outputs. The prediction also has the conversation, `history`, which a later call takes to go on,
    and the `termination_reason`: `submit`, or `forced_submit` where the model had to be told to end.

    An adapter with `use_native_function_calling=True`, such as `JSONAdapter()`, uses the provider's way;
    others ask for the calls as text.
    """

    interface: ClassVar[Interface | None] = Interface(
        of="signature",
        inputs={"history": Any},
        outputs={"history": Any, "termination_reason": str},
        added=("history", "tools", "next_thought", "tool_calls", "termination_reason"),
        calls="max_iters * (answer + tools) + answer",
    )

    signature: SignatureLike
    """The inputs, outputs and instructions: a Signature class or a string."""
    tools: Sequence[ToolFunction]
    """The functions that the model may call; their names, annotations and docstrings are what it sees. `MCP`
    servers stand for all their tools."""
    max_iters: Annotated[int, Ge(1)] = 20
    """How many turns at most, before the model is told to submit."""
    _: KW_ONLY
    lm: BaseLM | None = None
    """The language model, instead of the configured one."""
    max_retries: int | None = None
    """How often an answer that cannot be read, or violates a condition, is shown to the model again."""

    def __post_init__(self) -> None:
        """Make the tools and the predictor.

        Raises:
            SignatureError: it is not a signature.
            ConfigurationError: two tools have the same name, or a field has one of the agent's own.
            ToolError: a tool's arguments cannot be described.
        """
        self.signature = signature = ensure_signature(self.signature)
        for names, fields in ((_OWN_INPUTS, signature.input_fields), (_OWN_OUTPUTS, signature.output_fields)):
            if taken := [name for name in names if name in fields]:
                raise ConfigurationError(f"a field of `ReActV2` cannot be named `{taken[0]}`; it has its own")
        self._toolbox = Toolbox(self.tools, _TAKEN, [_submit_tool(signature)])
        self.tools = self._toolbox.tools  # type: ignore[assignment]
        options = handed_down(self)
        self.react = _Turn(_turn_signature(signature, self._describe(self._toolbox.tools)), **options)

    async def aforward(self, /, **inputs: Any) -> Any:
        """Work in turns until the outputs are submitted, without the bookkeeping around it.

        Raises:
            InputError: an input is unknown, missing, or not of its type.
            ToolError: the model did not submit the outputs, even when told to.
        """
        max_iters = (
            self.max_iters
            if "max_iters" in self.signature.input_fields
            else inputs.pop("max_iters", self.max_iters)
        )
        turns = _turns_of(inputs.pop("history", None))
        given = complete_inputs(self.signature, inputs, self.signature.__name__)
        await self._toolbox.complete(self.react, self._describe)
        pending: Mapping[str, Any] = given
        for number in range(max_iters):
            try:
                turn = await self._ask(turns, pending)
            except (AdapterParseError, ContextWindowExceededError) as error:
                logger.warning("the agent stopped before it was finished: %s", error)
                break
            calls = _with_ids(turn.tool_calls, number)
            if not calls:
                break
            outputs = await self._take_turn(turns, pending, turn, calls, given)
            if outputs is not None:
                return Prediction(
                    {**outputs, "history": History(messages=turns), "termination_reason": _SUBMIT}
                )
            pending = {}
        outputs = await self._forced(turns, pending, given)
        reason = f"forced_{_SUBMIT}"
        return Prediction({**outputs, "history": History(messages=turns), "termination_reason": reason})

    async def _ask(
        self, turns: list[dict[str, Any]], pending: Mapping[str, Any], config: Mapping[str, Any] | None = None
    ) -> Any:
        """One turn of the model; the inputs are only in the first."""
        return await call_part(
            self.react,
            {
                "history": History(messages=turns),
                "tools": list(self._toolbox.tools.values()),
                "config": config,
                **pending,
            },
        )

    async def _take_turn(
        self,
        turns: list[dict[str, Any]],
        pending: Mapping[str, Any],
        turn: Any,
        calls: list[ToolCall],
        inputs: Mapping[str, Any],
    ) -> dict[str, Any] | None:
        """Call the tools of a turn and note what came of it; the outputs, if they were submitted."""
        results = await flow.gather(self._call(call, inputs) for call in calls)
        values, errors = [value for value, _ in results], [is_error for _, is_error in results]
        event = dict(pending)
        if turn.next_thought is not None:
            event["next_thought"] = turn.next_thought
        event["tool_calls"] = ToolCalls(
            tool_calls=calls,
            tool_call_results=ToolCallResults.from_tool_calls_and_values(calls, values, errors),
        )
        turns.append(event)
        for call, (value, is_error) in zip(calls, results, strict=True):
            if call.name == _SUBMIT and not is_error:
                event.update(value)
                return dict(value)
        return None

    async def _call(self, call: ToolCall, inputs: Mapping[str, Any]) -> tuple[Any, bool]:
        """What a tool returned, or the words of its error and True."""
        tool = self._toolbox.tools.get(call.name)
        if tool is None:
            return f"Unknown tool: {call.name}. The tools are {', '.join(self._toolbox.tools)}.", True
        try:
            value = await tool.acall(**(call.args or {}))
            if call.name == _SUBMIT:
                check_outputs(_SUBMIT, self.signature, str(call.args), inputs, value)
            return value, False
        except CodeNotAllowedError:
            raise
        except Exception as raised:  # noqa: BLE001 whatever a tool raises is told to the model
            error = exits.unpacked(raised)
            return f"Execution error in {call.name}: {type(error).__name__}: {error}", True

    async def _forced(
        self,
        turns: list[dict[str, Any]],
        pending: Mapping[str, Any],
        inputs: Mapping[str, Any],
    ) -> dict[str, Any]:
        """The outputs that the model gives when it is told to submit.

        Raises:
            ToolError: it does not.
        """
        adapter = lookup("adapter", self._defaults) or ChatAdapter()
        lm, config = lm_of(self.react), {}
        if adapter.use_native_function_calling and lm is not None and lm.capabilities.native_tools:
            config["tool_choice"] = {"type": "function", "function": {"name": _SUBMIT}}
        turn = await self._ask(turns, pending, config)
        calls = [call for call in _with_ids(turn.tool_calls, len(turns)) if call.name == _SUBMIT]
        outputs = await self._take_turn(turns, pending, turn, calls, inputs) if calls else None
        if outputs is not None:
            return outputs
        said = turns[-1]["tool_calls"].tool_call_results.tool_call_results[-1].value if calls else ""
        raise ToolError(
            f"the agent did not give its outputs by a call of `{_SUBMIT}`" + (f": {said}" if said else "")
        )

    def _describe(self, tools: Mapping[str, Tool]) -> str:
        """The instructions of a turn."""
        inputs = ", ".join(f"`{name}`" for name in self.signature.input_fields)
        outputs = ", ".join(f"`{name}`" for name in self.signature.output_fields)
        names = ", ".join(f"`{name}`" for name in tools)
        lines = [
            *([self.signature.instructions] if self.signature.instructions else []),
            f"You are an Agent. Use the tools to work out {outputs} from {inputs}.",
            "Call tools as long as you need to know more; calls that do not depend on each other can be made "
            "in the same turn.",
            f"When the answer is ready, call `{_SUBMIT}` with {outputs}.",
            f"The tools are: {names}.",
        ]
        return "\n".join(lines)


class _Turn(Predict):
    """Asks for the calls of a turn; inputs that an earlier turn had are not shown again."""

    concurrent: ClassVar[bool] = False

    def _prepared(self, inputs: dict[str, Any]) -> Call:
        given = frozenset(inputs)
        call = super()._prepared(inputs)
        call.sent = {name: value for name, value in call.sent.items() if name in given}
        return call


def _turn_signature(signature: type[Signature], instructions: str) -> type[Signature]:
    fields = {
        name: (field.annotation, InputField(desc=said_of(field), default=None))
        for name, field in signature.input_fields.items()
    }
    return (
        make_signature(fields, instructions)
        .append("history", InputField(), History)
        .append("tools", InputField(), list[Tool])
        .append("next_thought", OutputField(), Reasoning)
        .append("tool_calls", OutputField(), ToolCalls)
    )


def _submit_tool(signature: type[Signature]) -> Tool:
    def submit(**outputs: Any) -> dict[str, Any]:
        return outputs

    kinds = {name: field.annotation for name, field in signature.output_fields.items()}
    made = Tool(
        submit,
        name=_SUBMIT,
        desc="Submit the final outputs of the task.",
        args={name: schema_of(kind, f"the output `{name}`") for name, kind in kinds.items()},
        arg_types=kinds,
    )
    made.required, made.has_kwargs = list(kinds), False
    return made


def _turns_of(history: Any) -> list[dict[str, Any]]:
    """The turns of an earlier conversation, to be gone on with; it is not changed."""
    if history is None:
        return []
    return list(History.model_validate(history).messages)


def _with_ids(calls: Any, number: int) -> list[ToolCall]:
    """The calls of a turn; each has an identifier, by which its result is told."""
    found = [] if calls is None else ToolCalls.model_validate(calls).tool_calls
    return [
        call if call.id else call.model_copy(update={"id": f"call_{number}_{index}"})
        for index, call in enumerate(found)
    ]
