"""How much of a file is looked at, where more than one module has to agree."""

from __future__ import annotations

LARGEST_STATE = 64 << 20
"""How many bytes a state may have of which something is told while checking."""
MOST_BESIDE = 2_000
"""How many entries of a folder are looked at for names that are like that of a missing data file."""
LARGEST_FOOTER = 8 << 20
"""How many bytes the footer of a Parquet file may have that is read while checking."""
