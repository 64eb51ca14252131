"""Advice for the parts of a program, from a better and a worse run on the same example."""

from __future__ import annotations

import json
from typing import Any

from ..example import Example
from ..modules.base import Module
from ..modules.predict import Predict
from ..modules.source import source_of
from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature
from ..types.annotations import type_name
from ..values.rendering import to_json_types
from .trajectories import Bucket, Trajectory, shown

_INSTRUCTIONS = """\
A program of language-model calls was run twice on the same inputs, and one run earned a higher reward than \
the other. Work out what the modules of the program did differently, and give each module that could do \
better a piece of advice for inputs like these.

A module sees neither these runs nor its own past; all that it will have is your advice. So the advice is \
concrete enough to act on, and general enough for other inputs of the same kind. It concerns the module's \
own task, not that of the whole program, and says nothing that goes without saying. Name each module once."""

_INPUTS = {
    "program_code": "the source of the program",
    "modules_defn": "its modules: their inputs, outputs and instructions",
    "program_inputs": "the inputs of both runs",
    "oracle_metadata": "what is known of the example beside its inputs; no module sees it",
    "worse_program_trajectory": "the steps of the worse run: each module's inputs and outputs",
    "worse_program_outputs": "what the worse run came to",
    "worse_reward_value": "its reward",
    "worse_reward_info": "what was said of its reward",
    "better_program_trajectory": "the steps of the better run",
    "better_program_outputs": "what the better run came to",
    "better_reward_value": "its reward",
    "better_reward_info": "what was said of its reward",
}


def advisor() -> Predict:
    """The predictor that gives advice: `module_advice` by the names of modules."""
    fields: dict[str, Any] = {
        name: (str, InputField(desc=description)) for name, description in _INPUTS.items()
    }
    fields["module_names"] = (list[str], InputField(desc="the modules to give advice to"))
    fields["discussion"] = (str, OutputField(desc="where each module went wrong, if it did"))
    fields["module_advice"] = (
        dict[str, str],
        OutputField(
            desc="for each module: which inputs it should watch for, and what it should then do or leave"
        ),
    )
    return Predict(Signature(fields, _INSTRUCTIONS))  # type: ignore[call-arg]


def advice_inputs(program: Module, bucket: Bucket, is_good_known: bool, is_bad_known: bool) -> dict[str, Any]:
    """What the advisor is shown of a program's runs on an example.

    Args:
        program: the program that gets the advice.
        bucket: the runs.
        is_good_known: whether the best run is shown; where both runs scored the same, only one is.
        is_bad_known: whether the worst run is shown.
    """
    example = bucket.example
    return {
        "program_code": source_of(type(program)),
        "modules_defn": _modules(program),
        "program_inputs": _json(dict(example.call_inputs())),
        "oracle_metadata": _json(dict(_labels(example))),
        **_run("worse", bucket.worst, is_bad_known),
        **_run("better", bucket.best, is_good_known),
        "module_names": [name for name, _ in program.named_predictors()],
    }


def _labels(example: Example) -> dict[str, Any]:
    inputs = example.call_inputs()
    return {name: value for name, value in example.items() if name not in inputs}


def _run(which: str, run: Trajectory, is_known: bool) -> dict[str, str]:
    prediction = run.rollout.prediction
    outputs = dict(prediction.items()) if isinstance(prediction, Example) else prediction
    facts = {
        f"{which}_program_trajectory": _json(shown(run)),
        f"{which}_program_outputs": _json(outputs),
        f"{which}_reward_value": f"{run.score:g}",
        f"{which}_reward_info": run.feedback or "nothing",
    }
    return facts if is_known else dict.fromkeys(facts, "there is no such run")


def _modules(program: Module) -> str:
    parts = []
    for name, predictor in program.named_predictors():
        signature = predictor.signature
        lines = [f"Module {name}"]
        for title, fields in (("Inputs", signature.input_fields), ("Outputs", signature.output_fields)):
            lines.append(f"  {title}:")
            for field, one in fields.items():
                said = f": {one.desc}" if one.desc else ""
                lines.append(f"    {field} ({type_name(one.annotation)}){said}")
        lines.append("  Instructions:")
        lines += [f"    {line}" for line in signature.instructions.splitlines()]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _json(value: Any) -> str:
    return json.dumps(to_json_types(value), indent=2, ensure_ascii=False, default=str)
