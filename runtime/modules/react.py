"""`ReAct`: an agent that thinks, calls a tool, sees what came of it, and goes on until it can answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from ..adapters.chat import ChatAdapter
from ..errors import AdapterParseError, ConfigurationError, ContextWindowExceededError
from ..execution import exits
from ..execution.settings import lookup
from ..interface import Interface, ToolFunction
from ..limits import Ge
from ..lm.base import BaseLM
from ..parameters import KW_ONLY, parameters
from ..prediction import Prediction
from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature, SignatureLike, ensure_signature
from ..tools.tool import Tool
from .base import Module
from .chain_of_thought import ChainOfThought
from .predict import Predict

logger = logging.getLogger("dspyc")

_FINISH = "finish"
_TRUNCATIONS = 3


@parameters(extra="config")
class ReAct(Module):
    """Works out the outputs by calling tools, step by step.

        agent = ReAct("question -> answer: float", tools=[search, calculate])
        agent(question="…").answer

    In each step the model writes a thought, the name of a tool and its arguments; what the tool returns, or
    the error that it raises, is shown to it in the next step. The tool `finish` ends this, and the outputs
    are read from the whole trajectory. A call takes the signature's inputs and `max_iters` for that call
    alone; its prediction has the `trajectory` too.

    Paper: Yao et al., "ReAct: Synergizing Reasoning and Acting in Language Models" (2022).
    """

    interface: ClassVar[Interface | None] = Interface(
        of="signature",
        outputs={"trajectory": dict[str, Any], "reasoning": str},
        added=("trajectory", "next_thought", "next_tool_name", "next_tool_args"),
        calls="max_iters * (answer + tools) + answer",
    )
    concurrent: ClassVar[bool] = False

    signature: SignatureLike
    """The inputs, outputs and instructions: a Signature class or a string."""
    tools: Sequence[ToolFunction]
    """The functions that the model may call; their names, annotations and docstrings are what it sees."""
    max_iters: Annotated[int, Ge(1)] = 20
    """How many steps at most."""
    _: KW_ONLY
    lm: BaseLM | None = None
    """The language model, instead of the configured one."""
    max_retries: int | None = None
    """How often an answer that cannot be read, or violates a condition, is shown to the model again."""

    def __post_init__(self) -> None:
        """Make the tools and the two predictors.

        Raises:
            SignatureError: it is not a signature.
            ConfigurationError: two tools have the same name.
            ToolError: a tool's arguments cannot be described.
        """
        self.signature = signature = ensure_signature(self.signature)
        self._by_name = _tools(self.tools, signature)
        self.tools = list(self._by_name.values())
        options = {"lm": self.lm, "max_retries": self.max_retries, **self.__dict__["config"]}
        self.react = Predict(_step_signature(signature, self._by_name), **options)
        self.extract = ChainOfThought(_extract_signature(signature), **options)
        # The predictors hold what these said.
        for name in ("lm", "max_retries", "config"):
            del self.__dict__[name]

    @property
    def needs_loop(self) -> bool:
        """Whether one of the tools is async."""
        return any(tool.is_async for tool in self._by_name.values())

    async def aforward(self, /, **inputs: Any) -> Any:
        """Work in steps and extract the outputs, without the bookkeeping around it."""
        max_iters = (
            self.max_iters
            if "max_iters" in self.signature.input_fields
            else inputs.pop("max_iters", self.max_iters)
        )
        trajectory = _Trajectory()
        for index in range(max_iters):
            try:
                step = await self._ask(self.react, trajectory, inputs)
            except (AdapterParseError, ContextWindowExceededError) as error:
                logger.warning("the agent stopped before it was finished: %s", error)
                break
            name, arguments = step.next_tool_name, step.next_tool_args
            observation = await self._observe(name, arguments)
            trajectory.add(index, step.next_thought, name, arguments, observation)
            if name == _FINISH:
                break
        extracted = await self._ask(self.extract, trajectory, inputs)
        return Prediction({"trajectory": trajectory.steps, **dict(extracted)})

    async def _ask(self, module: Module, trajectory: _Trajectory, inputs: dict[str, Any]) -> Any:
        """Call a predictor with the trajectory; while it is too long, forget its oldest step."""
        adapter = lookup("adapter", self._defaults) or ChatAdapter()
        for attempt in range(_TRUNCATIONS + 1):
            try:
                return await module.acall(
                    **inputs, trajectory=adapter.format_untyped(trajectory.remembered())
                )
            except ContextWindowExceededError:
                if attempt == _TRUNCATIONS or not trajectory.forget():
                    raise
                logger.warning("the trajectory is too long for the model; its oldest step is left out")
        raise AssertionError("the loop returns or raises")

    async def _observe(self, name: str, arguments: Mapping[str, Any]) -> Any:
        try:
            return await self._by_name[name].acall(**arguments)
        except Exception as raised:  # noqa: BLE001 whatever a tool raises is an observation for the model
            error = exits.unpacked(raised)
            return f"Execution error in {name}: {type(error).__name__}: {error}"


class _Trajectory:
    """The steps so far; `steps` has all of them, `remembered` those that still fit the model."""

    def __init__(self) -> None:
        self.steps: dict[str, Any] = {}
        self._forgotten = 0

    def add(
        self, index: int, thought: str, name: str, arguments: Mapping[str, Any], observation: Any
    ) -> None:
        self.steps[f"thought_{index}"] = thought
        self.steps[f"tool_name_{index}"] = name
        self.steps[f"tool_args_{index}"] = arguments
        self.steps[f"observation_{index}"] = observation

    def remembered(self) -> dict[str, Any]:
        return dict(list(self.steps.items())[4 * self._forgotten :])

    def forget(self) -> bool:
        """Leave out the oldest step; False when only one is left."""
        if len(self.steps) // 4 - self._forgotten < 2:
            return False
        self._forgotten += 1
        return True


def _tools(given: Any, signature: type[Signature]) -> dict[str, Tool]:
    tools: dict[str, Tool] = {}
    for each in given:
        tool = each if isinstance(each, Tool) else Tool(each)
        if tool.name in tools or tool.name == _FINISH:
            raise ConfigurationError(
                f"two tools are named `{tool.name}`"
                + (" (the agent ends with its own)" if tool.name == _FINISH else "")
            )
        tools[tool.name] = tool
    outputs = ", ".join(f"`{name}`" for name in signature.output_fields)
    tools[_FINISH] = Tool(
        _finish,
        name=_FINISH,
        desc="Marks the task as complete. That is, signals that all information for producing the outputs, "
        f"i.e. {outputs}, are now available to be extracted.",
    )
    return tools


def _finish() -> str:
    return "Completed."


def _step_signature(signature: type[Signature], tools: Mapping[str, Tool]) -> type[Signature]:
    inputs = ", ".join(f"`{name}`" for name in signature.input_fields)
    outputs = ", ".join(f"`{name}`" for name in signature.output_fields)
    lines = [
        f"{signature.instructions}\n",
        f"You are an Agent. In each episode, you will be given the fields {inputs} as input. "
        "And you can see your past trajectory so far.",
        "Your goal is to use one or more of the supplied tools to collect any necessary information "
        f"for producing {outputs}.\n",
        "To do this, you will interleave next_thought, next_tool_name, and next_tool_args in each turn, "
        "and also when finishing the task.",
        "After each tool call, you receive a resulting observation, "
        "which gets appended to your trajectory.\n",
        "When writing next_thought, you may reason about the current situation and plan for future steps.",
        "When selecting the next_tool_name and its next_tool_args, the tool must be one of:\n",
        *(f"({number}) {tool}" for number, tool in enumerate(tools.values(), 1)),
        "When providing `next_tool_args`, the value inside the field must be in JSON format",
    ]
    inputs_only = Signature({**signature.input_fields}, "\n".join(lines))  # type: ignore[call-arg]
    return (
        inputs_only.append("trajectory", InputField(formatted=True), str)
        .append("next_thought", OutputField(), str)
        .append("next_tool_name", OutputField(), Literal[tuple(tools)])
        .append("next_tool_args", OutputField(), dict[str, Any])
    )


def _extract_signature(signature: type[Signature]) -> type[Signature]:
    return signature.append("trajectory", InputField(formatted=True), str)
