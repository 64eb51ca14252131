"""What the server offers: one file a feature, and one line for each here.

A feature has `HANDLERS`, the methods that it answers, and `CAPABILITIES`, what `initialize` says of it.
`diagnostics` pushes to clients that do not ask.
"""

from __future__ import annotations

from . import (
    call_hierarchy,
    code_action,
    code_lens,
    completion,
    definition,
    document_highlight,
    document_link,
    document_symbol,
    execute_command,
    file_operations,
    folding_range,
    formatting,
    graph,
    hover,
    implementation,
    inlay_hint,
    inline_value,
    linked_editing_range,
    on_type_formatting,
    pull_diagnostics,
    references,
    rename,
    selection_range,
    semantic_tokens,
    signature_help,
    tests,
    text_document_content,
    workspace_symbol,
)

FEATURES = (
    call_hierarchy,
    code_action,
    code_lens,
    completion,
    definition,
    document_highlight,
    document_link,
    document_symbol,
    execute_command,
    file_operations,
    folding_range,
    formatting,
    graph,
    hover,
    inlay_hint,
    on_type_formatting,
    linked_editing_range,
    inline_value,
    implementation,
    pull_diagnostics,
    references,
    rename,
    selection_range,
    semantic_tokens,
    signature_help,
    tests,
    text_document_content,
    workspace_symbol,
)
