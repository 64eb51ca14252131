"""`dspyc completion`: what makes a shell complete commands, options and files."""

from __future__ import annotations

import click

from .console import say


@click.command
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a completion script for a shell.

    \b
    Examples:
      dspyc completion bash >> ~/.bashrc
      dspyc completion zsh >> ~/.zshrc
      dspyc completion fish > ~/.config/fish/completions/dspyc.fish
    """
    from click.shell_completion import get_completion_class

    from .main import group

    kind = get_completion_class(shell)
    assert kind is not None, "the choice above offers only shells that click knows"
    say(kind(group, {}, "dspyc", "_DSPYC_COMPLETE").source())
