"""Drafts: what a reasoning model thinks between `<think>` and `</think>`, which is no part of its answer."""

from __future__ import annotations

import re
from collections.abc import Collection

from ...base.expressions import pattern

_TAG = pattern(r"(?:[<◁]|(?-i:\[(?=/?THINK\])))(/?)(?:ant)?think(?:ing)?[>▷\]]", re.IGNORECASE)
_OTHER = pattern(
    r"<(thoughts?|reasoning|analysis|scratchpad|reflection|inner_monologue|chain_of_thought)>", re.IGNORECASE
)
"""What else a model may think in: names that a field may have as well."""
_OPENINGS = ("<", "◁", "[")
_SIGNS = ("<", "◁", "[THINK]", "[/THINK]")
"""Without one of these there is no draft."""
_FINAL = "<|channel|>final<|message|>"
_CHANNEL = "<|channel|>"
_MESSAGE_ENDS = pattern(r"<\|(?:end|return|call)\|>")
_MARKER = pattern(r"\[\[[ \t]*##")


def without_drafts(answer: str) -> str:
    """The answer without its drafts.

    A draft is one at the beginning, one that begins a line and holds a field's marker, and all before a
    closing tag whose opening one was swallowed, as some chat templates do. One that never ends takes the rest
    of the answer with it. Other text that names the tags stays.
    """
    if _CHANNEL in answer:
        answer = _final_channel(answer)
    if not any(sign in answer for sign in _SIGNS) or (tag := _TAG.search(answer)) is None:
        return answer
    kept: list[str] = []
    offset = 0
    if tag[1]:
        if not _ends_line(answer, tag.end()):
            return answer
        offset = tag.end()
        tag = _TAG.search(answer, offset)
    while tag is not None:
        if tag[1] or not _begins_line(answer, tag.start()):
            tag = _TAG.search(answer, tag.end())
            continue
        closing = _closing(answer, tag.end())
        end, inside = (len(answer), len(answer)) if closing is None else (closing.end(), closing.start())
        leads = not answer[offset : tag.start()].strip() and not any(part.strip() for part in kept)
        if leads or _MARKER.search(answer, tag.end(), inside) is not None:
            kept.append(answer[offset : tag.start()])
            offset = end
        tag = _TAG.search(answer, end)
    return "".join([*kept, answer[offset:]])


def without_leading_draft(text: str, fields: Collection[str] = ()) -> str:
    """A field's text without the draft that it begins with; empty where the draft never ends.

    Args:
        text: the text.
        fields: elements that are values, such as `<reasoning>` where a record has a field of this name.
    """
    if _CHANNEL in text:
        text = _final_channel(text)
    if text[:1] not in _OPENINGS:
        tag = _TAG.search(text)
        swallowed = tag is not None and tag[1] and _ends_line(text, tag.end())
        return text[tag.end() :].lstrip() if swallowed and tag is not None else text
    while text[:1] in _OPENINGS:
        if (tag := _TAG.match(text)) is not None and not tag[1]:
            closing = _closing(text, tag.end())
            text = "" if closing is None else text[closing.end() :].lstrip()
        elif (other := _OTHER.match(text)) is not None and other[1].lower() not in fields:
            _, closed, rest = text.partition(f"</{other[1]}>")
            if not closed or not rest.strip():
                return text
            text = rest.lstrip()
        else:
            return text
    return text


def _final_channel(text: str) -> str:
    """The last message of the channel `final`, as models of the harmony format write it; none where there is
    only thinking.
    """
    _, found, rest = text.rpartition(_FINAL)
    if found:
        end = _MESSAGE_ENDS.search(rest)
        return rest if end is None else rest[: end.start()]
    return "" if text.lstrip().startswith(f"{_CHANNEL}analysis") else text


def _closing(text: str, offset: int) -> re.Match[str] | None:
    """The closing tag of a draft; drafts do not nest, but a second opening tag may be repeated."""
    for tag in _TAG.finditer(text, offset):
        if tag[1]:
            return tag
    return None


def _begins_line(text: str, offset: int) -> bool:
    return not text[text.rfind("\n", max(0, offset - 40), offset) + 1 : offset].strip() if offset else True


def _ends_line(text: str, offset: int) -> bool:
    return not text[offset : offset + 40].partition("\n")[0].strip()
