"""The HTML report: what it holds, that nothing in it can run or be fetched, no keys, and choices."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from dspyc.runtime import (
    BetterTogether,
    BootstrapRS,
    DummyLM,
    Evaluate,
    EvaluationError,
    EvaluationResult,
    Example,
    LabeledFewShot,
    Predict,
    Prediction,
    Program,
    Score,
    context,
)
from dspyc.runtime.evaluate import compare
from dspyc.runtime.evaluate.report import Learned, Report, TrialRecord, render_report
from dspyc.runtime.evaluate.report.charts import trials_chart
from dspyc.runtime.evaluate.report.choices import confusions
from dspyc.runtime.optimizers.hearing import hearing_trials
from dspyc.runtime.optimizers.reporting import trial_records
from dspyc.runtime.optimizers.trials import Trial
from dspyc.runtime.programs.reporting import optimization_report
from dspyc.runtime.work.task import Usage
from support.banking import DEV, TRAIN, same_label

HOSTILE = "</script><script>document.title='owned'</script><img src=https://example.com/x onerror=alert(1)>"
KEY = "sk-abcdefghijklmnopqrstuvwxyz0123456789"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


class Tags(HTMLParser):
    """Collects the tags of a page, with their attributes, and the content of scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data
        else:
            self.text += data

    @property
    def data(self) -> Any:
        return json.loads(self.scripts[0])


def measured(answers: dict[str, str], labels: dict[str, str], **options: Any) -> EvaluationResult:
    rows = [Example(text=text, label=label).with_inputs("text") for text, label in labels.items()]
    return Evaluate(devset=rows, metric=lambda e, p: e.label == p.label, **options)(
        lambda text: Prediction(label=answers[text], reason=f"because of {text}")
    )


def a_report(**changes: Any) -> Report:
    labels = {f"m{n}": ("a", "b")[n % 2] for n in range(10)}
    first = measured(dict.fromkeys(labels, "a"), labels)
    second = measured(labels | {"m1": "a"}, labels, require=80)
    trials = (
        TrialRecord(1, 50.0, "seed -3", instructions={"p": "Do it."}, usage=Usage(10, 200, 0.5), seconds=2.0),
        TrialRecord(2, 70.0, "seed -2", is_full=False, demos={"p": 2}),
        TrialRecord(3, None, "seed 0", error="ValueError: nothing"),
        TrialRecord(4, 90.0, "seed 1", demos={"p": 1}),
    )
    learned = (Learned("p", "Do it.", "Do it well.", ({"text": "x", "label": "a"},)),)
    parts = {"results": (second, first), "trials": trials, "baseline": 50.0, "learned": learned}
    return Report("the title", comparison=compare(first, second), **{**parts, **changes})


def test_the_page_holds_everything() -> None:
    page = Tags(render_report(a_report(facts={"optimizer": "MIPROv2"})))
    for text in (
        "the title", "optimizer: MIPROv2", "90.0 %", "80 %", "reached", "Trials", "best90.0 %+40.0 points",
        "seed -3", "ValueError: nothing", "minibatch", "What was learned", "Do it well.", "$0.50",
        "The two runs are indistinguishable", "McNemar's exact test", "Choices: label",
        "Most frequent confusions",
    ):  # fmt: skip
        assert text in page.text, text
    found = page.data
    second, first = found["results"]
    assert [row["score"] for row in second["rows"]] == [1, 0, *[1] * 8]
    assert [row.get("delta") for row in second["rows"]] == [None, None, None, 1, None, 1, None, 1, None, 1]
    row = second["rows"][3]
    texts = found["texts"]
    shown = {
        part: {name: texts[number] for name, number in row[part].items()}
        for part in ("inputs", "expected", "given", "earlier")
    }
    assert shown == {
        "inputs": {"text": "m3"},
        "expected": {"label": "b"},
        "given": {"label": "b", "reason": "because of m3"},
        "earlier": {"label": "a", "reason": "because of m3"},
    }
    assert all("delta" not in row for row in first["rows"])


def test_the_page_asks_nothing_of_a_network_and_runs_only_its_own_script() -> None:
    page = Tags(render_report(a_report()))
    for tag, attributes in page.tags:
        assert tag not in {"img", "link", "iframe", "object", "embed", "base", "form"}
        assert not {"src", "srcset", "action", "style"} & attributes.keys(), (tag, attributes)
        assert not any(name.startswith("on") for name in attributes)
        assert attributes.get("href", "#").startswith("#")  # type: ignore[union-attr]
    (policy,) = [
        attributes["content"]
        for _, attributes in page.tags
        if "Content-Security-Policy" in attributes.values()
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy
    assert "url(" not in render_report(a_report()).replace("(url)", "")
    assert not re.search(r"https?://", render_report(a_report()))


@pytest.mark.parametrize(
    "where", ["title", "fact", "input", "label", "prediction", "error", "trial", "learned", "name"]
)
@pytest.mark.parametrize("hostile", [HOSTILE, f"key {KEY}", "half \ud800 of a pair", "\u2028<!-- <script>"])
def test_what_stands_in_data_stays_text_and_keys_stay_out(where: str, hostile: str) -> None:
    given = {"text": "t", "label": "l"} | ({"text": hostile} if where == "input" else {})
    given |= {"label": hostile} if where == "label" else {}
    predicted: dict[str, Any] = {"label": hostile if where == "prediction" else "l"}
    predicted |= {hostile: 1} if where == "name" else {}
    rows = [Example(given).with_inputs("text") for _ in range(4)]

    def program(text: str) -> Prediction:
        if where == "error":
            raise ValueError(hostile)
        return Prediction(predicted)

    evaluate = Evaluate(devset=rows, metric=lambda e, p: Score(0.5, feedback=hostile), failure_score=0.1)
    try:
        result = evaluate(program)
    except EvaluationError as error:
        result = error.result
    trial = TrialRecord(1, 1.0, hostile, instructions={hostile: hostile}, error=hostile)
    report = Report(
        hostile if where == "title" else "t",
        results=(result,),
        trials=(trial,) if where == "trial" else (),
        learned=(Learned(hostile, hostile, "x", ({hostile: hostile},)),) if where == "learned" else (),
        facts={hostile: hostile} if where == "fact" else {},
    )
    text = render_report(report)
    text.encode()
    page = Tags(text)
    assert [tag for tag, _ in page.tags if tag in ("script", "img")] == ["script", "script"]
    assert page.data["results"][0]["rows"]
    assert KEY not in text


def test_the_prompt_and_the_answer_behind_a_row() -> None:
    rows = [Example(question="What <b>?", answer="42").with_inputs("question")] * 2
    with context(lm=DummyLM([{"answer": "42"}, {"answer": "43"}])):
        result = Evaluate(
            Predict("question -> answer"), devset=rows, metric=lambda e, p: e.answer == p.answer,
            keep_calls=True, num_threads=1,
        )()  # fmt: skip
    data = Tags(render_report(Report("t", (result,)))).data
    (call,) = data["results"][0]["rows"][1]["calls"]
    assert [role for role, _ in call["messages"]] == ["system", "user"]
    assert "What <b>?" in data["texts"][call["messages"][1][1]]
    assert "43" in data["texts"][call["answer"]]
    # The system message is the same for all rows, and stands in the page once.
    assert len(data["texts"]) == len(set(data["texts"]))


def test_a_report_is_written_where_an_evaluation_says(tmp_path: Path) -> None:
    rows = [Example(question="q", answer="42").with_inputs("question")]
    with context(lm=DummyLM([{"answer": "42"}])):
        Evaluate(
            Predict("question -> answer"), devset=rows, metric=lambda e, p: True,
            save_as_html=str(tmp_path / "new" / "report.html"),
        )()  # fmt: skip
    page = Tags((tmp_path / "new" / "report.html").read_text())
    assert page.data["results"][0]["rows"][0]["calls"]


@pytest.mark.parametrize(
    ("labels", "answers", "expected"),
    [
        (["a", "b"] * 4, ["a", "b"] * 4, {"label": (2, 1.0)}),
        (["a", "b"] * 4, ["a", "a"] * 4, {"label": (2, 0.5)}),
        ([True, False] * 4, [True, True] * 4, {"label": (2, 0.5)}),
        ([f"text {n}" for n in range(8)], [f"text {n}" for n in range(8)], {}),
        (["a"] * 8, ["a"] * 8, {}),
        (["a", "b"] * 4, [f"sentence {n}" for n in range(8)], {}),
        ([1.5, 2.5] * 4, [1.5, 2.5] * 4, {}),
        (["a\nb", "b"] * 4, ["a\nb", "b"] * 4, {}),
    ],
)
def test_which_fields_are_choices(labels: list[Any], answers: list[Any], expected: dict[str, Any]) -> None:
    rows = [Example(n=n, label=label).with_inputs("n") for n, label in enumerate(labels)]
    result = Evaluate(devset=rows, metric=lambda e, p: 1)(lambda n: Prediction(label=answers[n]))
    assert {one.field: (len(one.labels), one.accuracy) for one in confusions(result)} == expected


def test_the_figures_of_choices() -> None:
    labels = ["a"] * 4 + ["b"] * 4
    answers = ["a", "a", "a", "b", "b", "b", "a", "c"]
    rows = [Example(n=n, label=label).with_inputs("n") for n, label in enumerate(labels)]
    result = Evaluate(devset=rows, metric=lambda e, p: 1)(lambda n: Prediction(label=answers[n]))
    (found,) = confusions(result)
    assert found.labels == ["a", "b", "c"]
    assert found.most_frequent(9) == [("a", "b", 1), ("b", "a", 1), ("b", "c", 1)]
    assert [(one.name, one.count, one.precision, one.recall) for one in found.figures()] == [
        ("b", 4, pytest.approx(2 / 3), 0.5),
        ("a", 4, 0.75, 0.75),
    ]


@pytest.mark.parametrize("count", [1, 2, 40])
def test_the_chart_of_trials_marks_the_best_on_all_rows(count: int) -> None:
    trials = [TrialRecord(n + 1, 40.0 + n, is_full=n % 3 == 0) for n in range(count)]
    drawn = trials_chart(trials, 41.0)
    assert drawn.count("<circle") == count
    assert drawn.count('class="full top"') == 1
    assert "before: 41.0 %" in drawn
    assert trials_chart([TrialRecord(1, None, error="x")], None) == ""


def test_a_page_of_many_rows_stays_small() -> None:
    labels = {f"message number {n}": ("a", "b")[n % 2] for n in range(2_000)}
    text = render_report(Report("t", (measured(labels, labels),)))
    assert len(text) < 2_000 * 260 + 60_000


@pytest.mark.skipif(CHROMIUM is None, reason="needs a browser")
def test_a_browser_shows_the_rows(tmp_path: Path) -> None:
    labels = {f"m{n}": ("a", "b")[n % 2] for n in range(10)}
    result = measured(labels | {"m1": "a"}, labels)
    result.save_html(tmp_path / "report.html")
    shown = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000", "--dump-dom",
            f"{(tmp_path / 'report.html').as_uri()}#show=wrong&row=1",
        ],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    body = shown.rpartition("</script>")[0].partition('id="data"')[0]
    assert "because of m1" in body
    assert "because of m2" not in body
    assert "<del>b</del>" in body
    assert "<ins>a</ins>" in body


def test_an_optimization_as_a_report(tmp_path: Path, lm: Any) -> None:
    optimizer = BootstrapRS(metric=same_label, num_candidate_programs=2, max_labeled_demos=4)
    program = Program(
        optimizer, Predict("text -> label"), name="router", source=tmp_path / "bank.dspy", trainset=TRAIN
    )
    with hearing_trials() as trials:
        result = program.optimize(evaluation=Evaluate(program, devset=DEV, metric=same_label))
    heard = optimization_report(result, trial_records(trials), TRAIN)
    report = optimization_report(result, measured_on=DEV[::-1])
    assert [trial.label for trial in heard.trials][:2] == ["seed -3", "seed -2"]
    assert len(heard.trials) >= len(report.trials) > 2
    assert report.baseline == result.score_before
    assert report.facts["score"] == f"{result.score_before:.1f} % before, {result.score_after:.1f} % after"
    assert heard.baseline is None, "a score on other rows says nothing beside those of the trials"
    assert report.comparison is not None
    assert report.comparison.after.score == result.score_after
    assert [each.program for each in report.results] == ["router, after", "router, before"]
    assert [trial.label for trial in report.trials][:2] == ["seed -3", "seed -2"]
    page = Tags(render_report(report))
    for text in (
        "router: optimized",
        "BootstrapFewShotWithRandomSearch(metric=same_label, max_bootstrapped_demos=4",
        "demos",
        "before",
    ):
        assert text in page.text, text


def test_the_steps_of_several_optimizers_are_trials(tmp_path: Path, lm: Any) -> None:
    few = LabeledFewShot(k=2)
    both = BetterTogether(metric=same_label, few=few, more=LabeledFewShot(k=4))
    program = Program(
        both,
        Predict("text -> label"),
        name="router",
        source=tmp_path / "bank.dspy",
        trainset=TRAIN,
        valset=DEV,
        strategy="few -> more",
    )
    with hearing_trials() as trials:
        result = program.optimize()
    assert [one.label for one in trial_records(trials)] == [
        "program as it was", "after few", "after few -> more",
    ]  # fmt: skip
    facts = optimization_report(result).facts
    assert facts["optimizer"].startswith("BetterTogether(metric=same_label, few=LabeledFewShot(k=2), more=")


def test_the_trials_of_a_study_as_records() -> None:
    program = Predict("text -> label")
    program.demos = [Example(text="a", label="b")]
    records = trial_records(
        [
            Trial(1, {"seed": -3}, program, 50.0, rows=(1, 2)),
            Trial(2, {"instruction": 2, "demos": 0, "text": "x" * 50}, error=ValueError("no\nrows")),
        ]
    )
    assert [one.is_full for one in records] == [False, True]
    assert [(one.label, one.score, one.error) for one in records] == [
        ("seed -3", 50.0, ""),
        ("instruction 2, demos 0, text", None, "ValueError: no; rows"),
    ]
    assert dict(records[0].demos) == {"self": 1}
    assert "produce the fields `label`" in records[0].instructions["self"]


@pytest.mark.parametrize("length", range(55, 95, 3))
def test_what_is_cut_holds_no_piece_of_a_key(length: int) -> None:
    key = "sk-proj-" + "A1b2C3d4E5f6G7h8" * 3
    long = "w " * (length // 2) + key
    failed = TrialRecord(2, None, error="e" * (length + 215) + " " + key)
    report = Report("t", trials=(TrialRecord(1, 50.0, instructions={"p": long}), failed))
    assert "sk-proj" not in render_report(report)


def test_the_probabilities_of_a_row_hold_no_key() -> None:
    key = "sk-proj-" + "A1b2C3d4E5f6G7h8" * 3
    prediction = Prediction(team="a")
    object.__setattr__(prediction, "_probabilities", {"team": {key: 1.0}})
    result = Evaluate(devset=[Example(n=1, team="a").with_inputs("n")], metric=lambda e, p: True)(
        lambda n: prediction
    )
    assert "sk-proj" not in render_report(Report("t", (result,)))
