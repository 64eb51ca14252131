"""`Refine`: attempts that learn from each other: after each that is not good enough, advice for the next."""

from __future__ import annotations

import json
import logging
import textwrap
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from ..errors import DspycError
from ..execution import trace
from ..execution.settings import CALL_SETTINGS
from ..interface import Interface
from ..parameters import parameters
from ..signature.description import describe_fields
from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature
from ..values.rendering import to_json_types
from .attempts import Attempt, best_attempt, temperature_of
from .base import Module
from .predict import Predict
from .repeating import Repeating
from .source import source_of

logger = logging.getLogger("dspyc")


class OfferFeedback(Signature):
    """In the discussion, assign blame to each module that contributed to the final reward being below the
    threshold, if any. Then, prescribe concrete advice of how the module should act on its future input when
    we retry the process, if it were to receive the same or similar inputs. If a module is not to blame, the
    advice should be N/A. The module will not see its own history, so it needs to rely on entirely concrete
    and actionable advice from you to avoid the same mistake on the same or similar inputs.
    """

    program_code: str = InputField(desc="The code of the program that we are analyzing")
    modules_defn: str = InputField(desc="The definition of each module in the program, including its I/O")
    program_inputs: str = InputField(desc="The inputs to the program that we are analyzing")
    program_trajectory: str = InputField(
        desc="The trajectory of the program's execution, showing each module's I/O"
    )
    program_outputs: str = InputField(desc="The outputs of the program that we are analyzing")
    reward_code: str = InputField(desc="The code of the reward function that we are analyzing")
    target_threshold: float | None = InputField(desc="The target threshold for the reward function")
    reward_value: float = InputField(desc="The reward value assigned to the program's outputs")
    module_names: list[str] = InputField(
        desc="The names of the modules in the program, for which we seek advice"
    )
    discussion: str = OutputField(desc="Discussing blame of where each module went wrong, if it did")
    advice: dict[str, str] = OutputField(
        desc="For each module, describe very concretely, in this order: the specific scenarios in which it "
        "has made mistakes in the past and what each mistake was, followed by what it should do differently "
        "in that kind of scenario in the future. If the module is not to blame, write N/A."
    )


@parameters
class Refine(Repeating):
    """Runs a module up to `N` times, with advice from the second time on, and returns the best prediction.

        refine = Refine(ChainOfThought("question -> answer"), N=3, reward_fn=one_word, threshold=1.0)

    It stops at the first attempt that reaches the threshold. After one that does not, the model is asked
    which part is to blame and what it should do better; each part's advice goes into its next prompt as the
    input `hint_`. If that request fails, the next attempt runs without advice. The temperature increases:
    the module's own, then 0.5 and up to 1.0 in steps of 0.5 / N. Of equal rewards, the earlier attempt wins.
    """

    interface: ClassVar[Interface | None] = Interface(
        of="module", reserved="hint_", calls="N * (module + reward_fn) + (N - 1) * answer"
    )

    def __post_init__(self) -> None:
        """Keep the source text that the request for advice shows.

        Raises:
            ConfigurationError: the reward is not a function.
        """
        self.reward_fn_code = source_of(self.reward_fn)
        self.module_code = source_of(type(self.module))
        super().__post_init__()

    async def aforward(self, /, **inputs: Any) -> Any:
        """Try, ask for advice, try again, and choose."""
        best = await best_attempt(
            self.module,
            inputs,
            self.reward_fn,
            temperatures=self._temperatures(),
            threshold=self.threshold,
            fail_count=self.fail_count,
            advise=partial(self._advice, inputs),
        )
        return best.prediction

    def _temperatures(self) -> list[float | None]:
        own = temperature_of(self.module)
        ladder = [0.5 + step * (0.5 / self.N) for step in range(self.N)]
        others = [temperature for temperature in ladder if temperature != own]
        return [None, *others][: self.N]

    async def _advice(self, inputs: Mapping[str, Any], tried: Attempt) -> Mapping[str, str] | None:
        names = {id(predictor): name for name, predictor in self.module.named_predictors()}
        steps = [
            {"module_name": names[id(predictor)], "inputs": given, "outputs": dict(made)}
            for predictor, given, made in tried.steps
            if id(predictor) in names
        ]
        given, settings = self._without_settings(inputs)
        token = trace.start(None)
        try:
            feedback = Predict(OfferFeedback)
            feedback._defaults = self._defaults
            answer = await feedback.acall(
                program_code=self.module_code,
                modules_defn=describe_modules(self.module),
                program_inputs=_as_json(given),
                program_trajectory=_as_json(steps),
                program_outputs=_as_json(dict(tried.prediction)),
                reward_code=self.reward_fn_code,
                target_threshold=self.threshold,
                reward_value=tried.reward,
                module_names=list(names.values()),
                **settings,
            )
        except DspycError as error:
            logger.warning("no advice for the next attempt: %s", error)
            return None
        finally:
            trace.stop(token)
        advice: Mapping[str, str] = answer["advice"]
        return advice

    def _without_settings(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The inputs of a call, and its settings that hold for the question for advice too."""
        signature = self.declared_signature()
        names = () if signature is None else signature.input_fields
        own = {name for name in (*CALL_SETTINGS, "demos") if name in inputs and name not in names}
        given = {name: value for name, value in inputs.items() if name not in own}
        return given, {name: inputs[name] for name in CALL_SETTINGS if name in own}


def describe_modules(program: Module) -> str:
    """What the predictors of a program are: their fields and instructions."""
    line = "-" * 80
    parts = [line]
    for name, predictor in program.named_predictors():
        signature = predictor.signature
        parts += [
            f"Module {name}",
            "\tInput Fields:" + _indented(describe_fields(signature.input_fields)),
            "\tOutput Fields:" + _indented(describe_fields(signature.output_fields)),
            "\tOriginal Instructions:" + _indented(textwrap.dedent(signature.instructions)),
            line,
        ]
    return "\n".join(parts)


def _indented(text: str) -> str:
    return "".join(f"\n\t\t{line}" for line in text.splitlines())


def _as_json(value: Any) -> str:
    return json.dumps(to_json_types(value), indent=2, ensure_ascii=False)
