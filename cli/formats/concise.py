"""`concise`: one line a finding."""

from __future__ import annotations

from ...compiler.render import concise as render

__all__ = ["render"]
