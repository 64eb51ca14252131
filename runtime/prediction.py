"""`Prediction`: what a module's call returns; `Completions`: all of its answers; `Score`: a number with
feedback.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, Sequence
from typing import Any, Self, TypeAlias

from ..base.frozen import frozen_record
from .example import Example

_Answers: TypeAlias = "tuple[Sequence[Mapping[str, Any]] | Mapping[str, list[Any]], Any]"
"""The answers of a call, and the signature that they are for."""


_WHAT = {
    "draft": "what the model thought before its answer was left out",
    "form": "it was in another form than the one asked for",
    "fence": "it stood in a code fence",
    "surroundings": "it stood among other text",
    "syntax": "its syntax was mended",
    "structure": "it was arranged in another way",
    "key": "it had another key",
    "value": "it was written in another way",
    "missing": "it was missing",
    "left out": "the type has no such attribute, so it was left out",
}


@frozen_record
class Repair:
    """One thing about an answer that was not as it should be, and was read all the same.

    Attributes:
        field: where: `answer`, `person.age`, `items[2]`; empty for the answer as a whole.
        kind: what: `draft`, `form`, `fence`, `surroundings`, `syntax`, `structure`, `key`, `value`, `missing`
            or `left out`.
        text: what the model wrote there, the first 200 characters.
        value: what it was read as; None where that does not apply.
    """

    field: str
    kind: str
    text: str
    value: Any = None

    def __str__(self) -> str:
        where = f"`{self.field}`" if self.field else "the answer"
        shown = f": {self.text!r}" if self.text else ""
        read = "" if self.value is None or self.kind == "key" else f" was read as {self.value!r}"
        return f"{where}: {_WHAT[self.kind]}{shown}{read}"


class Prediction(Example):
    """The outputs of a call, by name: `pred.answer` or `pred["answer"]`.

    If `n` answers were requested, the fields are those of the first, and `completions` holds all. A
    prediction with a field `score` can be compared and used as that number.
    """

    __slots__ = ("_completions", "_lm_usage", "_probabilities", "_read_from")

    # Of a call these are its answers as they came until someone asks for them, because few do.
    _completions: Completions | _Answers | None
    _lm_usage: dict[str, Any] | None

    def __init__(self, base: Mapping[str, Any] | Example | None = None, /, **fields: Any) -> None:
        super().__init__(base, **fields)
        object.__setattr__(self, "_completions", None)
        object.__setattr__(self, "_lm_usage", None)

    @classmethod
    def from_completions(
        cls, list_or_dict: Sequence[Mapping[str, Any]] | Mapping[str, list[Any]], signature: Any = None
    ) -> Self:
        """The prediction whose fields are those of the first answer."""
        prediction = cls.__new__(cls)
        if not isinstance(list_or_dict, list) and isinstance(list_or_dict, Mapping):
            first = {name: values[0] for name, values in list_or_dict.items()}
        else:
            answer = list_or_dict[0]
            first = dict(answer)
            if answer.__class__ is not dict and hasattr(answer, "probabilities"):
                object.__setattr__(prediction, "_probabilities", answer.probabilities)
        # By their descriptors, as this is every call.
        _set_store(prediction, first)
        _set_input_keys(prediction, None)
        _set_lm_usage(prediction, None)
        _set_completions(prediction, (list_or_dict, signature))
        return prediction

    @property
    def completions(self) -> Completions | None:
        """All answers, when the call asked a model for them."""
        found = self._completions
        if isinstance(found, tuple):
            found = Completions(*found)
            object.__setattr__(self, "_completions", found)
        return found

    @property
    def probabilities(self) -> dict[str, dict[Any, float]]:
        """How probable each choice was, by output: `pred.probabilities["label"]["billing"]`.

        Only with the setting `probabilities=True`, for outputs with choices, and where the model gives log
        probabilities; empty otherwise.
        """
        if "probabilities" in self._store:
            field: dict[str, dict[Any, float]] = self._store["probabilities"]
            return field
        return getattr(self, "_probabilities", None) or {}

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """What was not as it should be in the model's answer, and was read all the same; empty for an answer
        in the form that was asked for.

        Nothing is known, and it is empty, of answers with more than 20,000 characters, and where an adapter
        has a `__call__` or `acall` of its own.
        """
        if "repairs" in self._store:
            field: tuple[Repair, ...] = self._store["repairs"]
            return field
        kept = self._completions
        first = kept[0] if isinstance(kept, tuple) else getattr(kept, "_answers", None), 0
        answers, index = getattr(self, "_read_from", None) or first
        repairs = getattr(answers, "repairs", None)
        found: tuple[Repair, ...] = () if repairs is None else repairs(index)
        return found

    def get_lm_usage(self) -> dict[str, Any] | None:
        """Tokens by model, when `track_usage` was set."""
        return self._lm_usage

    def get_lm_cost(self) -> float | None:
        """What the call cost in US dollars, when `track_usage` was set and the prices are known."""
        return getattr(self._lm_usage, "cost", None)

    def set_lm_usage(self, value: dict[str, Any]) -> None:
        """Keep the tokens that the call used, by model."""
        object.__setattr__(self, "_lm_usage", value)

    def __copy__(self) -> Self:
        twin = super().__copy__()
        object.__setattr__(twin, "_completions", self.completions)
        object.__setattr__(twin, "_lm_usage", self._lm_usage)
        if (found := getattr(self, "_probabilities", None)) is not None:
            object.__setattr__(twin, "_probabilities", found)
        if (read_from := getattr(self, "_read_from", None)) is not None:
            object.__setattr__(twin, "_read_from", read_from)
        return twin

    def __repr__(self) -> str:
        shown = ",\n    ".join(f"{name}={value!r}" for name, value in self._store.items())
        more = 0 if self.completions is None else len(self.completions) - 1
        if more < 1:
            return f"{type(self).__name__}(\n    {shown}\n)"
        shown += ",\n    completions=Completions(...)"
        return f"{type(self).__name__}(\n    {shown}\n) ({more} completions omitted)"

    def __float__(self) -> float:
        if "score" not in self._store:
            raise ValueError(
                f"this {type(self).__name__} has no field `score`, so it cannot be used as a number; "
                f"it has {list(self._store)}"
            )
        return float(self._store["score"])

    def __add__(self, other: float | Prediction) -> float:
        return float(self) + float(other)

    def __radd__(self, other: float | Prediction) -> float:
        return float(other) + float(self)

    def __truediv__(self, other: float | Prediction) -> float:
        return float(self) / float(other)

    def __rtruediv__(self, other: float | Prediction) -> float:
        return float(other) / float(self)

    def __lt__(self, other: float | Prediction) -> bool:
        return float(self) < float(other)

    def __le__(self, other: float | Prediction) -> bool:
        return float(self) <= float(other)

    def __gt__(self, other: float | Prediction) -> bool:
        return float(self) > float(other)

    def __ge__(self, other: float | Prediction) -> bool:
        return float(self) >= float(other)


_set_store = Example.__dict__["_store"].__set__
_set_input_keys = Example.__dict__["_input_keys"].__set__
_set_lm_usage = Prediction.__dict__["_lm_usage"].__set__
_set_completions = Prediction.__dict__["_completions"].__set__


class Score(Prediction):
    """What a metric can return: a number and, for optimizers that read it, feedback in words.

    return Score(0.5, feedback="the year is right, the city is not")
    """

    __slots__ = ()

    def __init__(self, score: float = 0.0, feedback: str | None = None, **fields: Any) -> None:
        super().__init__(score=score, feedback=feedback, **fields)

    def __bool__(self) -> bool:
        return bool(self._store["score"])


class Completions:
    """All answers of one call: `completions.answer` is a list, `completions[1]` the second `Prediction`."""

    __slots__ = ("_answers", "_columns", "signature")

    def __init__(
        self, list_or_dict: Sequence[Mapping[str, Any]] | Mapping[str, list[Any]], signature: Any = None
    ) -> None:
        self.signature = signature
        self._columns: dict[str, list[Any]] | None = None
        self._answers: Sequence[Mapping[str, Any]] = ()
        if isinstance(list_or_dict, Mapping):
            lengths = {len(values) for values in list_or_dict.values()}
            if len(lengths) > 1:
                raise ValueError(f"completions need lists of the same length, not {sorted(lengths)}")
            self._columns = dict(list_or_dict)
        else:
            self._answers = list_or_dict

    def _table(self) -> dict[str, list[Any]]:
        if self._columns is None:
            columns: dict[str, list[Any]] = {}
            for answer in self._answers:
                for name, value in answer.items():
                    columns.setdefault(name, []).append(value)
            self._columns = columns
        return self._columns

    def __len__(self) -> int:
        if self._columns is None:
            return len(self._answers)
        return len(next(iter(self._columns.values()), ()))

    def __getitem__(self, key: int | str) -> Any:
        if isinstance(key, str):
            return self._table()[key]
        if not -len(self) <= key < len(self):
            raise IndexError(f"there is no completion {key}; there are {len(self)}")
        prediction = Prediction({name: values[key] for name, values in self._table().items()})
        object.__setattr__(prediction, "_read_from", (self._answers, key % len(self)))
        if self._answers and (found := getattr(self._answers[key], "probabilities", None)) is not None:
            object.__setattr__(prediction, "_probabilities", found)
        return prediction

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._table()[name]
        except KeyError:
            raise AttributeError(f"the completions have no field `{name}`") from None

    def __iter__(self) -> Iterator[Prediction]:
        return (self[index] for index in range(len(self)))

    def __contains__(self, name: object) -> bool:
        return name in self._table()

    def items(self) -> ItemsView[str, list[Any]]:
        """Each field's name with the list of its values."""
        return self._table().items()

    def __repr__(self) -> str:
        shown = ",\n    ".join(f"{name}={values!r}" for name, values in self._table().items())
        return f"Completions(\n    {shown}\n)"
