"""`Avatar`: an agent that takes one action after the other, each with a tool, until it can answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

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
from .handed_down import handed_down
from .predict import Predict
from .toolbox import Toolbox, numbered
from .trajectory import Trajectory, without_oldest

logger = logging.getLogger("dspyc")

_FINISH = "Finish"
_TAKEN = {_FINISH: "the agent ends with its own"}
_INSTRUCTIONS = (
    "You reach a goal with the help of tools. Look at the goal, the inputs and the actions taken so far with "
    "their results, and choose the next action: which tool to use, and with what input. Use a tool as often "
    f"as it helps; when nothing more is needed, use the tool `{_FINISH}`."
)


@dataclass
class Action:
    """What the agent does next."""

    tool_name: str
    """The tool."""
    tool_input_query: Any = None
    """Its arguments, as an object; the argument itself where the tool takes one."""


@dataclass
class ActionOutput:
    """What the agent has done, and what came of it."""

    tool_name: str
    """The tool."""
    tool_input_query: Any
    """Its arguments."""
    tool_output: Any
    """What it returned, or the error that it raised."""


@parameters(extra="config")
class Avatar(Module):
    """Works out the outputs by actions with tools; `AvatarOptimizer` improves how it chooses them.

        agent = Avatar("question -> answer", tools=[search, calculate])
        agent(question="…").answer

    In each step the actor sees the goal, the tools, the inputs and the actions so far with their results, and
    names the next action. The tool `Finish` ends this, and the outputs are predicted from all of it. A
    prediction has the `actions` too.

    Paper: Wu et al., "AvaTaR: Optimizing LLM Agents for Tool Usage via Contrastive Reasoning" (2024),
    arXiv:2406.11200.
    """

    interface: ClassVar[Interface | None] = Interface(
        of="signature",
        outputs={"actions": list[Any]},
        added=("goal", "tools", "trajectory", "action"),
        calls="max_iters * (answer + tools) + answer",
    )
    concurrent: ClassVar[bool] = False

    signature: SignatureLike
    """The inputs, outputs and instructions, which are the goal: a Signature class or a string."""
    tools: Sequence[ToolFunction]
    """The functions that the agent may call; their names, annotations and docstrings are what it sees."""
    max_iters: Annotated[int, Ge(1)] = 3
    """How many actions at most."""
    verbose: bool = False
    """Log each action, at the level INFO."""
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
        finish = Tool(_done, name=_FINISH, desc="Ends the work: the outputs are then given.")
        self._toolbox = Toolbox(self.tools, _TAKEN, [finish])
        self.tools = self._toolbox.tools  # type: ignore[assignment]
        options = handed_down(self)
        self.actor = Predict(_actor_signature(signature), **options)
        self.answer = Predict(signature.append("trajectory", InputField(formatted=True), str), **options)

    @property
    def needs_loop(self) -> bool:
        """Whether one of the tools is async."""
        return self._toolbox.needs_loop

    async def aforward(self, /, **inputs: Any) -> Any:
        """Act in steps and predict the outputs."""
        most = (
            self.max_iters
            if "max_iters" in self.signature.input_fields
            else inputs.pop("max_iters", self.max_iters)
        )
        await self._toolbox.complete(self.actor, lambda tools: self.actor.signature.instructions)
        seen = {"goal": self.signature.instructions, "tools": numbered(self._toolbox.tools), **inputs}
        trajectory, actions = Trajectory(without_oldest), list[ActionOutput]()
        for number in range(1, most + 1):
            try:
                action = (await trajectory.ask(self.actor, seen, self._defaults)).action
            except (AdapterParseError, ContextWindowExceededError) as error:
                logger.warning("the agent stopped before it was finished: %s", error)
                break
            if action.tool_name == _FINISH:
                break
            given = self._arguments(action)
            result = await self._toolbox.observe(action.tool_name, given)
            if self.verbose:
                logger.info("action %d: %s(%s) gave %s", number, action.tool_name, given, result)
            actions.append(ActionOutput(action.tool_name, action.tool_input_query, result))
            trajectory.add(
                **{
                    f"action_{number}": {"tool_name": action.tool_name, "tool_input_query": given},
                    f"result_{number}": result,
                }
            )
        answered = await trajectory.ask(self.answer, inputs, self._defaults)
        return Prediction({**dict(answered), "actions": actions})

    def _arguments(self, action: Action) -> Mapping[str, Any]:
        """The arguments of an action by name; one that stands alone is that of a tool that takes one."""
        given, tool = action.tool_input_query, self._toolbox.tools.get(action.tool_name)
        if isinstance(given, Mapping) or given is None:
            return given or {}
        names = list(tool.args or ()) if tool is not None else []
        return {names[0] if len(names) == 1 else "tool_input_query": given}


def _done() -> str:
    return "Completed."


def _actor_signature(signature: type[Signature]) -> type[Signature]:
    fields: dict[str, Any] = {
        "goal": (str, InputField(desc="what is to be reached")),
        "tools": (list[str], InputField(desc="the tools that can be used")),
        **signature.input_fields,
        "trajectory": (str, InputField(desc="the actions so far, with their results", formatted=True)),
        "action": (Action, OutputField(desc="the next action")),
    }
    return Signature(fields, _INSTRUCTIONS)  # type: ignore[call-arg,return-value]
