"""`embedded/base`: what instructions do to it, and how it learns anybody's labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from dspyc.runtime import (
    LM,
    BootstrapFinetune,
    ChatAdapter,
    Dataset,
    Evaluate,
    Example,
    Predict,
    Signature,
    context,
)

pytestmark = pytest.mark.train

BANKING = Path(__file__).parents[2] / "examples" / "banking"
TEAMS = {
    "card": "plastic desk",
    "transfer": "moving desk",
    "top_up": "loading desk",
    "exchange": "foreign desk",
}


def by_team(name: str) -> list[Example]:
    """Messages with labels of our own, which nobody has trained on."""
    rows = Dataset(name, inputs=["text"], base=str(BANKING))
    found = [
        (row.text, next((team for word, team in TEAMS.items() if word in row.label), None)) for row in rows
    ]
    return [Example(text=text, team=team).with_inputs("text") for text, team in found if team is not None]


Route = Signature("text -> team", "Name the desk.").with_updated_fields(
    "team", type_=Literal[tuple(TEAMS.values())]
)


def same_team(example: Any, pred: Any) -> bool:
    return bool(example.team == pred.team)


def test_it_is_asked_in_compact_prompts() -> None:
    lm = LM("embedded/base", cache=False)
    assert lm.prompt_form == "compact"
    Predict(Route, lm=lm)(text="where is my card")
    assert [message["content"] for message in lm.history[-1]["messages"]] == [
        "Name the desk.\ntext -> team",
        "where is my card",
    ]


def test_the_instruction_says_what_it_does() -> None:
    text = "what is the weather like in paris"
    wanted = {
        "Does the text ask a question?": "yes",
        "Which skill of the assistant is asked for?": "GetWeather",
        "How long is the text: short, medium or long?": "short",
        "What is the text about?": "weather",
        "Who says it: a customer, a user or a teacher?": "user",
    }
    with context(lm=LM("embedded/base", cache=False)):
        found = {asked: Predict(Signature("text -> answer", asked))(text=text).answer for asked in wanted}
    assert found == wanted


def test_it_learns_labels_of_ones_own(tmp_path: Path) -> None:
    student = Predict(Route, lm=LM("embedded/base"))
    train, dev = by_team("train.csv"), by_team("dev.csv")
    evaluate = Evaluate(devset=dev, metric=same_team)
    before = evaluate(student).score
    tune = BootstrapFinetune(train_kwargs={"steps": 100, "output": tmp_path})
    program = tune.compile(student, trainset=train, teacher="labels")
    assert evaluate(program).score > max(before + 20, 80)
    lm = program.predictors()[0].lm
    assert lm is not None
    assert LM(lm.model).prompt_form == "compact", "the file itself says how it is to be asked"
    again = Predict(Route)
    again.load_state(json.loads(json.dumps(program.predictors()[0].dump_state())))
    assert evaluate(again).score == evaluate(program).score


def test_an_adapter_of_the_programs_own_is_kept(tmp_path: Path) -> None:
    rows = by_team("train.csv")[:40]
    tune = BootstrapFinetune(train_kwargs={"steps": 5, "output": tmp_path})
    with context(lm=LM("embedded/base"), adapter=ChatAdapter()):
        program = tune.compile(Predict(Route), trainset=rows, teacher="labels")
    lm = program.predictors()[0].lm
    assert lm is not None
    assert lm.prompt_form == "chat"


def test_it_learns_to_list_spans(tmp_path: Path) -> None:
    """Places after the word that announces them; the names in the test are in no row."""
    train = [
        f"{verb} {name} {tail}"
        for verb in ("we went to", "send it to")
        for name in NAMES[:40]
        for tail in TAILS
    ]
    dev = [
        f"{verb} {name} {tail}"
        for verb in ("we went to", "send it to")
        for name in NAMES[40:]
        for tail in TAILS
    ]

    def rows(texts: list[str]) -> list[Example]:
        return [
            Example(text=text, places=[name for name in NAMES if f" {name} " in text]).with_inputs("text")
            for text in texts
        ]

    student = Predict(Signature("text -> places: list[str]", "List the places."), lm=LM("embedded/base"))
    evaluate = Evaluate(devset=rows(dev), metric=lambda example, pred: example.places == pred.places)
    tune = BootstrapFinetune(train_kwargs={"steps": 150, "output": tmp_path})
    program = tune.compile(student, trainset=rows(train), teacher="labels")
    assert evaluate(program).score > evaluate(student).score + 20


TAILS = ("last week", "and came back", "before noon")
NAMES = [
    "rome", "paris", "london", "berlin", "madrid", "vienna", "oslo", "dublin", "prague", "lisbon",
    "athens", "warsaw", "cairo", "tokyo", "seoul", "delhi", "lima", "boston", "denver", "dallas",
    "miami", "austin", "seattle", "chicago", "houston", "memphis", "atlanta", "phoenix", "toronto",
    "ottawa", "sydney", "perth", "moscow", "geneva", "munich", "hamburg", "milan", "naples", "venice",
    "turin", "zurich", "lyon", "nice", "bonn", "leeds", "york", "bath", "derby",
]  # fmt: skip
