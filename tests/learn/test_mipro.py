"""MIPROv2, on a model that does what its instructions say and learns from demos."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    Evaluate,
    Example,
    MIPROv2,
    Module,
    OptimizerError,
    Predict,
    Prediction,
    StateError,
    context,
)
from dspyc.runtime.execution.progress import Progress, reporting_to
from dspyc.runtime.propose import GroundedProposer
from support.obedient import HINTS, Obedient, rows, same_label

TRAIN, VAL, DEV = rows(40), rows(80, 100), rows(60, 300)


class Steps(Module):
    """Two steps."""

    def __init__(self) -> None:
        self.topic = Predict("text -> topic")
        self.label = Predict("text, topic -> label")

    def forward(self, text: str) -> Prediction:
        return Prediction(label=self.label(text=text, topic=self.topic(text=text).topic).label)


def compiled(lm: Any = None, student: Any = None, **options: Any) -> Any:
    arguments = {
        name: options.pop(name)
        for name in (
            "valset",
            "trainset",
            "num_trials",
            "teacher",
            "minibatch",
            "minibatch_size",
            "seed",
            "fewshot_aware_proposer",
        )
        if name in options
    }
    threads = options.pop("threads", 4)
    optimizer = MIPROv2(metric=same_label, **options)
    with context(lm=lm or Obedient(), num_threads=threads):
        return optimizer.compile(
            student or Predict("text -> label"), **{"trainset": TRAIN, "valset": VAL, **arguments}
        )


def test_a_light_run_finds_better_instructions_and_demos() -> None:
    lm = Obedient()
    best = compiled(lm)
    evaluate = Evaluate(devset=DEV, metric=same_label)
    with context(lm=lm):
        assert evaluate(best).score > evaluate(Predict("text -> label")).score + 20
    assert best.score == best.candidate_programs[0]["score"]
    assert best.trial_logs[1]["full_eval_score"] < best.score
    # The program as it is, ten choices, and two of them once more on all rows.
    assert len(best.trial_logs) == 13
    assert sum("mb_score" in log for log in best.trial_logs.values()) == 10
    assert all(each["full_eval"] for each in best.candidate_programs)
    assert len(best.mb_candidate_programs) == 10
    assert best.named_predictors() == [("self", best)]


def test_what_the_writing_model_is_shown_and_how_often_it_is_asked() -> None:
    task, writer = Obedient(), Obedient()
    compiled(task, student=Steps(), prompt_model=writer)
    kinds = [
        next(iter(set(each) & {"observations", "program_code", "examples"}), "?") for each in writer.asked
    ]
    # Four batches of rows and the summary; the program, two modules; two new instructions for each of two.
    assert len(writer.asked) == (4 + 1) + 1 + 2 + 2 * 2, kinds
    assert not any("program_code" in each for each in task.asked)
    proposals = [each for each in writer.asked if "basic_instruction" in each]
    assert all("class Steps" in each["program_code"] for each in proposals)
    assert all(each["dataset_description"] == "some words about the summary" for each in proposals)
    assert {each["module"] for each in proposals} == {
        "Predict(text) -> topic",
        "Predict(text, topic) -> label",
    }
    assert any("text: message" in each["task_demos"] for each in proposals)
    requests = [one for one in writer.requests if "basic_instruction" in str(one.messages[-1]["content"])]
    assert len({one.kwargs["rollout_id"] for one in requests}) == len(requests)


def test_no_row_is_measured_twice_with_the_same_program() -> None:
    lm = Obedient(pool=["Answer in one word."])
    compiled(
        lm,
        max_bootstrapped_demos=0,
        max_labeled_demos=0,
        auto=None,
        num_candidates=2,
        num_trials=12,
        minibatch_size=20,
    )
    answered = [
        str(each.messages)
        for each in lm.requests
        if "`label`" in str(each.messages[0]["content"])
        and "basic_instruction" not in str(each.messages[-1]["content"])
    ]
    assert len(answered) == len(set(answered))


def test_only_instructions_where_there_are_no_demos() -> None:
    best = compiled(max_bootstrapped_demos=0, max_labeled_demos=0)
    assert best.demos == []
    assert any(hint in best.signature.instructions for hint in HINTS)


def test_the_students_demos_are_not_lost() -> None:
    student = Predict("text -> label")
    student.demos = [TRAIN[3]]
    before = student.dump_state()
    best = compiled(student=student, max_labeled_demos=2, max_bootstrapped_demos=1)
    assert student.dump_state() == before
    assert best.score >= best.trial_logs[1]["full_eval_score"]


@pytest.mark.parametrize("threads", [1, 2, 16])
@pytest.mark.parametrize("student", [lambda: Predict("text -> label"), Steps])
def test_the_same_seed_gives_the_same_result_for_any_number_of_threads(threads: int, student: Any) -> None:
    found = [compiled(student=student(), threads=count, seed=0) for count in (threads, 4)]
    assert found[0].dump_state() == found[1].dump_state()
    scores = [
        [log.get("mb_score", log.get("full_eval_score")) for log in one.trial_logs.values()] for one in found
    ]
    assert scores[0] == scores[1]


def test_seeds_differ_and_zero_is_one() -> None:
    logs = [[dict(log) for log in compiled(seed=seed).trial_logs.values()] for seed in (0, 1, 9)]
    rows_of = [[(log.get("mb_score"), log["0_predictor_instruction"]) for log in one] for one in logs]
    assert rows_of[0] != rows_of[1]
    assert rows_of[0] != rows_of[2]


def test_without_a_valset_the_trainset_is_split() -> None:
    lm = Obedient()
    best = compiled(lm, valset=None, trainset=rows(30))
    # 24 rows are measured on, so there are no minibatches.
    assert len(best.candidate_programs[0]["subscores"]) == 24
    assert len(best.mb_candidate_programs) == 0


def test_labels_as_the_teacher_ask_no_model_for_demos() -> None:
    lm = Obedient()
    best = compiled(lm, teacher="labels", trainset=rows(12), max_labeled_demos=0)
    train = {row.text for row in rows(12)}
    assert not [each for each in lm.asked if each.get("text") in train]
    assert best.score > best.trial_logs[1]["full_eval_score"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"num_candidates": 4}, "`num_candidates` cannot be given too"),
        ({"num_trials": 4}, "`num_trials` cannot be given too"),
        ({"auto": None}, "MIPROv2 needs `num_candidates=`"),
        ({"auto": None, "num_candidates": 6}, "for 6 candidates, about 10 are good"),
        ({"valset": []}, "`valset` cannot be empty"),
        ({"valset": None, "trainset": rows(1)}, "at least 2 examples"),
        (
            {"auto": None, "num_candidates": 2, "num_trials": 2, "minibatch_size": 90},
            "a minibatch of 90 rows is larger",
        ),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_asked(options: dict[str, Any], words: str) -> None:
    lm = Obedient()
    with pytest.raises(OptimizerError, match=words):
        compiled(lm, **options)
    assert lm.asked == []


def test_a_missing_optuna_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    lm = Obedient()
    with pytest.raises(OptimizerError, match=r"pip install 'dspyc\[optuna\]'"):
        compiled(lm)
    assert lm.asked == []


def test_states_of_all_trials(tmp_path: Path) -> None:
    best = compiled(
        log_dir=str(tmp_path / "logs"), auto=None, num_candidates=3, num_trials=4, minibatch_size=30
    )
    paths = [log.get("full_eval_program_path") or log["mb_program_path"] for log in best.trial_logs.values()]
    assert len(paths) == len(set(paths)) == 6
    again = Predict("text -> label")
    again.load(paths[0])
    assert again.signature.instructions == Predict("text -> label").signature.instructions


def test_states_of_all_trials_without_statistics(tmp_path: Path) -> None:
    compiled(
        log_dir=str(tmp_path), track_stats=False, auto=None, num_candidates=3, num_trials=4, minibatch_size=30
    )
    assert len(list((tmp_path / "evaluated_programs").iterdir())) == 6


def test_a_folder_for_states_is_looked_at_first_and_costs_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    lm = Obedient()
    with pytest.raises(OptimizerError, match=r"`log_dir` cannot be written: .*file is not a folder"):
        compiled(lm, log_dir=str(tmp_path / "file" / "logs"))
    assert lm.asked == []

    def refuse(*arguments: Any, **more: Any) -> None:
        raise StateError("no space left")

    monkeypatch.setattr(Predict, "save", refuse)
    options: dict[str, Any] = {"auto": None, "num_candidates": 3, "num_trials": 4, "minibatch_size": 30}
    assert compiled(log_dir=str(tmp_path / "logs"), **options).trial_logs
    assert "no space left" in caplog.text


def test_proposals_that_fail_are_left_out_and_all_failing_is_an_error() -> None:
    class Shy(Obedient):
        def __init__(self, often: int) -> None:
            super().__init__()
            self.often = often

        def answer(self, request: Any, number: int) -> str:
            last = str(request.messages[-1]["content"])
            if "basic_instruction" in last and (request.kwargs["rollout_id"] % 2 or self.often > 1):
                raise RuntimeError("no ideas")
            return super().answer(request, number)

    with pytest.raises(OptimizerError, match=r"no instruction could be written.*no ideas"):
        compiled(prompt_model=Shy(2))
    best = compiled(prompt_model=Shy(1), auto=None, num_candidates=8, num_trials=4, minibatch_size=30)
    assert best.score > best.trial_logs[1]["full_eval_score"]


def test_a_model_that_cannot_describe_still_writes_instructions() -> None:
    class Mute(Obedient):
        def answer(self, request: Any, number: int) -> str:
            if "basic_instruction" not in str(request.messages[-1]["content"]):
                raise RuntimeError("nothing to say")
            return super().answer(request, number)

    writer = Mute()
    best = compiled(prompt_model=writer)
    proposals = [each for each in writer.asked if "basic_instruction" in each]
    assert proposals
    assert not any("program_code" in each or "dataset_description" in each for each in proposals)
    assert best.score > 0


def test_progress_is_told_as_it_comes() -> None:
    seen: list[Progress] = []
    with reporting_to(seen.append):
        compiled()
    last = [each for each in seen if each.stage == "candidates"][-1]
    assert (last.done, last.total) == (13, 13)
    assert {each.stage for each in seen} >= {"bootstrap", "evaluate", "candidates"}


def test_a_proposer_by_itself_shows_the_history() -> None:
    lm = Obedient()
    student = Predict("text -> label")
    other = student.deepcopy()
    other.signature = other.signature.with_instructions("Guess well.")
    with context(lm=lm):
        proposer = GroundedProposer(
            None, student, TRAIN[:5], program_aware=False, set_history_randomly=False, use_tip=False
        )
        found = proposer.propose_instructions_for_program(
            TRAIN,
            student,
            None,
            {1: {"program": student, "score": 40.0}, 2: {"program": other, "score": 60}},
            3,
        )
    assert len(found[0]) == 3
    shown = [each["previous_instructions"] for each in lm.asked if "previous_instructions" in each]
    assert len(shown) == 3
    assert shown[0].endswith("Guess well. | Score: 60")
    assert not any("tip" in each for each in lm.asked)


@pytest.mark.parametrize("trainset", [[], TRAIN[:2]])
def test_one_instruction_of_a_proposer(trainset: list[Example]) -> None:
    lm = Obedient()
    student = Predict("text -> label")
    with context(lm=lm):
        proposer = GroundedProposer(None, student, trainset, program_aware=False, init_temperature=0.7)
        found = proposer.propose_instruction_for_predictor(
            student, None, 0, None, 0, {}, tip="Say it in verse."
        )
        assert isinstance(found, str)
        assert found
        assert lm.asked[-1]["tip"] == "Say it in verse."
        assert proposer.propose_instructions_for_program(trainset, student, None, None, N=1, T=0.2)[0]
        with pytest.raises(IndexError):
            proposer.propose_instruction_for_predictor(student, None, 7, None, 0, {})
    assert (proposer.data_summary is None) == (not trainset)
