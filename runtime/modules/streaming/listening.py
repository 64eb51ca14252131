"""From what models write to the pieces that somebody listens to: by predictor, by output, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ...errors import ConfigurationError
from ...lm.stream import Delta
from ...signature.signature import STRING_SIGNATURE
from ...values.partial import PartialReader
from ...values.rendering import render
from .pieces import Piece, StreamResponse, StreamRestart


class StreamListener:
    """Listens to one output of one predictor of a program; see `streamify`."""

    def __init__(
        self,
        signature_field_name: str,
        predict: Any = None,
        predict_name: str | None = None,
        allow_reuse: bool = False,
    ) -> None:
        """Say what to listen to.

        Args:
            signature_field_name: the output.
            predict: the predictor; needed where several have an output of this name.
            predict_name: its name in what the stream gives; that in the program when None.
            allow_reuse: whether later calls of the predictor are listened to as well.
        """
        self.signature_field_name = signature_field_name
        self.predict = predict
        self.predict_name = predict_name
        self.allow_reuse = allow_reuse


class Sink:
    """Turns what models write into the pieces of a stream.

    Args:
        names: the predictors that are listened to, by identity, with their names.
        put: takes a piece, from any thread.
        listeners: those of `streamify`; None listens to every output.
        raw: whether to give pieces of answers as they came, too.
    """

    def __init__(
        self,
        names: dict[int, str],
        put: Callable[[Piece], None],
        listeners: dict[int, list[StreamListener]] | None,
        *,
        raw: bool,
    ) -> None:
        self._names = names
        self._put = put
        self._listeners = listeners
        self._raw = raw
        self._complete: dict[int, set[str]] = {}
        self._partial: dict[tuple[int, str], PartialReader] = {}
        self._heard: set[int] = set()
        """The listeners that have heard a whole field."""
        self._held: dict[int, StreamResponse] = {}
        """The last piece for each listener, which waits for the next, as it may be the last of its field."""

    def wants(self, predictor: Any) -> bool:
        """Whether somebody listens to a predictor."""
        if self._raw or self._listeners is None:
            return True
        return id(predictor) in self._listeners

    def begin(self, predictor: Any, attempt: int) -> None:
        """A predictor asks a model."""
        self._complete[id(predictor)] = set()
        self._partial = {key: self._partial[key] for key in self._partial if key[0] != id(predictor)}
        for each in (self._listeners or {}).get(id(predictor), ()):
            self._held.pop(id(each), None)
        if attempt and self._listeners is None and not self._raw:
            self._put(StreamRestart(self._name(predictor)))

    def write(self, predictor: Any, field: str, chunk: Any, *, is_last: bool) -> None:
        """The next characters of a field, or a value of a type that providers give in pieces."""
        if is_last:
            self._complete.setdefault(id(predictor), set()).add(field)
        if self._raw:
            return
        if self._listeners is None:
            partial = self._reader(predictor, field) if isinstance(chunk, str) else None
            if partial is not None:
                partial.feed(chunk)
            self._put(StreamResponse(self._name(predictor), field, chunk, is_last, partial))
            return
        for each in self._listeners.get(id(predictor), ()):
            if each.signature_field_name != field or (id(each) in self._heard and not each.allow_reuse):
                continue
            piece = StreamResponse(each.predict_name or self._name(predictor), field, chunk, is_last)
            self._tell(each, piece)

    def _tell(self, listener: StreamListener, piece: StreamResponse) -> None:
        """Give a listener its pieces; the last with text says that it is the last."""
        held = self._held.pop(id(listener), None)
        if held is not None and piece.is_last_chunk and not piece.chunk:
            piece = replace(held, is_last_chunk=True)
        elif held is not None:
            self._put(held)
        if piece.is_last_chunk:
            self._put(piece)
            self._heard.add(id(listener))
        else:
            self._held[id(listener)] = piece

    def _reader(self, predictor: Any, field: str) -> PartialReader:
        key = (id(predictor), field)
        if key not in self._partial:
            declared = predictor.signature.output_fields.get(field)
            self._partial[key] = PartialReader(str if declared is None else declared.annotation)
        return self._partial[key]

    def complete(self, predictor: Any, values: dict[str, Any]) -> None:
        """The outputs, read: those of which no piece was shown are shown whole."""
        shown = self._complete.setdefault(id(predictor), set())
        for name, value in values.items():
            if name not in shown:
                self.write(predictor, name, "" if value is None else render(value), is_last=True)

    def pass_on(self, predictor: Any, delta: Delta) -> None:
        """A piece of an answer as it came; one from the cache did not come now."""
        if self._raw and not delta.cache_hit:
            self._put(delta)

    def _name(self, predictor: Any) -> str:
        """Its name in the program; that of its signature for one of the file, which is no part."""
        name = str(predictor.signature.__name__)
        return self._names.get(id(predictor)) or ("self" if name == STRING_SIGNATURE else name)


def names_of(program: Any) -> dict[int, str]:
    """The names of a program's predictors, by their identity."""
    predictors = program.named_predictors() if hasattr(program, "named_predictors") else ()
    return {id(predictor): name for name, predictor in predictors}


def assigned_to(program: Any, listeners: Sequence[StreamListener]) -> dict[int, list[StreamListener]]:
    """The listeners by the predictors that they listen to."""
    predictors = list(program.named_predictors()) if hasattr(program, "named_predictors") else []
    found: dict[int, list[StreamListener]] = {}
    for each in listeners:
        field = each.signature_field_name
        if each.predict is None:
            having = [pair for pair in predictors if field in pair[1].signature.output_fields]
            if not having:
                raise ConfigurationError(
                    f"no predictor of the program has an output `{field}`; check the name, or pass `predict=`"
                )
            if len(having) > 1:
                names = " and ".join(f"`{name}`" for name, _ in having)
                raise ConfigurationError(
                    f"signature field {field} is not unique in the program: {names} have it; "
                    "pass `predict=`, the predictor to listen to"
                )
            ((name, each.predict),) = having
            each.predict_name = each.predict_name or name
        elif each.predict_name is None:
            each.predict_name = next((name for name, one in predictors if one is each.predict), "self")
        found.setdefault(id(each.predict), []).append(each)
    return found
