"""`CodeAct`: an agent that acts by writing code, which may call tools."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from ..errors import AdapterParseError, CodeExecutionError, ContextWindowExceededError
from ..interface import Interface, ToolFunction
from ..limits import Ge
from ..lm.base import BaseLM
from ..parameters import KW_ONLY, parameters
from ..prediction import Prediction
from ..signature.fields import InputField, OutputField
from ..signature.signature import SignatureLike, ensure_signature, make_signature
from ..tools.interpreter import FinalOutput, PythonInterpreter, verify_names, without_fence
from ..tools.interpreters import InterpreterFactory
from ..tools.tool import Tool
from .chain_of_thought import ChainOfThought
from .handed_down import handed_down
from .predict import Predict
from .sandboxes import Sandbox, ending_in_value, sandbox_of, shown
from .toolbox import Agent, Toolbox, numbered
from .trajectory import Trajectory, without_oldest

logger = logging.getLogger("dspyc")

_TAKEN = {"SUBMIT": "the code ends with its own"}


@parameters(extra="config")
class CodeAct(Agent):
    """Produces the outputs in steps, each of which is Python code that may call tools.

        agent = CodeAct("question -> answer: int", tools=[search], allow_code=True)
        agent(question="…").answer

    In each step the model writes code, which a sandbox runs; the tools are functions there, and run outside
    of it. What the code gave or printed is shown to the model in the next step, until it says that it is
    finished. Variables stay from step to step, and the inputs are variables, too.

    Paper: Wang et al., "Executable Code Actions Elicit Better LLM Agents" (2024).
    """

    interface: ClassVar[Interface | None] = Interface(
        of="signature",
        outputs={"trajectory": dict[str, Any], "reasoning": str},
        added=("trajectory", "generated_code", "finished"),
        calls="max_iters * (answer + 10000 * tools) + answer",
    )
    concurrent: ClassVar[bool] = False

    signature: SignatureLike
    """The inputs, outputs and instructions: a Signature class or a string."""
    tools: Sequence[ToolFunction]
    """The functions that the code may call; what the model sees are their names, annotations and
    docstrings."""
    max_iters: Annotated[int, Ge(1)] = 5
    """How many steps at most."""
    interpreter_factory: InterpreterFactory | None = None
    """Makes the interpreter of each call; `PythonInterpreter`, a sandbox, unless given."""
    _: KW_ONLY
    allow_code: bool | None = None
    """Whether code that the model writes may run; the setting `allow_code` unless given."""
    lm: BaseLM | None = None
    """The language model, instead of the configured one."""
    max_retries: int | None = None
    """How often an answer that cannot be read, or violates a condition, is shown to the model again."""

    def __post_init__(self) -> None:
        """Make the tools and the two predictors.

        Raises:
            SignatureError: it is not a signature.
            ConfigurationError: two tools have the same name, or one has a name that code cannot call.
            ToolError: a tool's arguments cannot be described.
        """
        self.signature = signature = ensure_signature(self.signature)
        self._toolbox = Toolbox(self.tools, _TAKEN)
        verify_names(self._toolbox.tools)
        self.tools = self._toolbox.tools  # type: ignore[assignment]
        options = handed_down(self)
        step = make_signature({**signature.input_fields}, self._describe(self._toolbox.tools))
        self.codeact = Predict(
            step.append("trajectory", InputField(formatted=True), str)
            .append(
                "generated_code",
                OutputField(desc="Python code that, when it is run, gives what is needed for the answer"),
                str,
            )
            .append("finished", OutputField(desc="whether this was the last step"), bool),
            **options,
        )
        extract = signature.append("trajectory", InputField(formatted=True), str)
        self.extractor = ChainOfThought(extract, **options)

    @property
    def needs_loop(self) -> bool:
        """Whether one of the tools is async."""
        return self._toolbox.needs_loop

    def truncate_trajectory(self, trajectory: dict[str, Any]) -> dict[str, Any]:
        """Shorten a trajectory that is too long for the model; override it to shorten it otherwise.

        Args:
            trajectory: `generated_code_0`, `code_output_0` or `observation_0`, `generated_code_1`, …

        Returns:
            What the model is shown instead.

        Raises:
            ContextWindowExceededError: nothing can be left out.
        """
        return without_oldest(trajectory)

    async def aforward(self, interpreter: Any = None, /, **inputs: Any) -> Any:
        """Work in steps and extract the outputs, without the bookkeeping around it.

        Raises:
            CodeInterpreterError: code cannot be run here.
            CodeNotAllowedError: the program does not say that it may.
        """
        named = "max_iters" in self.signature.input_fields
        max_iters = self.max_iters if named else inputs.pop("max_iters", self.max_iters)
        trajectory = Trajectory(self.truncate_trajectory)
        async with sandbox_of(self, interpreter, self.interpreter_factory, self.allow_code) as sandbox:
            await self._toolbox.complete(self.codeact, self._describe)
            await sandbox.offer(self._toolbox.tools)
            for index in range(max_iters):
                try:
                    step = await trajectory.ask(self.codeact, inputs, self._defaults)
                except (AdapterParseError, ContextWindowExceededError) as error:
                    logger.warning("the agent stopped before it was finished: %s", error)
                    break
                code = ending_in_value(without_fence(step.generated_code).strip("\n"))
                trajectory.add(
                    **{f"generated_code_{index}": code}, **await _run(sandbox, code, inputs, index)
                )
                if step.finished:
                    break
        extracted = await trajectory.ask(self.extractor, inputs, self._defaults)
        return Prediction({"trajectory": trajectory.steps, **dict(extracted)})

    def _describe(self, tools: Mapping[str, Tool]) -> str:
        """The instructions of a step."""
        signature = self.signature
        inputs = ", ".join(f"`{name}`" for name in signature.input_fields)
        outputs = ", ".join(f"`{name}`" for name in signature.output_fields)
        factory = self.interpreter_factory
        rules = getattr(factory or PythonInterpreter, "execution_instructions", "")
        return "\n".join(
            [
                *([f"{signature.instructions}\n"] if signature.instructions else []),
                f"You are an agent that acts by writing code. You are given the fields {inputs}, which are "
                "variables of the code, too.",
                f"Your goal is to write executable Python code that collects what is needed for {outputs}.",
                "In each step you write a piece of code that solves the task or comes closer to it. Print "
                "what you want to see; the output is added to the trajectory. Put the code into a fenced "
                "block.",
                f"When all that is needed for {outputs} is there, set `finished` to True beside the last "
                "code.",
                *([rules] if rules else []),
                "The code can call these functions:" if tools else "",
                *numbered(tools),
            ]
        )


async def _run(sandbox: Sandbox, code: str, inputs: Mapping[str, Any], index: int) -> dict[str, str]:
    """What the trajectory says of a piece of code: its output, or why there is none."""
    if not code.strip():
        return {f"observation_{index}": "There is no code in the answer."}
    try:
        result = await sandbox.run(code, inputs)
    except CodeExecutionError as error:
        return {f"observation_{index}": f"The code failed: {error}"}
    return {f"code_output_{index}": shown(result.output if isinstance(result, FinalOutput) else result)}
