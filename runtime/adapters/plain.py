"""`PlainAdapter`: prompts for base models, which continue a text and know no conversation."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import AdapterParseError
from ..signature.signature import Signature
from ..types.content import in_parts
from ..values.reading import ReadError
from .chat import ChatAdapter
from .demos import is_complete
from .gbnf import Rules, closed_choices, plain_value, quoted
from .incremental import FieldReader
from .lines import END, LineReader
from .plan import Plan

_BETWEEN = "\n\n---\n\n"


class PlainAdapter(ChatAdapter):
    """Writes one text that a base model continues: the instructions, the demos, and the question half done.

    Each example is a few lines `Name: value`, in the layout that such models have seen everywhere. Models in
    GGUF files without a chat template are asked like this where the program sets no adapter; demos say most
    to them. Texts among the outputs are one line.
    """

    _is_origin = True

    def format(
        self, signature: type[Signature], demos: Sequence[Any], inputs: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The whole prompt as one message."""
        compiled = self._compiled(signature)
        parts = [compiled.system]
        parts += [self._example(signature, demo) for demo in demos if is_complete(signature.fields, demo)]
        first = _first_title(signature)
        parts.append("\n".join([*self._lines(signature, inputs), f"{first}:"]))
        return in_parts([{"role": "user", "content": _BETWEEN.join(part for part in parts if part)}])

    def format_system_message(self, signature: type[Signature]) -> str:
        """The instructions, and the choices where there are some."""
        parts = [textwrap.dedent(signature.instructions).strip()]
        titles = _titles(signature)
        for name, field in signature.output_fields.items():
            if (choices := closed_choices(field.annotation)) is not None:
                parts.append(f"{titles[name]} is one of: {', '.join(choices)}")
        return "\n\n".join(parts)

    def user_message_output_requirements(self, signature: type[Signature]) -> str:
        """Nothing: the demos show it."""
        return ""

    def format_user_message_content(
        self,
        signature: type[Signature],
        inputs: Mapping[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """The inputs, a line each."""
        return "\n".join([*filter(None, [prefix]), *self._lines(signature, inputs), *filter(None, [suffix])])

    def format_assistant_message_content(
        self,
        signature: type[Signature],
        outputs: Mapping[str, Any],
        missing_field_message: str | None = None,
    ) -> str:
        """The outputs as the text goes on: the first behind its name, which the prompt ends with."""
        titles = _titles(signature)
        lines = [
            f"{titles[name]}: {_one_line(render(outputs.get(name, missing_field_message)))}"
            for name, _, render in self._compiled(signature).answer
        ]
        return "\n".join(lines).partition(":")[2]

    def parse(self, signature: type[Signature], completion: str) -> dict[str, Any]:
        """The outputs that a continuation holds.

        Raises:
            AdapterParseError: a field is missing, or its text is not a value of its type.
        """
        titles = _titles(signature)
        wanted = "|".join(re.escape(titles[name]) for name in signature.output_fields)
        first = f"{_first_title(signature)}:"
        # Some models write the title again with which the prompt ends.
        continued = completion.partition(END)[0].strip("\n").removeprefix(first)
        text = f"{first}{continued}"
        pieces = re.split(rf"^({wanted}):", text, flags=re.MULTILINE)
        found = dict(zip(reversed(pieces[1::2]), reversed(pieces[2::2]), strict=True))
        if missing := [name for name in signature.output_fields if titles[name] not in found]:
            reason = f"it has no line `{titles[missing[0]]}: …`"
            raise AdapterParseError(type(self).__name__, signature, completion, reason)
        values: dict[str, Any] = {}
        for name, _, read in self._compiled(signature).outputs:
            try:
                values[name] = read(found[titles[name]].strip())
            except ReadError as error:
                raise self._unreadable(signature, completion, values, name, error) from error
        return values

    def stream_reader(self, plan: Plan) -> FieldReader:
        """Cuts at the lines that begin with the outputs' titles."""
        titles = _titles(plan.signature)
        return LineReader({titles[name]: name for name in plan.signature.output_fields})

    def value_start(self, name: str, text: str) -> int | None:
        """Where an output's value begins in an answer; None if that cannot be said."""
        at = re.search(rf"^(?:{re.escape(_title(name))}|{re.escape(name)}): ?", text, re.MULTILINE)
        return at.end() if at else len(text) - len(text.lstrip())

    def is_finished(self, signature: type[Signature], completion: str) -> bool:
        """Whether the continuation has gone on to the next example."""
        return END in completion

    def grammar(self, signature: type[Signature]) -> str | None:
        """A GBNF grammar of the continuations, whose lines are as those of demos."""
        rules = Rules(one_line=True)
        parts: list[str] = []
        titles = _titles(signature)
        for name, field in signature.output_fields.items():
            head = [quoted(f"\n{titles[name]}:")] if parts else []
            parts += [*head, '" "?', rules.add(plain_value(rules, field.annotation))]
        return rules.text(f'{" ".join(parts)} "\\n"')

    def _example(self, signature: type[Signature], demo: Any) -> str:
        given = [*self._lines(signature, demo), ""]
        return (
            "\n".join(given)
            + f"{_first_title(signature)}:{self.format_assistant_message_content(signature, demo)}"
        )

    def _lines(self, signature: type[Signature], inputs: Mapping[str, Any]) -> Iterator[str]:
        titles = _titles(signature)
        for name, _, render in self._compiled(signature).inputs:
            if name in inputs:
                yield f"{titles[name]}: {render(inputs[name])}"


def _titles(signature: type[Signature]) -> dict[str, str]:
    """What stands before the fields' values; the names themselves where two would have one title."""
    titles = {name: _title(name) for name in signature.fields}
    shown = list(titles.values())
    return {name: title if shown.count(title) == 1 else name for name, title in titles.items()}


def _first_title(signature: type[Signature]) -> str:
    return _titles(signature)[next(iter(signature.output_fields))]


def _title(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()


def _one_line(text: str) -> str:
    return " ".join(text.split("\n"))
