"""What the server offers: one file a feature, and one line for each here.

A feature has `HANDLERS`, the methods that it answers, and `CAPABILITIES`, what `initialize` says of it.
`diagnostics` is pushed as well.
"""

from __future__ import annotations

from . import (
    call_hierarchy,
    code_action,
    completion,
    definition,
    document_highlight,
    document_link,
    document_symbol,
    folding_range,
    formatting,
    hover,
    inlay_hint,
    references,
    rename,
    selection_range,
    semantic_tokens,
    signature_help,
    workspace_symbol,
)

FEATURES = (
    call_hierarchy,
    code_action,
    completion,
    definition,
    document_highlight,
    document_link,
    document_symbol,
    folding_range,
    formatting,
    hover,
    inlay_hint,
    references,
    rename,
    selection_range,
    semantic_tokens,
    signature_help,
    workspace_symbol,
)
