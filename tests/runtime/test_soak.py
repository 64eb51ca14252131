"""A short run of `benchmarks/soak.py`: many calls to a server that fails in all its ways."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


def test_calls_end_right_or_with_an_error_and_leave_nothing(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(SOAK), "600"],
        capture_output=True,
        text=True,
        timeout=180,
        cwd=tmp_path,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:] + ended.stdout
    assert ended.stderr == ""
    found = json.loads(ended.stdout)
    assert found["wrong"] == []
    assert found["paid twice"] == []
    assert found["right"] + sum(found["errors"].values()) == found["calls"] == 600
    assert set(found["errors"]) <= {
        "FilteredAnswerError", "EmptyAnswerError", "LMRateLimitError", "LMServerError", "LMTimeoutError",
        "LMTransportError",
    }  # fmt: skip
    assert len(found["failures"]) >= 10, "nearly all ways of failing came up"
    assert set(found["threads left"]) <= {"dspyc-requests", "dspyc-loop"}
    assert found["descriptors"] < 120
