"""What the end of a Parquet file tells of its columns.

The schema stands in the file's footer, in Thrift's compact protocol. A few of its fields are read here, and
nothing else: a check happens while somebody types, and importing a library of data frames for the names of
columns would take longer than the rest of it. The formats are those of
https://github.com/apache/parquet-format (`parquet.thrift`) and
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import Any

MAGIC = b"PAR1"
TAIL = 8
"""How many bytes at the end say how long the footer is."""
_MOST_COLUMNS = 10_000
_DEEPEST = 32
_MOST_VALUES = 200_000
"""How many values are read: more of them than the schema of so many columns has."""
_STOP, _TRUE = 0, 1
_SCHEMA = 2
"""The field of the footer that has the elements of the schema."""
_NAME, _CHILDREN = 4, 5
"""Fields of an element of the schema."""


class DamagedFooterError(ValueError):
    """Bytes that are no footer of a Parquet file."""


def footer_length(end: bytes) -> int:
    """How many bytes the footer has, by the last bytes of a file.

    Raises:
        DamagedFooterError: they do not end a Parquet file.
    """
    if len(end) < TAIL or end[-4:] != MAGIC:
        raise DamagedFooterError
    return int.from_bytes(end[-TAIL:-4], "little")


def columns(footer: bytes) -> tuple[str, ...]:
    """The names of the columns, in their order; a nested column is one.

    Raises:
        DamagedFooterError: the footer cannot be read.
    """
    found = _Reader(footer).struct(until=_SCHEMA).get(_SCHEMA)
    if not isinstance(found, list) or not found:
        raise DamagedFooterError
    names: list[str] = []
    at = 1  # behind the root, of which the columns are the children
    for _ in range(_children(found[0])):
        if at >= len(found) or len(names) >= _MOST_COLUMNS:
            raise DamagedFooterError
        names.append(_name(found[at]))
        at = _behind(found, at)
    return tuple(names)


def _name(element: Any) -> str:
    name = element.get(_NAME) if isinstance(element, dict) else None
    if not isinstance(name, bytes):
        raise DamagedFooterError
    return name.decode("utf-8", "replace")


def _children(element: Any) -> int:
    count = element.get(_CHILDREN, 0) if isinstance(element, dict) else 0
    return count if isinstance(count, int) and count > 0 else 0


def _behind(elements: list[Any], at: int) -> int:
    """The index behind an element and all that is nested in it."""
    waiting = 1
    while waiting and at < len(elements):
        waiting += _children(elements[at]) - 1
        at += 1
    return at


class _Reader:
    """Values of the compact protocol, one after another: structs as dicts by the numbers of their fields."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._count = 0

    def struct(self, depth: int = 0, until: int = 0) -> dict[int, Any]:
        """The fields of a struct; those behind the field `until` are left out."""
        fields: dict[int, Any] = {}
        number = 0
        while True:
            head = self._byte()
            kind = head & 0x0F
            if kind == _STOP:
                return fields
            number = number + (head >> 4) if head >> 4 else self._signed()
            fields[number] = self._value(kind, depth, is_field=True)
            if number == until:
                return fields

    def _value(self, kind: int, depth: int, *, is_field: bool) -> Any:
        self._count += 1
        if depth > _DEEPEST or self._count > _MOST_VALUES:
            raise DamagedFooterError
        match kind:
            case 1 | 2:  # true, false
                return kind == _TRUE if is_field else self._byte() == _TRUE
            case 3:  # a byte
                return self._byte()
            case 4 | 5 | 6:  # integers of 16, 32 and 64 bits
                return self._signed()
            case 7:  # a double
                return self._take(8)
            case 8:  # bytes
                return self._take(self._unsigned())
            case 9 | 10:  # a list, a set
                return self._list(depth)
            case 11:  # a map
                return self._map(depth)
            case 12:
                return self.struct(depth + 1)
            case _:
                raise DamagedFooterError

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count = head >> 4 if head >> 4 != 15 else self._unsigned()
        self._must_have(count)
        return [self._value(head & 0x0F, depth + 1, is_field=False) for _ in range(count)]

    def _map(self, depth: int) -> None:
        count = self._unsigned()
        self._must_have(count)
        kinds = self._byte() if count else 0
        for _ in range(count):
            self._value(kinds >> 4, depth + 1, is_field=False)
            self._value(kinds & 0x0F, depth + 1, is_field=False)

    def _must_have(self, count: int) -> None:
        """Each item takes a byte at least: there cannot be more of them than bytes."""
        if count > len(self._data) - self._at:
            raise DamagedFooterError

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise DamagedFooterError
        self._at += count
        return self._data[self._at - count : self._at]

    def _unsigned(self) -> int:
        value = shift = 0
        while shift < 64:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise DamagedFooterError

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
