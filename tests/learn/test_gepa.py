"""GEPA, on a model that does what its instructions say, and a writer that heeds the feedback it is shown."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    GEPA,
    AdapterParseError,
    ConfigurationError,
    DummyLM,
    Evaluate,
    Image,
    Module,
    OptimizerError,
    Predict,
    Prediction,
    Score,
    context,
)
from dspyc.runtime.lm.request import Request
from dspyc.runtime.optimizers import gepa_search
from dspyc.runtime.optimizers.evolution import Batches, Member, Population
from dspyc.runtime.optimizers.reflection import InstructionProposer, MultiModalInstructionProposer
from dspyc.runtime.work.run import journalled, stage
from support.neighbour import sections
from support.obedient import HINTS, Obedient, rows, same_label

TRAIN, VAL, DEV = rows(30), rows(20, 100), rows(60, 300)


class Writer(Obedient):
    """Adds what the feedback asks for to the current instruction."""

    model = "test/writer"

    def answer(self, request: Request, number: int) -> str:
        shown = sections(str(request.messages[-1]["content"]))
        text = shown["current_instruction"]
        wanted = next(
            (hint for hint in HINTS if f"say {hint}" in shown["examples_with_feedback"]), "be polite"
        )
        return json.dumps({"new_instruction": f"{text} {wanted}."})


def advised(gold: Any, pred: Any, trace: Any, pred_name: Any, pred_trace: Any) -> Score:
    """Says what an instruction lacks, a different thing for each third of the rows."""
    number = int(gold.text.rpartition(" ")[2])
    return Score(float(gold.label == pred.label), feedback=f"say {HINTS[number % 3]}")


class Steps(Module):
    def __init__(self) -> None:
        self.topic = Predict("text -> topic")
        self.label = Predict("text, topic -> label")

    def forward(self, text: str) -> Prediction:
        return Prediction(label=self.label(text=text, topic=self.topic(text=text).topic).label)


def compiled(student: Any = None, **options: Any) -> Any:
    lm, threads = options.pop("lm", None) or Obedient(), options.pop("threads", 4)
    data = {"trainset": options.pop("trainset", TRAIN), "valset": options.pop("valset", VAL)}
    if not {"auto", "max_full_evals", "max_metric_calls"} & options.keys():
        options["max_metric_calls"] = 400
    given = {"metric": advised, "reflection_lm": Writer(), **options}
    with context(lm=lm, num_threads=threads):
        return GEPA(**given).compile(student or Predict("text -> label"), **data)


def test_feedback_makes_instructions_better_on_rows_not_seen() -> None:
    best = compiled(track_stats=True)
    evaluate = Evaluate(devset=DEV, metric=same_label)
    with context(lm=Obedient()):
        assert evaluate(best).score > evaluate(Predict("text -> label")).score + 30
    found = best.detailed_results
    assert found.best_candidate.signature.instructions == best.signature.instructions
    assert found.parents[0] == [None]
    assert all(parent[0] < number for number, parent in enumerate(found.parents) if number)
    assert found.val_aggregate_scores[found.best_idx] == max(found.val_aggregate_scores)
    assert found.num_full_val_evals == len(found.candidates) == len(best.candidate_programs)
    assert found.discovery_eval_counts == sorted(found.discovery_eval_counts)
    assert json.loads(json.dumps(found.to_dict()))["best_idx"] == found.best_idx
    assert best.named_predictors() == [("self", best)]


def test_the_writer_sees_inputs_answers_and_feedback_and_asks_the_reflection_model() -> None:
    lm, writer = Obedient(), Writer()
    compiled(lm=lm, reflection_lm=writer, reflection_minibatch_size=2)
    assert not any("current_instruction" in each for each in lm.asked)
    shown = [json.loads(each["examples_with_feedback"]) for each in writer.asked]
    assert shown
    for examples in shown:
        assert 1 <= len(examples) <= 2
        for each in examples:
            assert each["Inputs"]["text"].startswith("message ")
            assert set(each["Generated Outputs"]) == {"label"}
            assert each["Feedback"].startswith("say ")


def test_the_budget_of_metric_calls_holds() -> None:
    calls: list[str] = []

    def counted(
        gold: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None
    ) -> Any:
        if pred_name is None:
            calls.append(gold.text)
        return advised(gold, pred, trace, pred_name, pred_trace)

    best = compiled(metric=counted, max_metric_calls=150, track_stats=True, threads=1)
    spent = best.detailed_results.total_metric_calls
    assert 150 <= spent < 150 + 4 * 6 + len(VAL)
    # Examples that were looked at again are counted, and not run again.
    assert len(calls) <= spent


def test_no_program_runs_on_the_same_row_twice() -> None:
    lm = Obedient()
    compiled(lm=lm, trainset=rows(9), max_metric_calls=600)
    sent = [str(each.messages) for each in lm.requests]
    assert len(sent) == len(set(sent))


@pytest.mark.parametrize("threads", [1, 3, 16])
def test_the_same_for_any_number_of_threads(threads: int) -> None:
    found = [compiled(Steps(), threads=count, track_stats=True).detailed_results for count in (threads, 4)]
    assert found[0].to_dict() == found[1].to_dict()


def test_seeds_differ() -> None:
    found = [compiled(seed=seed, track_stats=True).detailed_results.val_subscores for seed in (0, 1, 2)]
    assert found[0] != found[1] or found[1] != found[2]


def test_each_predictor_has_its_turn_or_all_at_once() -> None:
    seen: list[list[str]] = []

    def proposer(
        candidate: dict[str, str], reflective_dataset: dict[str, Any], components_to_update: list[str]
    ) -> dict[str, str]:
        seen.append(components_to_update)
        assert reflective_dataset.keys() == set(components_to_update)
        number = len(seen)
        return {name: f"{candidate[name]} in one word {number}" for name in components_to_update}

    options: dict[str, Any] = {"reflection_lm": None, "instruction_proposer": proposer, "threads": 1}
    compiled(Steps(), **options)
    assert {tuple(each) for each in seen} == {("topic",), ("label",)}
    seen.clear()
    compiled(Steps(), component_selector="all", **options)
    assert {tuple(each) for each in seen} == {("topic", "label")}
    seen.clear()

    def last(state: Any, trajectories: Any, scores: Any, number: int, candidate: Any) -> list[str]:
        assert len(trajectories) == len(scores) == 3
        assert state.program_candidates[number] == candidate
        return ["label"]

    compiled(Steps(), component_selector=last, **options)
    assert {tuple(each) for each in seen} == {("label",)}
    with pytest.raises(OptimizerError, match=r"returned 'lable'; the predictors are topic, label"):
        compiled(Steps(), component_selector=lambda *given: ["lable"], **options)


def test_a_metric_with_names_of_its_own_and_one_without_feedback() -> None:
    def plain(g: Any, p: Any, t: Any, n: Any, s: Any) -> float:
        assert (n is None) == (s is None)
        return float(g.label == p.label)

    writer = Writer()
    compiled(metric=plain, reflection_lm=writer)
    assert "This run got a score of 0." in writer.asked[0]["examples_with_feedback"]
    compiled(metric=same_label)


def test_feedback_for_one_predictor() -> None:
    names: list[Any] = []

    def metric(gold: Any, pred: Any, trace: Any, pred_name: Any, pred_trace: Any) -> Score:
        if pred_name is not None:
            ((predictor, inputs, outputs),) = pred_trace
            assert set(predictor.signature.input_fields) == set(inputs)
            assert len(trace) == 2
            names.append((pred_name, tuple(outputs.keys())))
        return Score(float(gold.label == pred.label), feedback=f"about {pred_name}")

    compiled(Steps(), metric=metric)
    assert set(names) == {("topic", ("topic",)), ("label", ("label",))}


def test_perfect_minibatches_are_left_alone_and_the_run_ends() -> None:
    writer = Writer()
    compiled(metric=lambda gold, pred, *more: 1.0, reflection_lm=writer)
    assert writer.asked == []


def test_answers_that_cannot_be_read_are_shown_where_that_is_asked_for() -> None:
    class Mumbling(Obedient):
        def answer(self, request: Request, number: int) -> str:
            if "one word" not in str(request.messages[0]["content"]):
                return "mumble"
            return super().answer(request, number)

    student = Predict("text -> label: Literal['red', 'green', 'blue', 'wrong']", max_retries=0)
    writer = Writer()
    with pytest.raises(OptimizerError, match="could be made and measured"):
        compiled(student, lm=Mumbling(), reflection_lm=writer)
    assert writer.asked == []

    class Half(Mumbling):
        def answer(self, request: Request, number: int) -> str:
            text = sections(str(request.messages[-1]["content"]))["text"]
            return (
                "mumble"
                if int(text[-1]) % 2 and "word" not in str(request.messages[0]["content"])
                else "[[ ## label ## ]]\nred"
            )

    compiled(student, lm=Half(), reflection_lm=writer, add_format_failure_as_feedback=True)
    unread = [
        one
        for each in writer.asked
        for one in json.loads(each["examples_with_feedback"])
        if "could not be read" in str(one)
    ]
    assert unread
    assert "mumble" in unread[0]["Generated Outputs"]
    assert "`label`" in unread[0]["Feedback"]
    writer.asked.clear()
    compiled(student, lm=Half(), reflection_lm=writer)
    assert not any("could not be read" in each["examples_with_feedback"] for each in writer.asked)


def test_a_writer_that_always_fails_is_an_error_and_one_that_fails_sometimes_is_not() -> None:
    class Tired(Writer):
        def answer(self, request: Request, number: int) -> str:
            if "be polite" in self.pool or len(self.asked) % 2:
                raise RuntimeError("no ideas")
            return super().answer(request, number)

    with pytest.raises(OptimizerError, match=r"no instruction could be written.*no ideas"):
        compiled(reflection_lm=Tired(pool=["be polite"]))
    best = compiled(reflection_lm=Tired(), threads=1)
    assert any(hint in best.signature.instructions for hint in HINTS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "exactly one of `auto`, `max_full_evals` and `max_metric_calls`.*none"),
        ({"auto": "light", "max_metric_calls": 9}, "got `auto` and `max_metric_calls`"),
        ({"auto": "light", "reflection_lm": None}, "GEPA needs `reflection_lm=`"),
        ({"auto": "light", "track_best_outputs": True}, "needs `track_stats=True`"),
    ],
)
def test_parameters_that_do_not_fit_together(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        GEPA(**{"metric": advised, "reflection_lm": Writer(), **options})


def test_a_teacher_is_refused() -> None:
    with pytest.raises(OptimizerError, match="takes no `teacher=`"):
        GEPA(advised, auto="light", reflection_lm=Writer()).verify(
            Predict("text -> label"),
            trainset=TRAIN,
            teacher=Predict("text -> label"),  # type: ignore[arg-type]
        )


def test_how_long_a_run_is() -> None:
    student, optimizer = Steps(), GEPA(advised, auto="light", reflection_lm=Writer())
    # 20 trials of 35, 5 for each of 6 candidates, and the valset at first, each fifth time, and at the end.
    assert optimizer.metric_calls(student, 40, 100) == 30 + 20 * 35 + (1 + 4 + 1) * 100
    assert GEPA(advised, max_full_evals=3, reflection_lm=Writer()).metric_calls(student, 40, 100) == 420
    assert GEPA(advised, max_full_evals=3, reflection_lm=Writer()).metric_calls(student, 40, None) == 120


def test_best_outputs_and_states(tmp_path: Path) -> None:
    best = compiled(track_stats=True, track_best_outputs=True, log_dir=str(tmp_path / "logs"))
    found = best.detailed_results
    assert found.best_outputs_valset.keys() == set(range(len(VAL)))
    number, prediction = found.best_outputs_valset[0][0]
    assert number in found.per_val_instance_best_candidates[0]
    assert prediction.label
    assert len(list((tmp_path / "logs").iterdir())) == len(found.candidates)
    assert found.highest_score_achieved_per_val_task[0] in (0.0, 1.0)


def test_a_folder_for_states_is_looked_at_first(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OptimizerError, match=r"`log_dir` cannot be written: .*file is not a folder"):
        compiled(log_dir=str(tmp_path / "file"))


def test_answers_on_other_runs_are_no_answers_on_these(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is asked for an instruction is named in a journal after what is shown, not after the instruction
    alone.
    """
    named: list[set[str]] = []

    def noted(name: str) -> Any:
        named[-1].add(name)
        return stage(name)

    monkeypatch.setattr(gepa_search, "stage", noted)
    for words in ("", "", " please"):

        def metric(
            gold: Any, pred: Any, trace: Any, pred_name: Any, pred_trace: Any, end: str = words
        ) -> Any:
            said = advised(gold, pred, trace, pred_name, pred_trace)
            return Score(said.score, feedback=said.feedback + end)

        named.append(set())
        with journalled(tmp_path / "run.jsonl", {}):
            compiled(metric=metric, max_metric_calls=30)
    first, same, other = ({name for name in each if name.startswith("instr")} for each in named)
    assert first == same
    assert first
    assert not first & other


def member(texts: dict[str, str], *subscores: float, parents: tuple[int, ...] = ()) -> Member:
    return Member(texts, Predict("q -> a"), sum(subscores) / len(subscores), subscores, parents)


def test_leaders_are_those_that_no_others_make_superfluous() -> None:
    population = Population(
        [
            member({"a": "1"}, 0, 0, 0),
            member({"a": "2"}, 1, 0, 0),
            member({"a": "3"}, 1, 1, 0),
            member({"a": "4"}, 0, 0, 1),
            member({"a": "5"}, 0, 0, 1),
        ]
    )
    assert population.front() == [[1, 2], [2], [3, 4]]
    assert population.leaders() == {2: 2, 4: 1}
    assert population.best() == 2
    draws = [population.drawn(random.Random(seed)) for seed in range(300)]
    assert 150 < draws.count(2) < 250
    assert set(draws) == {2, 4}


def test_a_merge_takes_from_each_side_what_it_has_changed() -> None:
    population = Population(
        [
            member({"a": "a", "b": "b", "c": "c"}, 0, 0, 0),
            member({"a": "A", "b": "b", "c": "C1"}, 1, 0, 0, parents=(0,)),
            member({"a": "a", "b": "B", "c": "C2"}, 0, 1, 1, parents=(0,)),
        ]
    )
    merge = population.merge(random.Random(0))
    assert merge is not None
    assert merge.texts == {"a": "A", "b": "B", "c": "C2"}
    assert merge.parents == (1, 2)
    assert sorted(merge.rows) == [0, 1, 2]
    assert population.merge(random.Random(0)) is None
    # A candidate is not merged with what it was made of.
    line = Population(
        [
            member({"a": "a"}, 0, 0),
            member({"a": "A"}, 1, 0, parents=(0,)),
            member({"a": "B"}, 0, 1, parents=(1,)),
        ]
    )
    assert line.merge(random.Random(0)) is None


def test_merges_are_tried_in_a_run() -> None:
    def proposer(
        candidate: dict[str, str], reflective_dataset: dict[str, Any], components_to_update: list[str]
    ) -> dict[str, str]:
        return {name: f"{candidate[name]} {HINTS[len(candidate[name]) % 3]}" for name in components_to_update}

    class Both(Obedient):
        """Is right about some rows with a hint in the one step, and about others with one in the other."""

        def answer(self, request: Request, number: int) -> str:
            system, last = str(request.messages[0]["content"]), str(request.messages[-1]["content"])
            shown = sections(last)
            hinted = any(hint in system for hint in HINTS)
            if "1. `topic`" in system.partition("Your output fields are:")[2].partition("All")[0]:
                return f"[[ ## topic ## ]]\n{'known' if hinted else 'unknown'}"
            digit = int(shown["text"].rpartition(" ")[2])
            right = ("red", "green", "blue")[digit % 3]
            is_right = hinted if digit % 2 else shown["topic"] == "known"
            return f"[[ ## label ## ]]\n{right if is_right else 'wrong'}"

    best = compiled(
        Steps(),
        lm=Both(),
        reflection_lm=None,
        instruction_proposer=proposer,
        track_stats=True,
        max_metric_calls=1000,
        reflection_minibatch_size=4,
    )
    found = best.detailed_results
    assert any(len(parents) == 2 for parents in found.parents)
    assert max(found.val_aggregate_scores) == 1.0


@pytest.mark.parametrize(("count", "size"), [(10, 3), (9, 3), (2, 3), (1, 1), (7, 7)])
def test_minibatches_show_each_example_in_each_round(count: int, size: int) -> None:
    batches = Batches(count, size, random.Random(0))
    rounds = -(-count // min(size, count))
    for _ in range(3):
        seen = [batches.next() for _ in range(rounds)]
        assert {number for batch in seen for number in batch} == set(range(count))
        assert all(len(set(batch)) == min(size, count) for batch in seen)


def test_a_proposer_with_a_limit_and_advice() -> None:
    class Long(Writer):
        def answer(self, request: Request, number: int) -> str:
            if "length_limit" in str(request.messages[-1]["content"]):
                return json.dumps({"shortened_instruction": "Short."})
            return json.dumps({"new_instruction": "Long. " * 20})

    lm = Long()
    proposer = InstructionProposer(additional_instructions="Write in the imperative.", max_chars=30)
    with context(lm=lm):
        found = proposer(
            {"self": "Now."}, {"self": [{"Inputs": {}, "Generated Outputs": {}, "Feedback": "no"}]}, ["self"]
        )
    assert found == {"self": "Short."}
    assert "Write in the imperative." in str(lm.requests[0].messages[0]["content"])
    with context(lm=lm), pytest.raises(OptimizerError, match="has 6 characters, and may have 5"):
        InstructionProposer(max_chars=5)(
            {"self": "Now."}, {"self": [{"Inputs": {}, "Feedback": "no"}]}, ["self"]
        )
    with pytest.raises(ConfigurationError, match="`max_chars` must be at least 1"):
        InstructionProposer(max_chars=0)


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        ("Answer in one word.", "Answer in one word."),
        ("```\nAnswer in one word.\n```", "Answer in one word."),
        ("Here it is:\n```markdown\nAnswer in\none word.\n```\nI hope it helps.", "Answer in\none word."),
        ("[[ ## improved_instruction ## ]]\nAnswer.\n\n[[ ## completed ## ]]", "Answer."),
        ("[[ ## reasoning ## ]]\nToo long.\n[[ ## new_instructions ## ]]\nAnswer.", "Answer."),
        ("[[ ## reasoning ## ]]\nToo long.", None),
        ("I'm sorry, but I can't help with that.", None),
        ("I’m unable to do this.", None),
        ("Unfortunately, I cannot.", None),
        ('{"other": 1}', None),
        ("```\n{}\n```", None),
        ("[1, 2]", None),
    ],
)
def test_a_writer_that_writes_the_instruction_and_nothing_else(answer: str, written: str | None) -> None:
    runs = {"self": [{"Inputs": {}, "Generated Outputs": {}, "Feedback": "no"}]}
    with context(lm=DummyLM([answer] * 3)):
        if written is None:
            with pytest.raises(AdapterParseError):
                InstructionProposer()({"self": "Now."}, runs, ["self"])
            return
        assert InstructionProposer()({"self": "Now."}, runs, ["self"]) == {"self": written}


@pytest.mark.parametrize("proposer", [InstructionProposer, MultiModalInstructionProposer])
def test_images_are_shown_by_the_proposer_that_is_for_them(proposer: Any) -> None:
    image = Image(url="https://example.com/dog.png")
    runs = {"self": [{"Inputs": {"image": image}, "Generated Outputs": {"label": "cat"}, "Feedback": "no"}]}
    lm = DummyLM([json.dumps({"new_instruction": "Look again."})])
    with context(lm=lm):
        assert proposer()({"self": "Now."}, runs, ["self"]) == {"self": "Look again."}
    content = lm.history[-1]["messages"][-1]["content"]
    urls = [part["image_url"]["url"] for part in content if isinstance(part, dict) and "image_url" in part]
    assert urls == ([image.url] if proposer is MultiModalInstructionProposer else [])
    assert "https://example.com/dog.png" in str(content)
