"""US dollars as people read them."""

from __future__ import annotations


def render_cost(cost: float | None) -> str:
    """US dollars with the digits that matter: "$0.0042", "$1.27"; "" for nothing."""
    if not cost:
        return ""
    if cost < 0.0001:
        return "under $0.0001"
    return f"${cost:.2f}" if cost >= 0.1 else f"${cost:.4f}"
