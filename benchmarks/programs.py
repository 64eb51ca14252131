"""The dspyc programs that are measured: `python benchmarks/programs.py FOLDER` writes them out to look at.

They read like programs that people write, and `dspyc check` finds nothing in them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from string import Template

from languages import Language

HEAD = '''"""A desk that sorts and answers what customers send."""

import statistics

lm strong = LM("openai/gpt-4o", max_tokens=2000)
configure(lm=LM("openai/gpt-4o-mini"), max_retries=3)

'''

UNIT = Template('''\
enum ${Name}Kind:
    """What a message about the $words is about."""
    MONEY = "money" "an amount that is wrong, missing or late"
    DELAY = "delay" "something that should have happened by now"
    DETAILS = "details" "a name, an address or a date to correct"
    QUESTION = "question"
    THANKS = "thanks" "nothing to do"
    FRAUD = "fraud" "to be handed on at once"
    OTHER = "other" "whatever fits nowhere else"

type ${Name}:
    """One $words, as the desk knows it."""
    number: int
    title: str "as the customer calls it"
    body: str
    kind: ${Name}Kind = ${Name}Kind.OTHER
    state: Literal["open", "waiting", "closed"] = "open"
    tags: list[str] = []
    amount: Decimal = "0.00"
    opened: date | None = None
    related: list[$Previous] = []
    weights: dict[str, float] = {}
    owner: str | None = None "who works on it"
    history: list[tuple[str, float]] = []
    urgent: bool = False

type ${Name}Batch = list[${Name}]

${NAME}_LIMIT = $number0

${NAME}_RULES: list[str] = [
    "Answer in the language that the customer writes in.",
    "Never promise a date that the $words does not carry.",
    "Name the number of the $words when there is one.",
    "An amount is written with its currency.",
    "Ask for at most $number1 things at a time.",
    "Do not repeat what the customer has written, except for numbers and names.",
    "Say what happens next, and who does it.",
    "Say nothing about other customers.",
    "When the desk has made a mistake, say so in the first sentence.",
]

signature Sort${Name}:
    """Say what a message about the $words is about, and how urgent it is.

    Judge by what the customer needs next, not by the tone. A message that asks for several things is sorted
    by the first of them that nobody has answered yet.

    - `money` is for amounts, whoever owes them.
    - `delay` is for what is late, also when the amount is wrong because of it.
    - `details` is for whatever the desk can correct by itself.
    """
    input subject: str "as the customer wrote it"
    input messages: list[str] "oldest first"
    input hint: str | None = None
    output kind: Literal["money", "delay", "details", "question", "other"]
    output urgency: int where 1 <= urgency <= 5 "5 when it cannot wait until tomorrow"
    output confidence: float where 0 <= confidence <= 1 "how sure"
    output reasons: list[str] where len(reasons) <= $number2 and all(len(reason) > 0 for reason in reasons)
    output summary: str where len(summary.split()) <= 60 "one or two sentences"

    demo subject="About the $words", messages=["$saying0"], kind="delay", urgency=4, confidence=0.9
    demo (
        subject="The $words again",
        messages=["$saying1", "$saying2"],
        hint="a customer of many years",
        kind="details",
        urgency=2,
        confidence=0.75,
        reasons=["asks for a correction"],
    )
    demo (
        subject="Your letter of last week",
        messages=["$saying2", "$saying3", "$saying0"],
        kind="question",
        urgency=1,
        confidence=0.6,
        reasons=["asks how it works", "is in no hurry"],
        summary="The customer wants to know what the letter about the $words means.",
    )

signature Answer${Name}:
    """Write the answer to a message about the $words, by the rules.

    Begin with what the customer wants to know. What the desk has on file is right; what the customer
    remembers may be wrong, and then the answer says so in a friendly way.
    """
    input summary: str
    input rules: list[str] "each of them holds"
    input records: ${Name}Batch "what the desk has on file"
    output draft: str where len(draft) >= 20 "plain text, no greeting"
    output questions: list[str] where len(questions) <= 3 "what the customer has to say first"
    output tone: Literal["plain", "warm", "formal"] = "plain"
    output amounts: dict[str, float] "every amount that is named, by what it is for"

    demo (
        summary="$saying1",
        rules=["Name the number of the $words when there is one."],
        records=[],
        draft="We are sorry about that, and we will look for the $words today.",
        questions=["Which number does the $words have?"],
        tone="warm",
    )

module ${Name}Desk(limit: int = $number3, bonus: int = 1):
    """Sort a message about the $words, draft the answers and pick the best."""
    input subject: str
    input messages: list[str]
    input records: ${Name}Batch
    output answer: str
    output kind: str
    output score: float

    sort = ChainOfThought(Sort${Name})
    answer = Predict(Answer${Name}, temperature=0.7)
    judge = Predict("draft, rules: list[str] -> verdict: bool, remark: str", lm=strong)

    forward:
        notes = [message.strip() for message in messages if message]
        plan = sort(subject=subject, messages=notes, hint=notes[0] if notes else None)
        weight = len(notes) + limit
        known = [record for record in records if record.kind.value == plan.kind]
        total = sum([len(record.tags) * bonus for record in known])
        oldest = known[0].title if known else "nothing on file"
        by_state = {record.state: record.title for record in known if not record.urgent}
        if "open" in by_state and plan.urgency < 3:
            total += len(by_state["open"])
        elif len(by_state) > 2:
            total -= 1
        drafts = [
            answer(summary=f"{plan.summary} ({number})", rules=${NAME}_RULES, records=known[:limit])
            for number in range(${NAME}_LIMIT)
        ]
        verdicts = [judge(draft=each.draft, rules=${NAME}_RULES) for each in drafts]
        good = [each.draft for each, verdict in zip(drafts, verdicts) if verdict.verdict]
        assert len(good) > 0, f"no draft keeps the rules: {verdicts[0].remark}"
        suggest len(good) > 1, "write drafts that differ"
        best = good[0]
        for each in good:
            if len(each) < len(best) and plan.urgency > 3:
                best = each
            elif not plan.reasons:
                continue
            else:
                weight += 1
        match plan.kind:
            case "money" | "delay":
                share = total / (weight + 1)
            case "details":
                share = 0.5 * plan.confidence
            case _:
                share = plan.confidence
        shortest = min([len(each) for each in good])
        longest = max([len(each) for each in good])
        spread = (longest - shortest) / (longest + 1)
        closing = f"{oldest}: {spread:.2f}, {weight} messages"
        if spread > 0.9:
            return answer=closing, kind="other", score=0.0
        return answer=f"{best} ({closing})", kind=plan.kind, score=round(share, 2)

    fallback:
        return answer=f"A colleague will look at the $words: {subject}", kind="other", score=0.0

module ${name}_desk = ${Name}Desk(limit=$number1)

def ${name}_average(records: ${Name}Batch) -> float:
    """The mean number of tags of what is on file."""
    sizes = [len(record.tags) for record in records if record.state != "closed"]
    if not sizes:
        return 0.0
    for size in sizes:
        if size > ${NAME}_LIMIT:
            return float(size)
    return statistics.mean(sizes)

def same_$name(example: Sort${Name}, pred: Sort${Name}) -> float:
    """1 for the right kind, and less the further the urgency is off."""
    if example.kind != pred.kind:
        return 0.0
    distance = abs(example.urgency - pred.urgency)
    if distance == 0 and pred.confidence > 0.5:
        return 1.0
    return max(0.0, 1.0 - distance / ${NAME}_LIMIT)

test "the $words: $saying3":
    pred = ${name}_desk(subject="About the $words", messages=["$saying3", "$saying0"], records=[])
    assert pred.kind in ["money", "delay", "details", "question", "other"]
    assert 0 <= pred.score and len(pred.answer) > 0, "there is an answer"
    again = ${name}_desk(subject=pred.answer, messages=["$saying1"], records=[])
    assert again.score <= pred.score or again.kind == pred.kind

''')

SMALL = Template('''\
"""Sort what customers write about the $words."""

configure(lm=LM("openai/gpt-4o-mini"))

type ${Name}:
    """One $words, as the desk knows it."""
    number: int
    title: str
    tags: list[str] = []

signature Sort${Name}:
    """Say what a message is about."""
    input message: str "as the customer wrote it"
    output kind: Literal["money", "delay", "other"]
    output confidence: float where 0 <= confidence <= 1 "how sure"

    demo message="$saying0", kind="delay", confidence=0.9

module Desk(limit: int = $number0):
    """Sort all messages about one $words."""
    input record: ${Name}
    input messages: list[str]
    output kinds: list[str]

    sort = ChainOfThought(Sort${Name})

    forward:
        notes = [message.strip() for message in messages]
        weight = len(notes) + limit
        found = [sort(message=f"{record.title}: {note}") for note in notes[:weight]]
        return kinds=[each.kind for each in found]

module desk = Desk(limit=$number1)

test "$saying1":
    pred = desk(record={"number": 1, "title": "A $words"}, messages=["$saying1"])
    assert pred.kinds
''')

SHARED = '''\
"""What all desks share."""

enum Channel:
    MAIL = "mail"
    PHONE = "phone"

type Case:
    """What a desk works on."""
    number: int
    priority: int
    channel: Channel = Channel.MAIL
    notes: list[str] = []

type Cases = list[Case]

OPEN_CASES: Cases = []
'''

MEMBER = Template('''\
"""A desk for the $words."""

${imports}type ${Name}:
    """One $words, as the desk knows it."""
    number: int
    title: str "as the customer calls it"
    tags: list[str] = []
    related: list[$Previous] = []

signature Sort${Name}:
    """Say what a message about the $words is about."""
    input message: str
    output kind: Literal["money", "delay", "other"]
    output urgency: int where 1 <= urgency <= 5

    demo message="$saying0", kind="delay", urgency=2

module ${Name}Desk(limit: int = $number1):
    """Sort all messages about one $words."""
    input record: ${Name}
    input messages: list[str]
    output kinds: list[str]

    sort = ChainOfThought(Sort${Name})

    forward:
        notes = [message.strip() for message in messages]
        weight = len(notes) + limit
${use}        found = [sort(message=f"{record.title}: {note}") for note in notes[:weight]]
        return kinds=[each.kind for each in found]

def same_$name(example: Sort${Name}, pred: Sort${Name}) -> bool:
    """The kind that a person gave the message."""
    return example.kind == pred.kind
''')

DSPYC = Language(
    identifier="dspyc",
    suffix=".dspy",
    head=HEAD,
    unit=UNIT,
    small=SMALL,
    shared=SHARED,
    member=MEMBER,
    shared_import="from shared import OPEN_CASES\n\n",
    shared_use="        weight += len([case for case in OPEN_CASES if case.priority > 1])\n",
    neighbour_import=Template("from $file import $Name\n\n"),
)


def long_list(entries: int) -> str:
    """A list literal with so many different entries."""
    values = "".join(f'    "entry {number}",\n' for number in range(entries))
    return f"ENTRIES: list[str] = [\n{values}]\n\nFIRST = ENTRIES[0]\n"


def aliases(number: int) -> str:
    """So many type aliases, each of which names the one before it, and a signature that uses the last."""
    lines = ["type Alias0 = list[str]"]
    lines += [f"type Alias{each} = Alias{each - 1}" for each in range(1, number)]
    fields = f"    input text: str\n    output found: Alias{number - 1}\n"
    return "\n".join(lines) + f"\n\nsignature Find:\n{fields}"


def main() -> None:
    """Write the programs to a folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, nargs="*", default=[5000, 11000], help="sizes of the big files")
    parser.add_argument("--files", type=int, default=1000, help="how many files the folder `many` gets")
    parser.add_argument("--entries", type=int, default=60000, help="the length of the list literal")
    parser.add_argument("--aliases", type=int, default=1000, help="how many aliases name one another")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    texts = {f"file_{lines}": DSPYC.file(lines) for lines in options.lines}
    texts |= {
        "small": DSPYC.small_file(),
        "long_list": long_list(options.entries),
        "aliases": aliases(options.aliases),
    }
    for name, text in texts.items():
        (options.folder / f"{name}.dspy").write_text(text, encoding="utf-8")
    DSPYC.write_folder(options.folder / "many", options.files)


if __name__ == "__main__":
    main()
