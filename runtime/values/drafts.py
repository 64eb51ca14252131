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
CHANNEL = "<|channel|>"
_BEGINS = pattern(r"\s*+(?:<\|start\|>assistant)?<\|channel\|>(analysis|commentary|final)\b")
_FINAL = pattern(
    r"(\A\s*+|<\|start\|>assistant|<\|end\|>)?"
    r"<\|channel\|>final(?:[^<\n]*+<\|constrain\|>[^<\n]*+)?<\|message\|>"
)
_MESSAGE_ENDS = pattern(r"<\|(?:end|return|call)\|>(?=\s*+(?:\Z|<\|start\|>|<\|channel\|>))")
_TO_A_TOOL = f"{CHANNEL}commentary to="
_MARKER = pattern(r"\[\[[ \t]*##")
_MARKER_ENDS = pattern(r"##[ \t]*\]\]\s*+\Z")


def without_drafts(answer: str) -> str:
    """The answer without its drafts, and without the tokens by which some servers let it end.

    A draft is one at the beginning, one that begins a line and holds a field's marker, and all before a
    closing tag whose opening one was swallowed, as some chat templates do. One that never ends takes the rest
    of the answer with it. Other text that names the tags stays.
    """
    answer = final_channel(answer) if CHANNEL in answer else _without_end(answer)
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
        if closing is None and tag[0][0] == "[" and not leads:
            break  # a text that mentions it
        if leads or _MARKER.search(answer, tag.end(), inside) is not None:
            kept.append(answer[offset : tag.start()])
            if closing is None and _MARKER_ENDS.search(kept[-1]) is not None:
                kept.append(tag[0])  # the field has only this, and is to be asked for again
            offset = end
        tag = _TAG.search(answer, end)
    return "".join([*kept, answer[offset:]])


def _without_end(answer: str) -> str:
    """The answer without the tokens that end a turn, where they stand behind it and are not spoken of."""
    for _ in range(_MOST_ENDS):
        if answer[-1:] != ">" and not answer[-1:].isspace():
            break
        stripped = answer.rstrip()
        token = next((each for each in _TURN_ENDS if stripped.endswith(each)), None)
        before = "" if token is None else stripped.removesuffix(token)
        end = before[-_MARGIN:]
        said = end.rstrip("\r\n")
        is_told = not said or _TELLS.search(said) is not None or _MARKER_ENDS.search(end) is not None
        if token is None or is_told or (token == "</s>" and "<s>" in before):
            return answer
        answer = before
    return answer


_MOST_ENDS = 8
_MARGIN = 40
_TELLS = pattern(r"(?:[ \t\"'`“=:(,]|[-=]>|<(?:bos|s)>|<\|(?:im_start|begin_of_text|startoftext)\|>)\Z")
"""What stands before a token that is spoken of."""
_TURN_ENDS = (
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|endoftext|>", "<|end_of_text|>", "<|return|>",
    "<|end_of_turn|>", "<end_of_turn>", "<eos>", "</s>",
)  # fmt: skip


def without_leading_draft(text: str, fields: Collection[str] = ()) -> str:
    """A field's text without the draft that it begins with; empty where the draft never ends, save that
    `[THINK]` without an end is text that mentions it.

    Args:
        text: the text.
        fields: elements that are values, such as `<reasoning>` where a record has a field of this name.
    """
    if text[:1] not in _OPENINGS:
        tag = _TAG.search(text)
        swallowed = tag is not None and tag[1] and _ends_line(text, tag.end())
        return text[tag.end() :].lstrip() if swallowed and tag is not None else text
    while text[:1] in _OPENINGS:
        if (tag := _TAG.match(text)) is not None and not tag[1]:
            closing = _closing(text, tag.end())
            if closing is None and text[:1] == "[":
                return text
            text = "" if closing is None else text[closing.end() :].lstrip()
        elif (other := _OTHER.match(text)) is not None and other[1].lower() not in fields:
            _, closed, rest = text.partition(f"</{other[1]}>")
            if not closed or not rest.strip():
                return text
            text = rest.lstrip()
        else:
            return text
    return text


def is_endless(text: str) -> bool:
    """Whether a text begins with a draft that does not end."""
    tag = _TAG.match(text)
    return tag is not None and not tag[1] and _closing(text, tag.end()) is None


def final_channel(text: str) -> str:
    """The last message of the channel `final` that says something, in an answer of the harmony format, which
    begins with a channel; nothing where there is only thinking. Other text that names the tokens stays.
    """
    begins = _BEGINS.match(text)
    if begins is None:
        return text
    finals = list(_FINAL.finditer(text))
    for final in reversed([each for each in finals if each[1] is not None] or finals):
        end = _MESSAGE_ENDS.search(text, final.end())
        said = text[final.end() : len(text) if end is None else end.start()]
        if said.strip():
            return said
    return "" if begins[1] != "commentary" and _TO_A_TOOL not in text else text


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
