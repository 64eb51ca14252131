"""A file after an edit: only the items around the edit are split and parsed again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from .file_formats import other_format
from .parse import MAX_BROKEN, File, Item, parse, parse_item
from .source import Source
from .split import begins_with_head, split


def reparse(old: File, source: Source) -> File:
    """What `parse` makes of a source, given the file as it was before an edit.

    An item that begins with a declaration's head begins one whatever stands above it, so the text between two
    of them is split on its own. One whole item is kept between the edit and such a head, because comments
    belong to what stands below them.
    """
    before, after = old.source.text, source.text
    items = old.items
    if not items or other_format(after) is not None or _is_cut_short(items):
        return parse(source)
    start = _common_start(before, after)
    end = len(before) - _common_end(before, after, min(len(before), len(after)) - start)
    first = _head_before(items, _index_at(items, start) - 1)
    last = _head_behind(items, _index_at(items, end) + 2)
    begin = items[first].start if first > 0 else 0
    moved = len(after) - len(before)
    stop = (items[last].start if last < len(items) else len(before)) + moved
    between = [Item(begin + chunk.start, parse_item(chunk.text)) for chunk in split(after[begin:stop])]
    behind = items[last:] if moved == 0 else [Item(each.start + moved, each.parsed) for each in items[last:]]
    found = (*items[: max(first, 0)], *between, *behind)
    return parse(source) if _is_cut_short(found) else File(source, found)


def _is_cut_short(items: Sequence[Item]) -> bool:
    """Whether there are so many mistakes that the rest of the file is not read."""
    return len(items) >= MAX_BROKEN and sum(1 for each in items if each.parsed.problems) >= MAX_BROKEN


def _index_at(items: Sequence[Item], offset: int) -> int:
    return max(0, bisect_right(items, offset, key=lambda each: each.start) - 1)


def _head_before(items: Sequence[Item], index: int) -> int:
    """The nearest item from `index` back that begins with a head; 0 where there is none."""
    while index > 0 and not begins_with_head(items[index].text):
        index -= 1
    return max(index, 0)


def _head_behind(items: Sequence[Item], index: int) -> int:
    """The nearest item from `index` on that begins with a head; their number where there is none."""
    while index < len(items) and not begins_with_head(items[index].text):
        index += 1
    return min(index, len(items))


def _common_start(first: str, second: str) -> int:
    """How many characters two texts have in common at their beginning."""
    low, most = 0, min(len(first), len(second))
    step = _STEP
    while low < most and step:
        if first[low : low + step] == second[low : low + step]:
            low += step
        else:
            step //= 2
    return min(low, most)


def _common_end(first: str, second: str, most: int) -> int:
    """How many characters two texts have in common at their end, at most `most`."""
    low, step = 0, _STEP
    end, other_end = len(first), len(second)
    while low < most and step:
        size = min(step, most - low)
        if first[end - low - size : end - low] == second[other_end - low - size : other_end - low]:
            low += size
        else:
            step = size // 2
    return low


_STEP = 1 << 14
"""So many characters are compared at once at first."""
