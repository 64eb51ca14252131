"""How probable each choice of an output was, from the log probabilities of the answer's tokens.

An output is a decision where its type is closed: a `Literal`, an enum, a `bool`, a bounded whole number. At
each token of its value the server gives the likeliest alternatives; those that begin a choice are compared
with one another, as if the model had been held to the choices. Where the alternative that it took leaves
several choices, the next token decides between them. An alternative that was not taken and may become several
choices counts for each of them alike, so the figures are exact where choices differ in their first token.
All words that are read as one truth value count for it: `Yes`, `true`, `TRUE` are one choice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ...base.frozen import frozen_record
from ...base.later import Later
from ..signature.fields import Field
from ..signature.signature import Signature
from ..types.annotations import allows_none
from ..values.scalars import WORDS_OF_TRUTH

if TYPE_CHECKING:
    from . import gbnf
else:
    gbnf = Later(globals(), "gbnf")

PROBABILITIES = "probabilities"
"""The setting that asks for them."""
MOST_ALTERNATIVES = 20
"""How many alternatives of a token OpenAI gives at most."""
_MOST_NUMBERS = 101
_ENDS = frozenset(" \t\r\n,;<}]\"'`")


class Deciding(Protocol):
    """What an adapter is asked here."""

    def value_start(self, name: str, text: str) -> int | None:
        """Where an output's value begins in an answer."""
        ...

    def write_choice(self, choice: Any) -> str:
        """A choice as it stands in an answer."""
        ...


class Answer(dict[str, Any]):
    """The outputs of an answer, with what was probable instead."""

    probabilities: Mapping[str, Mapping[Any, float]]


def with_log_probabilities(
    settings: Mapping[str, Any], signature: type[Signature], lm: Any
) -> Mapping[str, Any]:
    """The settings of a request that asks for what is needed, if the model gives it and an output decides."""
    if not lm.capabilities.logprobs or not decisions(signature):
        return settings
    return {"logprobs": True, "top_logprobs": MOST_ALTERNATIVES, **settings}


def decisions(signature: type[Signature]) -> Mapping[str, tuple[Any, ...]]:
    """The outputs that decide between choices, and the choices of each."""
    kept = signature.__compiled__
    if PROBABILITIES not in kept:
        found = {name: choices_of(field) for name, field in signature.output_fields.items()}
        kept[PROBABILITIES] = {name: choices for name, choices in found.items() if choices}
    known: Mapping[str, tuple[Any, ...]] = kept[PROBABILITIES]
    return known


def choices_of(field: Field) -> tuple[Any, ...]:
    """All values that a field can have; none where there are too many."""
    listed = gbnf.listed_choices(field.annotation)
    if listed is not None:
        return tuple(listed)
    if gbnf.core_type(field.annotation) is not int:
        return ()
    limits = dict(field.constraints)
    low = limits["ge"] if "ge" in limits else limits["gt"] + 1 if "gt" in limits else None
    high = limits["le"] if "le" in limits else limits["lt"] - 1 if "lt" in limits else None
    if not isinstance(low, int) or not isinstance(high, int) or not 0 < high - low < _MOST_NUMBERS:
        return ()
    numbers: tuple[Any, ...] = tuple(range(low, high + 1))
    return (*numbers, None) if allows_none(field.annotation) else numbers


def with_probabilities(
    adapter: Deciding, signature: type[Signature], completion: Any, values: dict[str, Any]
) -> dict[str, Any]:
    """The outputs of an answer, with the probabilities of their choices as far as they are known."""
    tokens = _tokens(completion.logprobs)
    text = "".join(token.text for token in tokens)
    found: dict[str, Mapping[Any, float]] = {}
    for name, choices in decisions(signature).items():
        start = adapter.value_start(name, text)
        if start is None:
            continue
        if shares := _shares(tokens, start, _spellings(adapter, choices)):
            found[name] = shares
    if not found:
        return values
    answer = Answer(values)
    answer.probabilities = found
    return answer


def _spellings(adapter: Deciding, choices: Sequence[Any]) -> dict[str, Any]:
    """The texts that mean a choice, in lower case: what the prompt asks for, and what is read as the same."""
    spelled = {adapter.write_choice(choice).casefold(): choice for choice in choices}
    for choice in choices:
        if isinstance(choice, bool):
            for word in WORDS_OF_TRUTH[choice]:
                # Unquoted too: what is no JSON is read all the same.
                spelled.setdefault(word, choice)
                spelled.setdefault(adapter.write_choice(word).casefold(), choice)
    return spelled


@frozen_record
class _Token:
    text: str
    alternatives: Sequence[tuple[str, float]]
    """Their texts and probabilities, the token itself among them."""


def _tokens(logprobs: Any) -> list[_Token]:
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    return [_token(each) for each in content or () if isinstance(each, Mapping)]


def _token(given: Mapping[str, Any]) -> _Token:
    text = str(given.get("token") or "")
    probable = {text: _probability(given)}
    for each in given.get("top_logprobs") or ():
        if isinstance(each, Mapping):
            probable.setdefault(str(each.get("token") or ""), _probability(each))
    return _Token(text, tuple(probable.items()))


def _probability(given: Mapping[str, Any]) -> float:
    log = given.get("logprob")
    return math.exp(min(log, 0.0)) if isinstance(log, (int, float)) and not math.isnan(log) else 0.0


def _shares(tokens: Sequence[_Token], start: int, spelled: Mapping[str, Any]) -> dict[Any, float]:
    """The probability of each choice of which a text begins at this place."""
    shares = dict.fromkeys(spelled.values(), 0.0)
    prefix, mass = "", 1.0
    for inside, token in _from(tokens, start):
        ways = []
        for text, probability in token.alternatives:
            piece = _piece(text, inside, token.text)
            fitting = [] if piece is None else _fitting(spelled, prefix + piece)
            if fitting:
                ways.append((text == token.text, probability, fitting))
        total = sum(probability for _, probability, _ in ways)
        taken: list[Any] = []
        rest = 0.0
        for is_taken, probability, fitting in ways if total > 0 else ():
            if is_taken:
                taken, rest = fitting, mass * probability / total
            else:
                for choice in fitting:
                    shares[choice] += mass * probability / total / len(fitting)
        mass = rest
        if len(taken) < 2:
            break
        prefix += _piece(token.text, inside, token.text) or ""
    else:
        # The answer ends with a choice that others begin with.
        said = prefix.strip()
        taken = [spelled[said]] if said in spelled else []
    if mass > 0 and len(taken) != 1:
        return {}  # what was written is no choice
    for choice in taken:
        shares[choice] += mass
    return shares if sum(shares.values()) > 0 else {}


def _fitting(spelled: Mapping[str, Any], begun: str) -> list[Any]:
    """The choices that a text that begins so may be, each once."""
    return list(dict.fromkeys(choice for text, choice in spelled.items() if _fits(text, begun)))


def _from(tokens: Sequence[_Token], start: int) -> Iterator[tuple[int, _Token]]:
    """The tokens from a place on, each with how much of it stands before that."""
    offset = 0
    for token in tokens:
        end = offset + len(token.text)
        if end > start:
            yield max(0, start - offset), token
        offset = end


def _piece(text: str, inside: int, taken: str) -> str | None:
    """What an alternative would have written of the value; None for one that begins differently before it."""
    before = taken[:inside]
    if text.startswith(before):
        return text[inside:].casefold()
    return None if before.strip() else text.lstrip().casefold()


def _fits(whole: str, begun: str) -> bool:
    """Whether a text that begins so may be this choice."""
    begun = begun.lstrip()
    if whole.startswith(begun):
        return True
    return begun.startswith(whole) and begun[len(whole)] in _ENDS
