"""What a model is asked for rules and advice, and what becomes of its answers."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Any

import pytest

from dspyc.runtime import (
    SIMBA,
    BootstrapFewShot,
    BootstrapFewShotWithOptuna,
    ConfigurationError,
    ContextWindowExceededError,
    Example,
    InferRules,
    LabeledFewShot,
    OptimizerError,
    Predict,
    Score,
    context,
)
from dspyc.runtime.lm.request import Request
from dspyc.runtime.optimizers.best import BestSoFar, keeping_best
from support.banking import demos
from support.neighbour import sections
from support.obedient import rows, same_label
from support.wavering import Wavering

TRAIN, VAL = rows(20), rows(20, first=100)


def instructions(program: Any) -> str:
    return str(program.predictors()[0].signature.instructions)


def last_message(request: Request) -> dict[str, str]:
    return sections(str(request.messages[-1]["content"]))


# --- rules --------------------------------------------------------------------------------------------


def rules(**more: Any) -> InferRules:
    return InferRules(
        num_candidates=3, metric=same_label, max_bootstrapped_demos=0, max_labeled_demos=0, **more
    )


def test_rules_are_read_off_the_examples_and_added_to_the_instructions() -> None:
    lm = Wavering(pool=["Answer in one word: red, green or blue. Think step by step."])
    with context(lm=lm):
        program: Any = rules(num_rules=7).compile(Predict("text -> label"), trainset=TRAIN, valset=VAL)
    asked = [each for each in lm.asked if "examples_text" in each]
    assert len(asked) == 3
    assert all(f"text: {row.text}" in asked[0]["examples_text"] for row in TRAIN)
    assert all(f"label: {row.label}" in asked[0]["examples_text"] for row in TRAIN)
    system = str(next(each for each in lm.requests if "examples_text" in last_message(each)).messages[0])
    assert "7 rules" in system
    start = instructions(Predict("text -> label"))
    assert instructions(program).startswith(f"{start}\n\nFollow these rules:\nAnswer in one word")
    assert len(program.candidate_programs) == 4


def test_without_a_valset_half_of_the_rows_is_only_measured_on() -> None:
    lm = Wavering()
    with context(lm=lm):
        rules().compile(Predict("text -> label"), trainset=TRAIN)
    [text] = {each["examples_text"] for each in lm.asked if "examples_text" in each}
    assert "message 9" in text
    assert "message 10" not in text
    assert {each["text"] for each in lm.asked if "text" in each} == {row.text for row in TRAIN[10:]}


def test_examples_that_are_too_many_are_halved_until_they_fit() -> None:
    class Narrow(Wavering):
        def complete(self, request: Request) -> Any:
            if last_message(request).get("examples_text", "").count("Example ") > 6:
                self.asked.append({"refused": "yes"})
                raise ContextWindowExceededError("too long", model="test/narrow")
            return super().complete(request)

    lm = Narrow()
    with context(lm=lm):
        rules().compile(Predict("text -> label"), trainset=TRAIN, valset=VAL)
    texts = [each["examples_text"] for each in lm.asked if "examples_text" in each]
    assert [text.count("Example ") for text in texts] == [5, 5, 5]
    assert sum("refused" in each for each in lm.asked) == 6


def test_rules_of_which_none_could_be_written_are_an_error() -> None:
    class Broken(Wavering):
        def complete(self, request: Request) -> Any:
            if "examples_text" in last_message(request):
                raise RuntimeError("out of order")
            return super().complete(request)

    student = Predict("text -> label")
    with (
        context(lm=Broken()),
        keeping_best() as best,
        pytest.raises(OptimizerError, match="no rules could be written, with RuntimeError: out of order"),
    ):
        rules().compile(student, trainset=TRAIN, valset=VAL)
    assert instructions(best.program) == instructions(student)


def test_rules_are_written_by_the_teachers_model() -> None:
    weak, strong = Wavering(), Wavering()
    with context(lm=weak):
        rules(teacher_settings={"lm": strong}).compile(Predict("text -> label"), trainset=TRAIN, valset=VAL)
    assert {"examples_text" in each for each in strong.asked} == {True}
    assert {"examples_text" in each for each in weak.asked} == {False}


def test_what_rules_need_is_said_first() -> None:
    student = Predict("text -> label")
    with pytest.raises(OptimizerError, match=r"InferRules\(metric=…\)"):
        InferRules().compile(student, trainset=TRAIN)
    with pytest.raises(OptimizerError, match="`trainset` has 1 example"):
        rules().verify(student, trainset=TRAIN[:1])
    with pytest.raises(ConfigurationError, match="`num_candidates` of `InferRules` must be at least 1"):
        InferRules(num_candidates=0)


# --- advice -------------------------------------------------------------------------------------------


def told(example: Any, pred: Any) -> Score:
    right = example.label == pred.label
    return Score(float(right), feedback="well done" if right else f"it should be {example.label}")


def simba(**more: Any) -> SIMBA:
    return SIMBA(**{"metric": told, "bsize": 10, "max_steps": 2, "num_candidates": 3, **more})


def test_advice_comes_from_a_better_and_a_worse_run_on_one_example() -> None:
    lm, prompt_model = Wavering(), Wavering()
    with context(lm=lm):
        optimizer = simba(max_demos=0, prompt_model=prompt_model)
        program: Any = optimizer.compile(Predict("text -> label"), trainset=TRAIN)
    assert prompt_model.asked
    assert not any("module_names" in each for each in lm.asked)
    for each in prompt_model.asked:
        assert json.loads(each["module_names"]) == ["self"]
        text = json.loads(each["program_inputs"])["text"]
        label = json.loads(each["oracle_metadata"])["label"]
        assert json.loads(each["better_program_outputs"]) == {"label": label}
        assert json.loads(each["worse_program_outputs"]) == {"label": "wrong"}
        assert (each["better_reward_info"], each["worse_reward_info"]) == (
            "well done",
            f"it should be {label}",
        )
        [step] = json.loads(each["worse_program_trajectory"])
        assert step == {"module_name": "self", "inputs": {"text": text}, "outputs": {"label": "wrong"}}
    assert demos(program) == {"self": []}
    assert any(hint in instructions(program).lower() for hint in ("word", "step"))
    assert program.trial_logs.keys() == {0, 1}


def test_the_best_so_far_is_told_after_each_step() -> None:
    class Stopping(Wavering):
        left = 10**9

        def complete(self, request: Request) -> Any:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            return super().complete(request)

    def compiled(lm: Any) -> BestSoFar:
        with context(lm=lm, num_threads=1), keeping_best() as best, suppress(KeyboardInterrupt):
            simba().compile(Predict("text -> label"), trainset=TRAIN)
        return best

    calm, cut, early = Stopping(), Stopping(), Stopping()
    whole = compiled(calm)
    assert whole.score is not None
    # In the measurement of the winners at the end, and in the first step.
    cut.left, early.left = len(calm.asked) - 10, 5
    best = compiled(cut)
    assert best.program is not None
    assert best.score
    assert compiled(early).program is None


def test_demos_are_good_runs_and_old_ones_go_but_not_those_of_the_student() -> None:
    with context(lm=Wavering(pool=["Guess."])):
        student = LabeledFewShot(k=3).compile(Predict("text -> label"), trainset=rows(3, first=300))
        optimizer = simba(max_steps=6, max_demos=2)
        program: Any = optimizer.compile(student, trainset=TRAIN, seed=4)
    labels = {row.text: row.label for row in TRAIN}
    for each in program.candidate_programs:
        [shown] = demos(each["program"]).values()
        assert shown[:3] == demos(student)["self"]
        assert all(demo["label"] == labels[demo["text"]] for demo in shown[3:])
        assert len(shown) <= 3 + 4


def test_long_inputs_of_demos_are_cut() -> None:
    long = [
        Example(text=f"{'x' * 500} {n}", label=row.label).with_inputs("text") for n, row in enumerate(TRAIN)
    ]
    with context(lm=Wavering(pool=["Guess."])):
        optimizer = simba(max_steps=3, demo_input_field_maxlen=20)
        program: Any = optimizer.compile(Predict("text -> label"), trainset=long)
    texts = {demo["text"] for each in program.candidate_programs for demo in demos(each["program"])["self"]}
    assert texts == {f"{'x' * 20}\n… (cut)"}


def test_one_of_the_runs_is_made_by_the_teachers_model() -> None:
    weak, strong = Wavering(), Wavering()
    with context(lm=weak):
        simba(teacher_settings={"lm": strong}, max_steps=1).compile(Predict("text -> label"), trainset=TRAIN)
    assert len(strong.asked) == 10


def test_where_all_runs_are_right_nothing_is_asked_for() -> None:
    class Perfect(Wavering):
        def label(self, system: str, text: str, demos: int, rollout: Any) -> str:
            return ("red", "green", "blue")[int(text.rpartition(" ")[2]) % 3]

    lm = Perfect()
    with context(lm=lm):
        program: Any = simba().compile(Predict("text -> label"), trainset=TRAIN)
    assert instructions(program) == instructions(Predict("text -> label"))
    # Three samples of two batches, and the student on all rows.
    assert len(lm.asked) == 2 * 3 * 10 + 20
    assert demos(program) == {"self": []}


def test_a_program_that_fails_scores_nothing_and_the_search_goes_on() -> None:
    class Shaky(Wavering):
        def complete(self, request: Request) -> Any:
            if request.kwargs.get("rollout_id") == 1:
                raise RuntimeError("out of order")
            return super().complete(request)

    with context(lm=Shaky(), max_errors=1000):
        program: Any = simba(metric=same_label, max_steps=3).compile(Predict("text -> label"), trainset=TRAIN)
    assert len(program.candidate_programs) > 1


# --- demos by Optuna ----------------------------------------------------------------------------------


def test_one_demo_for_each_predictor_beside_those_it_had() -> None:
    with context(lm=Wavering()):
        student = LabeledFewShot(k=2).compile(Predict("text -> label"), trainset=rows(2, first=300))
        optimizer = BootstrapFewShotWithOptuna(same_label, max_labeled_demos=6, num_candidate_programs=30)
        program: Any = optimizer.compile(student, trainset=TRAIN, valset=VAL, max_demos=2)
    assert len(demos(program)["self"]) in (2, 3)
    # As it is, and each of the four: two from runs, two labelled.
    assert len(program.candidate_programs) == 5


def test_without_demos_there_is_nothing_to_choose() -> None:
    optimizer = BootstrapFewShotWithOptuna(lambda example, pred: False, max_labeled_demos=0)
    with context(lm=Wavering()), pytest.raises(OptimizerError, match="there are no demos to choose from"):
        optimizer.compile(Predict("text -> label"), trainset=TRAIN[:3])


def test_without_optuna_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "optuna"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Absent, *sys.meta_path])
    with pytest.raises(OptimizerError, match=r"pip install 'dspyc\[optuna\]'"):
        BootstrapFewShotWithOptuna(same_label).verify(Predict("text -> label"), trainset=TRAIN)


class _Absent:
    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        if name == "optuna":
            raise ModuleNotFoundError("No module named 'optuna'", name="optuna")


def test_seeds_make_other_searches() -> None:
    few = BootstrapFewShot(metric=same_label)
    with context(lm=Wavering()):
        taught = few.compile(Predict("text -> label"), trainset=TRAIN)
        found = [simba().compile(taught, trainset=TRAIN, seed=seed) for seed in (0, 0, 1)]
    logs = [each.trial_logs for each in found]
    assert logs[0] == logs[1] != logs[2]
