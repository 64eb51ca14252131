"""`dspyc debug`: breakpoints and steps in `.dspy` files, by debugpy."""

from __future__ import annotations

from importlib.util import find_spec

import click

from .console import say
from .errors import Refusal


@click.command
@click.argument("target", metavar="[FILE[:NAME]]", required=False, type=click.Path())
@click.argument("inputs", nargs=-1, metavar="[KEY=VALUE]…")
@click.option("--adapter", is_flag=True, help="Be a debug adapter on standard input and output, for editors.")
@click.option("--test", "title", metavar="TITLE", help="Debug this test of the file.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=5678, help="Where an editor connects.  [default: 5678]"
)
def command(target: str | None, inputs: tuple[str, ...], adapter: bool, title: str | None, port: int) -> int:
    """Debug a program: breakpoints and steps in `.dspy` files.

    The program starts when an editor has connected to 127.0.0.1 by the Debug Adapter Protocol. VS Code needs
    none of this: it starts the adapter itself.

    \b
    Examples:
      dspyc debug banking.dspy text="My card still has not arrived"
      dspyc debug banking.dspy --test "a lost card"
      dspyc debug --adapter
    """
    if find_spec("debugpy") is None:
        missing = Refusal("debugging needs the package `debugpy`", "pip install 'dspyc[debug]'")
        if adapter:
            from .debugging.adapter import refuse

            refuse(missing.report_text())
        raise missing
    if adapter:
        from .debugging.adapter import serve

        if target is not None:
            raise Refusal("--adapter takes no program", "the editor names it when it starts to debug")
        return serve()
    if target is None:
        raise Refusal("name the program to debug", "like dspyc debug FILE.dspy KEY=VALUE")
    return _listen(["test", target, "--title", title] if title else ["run", target, *inputs], port)


def _listen(words: list[str], port: int) -> int:
    """Wait for an editor, then run a command; its exit code."""
    import debugpy

    from .debugging.inside import main

    try:
        debugpy.listen(("127.0.0.1", port))
    except (OSError, RuntimeError) as problem:
        raise Refusal(f"cannot listen on port {port}: {problem}", "choose another one with --port") from None
    say(f"waiting for a debugger on 127.0.0.1:{port}", error=True)
    debugpy.wait_for_client()
    return main(words)
