"""`ProgramOfThought`: the model writes a program, whose result it answers from."""

from __future__ import annotations

import logging
from typing import Annotated, Any, ClassVar

from ..errors import CodeExecutionError
from ..interface import Interface
from ..limits import Ge
from ..lm.base import BaseLM
from ..parameters import KW_ONLY, parameters
from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature, SignatureLike, ensure_signature, make_signature
from ..tools.interpreter import FinalOutput, without_fence
from ..tools.interpreters import InterpreterFactory
from .base import call_part
from .chain_of_thought import ChainOfThought
from .handed_down import handed_down
from .sandboxes import Sandbox, ending_in_value, sandbox_of, shown
from .toolbox import Agent

logger = logging.getLogger("dspyc")


@parameters(extra="config")
class ProgramOfThought(Agent):
    """Works out the outputs by Python code that the model writes and a sandbox runs.

        solve = ProgramOfThought("question -> answer: float", allow_code=True)
        solve(question="…").answer

    The model writes code; where it fails, it sees the error and writes other code, up to `max_iters` times.
    It then answers from the code's result. The inputs are variables of the code. An interpreter of one's own
    may be the first argument of a call.

    Paper: Chen et al., "Program of Thoughts Prompting" (2022).
    """

    interface: ClassVar[Interface | None] = Interface(
        of="signature",
        outputs={"reasoning": str},
        added=("generated_code", "previous_code", "error", "final_generated_code", "code_output"),
        calls="max_iters * answer + answer",
    )
    concurrent: ClassVar[bool] = False

    signature: SignatureLike
    """The inputs, outputs and instructions: a Signature class or a string."""
    max_iters: Annotated[int, Ge(1)] = 3
    """How often the model may write code at most."""
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
        """Make the three predictors.

        Raises:
            SignatureError: it is not a signature.
        """
        self.signature = signature = ensure_signature(self.signature)
        options = handed_down(self)
        self.code_generate = ChainOfThought(_writing(signature), **options)
        self.code_regenerate = ChainOfThought(_rewriting(signature), **options)
        self.generate_output = ChainOfThought(_answering(signature), **options)

    async def aforward(self, interpreter: Any = None, /, **inputs: Any) -> Any:
        """Write code, run it, and answer, without the bookkeeping around it.

        Raises:
            CodeExecutionError: none of the programs ran.
            CodeInterpreterError: code cannot be run here.
            CodeNotAllowedError: the program does not say that it may.
        """
        async with sandbox_of(self, interpreter, self.interpreter_factory, self.allow_code) as sandbox:
            await sandbox.offer({}, list(self.signature.output_fields))
            written = await call_part(self.code_generate, inputs)
            for attempt in range(1, self.max_iters + 1):
                code = ending_in_value(without_fence(written.generated_code).strip("\n"))
                output, error = await _run(sandbox, code, inputs)
                if error is None:
                    break
                if attempt == self.max_iters:
                    raise CodeExecutionError(
                        f"none of the {self.max_iters} programs that the model wrote ran; the last: {error}"
                    )
                logger.debug("the model's program failed: %s", error)
                written = await call_part(
                    self.code_regenerate, {**inputs, "previous_code": code, "error": error}
                )
        given = {**inputs, "final_generated_code": code, "code_output": output}
        return await call_part(self.generate_output, given)


async def _run(sandbox: Sandbox, code: str, inputs: dict[str, Any]) -> tuple[str, str | None]:
    """What code gave, and its error, None for none."""
    if not code.strip():
        return "", "there is no code"
    try:
        result = await sandbox.run(code, inputs)
    except CodeExecutionError as error:
        return "", str(error)
    return shown(result.output if isinstance(result, FinalOutput) else result), None


_CODE = "python code that answers the question"


def _writing(signature: type[Signature]) -> type[Signature]:
    inputs, outputs = _names(signature.input_fields), _names(signature.output_fields)
    lines = [
        *_task(signature),
        f"You are given {inputs}, and respond with `generated_code`: executable Python code that works out "
        f"{outputs}. The inputs are there as variables of these names.",
        "When the code has the result, it ends with a call of the function `SUBMIT()`, which is there "
        "already.",
        f'SUBMIT takes a dict of the form {{"field_a": value_a, …}} with the values of {outputs}.',
    ]
    return _of_inputs(signature, lines).append("generated_code", OutputField(desc=_CODE), str)


def _rewriting(signature: type[Signature]) -> type[Signature]:
    lines = [
        *_task(signature),
        "You are given code that failed with an error. Correct it, and respond with the new "
        "`generated_code`. It ends with a call of `SUBMIT()`, as before.",
    ]
    return (
        _of_inputs(signature, lines)
        .append("previous_code", InputField(desc="python code that failed"), str)
        .append("error", InputField(desc="the error that it ended with"), str)
        .append("generated_code", OutputField(desc=_CODE), str)
    )


def _answering(signature: type[Signature]) -> type[Signature]:
    outputs = _names(signature.output_fields)
    lines = [*_task(signature), f"Given the final code and what it gave, provide the final {outputs}."]
    return (
        signature.with_instructions("\n".join(lines))
        .append("final_generated_code", InputField(desc=_CODE), str)
        .append("code_output", InputField(desc="what the code gave"), str)
    )


def _task(signature: type[Signature]) -> list[str]:
    return [signature.instructions] if signature.instructions else []


def _of_inputs(signature: type[Signature], lines: list[str]) -> type[Signature]:
    return make_signature({**signature.input_fields}, "\n".join(lines))


def _names(fields: Any) -> str:
    return ", ".join(f"`{name}`" for name in fields)
