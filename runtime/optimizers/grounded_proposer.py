"""`GroundedProposer`: instructions written by a model that has seen the program, the data and good runs.

From MIPRO (Opsahl-Ong et al., 2024, "Optimizing Instructions and Demonstrations for Multi-Stage Language
Model Programs", arXiv:2406.11695).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..errors import OptimizerError
from ..example import Example
from ..lm.base import BaseLM
from ..modules.base import Module
from ..modules.predict import Predict
from ..signature.fields import InputField, OutputField
from ..signature.signature import Signature, make_signature
from .dataset_summary import create_dataset_summary
from .instructions import cleaned
from .program_text import example_text, module_text, program_text
from .prompting import Proposals, Question, ask, ask_all, model_for

logger = logging.getLogger("dspyc")

DemoSets: TypeAlias = Mapping[int, Sequence[Sequence[Any]]]
"""Sets of demos for each predictor, by its number."""

MAX_INSTRUCT_IN_HISTORY = 5
"""How many earlier instructions are shown."""
NO_DEMOS = "No examples of runs."

TIPS = {
    "none": "",
    "creative": "Be inventive: write an instruction that nobody would expect.",
    "simple": "Write an instruction that is short and clear.",
    "description": "Write an instruction that describes the task in detail.",
    "high_stakes": "Put the model into a situation in which a mistake has serious consequences.",
    "persona": 'Give the model a role that suits the task, such as "You are a …".',
}
"""Advice on how to write an instruction; one is drawn for each."""


class DescribeProgram(Signature):
    """You get the outline of a program that solves tasks with calls of language models. Describe what task it
    is for, and how it goes about it.
    """

    program_code: str = InputField(desc="the outline of the program")
    program_example: str = InputField(desc="examples of its steps")
    program_description: str = OutputField(desc="the task of the program, and how it solves it")


class DescribeModule(Signature):
    """You get the outline of a program that solves tasks with calls of language models, and one of its
    modules. Describe what that module is for within the program.
    """

    program_code: str = InputField(desc="the outline of the program")
    program_example: str = InputField(desc="examples of its steps")
    program_description: str = InputField(desc="the task of the program, and how it solves it")
    module: str = InputField(desc="the module to describe")
    module_description: str = OutputField(desc="what the module does within the program")


_TASK = (
    "You get what is known of a task that is solved by calls of a language model. Write an instruction that "
    "will make a language model solve the task better."
)


@dataclass(frozen=True)
class _Shown:
    """What a proposal shows besides its inputs: which of them there are."""

    data: bool
    program: bool
    history: bool
    tip: bool

    def signature(self) -> type[Signature]:
        """The signature of the proposal."""
        fields: dict[str, Any] = {}
        if self.data:
            fields["dataset_description"] = (str, InputField(desc="what the data is about"))
        if self.program:
            fields["program_code"] = (str, InputField(desc="the outline of the program"))
            fields["program_description"] = (str, InputField(desc="the task of the program"))
            fields["module"] = (str, InputField(desc="the module that the instruction is for"))
            fields["module_description"] = (str, InputField(desc="what the module does"))
        fields["task_demos"] = (str, InputField(desc="examples of what the module gets and answers"))
        if self.history:
            fields["previous_instructions"] = (str, InputField(desc="what was tried before, and the scores"))
        fields["basic_instruction"] = (str, InputField(desc="the instruction so far"))
        if self.tip:
            fields["tip"] = (str, InputField(desc="advice on how to write the instruction"))
        fields["proposed_instruction"] = (str, OutputField(desc="the new instruction, and nothing else"))
        return make_signature(fields, _TASK, "GenerateSingleModuleInstruction")


@dataclass(frozen=True)
class _Descriptions:
    """What a model says of a program and of each of its predictors."""

    program: str
    modules: dict[str, str]


class GroundedProposer:
    """Proposes instructions for the predictors of a program.

    The proposals are made from a summary of the data, a description of the program and of the predictor,
    demos from runs, a tip drawn by chance, and, where there is one, the history of what was tried.

    Args:
        prompt_model: the model that writes; the one in force for the program when None.
        program: the program.
        trainset: the rows that the data is summed up from.
        view_data_batch_size: how many rows to look at in each call.
        use_dataset_summary: show a summary of the data.
        program_aware: show the program's outline, and what a model says of it.
        use_task_demos: show demos from runs.
        num_demos_in_context: how many of them.
        use_instruct_history: show earlier instructions and their scores.
        use_tip: show a tip.
        set_tip_randomly: draw the tip for each instruction; otherwise there is none.
        set_history_randomly: draw whether earlier instructions are shown.
        verbose: log each proposal.
        rng: what draws.
        init_temperature: the temperature of the proposals.
    """

    def __init__(
        self,
        prompt_model: BaseLM | None,
        program: Module,
        trainset: Sequence[Example],
        view_data_batch_size: int = 10,
        use_dataset_summary: bool = True,
        program_aware: bool = True,
        use_task_demos: bool = True,
        num_demos_in_context: int = 3,
        use_instruct_history: bool = True,
        use_tip: bool = True,
        set_tip_randomly: bool = True,
        set_history_randomly: bool = True,
        verbose: bool = False,
        rng: random.Random | None = None,
        init_temperature: float = 1.0,
    ) -> None:
        self.prompt_model = model_for(prompt_model, program)
        self.program_aware = program_aware
        self.use_dataset_summary = use_dataset_summary
        self.use_task_demos = use_task_demos
        self.num_demos_in_context = num_demos_in_context
        self.use_instruct_history = use_instruct_history
        self.use_tip = use_tip
        self.set_tip_randomly = set_tip_randomly
        self.set_history_randomly = set_history_randomly
        self.verbose = verbose
        self.rng = rng or random.Random(0)
        self.init_temperature = init_temperature
        self.program_code_string = program_text(program) if program_aware else None
        self.data_summary: str | None = None
        if use_dataset_summary:
            try:
                self.data_summary = create_dataset_summary(trainset, view_data_batch_size, self.prompt_model)
            except OptimizerError as error:
                logger.warning("instructions are proposed without a summary of the data: %s", error)

    def propose_instructions_for_program(
        self,
        trainset: Sequence[Example],
        program: Module,
        demo_candidates: DemoSets | None,
        trial_logs: Mapping[Any, Any] | None,
        N: int,  # noqa: N803 DSPy's name
        first: int = 0,
        T: float | None = None,  # noqa: N803 DSPy's name
    ) -> dict[int, list[str]]:
        """Instructions for each predictor, by its number; fewer where a model's answer could not be used.

        Args:
            trainset: not used; DSPy's parameter.
            program: the program.
            demo_candidates: sets of demos for each predictor; an instruction is proposed from each.
            trial_logs: what was tried: by any key, dicts with a `program` and its `score`.
            N: how many instructions for each predictor.
            first: the number of the first set to propose from, to leave out those before it.
            T: the temperature of the proposals; `init_temperature` unless given.

        Raises:
            OptimizerError: all proposals failed.
        """
        if self.set_history_randomly:
            self.use_instruct_history = self.rng.random() < 0.5
        count = N if not demo_candidates else min(N, max(len(demo_candidates[0]), 1))
        predictors = program.named_predictors()
        described = self._descriptions(program, demo_candidates)
        places: list[int] = []
        proposals: list[tuple[type[Signature], Question]] = []
        for number, (name, predictor) in enumerate(predictors):
            history = self._history(number, program, trial_logs)
            for demo_set in range(first, count):
                demos = self._demos(predictor, number, demo_set, demo_candidates)
                places.append(number)
                proposals.append(self._proposal(name, predictor, demos, history, described, temperature=T))
        return self._asked(places, proposals, len(predictors))

    def propose_instruction_for_predictor(
        self,
        program: Module,
        predictor: Any,
        pred_i: int,
        demo_candidates: DemoSets | None,
        demo_set_i: int,
        trial_logs: Mapping[Any, Any] | None,
        tip: str | None = None,
        T: float | None = None,  # noqa: N803 DSPy's name
    ) -> str:
        """One instruction for one predictor.

        Args:
            program: the program.
            predictor: not used; DSPy's parameter.
            pred_i: the number of the predictor.
            demo_candidates: sets of demos for each predictor.
            demo_set_i: the number of the set that is shown.
            trial_logs: what was tried, as for the whole program.
            tip: advice on how to write the instruction; none unless given.
            T: the temperature; `init_temperature` unless given.

        Raises:
            OptimizerError: the proposal failed, or the budget leaves no room for it.
        """
        name, own = program.named_predictors()[pred_i]
        demos = self._demos(own, pred_i, demo_set_i, demo_candidates)
        known = self._history(pred_i, program, trial_logs), self._descriptions(program, demo_candidates)
        proposal = self._proposal(name, own, demos, *known, tip or "", T)
        for text in self._asked([pred_i], [proposal], pred_i + 1)[pred_i]:
            return text
        raise OptimizerError("no instruction could be proposed: the budget is used up")

    def _asked(
        self, places: list[int], proposals: list[tuple[type[Signature], Question]], count: int
    ) -> dict[int, list[str]]:
        """The answers to proposals, by the predictor; those of one signature are asked for together."""
        answers: list[Any] = [None] * len(proposals)
        kinds = dict.fromkeys(tuple(signature.fields) for signature, _ in proposals)
        for kind in kinds:
            numbers = [
                index for index, (signature, _) in enumerate(proposals) if tuple(signature.fields) == kind
            ]
            questions = [proposals[index][1] for index in numbers]
            found = ask_all(Predict(proposals[numbers[0]][0]), questions, what="instructions")
            for index, answer in zip(numbers, found, strict=True):
                answers[index] = answer
        asked = Proposals("instruction")
        asked.take(answers)
        asked.verify()
        texts: dict[int, list[str]] = {number: [] for number in range(count)}
        for number, answer in zip(places, answers, strict=True):
            if answer is not None and not isinstance(answer, Exception):
                texts[number].append(cleaned(answer.proposed_instruction))
                if self.verbose:
                    logger.info("proposed for predictor %d: %s", number, texts[number][-1])
        return texts

    def _proposal(
        self,
        name: str,
        predictor: Any,
        demos: str,
        history: str,
        described: _Descriptions | None,
        tip: str | None = None,
        temperature: float | None = None,
    ) -> tuple[type[Signature], Question]:
        """One proposal, which differs from all others in its tip, its demos or its rollout."""
        if tip is None:
            tip = TIPS[self.rng.choice(list(TIPS))] if self.use_tip and self.set_tip_randomly else ""
        shown = _Shown(
            data=self.data_summary is not None,
            program=described is not None,
            history=bool(history),
            tip=bool(tip),
        )
        inputs: dict[str, Any] = {
            "dataset_description": self.data_summary,
            "task_demos": demos,
            "previous_instructions": history,
            "basic_instruction": predictor.signature.instructions,
            "tip": tip,
        }
        if described is not None:
            inputs |= {
                "program_code": self.program_code_string,
                "program_description": described.program,
                "module": module_text(predictor),
                "module_description": described.modules[name],
            }
        signature = shown.signature()
        rollout = self.rng.randrange(10**9)
        lm = self.prompt_model
        if lm is not None:
            heat = self.init_temperature if temperature is None else temperature
            lm = lm.copy(rollout_id=rollout, temperature=heat)
        return signature, Question({field: inputs[field] for field in signature.input_fields}, lm)

    def _descriptions(self, program: Module, demo_candidates: DemoSets | None) -> _Descriptions | None:
        """What the program and its predictors are for; None where that is not to be shown, or not known."""
        if self.program_code_string is None:
            return None
        predictors = program.named_predictors()
        shown = {
            name: self._demos(predictor, number, 1, demo_candidates)
            for number, (name, predictor) in enumerate(predictors)
        }
        examples = [f"{name}:\n{text}" for name, text in shown.items() if text != NO_DEMOS]
        common = {
            "program_code": self.program_code_string,
            "program_example": "\n\n".join(examples) or NO_DEMOS,
        }
        settings = {"temperature": self.init_temperature}
        try:
            found = ask(
                Predict(DescribeProgram), Question(common, self.prompt_model, settings), what="description"
            )
        except OptimizerError as error:
            logger.warning("instructions are proposed without a description of the program: %s", error)
            return None
        if found is None:
            return None
        description = cleaned(found.program_description)
        questions = [
            Question(
                {
                    **common,
                    "program_description": description,
                    "module": f"{name} = {module_text(predictor)}",
                },
                self.prompt_model,
                settings,
            )
            for name, predictor in predictors
        ]
        answers = ask_all(Predict(DescribeModule), questions, what="description")
        modules = {
            name: "not known"
            if answer is None or isinstance(answer, Exception)
            else cleaned(answer.module_description)
            for (name, _), answer in zip(predictors, answers, strict=True)
        }
        return _Descriptions(description, modules)

    def _demos(self, predictor: Any, number: int, demo_set: int, sets: DemoSets | None) -> str:
        """Demos from runs: of this set, then of those after and before it. None for the first."""
        if not self.use_task_demos or not sets or demo_set == 0:
            return NO_DEMOS
        own = sets[number]
        chosen = own[demo_set : demo_set + 1] or own[-1:]
        found = [
            example_text(predictor.signature, demo)
            for demos in [*chosen, *own[demo_set + 1 :], *own[:demo_set]]
            for demo in demos
            if demo.get("augmented")
        ]
        return "\n\n".join(dict.fromkeys(found[: self.num_demos_in_context])) or NO_DEMOS

    def _history(self, number: int, program: Module, trial_logs: Mapping[Any, Any] | None) -> str:
        if not self.use_instruct_history or not trial_logs:
            return ""
        return create_predictor_level_history_string(program, number, trial_logs, MAX_INSTRUCT_IN_HISTORY)


def create_predictor_level_history_string(
    base_program: Module, predictor_i: int, trial_logs: Mapping[Any, Any], top_n: int
) -> str:
    """The best instructions that were tried for a predictor with their mean scores, the worst of them first.

    Args:
        base_program: the program.
        predictor_i: the number of the predictor.
        trial_logs: by any key, dicts with `score`, and the `program` or, as `program_path`, its state file.
        top_n: how many.
    """
    scores: dict[str, list[float]] = {}
    for log in trial_logs.values():
        program = log.get("program")
        if program is None and log.get("program_path") is not None:
            program = base_program.deepcopy()
            program.load(log["program_path"])
        if program is not None and "score" in log:
            text = program.predictors()[predictor_i].signature.instructions
            scores.setdefault(text, []).append(log["score"])
    means = {text: sum(found) / len(found) for text, found in scores.items()}
    best = sorted(means.items(), key=lambda pair: -pair[1])[:top_n]
    return "\n\n".join(f"{text} | Score: {score:g}" for text, score in reversed(best))
