"""What is known of an optimization before it runs, and what is not complained of because it is not known."""

from __future__ import annotations

import dataclasses

import pytest

from dspyc.base import models
from dspyc.compiler.analysis import Project
from dspyc.runtime.lm.training.settings import FinetuneSettings

HEAD = """
configure(lm=LM("embedded/banking-base"))
dataset rows = Dataset("rows.csv", inputs=["question"])
module qa = Predict("question -> answer")
optimizer few = BootstrapFewShot(metric=answer_exact_match)
optimizer tune = BootstrapFinetune(metric=answer_exact_match, num_threads=1)

def brief(args, pred) -> float:
    return 1.0 / (1 + len(pred.answer))
"""


def codes(text: str, **files: str) -> list[str]:
    found = Project({**{f"{name}.dspy": each for name, each in files.items()}, "a.dspy": HEAD + text}.get)
    return [each.code for each in found.check("a.dspy").diagnostics]


def test_the_settings_of_a_training_are_the_runtimes() -> None:
    assert tuple(each.name for each in dataclasses.fields(FinetuneSettings)) == models.TRAINING_SETTINGS


@pytest.mark.parametrize(
    "text",
    [
        # Composing optimizers, and learning more from other rows.
        "program one = few.compile(qa, trainset=rows[:50])\n"
        "program two = few.compile(one, trainset=rows[50:])\n",
        "program one = few.compile(qa, trainset=rows)\nprogram two = tune.compile(one, trainset=rows)\n",
        "program one = few.compile(qa, trainset=rows)\n"
        "program two = BootstrapRS(metric=answer_exact_match).compile(one, trainset=rows)\n",
        # A teacher with a model or instructions of its own.
        'module strong = Predict("question -> answer", lm=LM("openai/gpt-4o"))\n'
        "program one = few.compile(qa, teacher=strong, trainset=rows)\n",
        "program one = few.compile(qa, trainset=rows)\n"
        "program two = tune.compile(qa, teacher=one, trainset=rows)\n",
        # The same model by name in two parts is one job.
        'lm base = LM("gguf/base.gguf")\n\n'
        "module Pair:\n    input question: str\n    output answer: str\n"
        '    first = ChainOfThought("question -> draft", lm=base)\n'
        '    second = Predict("draft -> answer", lm=base)\n'
        "    forward:\n        return answer=second(draft=first(question=question).draft).answer\n\n"
        "module pair = Pair()\nprogram one = tune.compile(pair, trainset=rows)\n"
        "module better = Refine(pair, N=3, reward_fn=brief, threshold=0.1)\n",
        # A provider of one's own trains what it says it trains.
        'from trainers import Ours\n\nlm own = LM("openai/base", provider=Ours())\n'
        'module ask = Predict("question -> answer", lm=own)\n'
        "program one = tune.compile(ask, trainset=rows)\n",
        # Settings of a training elsewhere.
        'lm own = LM("openai/base", api_base="http://trainer", train_kwargs={"hf_token": "x"})\n',
        # A training at Databricks, whose other settings are parameters of its job.
        'lm own = LM("databricks/base", train_kwargs={"job_id": 7, "register_to": "main.ml.own", '
        '"train_data_path": "/Volumes/main/ml/files/data", "skip_deploy": True, "epochs_of_ours": 3})\n'
        'module ask = Predict("question -> answer", lm=own)\n'
        "program one = tune.compile(ask, trainset=rows)\n",
        'optimizer far = BootstrapFinetune(metric=answer_exact_match, train_kwargs={"job_id": "7", '
        '"register_to": "main.ml.own", "lora_rank": 3, "epochs": 2, "steps": None})\n',
        "from trainers import Ours\n\n"
        'lm own = LM("databricks/base", provider=Ours(), train_kwargs={"register_to": 3})\n',
    ],
)
def test_no_false_alarm(text: str) -> None:
    found = [each for each in codes(text) if each != "E104"]
    assert found == []


def test_what_another_file_constructs_is_not_guessed() -> None:
    other = 'module thinker = ChainOfThought("question -> answer")\n'
    text = "from other import thinker\nprogram one = few.compile(qa, teacher=thinker, trainset=rows)\n"
    assert codes(text, other=other) == []


def test_every_teacher_of_several_is_compared() -> None:
    text = (
        'module thinker = ChainOfThought("question -> answer")\n'
        'module twin = Predict("question -> answer")\n'
        "program one = tune.compile(qa, teacher=[twin, thinker], trainset=rows)\n"
    )
    assert codes(text) == ["E413"]


def test_a_change_of_the_student_is_seen_where_its_teacher_stands() -> None:
    files = {
        "a.dspy": HEAD
        + 'module t = Predict("question -> answer")\n'
        + "program p = few.compile(qa, teacher=t, trainset=rows)\n"
    }
    project = Project(files.get)
    assert not project.check("a.dspy").diagnostics
    files["a.dspy"] = files["a.dspy"].replace('qa = Predict("question', 'qa = ChainOfThought("question')
    assert [each.code for each in project.check("a.dspy").diagnostics] == ["E413"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('"register_to": "own"', "`register_to` must be `CATALOG.SCHEMA.MODEL`, not 'own'"),
        (
            '"train_data_path": "data"',
            "`train_data_path` must be `/Volumes/CATALOG/SCHEMA/VOLUME/FOLDER`, not 'data'",
        ),
        ('"skip_deploy": "no"', "`skip_deploy` must be true or false, not 'no'"),
        ('"run_id": -1', "`run_id` must be a number, not -1"),
    ],
)
def test_values_of_a_training_at_databricks(setting: str, words: str) -> None:
    for text in (
        f'lm own = LM("databricks/base", train_kwargs={{{setting}}})\n',
        f"optimizer far = BootstrapFinetune(metric=answer_exact_match, train_kwargs={{{setting}}})\n",
    ):
        found = Project({"a.dspy": HEAD + text}.get).check("a.dspy").diagnostics
        assert [(each.code, each.message) for each in found] == [("E412", words)]


OVERRIDDEN = {
    'optimizer a = BootstrapRS(metric=m, teacher_settings={"lm": LM("openai/gpt-4o")})\n'
    'program one = a.compile(qa, trainset=rows, teacher="labels")\n': ["W320"],
    "optimizer a = BootstrapFewShot(metric=m, metric_threshold=0.5)\n"
    'program one = a.compile(qa, trainset=rows, teacher="labels")\n': ["W320"],
    'optimizer a = InferRules(metric=m, teacher_settings={"lm": LM("openai/gpt-4o")})\n'
    'program one = a.compile(qa, trainset=rows, teacher="labels")\n': [],
    # Another compilation of the same optimizer uses it.
    "optimizer a = BootstrapFewShot(metric=m, max_rounds=2)\n"
    'program one = a.compile(qa, trainset=rows, teacher="labels")\n'
    "program two = a.compile(qa, trainset=rows)\n": [],
    "optimizer a = MIPROv2(metric=m)\n"
    "program one = a.compile(qa, trainset=rows, minibatch=False, minibatch_size=8)\n": ["W320"],
    "optimizer a = MIPROv2(metric=m)\n"
    "program one = a.compile(qa, trainset=rows, minibatch=True, minibatch_size=8)\n": [],
    "optimizer a = MIPROv2(metric=m)\n"
    "program one = a.compile(qa, trainset=rows, data_aware_proposer=False, view_data_batch_size=3)\n": [
        "W320"
    ],
    'optimizer a = GEPA(metric=m, auto="light", reflection_lm=LM("openai/gpt-4o"), use_merge=False, '
    "max_merge_invocations=3)\nprogram one = a.compile(qa, trainset=rows, valset=rows)\n": ["W320"],
    "optimizer a = BetterTogether(metric=m, p=BootstrapFewShot(metric=m))\n"
    'program one = a.compile(qa, trainset=rows, valset=rows, valset_ratio=0.3, strategy="p")\n': ["W320"],
    "optimizer a = BetterTogether(metric=m, p=BootstrapFewShot(metric=m))\n"
    'program one = a.compile(qa, trainset=rows, valset=None, valset_ratio=0.3, strategy="p")\n': [],
    "is_large = True\noptimizer a = BetterTogether(metric=m, p=BootstrapFewShot(metric=m))\n"
    "program one = a.compile(qa, trainset=rows, valset=rows if is_large else None, valset_ratio=0.3, "
    'strategy="p")\n': [],
    # It is a step of another optimizer, too, where its teacher runs.
    "optimizer a = BootstrapFewShot(metric=m, max_rounds=2)\noptimizer b = BetterTogether(metric=m, p=a)\n"
    'program one = a.compile(qa, trainset=rows, teacher="labels")\n'
    'program two = b.compile(qa, trainset=rows, valset=rows, strategy="p")\n': [],
}


@pytest.mark.parametrize("text", OVERRIDDEN)
def test_what_another_argument_overrides(text: str) -> None:
    head = "def m(example, pred) -> float:\n    return float(example.answer == pred.answer)\n\n"
    found = [each for each in codes(head + text) if each.startswith(("W319", "W32", "E44"))]
    assert found == OVERRIDDEN[text]
