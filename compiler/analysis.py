"""What the command line, the server and the loader ask: a project of files, the analysis of one of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from msgspec import Struct

from ..base.diagnostic import Diagnostic
from ..base.recursion import deep
from ..grammar import parse
from ..grammar.source import Source
from . import rules, suppressions
from .files import Files, Finder, Looker, Reader, StateLooker, Unreadable, calls_hold, program_of
from .findings import EVERYTHING as READS_EVERYTHING
from .findings import all_hold, check_item, place
from .program import Item, Program
from .repeats import without_repeats
from .resolve.scope import FileScope, KeptItem
from .selection import EVERYTHING, Selection

__all__ = ["FileAnalysis", "Finder", "Project", "Reader", "Unreadable"]


class FileAnalysis(Struct, eq=False):
    """All that is known of one file."""

    path: str
    source: Source
    file: parse.File
    diagnostics: tuple[Diagnostic, ...]
    """Syntax problems and findings of the rules, by place."""
    _project: Project
    _program: Program
    _edits: int
    """How often a text of the project had changed."""

    def item_instead(self, start: int, parsed: parse.Parsed) -> Item:
        """An item that is not in the file, as it would be in the place of what stands at `start` there.

        It is resolved among the names of the file when something is asked of it; nothing remembers it.
        """
        return self._project._instead(self, start, parsed)

    @property
    def program(self) -> Program:
        """The resolved program."""
        self._program = self._project._with_words(self._program, self.file)
        return self._program


class Project:
    """Files that are checked together.

    What was found out about a declaration is remembered by its text and by what it read of others: a check
    after an edit looks at what the edit changes, and a check of unchanged files is free. Threads may check at
    the same time.

    `read` gives the files' texts (an editor hands in its unsaved ones) or says why there is none, `roots` are
    the folders in which imports are looked for after the file's own, `find` knows the installed Python
    packages (without it only the standard library is known), `pure` names Python functions without effects,
    as `module.name`, `selection` says which kinds of findings are looked for, and `look` tells what is known
    of a data file by its beginning, `look_at_state` what is known of a program's state; without them, what
    the text that `read` gives tells.
    """

    def __init__(
        self,
        read: Reader,
        roots: tuple[str, ...] = (),
        find: Finder | None = None,
        pure: frozenset[str] = frozenset(),
        selection: Selection = EVERYTHING,
        look: Looker | None = None,
        look_at_state: StateLooker | None = None,
    ) -> None:
        self.selection = selection
        self.checked = 0
        """How often the rules looked at a declaration."""
        self._files = Files(read, roots, find, pure, look, look_at_state)
        self._analyses: dict[str, FileAnalysis] = {}

    @property
    def resolved(self) -> int:
        """How often a declaration was resolved."""
        return self._files.resolved

    def readers(self, path: str) -> frozenset[str]:
        """The checked files that depend on the text at a path: `.dspy`, Python or data, there or missing."""
        with self._files.lock:
            return self._files.readers(path)

    def reads(self, path: str) -> frozenset[str]:
        """The files, there or not, that the analysis of a checked file depends on; it is one of them."""
        with self._files.lock:
            return frozenset(self._files.reached(path))

    @deep
    def check(self, path: str) -> FileAnalysis:
        """The analysis of a file. Raises FileNotFoundError when the reader does not have it."""
        with self._files.lock:
            scope = self._resolved(path)
            analysis = self._analyses.get(path)
            if analysis is None or scope.is_dirty or not self._is_current(analysis, scope):
                analysis = self._analyses[path] = self._analyse(scope)
            return analysis

    def rest(self, path: str) -> None:
        """Keep less of a checked file at which nobody looks: what is quickly gathered again is let go.

        No other thread may be looking at the file's program.
        """
        with self._files.lock:
            analysis = self._analyses.get(path)
            scope = self._files.scope(path) if analysis is not None else None
            if analysis is not None and scope is not None:
                scope.let_go()
                analysis._program.let_go()

    def keep_only(self, paths: Iterable[str]) -> set[str]:
        """Let go of what is known of files, but for these and those that they need.

        A file that is checked later is checked as if for the first time. Returns the files that are kept.
        """
        with self._files.lock:
            needed = self._files.keep_only(paths)
            self._analyses = {path: each for path, each in self._analyses.items() if path in needed}
            return needed

    def _instead(self, analysis: FileAnalysis, start: int, parsed: parse.Parsed) -> Item:
        with self._files.lock:
            scope = self._files.scope(analysis.path)
            if scope is None:
                scope = FileScope(analysis.path, analysis.file, self._files)
            index = max(bisect_right(scope.file.items, start, key=lambda each: each.start) - 1, 0)
            key = scope.items[index].key if index < len(scope.items) else ""
            return Item(index, start, KeptItem(scope, key, parsed))

    def _is_current(self, analysis: FileAnalysis, scope: FileScope) -> bool:
        if analysis.file is not scope.file:
            return False
        if analysis._edits == self._files.edits:
            return True
        # Labels in other files move with what stands above them there.
        if any(label.path is not None for each in analysis.diagnostics for label in each.labels):
            return False
        if not calls_hold(self._files, scope, analysis._program):
            return False
        analysis._edits = self._files.edits
        return True

    def _resolved(self, path: str) -> FileScope:
        """A file with everything in it resolved, as it and all that it reads are now."""
        self._files.begin()
        while True:
            self._files.refresh(path)
            scope = self._files.scope(path)
            if scope is None:
                self._analyses.pop(path, None)
                raise FileNotFoundError(path)
            scope.forget_what_has_changed()
            scope.resolve_all()
            # What is resolved for the first time may have led to files that were read for others before.
            if not self._files.refresh(path):
                return scope

    def _analyse(self, scope: FileScope) -> FileAnalysis:
        scope.is_dirty = False
        scope.called = {}
        program = program_of(self._files, scope)
        found = list(scope.file.problems())
        self._check_items(program, scope)
        for item, kept in zip(program.items, scope.items, strict=True):
            if kept.findings:
                found += (place(each, item.start, program) for each in kept.findings)
        found += (place(each, 0, program) for each in rules.check_file(program))
        selected = self.selection.for_file(scope.path)
        found = list(selected.apply(suppressions.apply(scope.file, found, selected.is_selected)))
        found = rules.without_guesses(found)
        found.sort(key=lambda each: (each.span, each.code))
        found = without_repeats(scope.file, found)
        edits = self._files.edits
        return FileAnalysis(scope.path, scope.file.source, scope.file, tuple(found), self, program, edits)

    def _check_items(self, program: Program, scope: FileScope) -> None:
        """Let the rules look at items of which nothing is known, or whose questions have other answers."""
        held, back = all_hold(scope.answers, program), scope.back
        scope.back = set()
        for item, kept in zip(program.items, scope.items, strict=True):
            checked, is_back = kept.checked, kept.key in back
            if checked is not None and ((held and not is_back) or all_hold(checked.answers, program)):
                if is_back:
                    scope.answers.update(checked.answers)
                continue
            self.checked += 1
            checked = check_item(program, item)
            kept.findings = checked.findings
            kept.checked = None if READS_EVERYTHING in checked.names else checked
            scope.answers.update(checked.answers)
        if not held:
            known = [each.checked.answers for each in scope.items if each.checked is not None]
            scope.answers = {question: answer for each in known for question, answer in each.items()}

    def _with_words(self, program: Program, file: parse.File) -> Program:
        """The program as a reader is told of it: with documentation and places as they are now."""
        with self._files.lock:
            self._files.tell_words()
            scope = self._files.scope(program.path)
            if scope is None or scope.file is not file or scope.words == program.words:
                return program
            return program_of(self._files, scope)
