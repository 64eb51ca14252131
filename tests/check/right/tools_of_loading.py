"""Python that `loading.dspy` imports."""

import dspyc


@dspyc.pure
def shout(text: str) -> str:
    return text.upper()


def make(text: str) -> str:
    return text


class Index:
    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, question: str) -> list[str]:
        return [question]
