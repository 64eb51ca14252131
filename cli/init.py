"""`dspyc init`: a new project that runs at once, on the model that comes with dspyc."""

from __future__ import annotations

from pathlib import Path

import click

from .console import say
from .errors import Refusal, listed
from .files import write_atomically

_PROGRAM = '''\
"""Name what a bank customer's message is about."""

configure(lm=LM("embedded/banking"))

type Intent = Literal[
    "card_arrival",
    "card_not_working",
    "change_pin",
    "exchange_rate",
    "lost_or_stolen_card",
    "top_up_failed",
]

signature Classify:
    """Name the intent of a bank customer's message."""
    input text: str
    output label: Intent

module classify = Predict(Classify)

def same_label(example: Classify, pred: Classify) -> bool:
    """The intent that a person gave the message."""
    return example.label == pred.label

dataset messages = Dataset("messages.csv", inputs=["text"])
evaluate accuracy = Evaluate(classify, devset=messages, metric=same_label, require=70)

test "a card that has not come":
    pred = classify(text="My card still has not arrived")
    assert pred.label == "card_arrival"
'''

_MESSAGES = """\
text,label
My new card should have been here a week ago,card_arrival
When will the card you sent me get here?,card_arrival
The machine says my card is invalid,card_not_working
My card does not work in any shop,card_not_working
I would like a different PIN,change_pin
How do I change the PIN of my card?,change_pin
What rate do you use for euros?,exchange_rate
Which exchange rate will I get?,exchange_rate
Somebody stole my card,lost_or_stolen_card
I lost my card on the train,lost_or_stolen_card
My top up did not go through,top_up_failed
The top-up was declined,top_up_failed
"""

_README = """\
# {name}

A program for dspyc: it names what a bank customer's message is about, on a tiny model that comes with
dspyc, without a key or a network.

    pip install "dspyc[embedded]"
    dspyc check
    dspyc run triage.dspy text="My card still has not arrived"
    dspyc test triage.dspy
    dspyc eval triage.dspy

To use a provider's model instead, write `LM("openai/gpt-4o-mini")` in `triage.dspy`, or pass
`--lm openai/gpt-4o-mini`.
"""

_SETTINGS = """\
# Settings of dspyc for this project.

# The folders in which imports are looked for.
src = ["."]
"""


@click.command
@click.argument("folder", default=".", type=click.Path(path_type=Path))
def command(folder: Path) -> int:
    """Make a new project: a program, its data, a test and an evaluation.

    FOLDER is made where it does not exist. A file that is there already is never changed.

    \b
    Examples:
      dspyc init triage
      dspyc init          in the working folder
    """
    name = folder.resolve().name
    files = {
        "dspyc.toml": _SETTINGS,
        "triage.dspy": _PROGRAM,
        "messages.csv": _MESSAGES,
        "README.md": _README.format(name=name),
    }
    existing = [file for file in files if (folder / file).exists()]
    if existing:
        raise Refusal(
            f"{folder} already holds {listed(existing)}",
            "choose another folder: `dspyc init NAME` makes one. Nothing was changed",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        write_atomically(folder / file, text)
    inside = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    say(f"Made {len(files)} files in {folder}. Try it:")
    say(click.style(f'  {inside}dspyc run triage.dspy text="My card still has not arrived"', bold=True))
    return 0
