"""`full`: every finding with its lines and carets."""

from __future__ import annotations

from ...compiler.render import full as render

__all__ = ["render"]
