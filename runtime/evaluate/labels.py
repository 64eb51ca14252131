"""Labels that no prediction can equal, because they are not of the output's type."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from ...base.secrets import redact
from ..example import Example
from ..signature.inputs import odd_labels

logger = logging.getLogger("dspyc")

_told: set[tuple[str, str, int]] = set()
_MOST_TOLD = 1_000
_LONGEST = 60


def warn_of_odd_labels(program: Any, examples: Sequence[Example]) -> None:
    """Say of each output how many labels are not of its type, and where the first is; once for the same rows.

    A row with such a label counts as wrong whatever is predicted, if the metric compares the two, and nothing
    else would say why: " card" is not `card`.

    Args:
        program: the program.
        examples: the rows.
    """
    signature = program.declared_signature()
    if signature is None:
        return
    found: dict[str, list[int]] = {}
    for index, example in enumerate(examples):
        for name in odd_labels(signature, example):
            found.setdefault(name, []).append(index)
    for name, indexes in found.items():
        first = examples[indexes[0]]
        text = redact(repr(str(first[name])))[:_LONGEST]
        where = first.origin or f"row {indexes[0] + 1}"
        known = (name, f"{where}: {text}", len(indexes))
        if known in _told or len(_told) >= _MOST_TOLD:
            continue
        _told.add(known)
        if len(indexes) == 1:
            odd, them, more = "a value of the label `%s` is", "it", ""
        else:
            odd, them, more = f"{len(indexes):,} values of the label `%s` are", "them", ", for example"
        logger.warning(
            f"{odd} not of its type, so that no prediction equals {them}: %s in %s{more}", name, text, where
        )
