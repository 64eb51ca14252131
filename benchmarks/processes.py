"""What a process and its children use, in nanoseconds and bytes, read from Linux."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
LOOKS_EVERY = 0.003
NEARLY_NOTHING = 0.00005
QUIET_LOOKS = 3
"""A process rests when it has used nearly no time between so many looks, and no thread waits for a core."""


@dataclass(frozen=True)
class Memory:
    """In MB. Pages that processes share count once in each `rss` and by their share in `pss`."""

    rss: float
    pss: float


def family(pid: int) -> list[int]:
    """A process and all that it has started."""
    found = [pid]
    for each in found:
        for children in PROC.glob(f"{each}/task/*/children"):
            with contextlib.suppress(OSError):
                found += [int(child) for child in children.read_text().split()]
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, running or ended."""
    return sum(_own_seconds(each) + _ended_children(each) for each in family(pid))


def _own_seconds(pid: int) -> float:
    """The process's own clock: nanoseconds, all threads, also those that have ended."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _ended_children(pid: int) -> float:
    """What children used that have ended; only in hundredths of a second."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[13]) + int(fields[14])) / TICKS


def rests(pid: int) -> bool:
    """Whether no thread runs or waits for a core."""
    for each in family(pid):
        for stat in PROC.glob(f"{each}/task/*/stat"):
            with contextlib.suppress(OSError):
                if stat.read_text().rpartition(")")[2].split()[0] == "R":
                    return False
    return True


def settle(pid: int, timeout: float = 1) -> float:
    """Wait until a process has nothing left to do; its CPU seconds then."""
    deadline = time.monotonic() + timeout
    used, quiet = cpu_seconds(pid), 0
    while quiet < QUIET_LOOKS and time.monotonic() < deadline:
        time.sleep(LOOKS_EVERY)
        now = cpu_seconds(pid)
        quiet = quiet + 1 if now - used < NEARLY_NOTHING and rests(pid) else 0
        used = now
    return used


def memory(pid: int) -> Memory:
    """What a process and its children hold."""
    found = {"Rss": 0, "Pss": 0}
    for each in family(pid):
        with contextlib.suppress(OSError):
            for line in (PROC / str(each) / "smaps_rollup").read_text().splitlines():
                name, _, value = line.partition(":")
                if name in found:
                    found[name] += int(value.split()[0])
    return Memory(found["Rss"] / 1024, found["Pss"] / 1024)
