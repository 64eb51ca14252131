"""The `dspyc` command: its sub-commands, imported when asked for, and what happens when one fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

import click

from ..base.secrets import redact
from ..project.errors import Misuse
from .console import ColorChoice, choose_color, choose_verbosity, say, say_error
from .errors import Refusal, near

SECTIONS: dict[str, tuple[str, ...]] = {
    "Write": ("check", "format", "explain", "settings", "clean"),
    "Run": ("run", "prompt", "test", "debug", "cache"),
    "Improve": ("eval", "optimize", "diff", "ui"),
    "Ship": (
        "init",
        "import",
        "build",
        "package",
        "serve",
        "graph",
        "lsp",
        "mcp",
        "preview",
        "completion",
        "version",
    ),
}


class Commands(click.Group):
    """A group that knows its commands by name and imports one when it is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        """All commands, in the order of the help."""
        return [name for names in SECTIONS.values() for name in names]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of a name; each file of this folder that has one calls it `command`."""
        if name not in self.list_commands(context):
            return None
        # `import` cannot be a module's name.
        module = "importing" if name == "import" else name
        command: click.Command = import_module(f".{module}", __package__).command
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; a file where the command should stand is a common slip."""
        name = arguments[0]
        known = self.list_commands(context)
        if name.partition(":")[0].endswith(".dspy"):
            raise Refusal(f"unknown command `{name}`", f"to run the program: dspyc run {' '.join(arguments)}")
        if name not in known and not name.startswith("-"):
            raise Refusal(f"unknown command `{name}`", near(name, known) or "run `dspyc --help` for a list")
        return super().resolve_command(context, arguments)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in sections, each with the first sentence of its help."""
        for section, names in SECTIONS.items():
            with formatter.section(section):
                commands = ((name, self.get_command(context, name)) for name in names)
                formatter.write_dl([(name, one.get_short_help_str(200)) for name, one in commands if one])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`dspyc COMMAND --help` shows examples. Exit codes: 0 success, 1 findings or a failed gate, "
    "2 wrong usage or an internal error.",
)
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colours."
)
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Show more on standard error, such as errors hidden by a `fallback:`.",
)
@click.version_option(package_name="dspyc", prog_name="dspyc", message="%(prog)s %(version)s")
def group(color: ColorChoice, verbose: bool) -> None:
    """Write, check, run, measure and improve programs made of language-model calls."""
    choose_color(color)
    choose_verbosity(verbose)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code. Nothing but an exit code leaves here, whatever happens."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A model may answer with what the terminal's encoding does not have.
            stream.reconfigure(errors="backslashreplace")
    try:
        return group.main(args=arguments, prog_name="dspyc", standalone_mode=False) or 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except Refusal as problem:
        problem.show()
        return problem.exit_code
    except Misuse as problem:
        say_error(problem.message, problem.help)
        return Refusal.exit_code
    except click.UsageError as problem:
        if problem.ctx is not None and problem.message == problem.ctx.get_help():
            # Whoever types only the name wants to know what there is.
            say(problem.message, error=True)
            return 2
        command = problem.ctx.command_path if problem.ctx else "dspyc"
        say_error(_in_our_words(problem), f"`{command} --help` shows usage and examples")
        return 2
    except click.ClickException as problem:
        say_error(_in_our_words(problem))
        return 2
    except click.Abort:
        # click has begun a new line.
        say("interrupted", error=True)
        return 130
    except KeyboardInterrupt:
        say("\ninterrupted", error=True)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`dspyc … | head`): leave, and keep Python from complaining.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as problem:
        if os.environ.get("DSPYC_TRACEBACK"):
            raise
        place = f"{problem.filename}: " if problem.filename else ""
        say_error(f"{place}{problem.strerror or problem}")
        return 2
    except Exception as problem:
        if os.environ.get("DSPYC_TRACEBACK"):
            raise
        return _report(problem)


def _report(problem: Exception) -> int:
    """Say what went wrong; the exit code. An error of the runtime's own tree is raised on purpose."""
    if type(problem).__module__.startswith(f"{__package__.partition('.')[0]}.runtime"):
        from .failures import refusal

        told = refusal(problem)
        if isinstance(told, click.ClickException):
            told.show()
            return told.exit_code
    report_internal(problem)
    return 2


def _in_our_words(problem: click.ClickException) -> str:
    """A message of click's without the capital and the full stop, as all others are."""
    message = problem.format_message().rstrip(".")
    return message[:1].lower() + message[1:]


def report_internal(problem: Exception) -> None:
    """Say that dspyc itself is wrong, where, and how to tell its makers."""
    frame = problem.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f" ({os.path.basename(frame.tb_frame.f_code.co_filename)}:{frame.tb_lineno})" if frame else ""
    text = redact(" ".join(str(problem).split()))[:300]
    say_error(
        f"dspyc itself failed{place}: {type(problem).__name__}: {text}",
        "this is a bug in dspyc, not in your program. Please report it with the command, the file, and the "
        "output with DSPYC_TRACEBACK=1 set",
    )
