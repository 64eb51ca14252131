"""Random statements that are Python and `.dspy` at once, many of them longer than a line."""

from __future__ import annotations

from random import Random

NAMES = [
    "a",
    "items",
    "row",
    "answer",
    "some_long_name",
    "another_quite_long_name",
    "the_longest_name_of_them",
]


def statement(chance: Random) -> str:
    """A statement on one line."""
    depth = chance.randrange(1, 5)
    head = chance.choice(["return ", "assert ", "x = ", "x: list[str] = ", "x, y = ", "x += ", ""])
    if not head:
        return _primary(chance, depth)
    message = f", {_expression(chance, 1)}" if head == "assert " and chance.random() < 0.5 else ""
    return head + _expression(chance, depth) + message


def _name(chance: Random) -> str:
    return chance.choice(NAMES)


def _expression(chance: Random, depth: int) -> str:
    if depth <= 0:
        return chance.choice([_name(chance), '"a text"', "12", f"{_name(chance)}.{_name(chance)}"])

    def many(least: int, most: int) -> list[str]:
        return [
            _expression(chance, depth - 1 - chance.randrange(2)) for _ in range(chance.randint(least, most))
        ]

    def operand() -> str:
        return f"({_expression(chance, depth - 1)})" if chance.random() < 0.5 else _primary(chance, depth - 1)

    def operands(least: int, most: int) -> list[str]:
        return [operand() for _ in range(chance.randint(least, most))]

    match chance.randrange(12):
        case 0:
            return " and ".join(operands(2, 4))
        case 1:
            return " or ".join(operands(2, 3))
        case 2:
            return f" {chance.choice('+-*/')} ".join(operands(2, 4))
        case 3:
            return f" {chance.choice(['==', '<', 'in', 'not in', 'is not'])} ".join(operands(2, 2))
        case 4:
            return f"not {operand()}"
        case 5:
            return f"[{', '.join(many(0, 4))}]"
        case 6:
            return "{" + ", ".join(f'"{_name(chance)}": {each}' for each in many(1, 3)) + "}"
        case 7:
            return f"[{many(1, 1)[0]} for {_name(chance)} in {operand()} if {operand()}]"
        case 8:
            return f"({', '.join(many(2, 2))})"
        case 9:
            return f"{operand()} if {operand()} else {operand()}"
    return _primary(chance, depth)


def _smaller(chance: Random, depth: int) -> str:
    return _expression(chance, depth - 1 - chance.randrange(2))


def _primary(chance: Random, depth: int) -> str:
    text = _name(chance)
    for _ in range(chance.randint(1, 3)):
        match chance.randrange(4):
            case 0:
                text += f".{_name(chance)}"
            case 1:
                text += f"[{_expression(chance, depth - 2)}]"
            case _:
                given = [
                    _expression(chance, depth - 1 - chance.randrange(2)) for _ in range(chance.randrange(4))
                ]
                by_name = chance.randint(0, len(given))
                named = [f"{_name(chance)}{at}={each}" for at, each in enumerate(given[by_name:])]
                text += f"({', '.join(given[:by_name] + named)})" + chance.choice(["", f".{_name(chance)}"])
    return text
