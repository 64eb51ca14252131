"""The `dspyc` command: hands over to the command line."""

from __future__ import annotations

from .base import interrupts


def main() -> None:
    """Run the command line on the process's arguments and leave with its exit code."""
    from .cli.main import run

    try:
        interrupts.raise_on_interrupt()
        code = run()
    except KeyboardInterrupt:
        code = interrupts.EXIT_CODE
    interrupts.end(code)


if __name__ == "__main__":
    main()
