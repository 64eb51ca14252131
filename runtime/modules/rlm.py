"""`RLM`: a recursive language model, which explores its inputs by code instead of reading them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from ..errors import (
    CodeExecutionError,
    ConditionError,
    ConfigurationError,
    LMError,
    NotConfiguredError,
)
from ..execution import flow
from ..interface import Interface, ToolFunction
from ..limits import Ge
from ..lm.base import BaseLM
from ..parameters import KW_ONLY, parameters
from ..prediction import Prediction
from ..signature.conditions import check_outputs
from ..signature.fields import Field
from ..signature.inputs import complete_inputs
from ..signature.signature import Signature, SignatureLike, ensure_signature
from ..tools.interpreter import SUBMIT, FinalOutput, verify_names, without_fence
from ..tools.interpreters import InterpreterFactory
from ..types.annotations import plain_annotation
from ..values.reading import ReadError, reader_for
from . import rlm_prompts
from .base import call_part
from .calling import lm_of
from .handed_down import handed_down
from .predict import Predict
from .repl import REPLHistory, REPLVariable
from .sandboxes import sandbox_of, shown
from .toolbox import Agent, Toolbox, said_of

logger = logging.getLogger("dspyc")

_OWN = dict.fromkeys(("llm_query", "llm_query_batched", SUBMIT, "print"), "the code has it already")
_RESULTS = ("trajectory", "final_reasoning")


@parameters(extra="config")
class RLM(Agent):
    """Works out the outputs from inputs of any length, by code that the model writes step by step.

        answer = RLM("context, query -> answer", sub_lm=small, allow_code=True)
        answer(context=a_whole_book, query="…").answer

    The inputs are variables of a Python session in a sandbox. The model sees their beginning and end, writes
    code that looks at them, sees what it prints, and goes on. The code can ask a language model about pieces:
    `llm_query(prompt)`, or `llm_query_batched(prompts)` at the same time, and ends with `SUBMIT(…)`. The
    prediction has the `trajectory` (a list of `reasoning`, `code` and `output`) and `final_reasoning`, too.

    Paper: Zhang, Kraska and Khattab, "Recursive Language Models" (2025).
    """

    interface: ClassVar[Interface | None] = Interface(
        of="signature",
        outputs={"trajectory": list[dict[str, str]], "final_reasoning": str},
        added=("variables_info", "repl_history"),
        calls="max_iters * (answer + 10000 * tools) + max_llm_calls * answer + answer",
    )

    signature: SignatureLike
    """The inputs, outputs and instructions: a Signature class or a string."""
    max_iters: Annotated[int, Ge(1)] = 20
    """How many steps at most; after them the outputs are read from what was found so far."""
    max_llm_calls: Annotated[int, Ge(0)] = 50
    """How often the code of one call may ask a language model."""
    max_output_chars: Annotated[int, Ge(1)] = 10_000
    """How many characters of a step's output the model is shown."""
    verbose: bool = False
    """Whether each step is logged."""
    tools: Sequence[ToolFunction] | None = None
    """Functions that the code may call, too."""
    sub_lm: BaseLM | None = None
    """The model that the code asks; the one that writes the code unless given."""
    interpreter_factory: InterpreterFactory | None = None
    """Makes the interpreter of each call; `PythonInterpreter`, a sandbox, unless given."""
    _: KW_ONLY
    allow_code: bool | None = None
    """Whether code that the model writes may run; the setting `allow_code` unless given."""
    lm: BaseLM | None = None
    """The language model that writes the code, instead of the configured one."""
    max_retries: int | None = None
    """How often an answer that cannot be read, or violates a condition, is shown to the model again."""

    def __post_init__(self) -> None:
        """Make the tools and the two predictors.

        Raises:
            SignatureError: it is not a signature.
            ConfigurationError: names of the signature, of tools and of the session's own functions clash.
            ToolError: a tool's arguments cannot be described.
        """
        self.signature = signature = ensure_signature(self.signature)
        self._toolbox = Toolbox(self.tools or (), _OWN)
        self.tools = self._toolbox.tools  # type: ignore[assignment]
        _refuse_clashes(signature, self._toolbox.tools)
        options = handed_down(self)
        action = rlm_prompts.action_signature(self._describe(self._toolbox.tools))
        self.generate_action = Predict(action, **options)
        self.extract = Predict(rlm_prompts.extract_signature(signature), **options)

    async def aforward(self, /, **inputs: Any) -> Any:
        """Explore the inputs step by step and give the outputs, without the bookkeeping around it.

        Raises:
            InputError: an input is unknown, missing, or not of its type.
            CodeInterpreterError: code cannot be run here.
            CodeNotAllowedError: the program does not say that it may.
        """
        factory = self.interpreter_factory
        if "interpreter_factory" in inputs and "interpreter_factory" not in self.signature.input_fields:
            factory = inputs.pop("interpreter_factory") or factory
        given = complete_inputs(self.signature, inputs, self.signature.__name__)
        fields = self.signature.input_fields
        described = "\n\n".join(
            REPLVariable.from_value(name, value, _described(fields[name])).format()
            for name, value in given.items()
        )
        history = REPLHistory(max_output_chars=self.max_output_chars)
        async with sandbox_of(self, None, factory, self.allow_code) as sandbox:
            await self._toolbox.complete(self.generate_action, self._describe)
            await sandbox.offer(
                {**self._toolbox.tools, **self._queries()}, list(self.signature.output_fields)
            )
            for number in range(1, self.max_iters + 1):
                action = await call_part(
                    self.generate_action,
                    {
                        "variables_info": described,
                        "repl_history": history.format(),
                        "iteration": f"{number}/{self.max_iters}",
                    },
                )
                code = without_fence(action.code).strip("\n")
                try:
                    result = await sandbox.run(code, given)
                except CodeExecutionError as error:
                    result = f"[Error] {error}"
                outputs, words = self._read(result, given)
                history = history.append(reasoning=action.reasoning or "", code=code, output=words)
                last = history.entries[-1]
                if self.verbose:
                    logger.info(
                        "RLM, step %d of %d\n%s", number, self.max_iters, last.format(number - 1, 2_000)
                    )
                if outputs is not None:
                    return _prediction(outputs, history, last.reasoning)
        logger.warning(
            "the model did not call %s in %d steps; its answer is read from them", SUBMIT, self.max_iters
        )
        found = await call_part(self.extract, {"variables_info": described, "repl_history": history.format()})
        return _prediction(dict(found), history, "The steps ended without a result.")

    def _describe(self, tools: Mapping[str, Any]) -> str:
        factory = self.interpreter_factory
        return rlm_prompts.instructions(self.signature, tools, self.max_llm_calls, factory)

    def _queries(self) -> dict[str, Any]:
        """The functions by which the code of one call asks a language model."""
        lm = self.sub_lm or lm_of(self.generate_action)
        left = self.max_llm_calls

        def take(number: int) -> None:
            nonlocal left
            if number > left:
                raise RuntimeError(
                    f"{self.max_llm_calls} calls of llm_query are allowed, of which {left} are left; "
                    "put the results together by code"
                )
            left -= number

        async def ask(prompt: Any) -> str:
            if not isinstance(prompt, str) or not prompt:
                raise ValueError("llm_query takes a prompt, a string that is not empty")
            if lm is None:
                raise NotConfiguredError("no language model is set for `llm_query`: pass `sub_lm=`")
            (answer, *_) = await lm.acall(prompt)
            return str(answer.get("text") or "") if isinstance(answer, dict) else str(answer)

        async def llm_query(prompt: str) -> str:
            take(1)
            return await ask(prompt)

        async def ask_or_say(prompt: str) -> str:
            try:
                return await ask(prompt)
            except LMError as error:
                return f"[ERROR] {error}"

        async def llm_query_batched(prompts: list[str]) -> list[str]:
            if not isinstance(prompts, list):
                raise TypeError("llm_query_batched takes a list of prompts")
            take(len(prompts))
            return await flow.gather(ask_or_say(prompt) for prompt in prompts)

        return {"llm_query": llm_query, "llm_query_batched": llm_query_batched}

    def _read(self, result: Any, inputs: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
        """The outputs, if that is what the code gave, and what the model is shown of it."""
        if not isinstance(result, FinalOutput):
            return None, shown(result) or "(no output - did you forget to print?)"
        given = result.output
        names = list(self.signature.output_fields)
        if not isinstance(given, Mapping) or any(name not in given for name in names):
            return None, f"[Error] write {SUBMIT}({', '.join(names)}) with a value for each"
        outputs, wrong = {}, []
        for name, field in self.signature.output_fields.items():
            try:
                outputs[name] = _typed(field.annotation, given[name])
            except ReadError as error:
                wrong.append(f"`{name}` {error}")
        if wrong:
            return None, f"[Type Error] {'; '.join(wrong)}"
        try:
            check_outputs(SUBMIT, self.signature, shown(dict(given)), inputs, outputs)
        except ConditionError as error:
            return None, f"[Error] {error}"
        return outputs, f"FINAL: {shown(dict(given))}"


def _typed(annotation: Any, value: Any) -> Any:
    """What the code gave for an output, as a value of its type; a number is a text where a text is wanted.

    Raises:
        ReadError: it is none.
    """
    if plain_annotation(annotation) is str and isinstance(value, (int, float)):
        return str(value)
    return reader_for(annotation).from_json(value)


def _described(field: Field) -> Field:
    """The field as the model is told of it."""
    return field.updated(desc=said_of(field))


def _prediction(outputs: Mapping[str, Any], history: REPLHistory, reasoning: str) -> Prediction:
    trajectory = [{"reasoning": each.reasoning, "code": each.code, "output": each.output} for each in history]
    return Prediction({**outputs, "trajectory": trajectory, "final_reasoning": reasoning})


def _refuse_clashes(signature: type[Signature], tools: Mapping[str, Any]) -> None:
    verify_names(tools)
    for name in signature.input_fields:
        if name in _OWN:
            raise ConfigurationError(f"an input of `RLM` cannot be named `{name}`: {_OWN[name]}")
        if name in tools:
            raise ConfigurationError(f"an input and a tool of `RLM` are both named `{name}`")
    for name in signature.output_fields:
        if name in _RESULTS:
            raise ConfigurationError(
                f"an output of `RLM` cannot be named `{name}`: its prediction already has one"
            )
