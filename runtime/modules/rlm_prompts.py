"""What `RLM` tells the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature, make_signature
from ..tools.interpreter import SUBMIT, PythonInterpreter
from ..values.rendering import type_note
from .toolbox import said_of

_ABOUT_VARIABLES = "What is known of the variables in the session"


def action_signature(text: str) -> type[Signature]:
    """The signature of a step: what is known and was done, to the next code."""
    made = make_signature({}, text)
    return (
        made.append("variables_info", InputField(desc=_ABOUT_VARIABLES), str)
        .append("repl_history", InputField(desc="The code that was run so far, and what it gave"), str)
        .append("iteration", InputField(desc="The number of this step, of how many"), str)
        .append("reasoning", OutputField(desc="What is known, what is missing, what to do next"), str)
        .append("code", OutputField(desc="Python code to run, in a block: ```python\\n<code>\\n```"), str)
    )


def extract_signature(signature: type[Signature]) -> type[Signature]:
    """The signature that reads the outputs from the steps, where they ended without a result."""
    task = f"The steps had this goal:\n{signature.instructions}\n\n" if signature.instructions else ""
    text = f"{task}Give the final outputs now, from what the steps have found and worked out."
    made = make_signature({**signature.output_fields}, text)
    return made.prepend(
        "repl_history", InputField(desc="The code that was run, and what it gave"), str
    ).prepend("variables_info", InputField(desc=_ABOUT_VARIABLES), str)


def instructions(signature: type[Signature], tools: Mapping[str, Any], calls: int, factory: Any) -> str:
    """The instructions of a step.

    Args:
        signature: the signature of the whole.
        tools: what else the code can call.
        calls: how often it may ask a language model.
        factory: what makes the interpreter, if it is not ours.
    """
    inputs = ", ".join(f"`{name}`" for name in signature.input_fields)
    outputs = ", ".join(signature.output_fields)
    rules = PythonInterpreter.execution_instructions
    if factory is not None:
        rules = getattr(factory, "execution_instructions", "")
    lines = [
        *([f"{signature.instructions}\n"] if signature.instructions else []),
        f"Work out these outputs from the inputs {inputs}:",
        *(_output(name, field) for name, field in signature.output_fields.items()),
        "",
        "You have a Python session. You write code, it is run, you see what it prints, and write the next "
        "code.",
        *([rules] if rules else []),
        "",
        "In the session there are:",
        f"- the variables {inputs}: the input data",
        "- `llm_query(prompt)`: asks a language model, which reads up to about 500,000 characters, and "
        "returns its text",
        "- `llm_query_batched(prompts)`: asks for many prompts at the same time, which is much faster",
        "- `print()`: shows you a value; print what you want to see",
        f"- `{SUBMIT}({outputs})`: gives the final outputs and ends the work",
        *(f"- `{name}({_arguments(tool)})`: {' '.join(tool.desc.split())}" for name, tool in tools.items()),
        "",
        "How to work:",
        "1. Look first: print lengths, types and samples before you process anything.",
        "2. Go in small steps; variables stay from step to step.",
        "3. Find places by code (search, split, regular expressions); ask `llm_query` what texts mean.",
        "4. Do not retype long or exact values: pass them on in variables.",
        "5. Check what you have before you submit; zero and empty results are suspicious.",
        f"6. Call {SUBMIT} in a step of its own, after you have seen the results.",
        f"At most {calls} prompts can be given to `llm_query` and `llm_query_batched` together.",
    ]
    return "\n".join(lines)


def _output(name: str, field: Any) -> str:
    notes = [each for each in (said_of(field), type_note(field.annotation)) if each]
    return f"- `{name}`" + (f": {'; '.join(notes)}" if notes else "")


def _arguments(tool: Any) -> str:
    return ", ".join(f"{name}: {schema.get('type', 'any')}" for name, schema in tool.args.items())
