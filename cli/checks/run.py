"""`dspyc check` from its options to its exit code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ...base.text import plural
from ..console import say
from ..errors import Refusal
from ..files import find, read_program_from_input
from ..report import Output, is_for_people, read_outputs, write_report
from .baseline import Baseline, open_baseline
from .engine import Engine, Outcome
from .options import Options
from .result import Task


def run(paths: tuple[str, ...], options: Options) -> int:
    """Check what the paths name; the exit code. Raises `Refusal` for what cannot be asked for together."""
    _refuse_together(paths, options)
    outputs = read_outputs(options.output_format)
    task = Task(
        _selectors(options.select),
        _selectors(options.ignore),
        _selectors(options.extend_select),
        is_for_people(outputs) and not options.statistics,
    )
    if paths == ("-",):
        path = Path.cwd() / (options.stdin_filename or "stdin.dspy")
        engine = Engine(task, overlays={str(path): read_program_from_input()})
        return _report(engine.check([path]), options, outputs)
    engine = Engine(task, uses_cache=not options.no_cache, jobs=options.jobs)
    find_files = partial(find, paths, forces_exclusion=options.force_exclude)
    if options.watch:
        from .watch import watch

        return watch(find_files, lambda files: _once(engine, task, files, options, outputs)[0])
    return _once(engine, task, find_files(), options, outputs)[1]


def _refuse_together(paths: tuple[str, ...], options: Options) -> None:
    if paths == ("-",) and (options.writes or options.watch):
        raise Refusal("standard input cannot be fixed in place", "name the file, or use `dspyc format -`")
    if options.add_ignore and (options.fix or options.unsafe_fixes or options.diff):
        raise Refusal("`--add-ignore` cannot be used together with fixes", "fix first: dspyc check --fix")
    if options.watch and (options.writes or options.write_baseline or options.update_baseline):
        raise Refusal("`--watch` only reports; it cannot be used together with options that write files")
    if options.write_baseline and options.changed_since is not None:
        raise Refusal("a baseline of all findings cannot be written with `--changed-since`")


def _selectors(given: tuple[str, ...]) -> tuple[str, ...]:
    """The rules that an option names; raises `Refusal` for what does not exist."""
    names = tuple(name.strip() for option in given for name in option.split(",") if name.strip())
    if not names:
        return ()
    # Rules are imported for it.
    from ...compiler.selection import wrong_selectors

    for problem in wrong_selectors(names):
        raise Refusal(problem.message, problem.help)
    return names


def _once(
    engine: Engine, task: Task, files: Sequence[Path], options: Options, outputs: Sequence[Output]
) -> tuple[Outcome, int]:
    """One check of files: what was found, and the exit code."""
    outcome = engine.check(files)
    if options.changed_since is not None:
        from .changed import changed_files

        has_changed = changed_files(options.changed_since)
        outcome = outcome.only(lambda each: any(map(has_changed, each.reads)))
    if options.writes:
        from .writing import add_ignores, fix

        if options.add_ignore:
            count = add_ignores(task, outcome)
        else:
            count = fix(task, outcome, unsafe=options.unsafe_fixes, write=not options.diff)
            if count and options.diff:
                return outcome, 1
        if count:
            names = {each.key for each in outcome.files}
            outcome = engine.check(files).only(lambda each: each.key in names)
    return outcome, _report(outcome, options, outputs)


def _report(outcome: Outcome, options: Options, outputs: Sequence[Output]) -> int:
    """Write the report of what is not in the baseline; the exit code."""
    baseline = open_baseline(options.baseline, must_exist=not options.write_baseline)
    if options.write_baseline:
        return _write_baseline(baseline, outcome)
    note = ""
    if baseline is not None:
        outcome, known, fixed = baseline.apply(outcome)
        if options.update_baseline:
            baseline.remove(fixed)
            say(f"Removed {plural(len(fixed), 'finding')} from {baseline.shown}.", error=True)
            fixed = ()
        note = baseline.note(known, len(fixed))
    elif options.update_baseline:
        raise Refusal("there is no baseline to update", "write one first: dspyc check --write-baseline")
    if options.statistics:
        from .statistics import render_statistics

        write_report(outcome.report, outputs, render_statistics(outcome.report), note)
    else:
        write_report(outcome.report, outputs, None, outcome.render_fixable() + note)
    return int(any(outcome.report.count(severity) for severity in options.failing))


def _write_baseline(baseline: Baseline | None, outcome: Outcome) -> int:
    baseline = Baseline.new(os.path.abspath("dspyc-baseline.json")) if baseline is None else baseline
    count = baseline.write(outcome)
    say(f"Wrote {plural(count, 'finding')} to {baseline.shown}.")
    if not baseline.is_set:
        say(f'Use it with `--baseline {baseline.shown}`, or set baseline = "{baseline.shown}".')
    return 0
