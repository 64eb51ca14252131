"""How files of any size are made from the templates of a language; the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from string import Template

SEED = 7
IMPORTS_EVERY = 5
"""Of so many files in a folder, one imports the shared type and one imports its neighbour's record."""

TYPED_LINE = "        weight = len(notes) + limit"
"""Every body has this line once, in each language; the keys are typed at its end."""
SHARED_LINE = "    priority: int"
"""The attribute of the shared type that importers read, in each language."""

NOUNS = """
    Invoice Ticket Parcel Claim Booking Refund Contract Account Delivery Complaint Order Payment Visit
    Device Survey Lease Recipe Review Article Meeting Permit Sample Grant Vehicle Patient Lecture
    Library Shipment Transfer Warranty
"""
ADJECTIVES = """
    Late Open Urgent Foreign Private Public Regional Seasonal Annual Digital Disputed Express Frozen
    Joint Large Local Manual Minor Mixed National Partial Pending Prepaid Recent Returned Shared Silent
    Signed Special Split Standard Temporary Verified Yearly
"""
SAYINGS = (
    "it has not arrived although the date has passed",
    "the amount differs from what was agreed on the phone",
    "please change the name, it was misspelt from the start",
    "nobody answers, and this is the third message about it",
    "thank you, that was quick; one question remains",
    "the second page is missing and the first is hard to read",
    "is there a way to do this without the app",
    "my colleague was told something else last week",
)


@dataclass(frozen=True)
class Folder:
    """A folder of files: the one with the shared type, and those that import it."""

    shared: Path
    importers: list[Path]


@dataclass(frozen=True)
class Language:
    """The templates of one language."""

    identifier: str
    suffix: str
    head: str
    """What a file begins with."""
    unit: Template
    """A dozen declarations about one topic."""
    small: Template
    """A file of some forty lines."""
    shared: str
    """A file with a type that others import."""
    member: Template
    """A file of a folder: four declarations."""
    shared_import: str
    shared_use: str
    """A line of a body that reads the attribute of the shared type."""
    neighbour_import: Template

    def file(self, lines: int) -> str:
        """A file of at least so many lines."""
        chance = random.Random(SEED)
        text, length, previous = [self.head], self.head.count("\n"), ""
        for topic in topics():
            if length >= lines:
                break
            part = fill(self.unit, topic, chance, Previous=previous or topic)
            text.append(part)
            length += part.count("\n")
            previous = topic
        return "".join(text)

    def small_file(self) -> str:
        """A file like the first one somebody writes."""
        return fill(self.small, NOUNS.split()[0], random.Random(SEED))

    def write_folder(self, folder: Path, files: int) -> Folder:
        """Write a folder of so many files."""
        folder.mkdir(parents=True, exist_ok=True)
        chance = random.Random(SEED)
        made = Folder(folder / f"shared{self.suffix}", [])
        made.shared.write_text(self.shared, encoding="utf-8")
        names = list(islice(topics(), files - 1))
        for number, topic in enumerate(names):
            path = folder / f"member_{number}{self.suffix}"
            imports = use = ""
            if number % IMPORTS_EVERY == 0:
                imports, use = self.shared_import, self.shared_use
                made.importers.append(path)
            elif number % IMPORTS_EVERY == 2:
                imports = self.neighbour_import.substitute(
                    file=f"member_{number - 1}", Name=names[number - 1]
                )
            related = names[number - 1] if number % IMPORTS_EVERY == 2 else topic
            text = fill(self.member, topic, chance, imports=imports, use=use, Previous=related)
            path.write_text(text, encoding="utf-8")
        return made


def topics() -> Iterator[str]:
    """Names for things, all different."""
    nouns = NOUNS.split()
    yield from nouns
    number = 0
    while True:
        turn = "" if number == 0 else str(number + 1)
        for adjective in ADJECTIVES.split():
            for noun in nouns:
                yield f"{adjective}{noun}{turn}"
        number += 1


def fill(template: Template, topic: str, chance: random.Random, **more: str) -> str:
    """A template with the forms of a name, and with numbers and sayings drawn by chance."""
    words = spaced(topic)
    snake = words.replace(" ", "_")
    values = {"Name": topic, "name": snake, "NAME": snake.upper(), "words": words}
    values |= {f"saying{number}": saying for number, saying in enumerate(chance.sample(SAYINGS, 4))}
    values |= {f"number{number}": str(chance.randint(2, 9)) for number in range(4)}
    return template.substitute(values, **more)


def spaced(name: str) -> str:
    """`LateInvoice` as `late invoice`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
