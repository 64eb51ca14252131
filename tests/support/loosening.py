"""Programs in other layouts, and what of them has to stay when they are formatted."""

from __future__ import annotations

from random import Random

from dspyc.grammar.lossless import tokenize


def loosened(text: str, chance: Random, *, longer: bool | None = None) -> str:
    """The same program in another layout: blanks, line ends in brackets, comments, longer strings."""
    out: list[str] = []
    depth = 0
    longer = chance.random() < 0.3 if longer is None else longer
    tokens = [*tokenize(text)]
    for index, token in enumerate(tokens):
        depth += (token.kind == "open") - (token.kind == "close")
        written = token.text
        if (
            longer
            and token.kind == "string"
            and written[0] in "\"'"
            and "\n" not in written
            and len(written) > 4
        ):
            written = written[:-1] + "y" * chance.choice([0, 5, 30, 70]) + written[-1]
        out.append(written)
        if (
            token.kind in {"name", "string", "operator", "open", "close", "number"}
            and depth
            # Behind the brace of an f-string comes text.
            and tokens[index + 1].kind not in {"f-string", "open" if token.text == "}" else ""}
            and chance.random() < 0.06
        ):
            out.append(
                chance.choice(
                    ["\n", f"  # c{chance.randrange(99)}\n", "\n# own\n", "\n      # deep\n\n", "   "]
                )
            )
        if token.kind == "newline" and not depth and chance.random() < 0.1:
            out.append(chance.choice(["\n", "\n\n\n", "    # inner\n", "# outer\n", "        # deep\n"]))
    return "".join(out)


def comments(text: str) -> list[str]:
    found = [token.text.rstrip() for token in tokenize(text) if token.kind == "comment"]
    return sorted(f"# {each[1:]}" if each[1:2].isalnum() else each for each in found)
