"""The `dspyc` command: hands over to the command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line on the process's arguments and leave with its exit code."""
    try:
        from .cli.main import run
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(run())


if __name__ == "__main__":
    main()
