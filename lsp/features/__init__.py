"""What the server offers: one file a feature, and one line for each here."""

from __future__ import annotations

from . import code_action, completion, definition, document_symbol, formatting, hover

FEATURES = (code_action, completion, definition, document_symbol, formatting, hover)
"""Modules with a `METHOD`, its `OPTIONS` and `handle(server, params)`; `diagnostics` is pushed instead."""
