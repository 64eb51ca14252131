"""Answers made of other answers: cut, doubled, spliced, wrapped and with characters changed, by a seed."""

from __future__ import annotations

from random import Random

PIECES = (
    '"', "'", "`", "“", "”", "‘", "’", "{", "}", "[", "]", "(", ")", "<", ">", ",", ":", ";", "=", "\\", "\n",
    "\t", " ", "\r\n", "\x00", "\ufeff", "\u2028", "é", "日", "😀", "-", "*", "#", "|", "/", "//", "/*", "*/",
    "```", "~~~", "...", "null", "None", "true", "not ", "0", "9", ".", "%", "$", "&amp;", "\\n",
    '\\"', "\\u12", "<think>", "</think>", "[[ ## x ## ]]\n", "[[ ## completed ## ]]", "Answer: ",
    "- ", "1. ", "{}", "[]", '""', "</a>", "<a b='c'>", "<![CDATA[", "]]>", "---\n", "key: ", "f(", "=>",
    "“x”", "1e9", "-0", "½", "∞", "\\boxed{",
)  # fmt: skip
WRAPPINGS = (
    "```json\n{}\n```", "```\n{}", "Sure:\n\n{}\n\nHope that helps!", "<think>{}</think>\n{}",
    "<answer>{}</answer>", '{{"result": {}}}', "[{}]", '"{}"', "The answer is {}.", "{}\n{}", "{} or {}",
    "not {}",
    "f({})", "- {}\n- {}",
    "[[ ## x ## ]]\n{}\n[[ ## completed ## ]]", "> {}", "**{}**", "<!-- {} -->{}",
)  # fmt: skip
_LONGEST = 3_000


def mutated(texts: list[str], random: Random) -> str:
    """One of the texts, changed in one to four ways."""
    text = random.choice(texts)
    for _ in range(random.randint(1, 4)):
        text = _changed(text, texts, random)[:_LONGEST]
    return text


def _changed(text: str, texts: list[str], random: Random) -> str:
    start = random.randint(0, len(text))
    end = random.randint(start, min(len(text), start + 12))
    way = random.randrange(9)
    if way == 0:
        return text[:start] + text[end:]
    if way == 1:
        return text[:start] + random.choice(PIECES) + text[end:]
    if way == 2:
        return text[:start] + random.choice(PIECES) + text[start:]
    if way == 3:
        return text[:start]
    if way == 4:
        return text[:end] + text[start:end] * random.randint(1, 4) + text[end:]
    if way == 5:
        other = random.choice(texts)
        return text[:start] + other[random.randint(0, len(other)) :]
    if way == 6:
        wrapping = random.choice(WRAPPINGS)
        return (
            wrapping.replace("{{", "\0")
            .replace("}}", "\1")
            .replace("{}", text)
            .replace("\0", "{")
            .replace("\1", "}")
        )
    if way == 7:
        return text.swapcase() if random.random() < 0.5 else text.replace('"', random.choice(PIECES))
    characters = list(text)
    if len(characters) > 1:
        at = random.randrange(len(characters) - 1)
        characters[at : at + 2] = reversed(characters[at : at + 2])
    return "".join(characters)
