"""`EMPTY`: a cell of a table in which nothing stands.

A table has no other way to leave a value out. So for an input that has a default, or may be None, an empty
cell is no value; everywhere else it is the empty text.
"""

from __future__ import annotations


class EmptyCell(str):
    """The empty text, from a table."""

    __slots__ = ()


EMPTY = EmptyCell()
