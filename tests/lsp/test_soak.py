"""A short run of `benchmarks/editor_soak.py`: random edits and requests, and right findings at the end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[2] / "benchmarks" / "editor_soak.py"


def test_random_edits_and_requests(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(SOAK), "4", "3"],
        capture_output=True,
        text=True,
        timeout=180,
        cwd=tmp_path,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:] + ended.stdout
    found = json.loads(ended.stdout)
    assert found["right"]
    assert found["compared"] > 2
    assert sum(found["steps"].values()) > 20
