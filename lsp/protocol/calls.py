"""Who calls whom, and what extends what."""

from __future__ import annotations

from .places import Range, Structure
from .symbols import SymbolKind


class CallHierarchyItem(Structure, frozen=True):
    """Something that can be called."""

    name: str
    kind: SymbolKind
    uri: str
    range: Range
    selection_range: Range
    detail: str | None = None


class CallHierarchyParams(Structure, frozen=True):
    """The callers or callees of an item."""

    item: CallHierarchyItem


class CallHierarchyIncomingCall(
    Structure, omit_defaults=False, rename={"caller": "from", "ranges": "fromRanges"}, frozen=True
):
    """A caller, and where it calls."""

    caller: CallHierarchyItem
    ranges: list[Range]


class CallHierarchyOutgoingCall(Structure, omit_defaults=False, frozen=True):
    """A callee, and where it is called."""

    to: CallHierarchyItem
    from_ranges: list[Range]


class TypeHierarchyItem(Structure, frozen=True):
    """Something that others may extend."""

    name: str
    kind: SymbolKind
    uri: str
    range: Range
    selection_range: Range


class TypeHierarchyParams(Structure, frozen=True):
    """What an item extends, or what extends it."""

    item: TypeHierarchyItem
