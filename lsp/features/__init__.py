"""What the server offers: one file a feature, and one line for each here.

A feature has `HANDLERS`, the methods that it answers, and `CAPABILITIES`, what `initialize` says of it.
`diagnostics` is pushed as well.
"""

from __future__ import annotations

from . import (
    code_action,
    completion,
    definition,
    document_highlight,
    document_symbol,
    formatting,
    hover,
    references,
    signature_help,
    workspace_symbol,
)

FEATURES = (
    code_action,
    completion,
    definition,
    document_highlight,
    document_symbol,
    formatting,
    hover,
    references,
    signature_help,
    workspace_symbol,
)
