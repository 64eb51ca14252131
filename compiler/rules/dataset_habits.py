"""What people call the steps of a dataset who know other libraries."""

from __future__ import annotations

STEPS = {
    "append": "+",
    "apply": "map(…)",
    "assign": "map(…)",
    "concat": "+",
    "concatenate": "+",
    "distinct": "unique(…)",
    "drop": "columns([…])",
    "drop_columns": "columns([…])",
    "drop_duplicates": "unique(…)",
    "extend": "+",
    "first": "take(…)",
    "head": "take(…)",
    "iloc": "[start:end]",
    "keep": "filter(…)",
    "limit": "take(…)",
    "merge": "+",
    "offset": "skip(…)",
    "query": "filter(…)",
    "random_split": "split(0.8, 0.2)",
    "remove_columns": "columns([…])",
    "rename_column": "rename({…})",
    "rename_columns": "rename({…})",
    "sample": "shuffle(0).take(…)",
    "select": "columns([…])",
    "select_columns": "columns([…])",
    "set_inputs": "inputs([…])",
    "tail": "[-n:]",
    "train_test_split": "split(0.8, 0.2)",
    "where": "filter(…)",
    "with_columns": "map(…)",
    "with_inputs": "inputs([…])",
}
"""The step to write instead of a method that datasets do not have."""
