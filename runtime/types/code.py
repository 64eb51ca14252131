"""`Code`: source text in a programming language as a field's type."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import create_model, model_validator

from ...base.expressions import pattern
from ..errors import InputError
from .type import Type

_FENCE = pattern(r"```[^\n`]*\n(.*?)```", re.DOTALL)
_INLINE = pattern(r"```(.*?)```", re.DOTALL)
_OPEN = pattern(r"\A\s*```[^\n`]*\n(.*)\Z", re.DOTALL)


class Code(Type):
    """Source text; `Code["java"]` in another language than Python.

    As an output, the model is asked for a fenced block, and the value is its content. As an input, a
    text is taken, too. `str(code)` is the source.

    Attributes:
        code: the source text.
    """

    code: str

    is_text: ClassVar[bool] = True
    language: ClassVar[str] = "python"
    """The programming language, as fenced blocks name it."""

    def __class_getitem__(cls, language: Any) -> type[Code]:
        if not isinstance(language, str):
            raise TypeError(f'Code takes the name of a language, such as Code["java"], not {language!r}')
        return _in_language(cls, language)

    def format(self) -> str:
        """The source text."""
        return self.code

    @classmethod
    def description(cls) -> str:
        """How the model is to write it."""
        return (
            "Code represented in a string, specified in the `code` field. If this is an output field, the "
            "code field should follow the markdown code block format, e.g. \n"
            f"```{cls.language.lower()}\n{{code}}\n```\nProgramming language: {cls.language}"
        )

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if isinstance(given, Code):
            return {"code": given.code}
        source = given.get("code") if isinstance(given, dict) else given
        if not isinstance(source, str):
            raise InputError(
                f"code must be a string, or a dict with a string under `code`, not {type(given)}"
            )
        return {"code": _out_of_fence(source)}

    def __str__(self) -> str:
        return self.code


@lru_cache(maxsize=256)
def _in_language(kind: type[Code], language: str) -> type[Code]:
    made: type[Code] = create_model(f"{kind.__name__}_{language}", __base__=kind, __module__=kind.__module__)
    made.language = language
    return made


def _out_of_fence(text: str) -> str:
    """What stands in the first fenced block of a text; the text itself where it has none."""
    if "```" not in text:
        return text
    found = _FENCE.search(text) or _INLINE.search(text) or _OPEN.search(text)
    return text if found is None else found[1].strip()
