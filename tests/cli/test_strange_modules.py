"""Commands beside modules that other packages have put together in their own ways."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from dspyc.cli.main import run

MODELS = """\
lm offline = DummyLM([{"label": "late"}])
lm other = DummyLM([{"label": "broken"}])
"""
PROGRAM = """\
from .models import offline, other

configure(lm=other)

module desk = Predict("text -> label")

test "a parcel":
    assert desk(text="Where is it?").label == "late"
"""


class Everything:
    """Has every attribute, as torch's `torch.ops` has."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and name not in ("__dspyc__", "__file__"):
            raise AttributeError(name)
        return Everything()


@pytest.mark.parametrize(
    "words",
    [
        ["run", "p.dspy:desk", "text=a", "--lm", "offline"],
        ["test", "p.dspy", "--lm", "offline"],
        ["graph", "p.dspy:desk"],
    ],
    ids=lambda words: str(words[0]),
)
def test_a_module_with_every_attribute_is_none_of_ours(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "strange.ops", Everything())  # type: ignore[arg-type]
    Path("models.dspy").write_text(MODELS, encoding="utf-8")
    Path("p.dspy").write_text(PROGRAM, encoding="utf-8")
    assert run(words) == 0, "".join(capsys.readouterr())
