"""The options of `dspyc check`, named as on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from ...base.diagnostic import Severity

FAIL_ON: dict[str, tuple[Severity, ...]] = {
    "error": ("error",),
    "warning": ("error", "warning"),
    "info": ("error", "warning", "info"),
    "never": (),
}


class Options(Struct, frozen=True):
    """What the command line says beside the paths."""

    fix: bool
    unsafe_fixes: bool
    diff: bool
    output_format: tuple[str, ...]
    statistics: bool
    fail_on: str
    exit_zero: bool
    select: tuple[str, ...]
    extend_select: tuple[str, ...]
    ignore: tuple[str, ...]
    add_ignore: bool
    changed_since: str | None
    baseline: str | None
    write_baseline: bool
    update_baseline: bool
    watch: bool
    stdin_filename: str | None
    force_exclude: bool
    jobs: int | None
    no_cache: bool

    @property
    def writes(self) -> bool:
        """Whether files are to be changed, or how they would be is to be shown."""
        return self.fix or self.unsafe_fixes or self.diff or self.add_ignore

    @property
    def failing(self) -> tuple[Severity, ...]:
        """The severities that set the exit code to 1."""
        return () if self.exit_zero else FAIL_ON[self.fail_on]
