"""`ReAct`: an agent that thinks, calls a tool, sees what came of it, and goes on until it can answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from ..errors import AdapterParseError, ContextWindowExceededError
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
from .handed_down import handed_down
from .predict import Predict
from .toolbox import Toolbox, numbered
from .trajectory import Trajectory, without_oldest

logger = logging.getLogger("dspyc")

_FINISH = "finish"
_TAKEN = {_FINISH: "the agent ends with its own"}


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
    """The functions that the model may call; their names, annotations and docstrings are what it sees. `MCP`
    servers stand for all their tools."""
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
        self._toolbox = Toolbox(self.tools, _TAKEN, [_finish_tool(signature)])
        tools = self._toolbox.tools
        self.tools = tools  # type: ignore[assignment]
        options = handed_down(self)
        # Which tools a server has is known at the first call; a name that is none is an observation, then.
        names = str if self._toolbox.servers else Literal[tuple(tools)]
        self.react = Predict(_step_signature(signature, self._describe(tools), names), **options)
        self.extract = ChainOfThought(_extract_signature(signature), **options)

    @property
    def needs_loop(self) -> bool:
        """Whether one of the tools is async."""
        return self._toolbox.needs_loop

    def truncate_trajectory(self, trajectory: dict[str, Any]) -> dict[str, Any]:
        """Shorten a trajectory that is too long for the model; override it to shorten it otherwise.

        Args:
            trajectory: `thought_0`, `tool_name_0`, `tool_args_0`, `observation_0`, `thought_1`, …

        Returns:
            What the model is shown instead.

        Raises:
            ContextWindowExceededError: nothing can be left out.
        """
        return without_oldest(trajectory)

    async def aforward(self, /, **inputs: Any) -> Any:
        """Work in steps and extract the outputs, without the bookkeeping around it."""
        max_iters = (
            self.max_iters
            if "max_iters" in self.signature.input_fields
            else inputs.pop("max_iters", self.max_iters)
        )
        await self._toolbox.complete(self.react, self._describe)
        trajectory = Trajectory(self.truncate_trajectory)
        for index in range(max_iters):
            try:
                step = await trajectory.ask(self.react, inputs, self._defaults)
            except (AdapterParseError, ContextWindowExceededError) as error:
                logger.warning("the agent stopped before it was finished: %s", error)
                break
            name, arguments = step.next_tool_name, step.next_tool_args
            observation = await self._toolbox.observe(name, arguments)
            trajectory.add(
                **{
                    f"thought_{index}": step.next_thought,
                    f"tool_name_{index}": name,
                    f"tool_args_{index}": arguments,
                    f"observation_{index}": observation,
                }
            )
            if name == _FINISH:
                break
        extracted = await trajectory.ask(self.extract, inputs, self._defaults)
        return Prediction({"trajectory": trajectory.steps, **dict(extracted)})

    def _describe(self, tools: Mapping[str, Tool]) -> str:
        """The instructions of a step."""
        signature = self.signature
        inputs = ", ".join(f"`{name}`" for name in signature.input_fields)
        outputs = ", ".join(f"`{name}`" for name in signature.output_fields)
        return "\n".join(
            [
                f"{signature.instructions}\n",
                f"You are an Agent. In each episode, you will be given the fields {inputs} as input. "
                "And you can see your past trajectory so far.",
                "Your goal is to use one or more of the supplied tools to collect any necessary information "
                f"for producing {outputs}.\n",
                "To do this, you will interleave next_thought, next_tool_name, and next_tool_args in each "
                "turn, and also when finishing the task.",
                "After each tool call, you receive a resulting observation, "
                "which gets appended to your trajectory.\n",
                "When writing next_thought, you may reason about the current situation and plan for future "
                "steps.",
                "When selecting the next_tool_name and its next_tool_args, the tool must be one of:\n",
                *numbered(tools),
                "When providing `next_tool_args`, the value inside the field must be in JSON format",
            ]
        )


def _finish_tool(signature: type[Signature]) -> Tool:
    outputs = ", ".join(f"`{name}`" for name in signature.output_fields)
    return Tool(
        _finish,
        name=_FINISH,
        desc="Marks the task as complete. That is, signals that all information for producing the outputs, "
        f"i.e. {outputs}, are now available to be extracted.",
    )


def _finish() -> str:
    return "Completed."


def _step_signature(signature: type[Signature], instructions: str, names: Any) -> type[Signature]:
    inputs_only = Signature({**signature.input_fields}, instructions)  # type: ignore[call-arg]
    return (
        inputs_only.append("trajectory", InputField(formatted=True), str)
        .append("next_thought", OutputField(), str)
        .append("next_tool_name", OutputField(), names)
        .append("next_tool_args", OutputField(), dict[str, Any])
    )


def _extract_signature(signature: type[Signature]) -> type[Signature]:
    return signature.append("trajectory", InputField(formatted=True), str)
