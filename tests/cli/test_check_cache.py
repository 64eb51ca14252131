"""What checks keep: used while nothing has changed, never changing what is reported, harmless when broken."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dspyc.cli.checks import cache, workers
from dspyc.cli.checks.result import Task
from dspyc.cli.formats import NAMES
from support.checked_project import HELPERS, SHARED, USER, checked, fresh, write_project

PYTHON = Path(sys.executable)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with mistakes, in which the test stands."""
    project = tmp_path / "project"
    write_project(project)
    monkeypatch.chdir(project)
    monkeypatch.setenv("DSPYC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("DSPYC_OUTPUT_FORMAT", raising=False)
    return project


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are really checked."""
    names: list[str] = []
    real = workers.check_all

    def noting(task: Task, keys: list[str], jobs: int | None = None) -> object:
        names.extend(os.path.basename(each) for each in keys if not each.endswith(os.sep))
        return real(task, keys, jobs)

    monkeypatch.setattr(workers, "check_all", noting)
    return names


def test_a_second_check_looks_at_nothing_again(folder: Path, examined: list[str]) -> None:
    first = checked()
    assert sorted(examined) == ["good.dspy", "shared.dspy", "user.dspy", "wrong.dspy"]
    examined.clear()
    assert checked() == first
    assert examined == []
    assert first == fresh()
    assert "E201" in first
    assert "E001" in first


def test_a_second_check_imports_no_compiler(folder: Path) -> None:
    """Reading what was kept takes milliseconds; the compiler alone takes more to import."""
    script = (
        "import sys; from dspyc.cli.main import run; code = run(['check']); "
        "print([each for each in sys.modules if each.startswith('dspyc.compiler.') "
        "and not each.startswith('dspyc.compiler.render')], 'multiprocessing' in sys.modules)"
    )
    outputs = [
        subprocess.run([PYTHON, "-c", script], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert "dspyc.compiler.analysis" in outputs[0]
    assert outputs[1].endswith("[] False\n")
    assert outputs[0].splitlines()[:-1] == outputs[1].splitlines()[:-1]


CHANGES: list[tuple[str, Callable[[Path], object], set[str]]] = [
    ("its own text", lambda at: (at / "user.dspy").write_text(USER + "\ny = z\n"), {"user.dspy"}),
    (
        "an imported file",
        lambda at: (at / "shared.dspy").write_text(SHARED.replace("output answer", "output reply")),
        {"shared.dspy", "user.dspy"},
    ),
    ("an imported file that is gone", lambda at: (at / "shared.dspy").unlink(), {"user.dspy"}),
    (
        "a file that was looked for in vain",
        lambda at: (at / "later.dspy").write_text("thing = 1\n"),
        {"later.dspy", "user.dspy"},
    ),
    (
        "a Python file",
        lambda at: (at / "helpers.py").write_text(HELPERS.replace("clean", "cleaned")),
        {"user.dspy"},
    ),
    (
        "the settings",
        lambda at: (at / "dspyc.toml").write_text("[rules]\nignore = ['W101']\n"),
        {"good.dspy", "shared.dspy", "user.dspy", "wrong.dspy"},
    ),
    (
        "settings that are nearer",
        lambda at: (at / "desk" / "dspyc.toml").write_text("[rules]\nignore = ['ALL']\n"),
        {"good.dspy", "wrong.dspy"},
    ),
    (
        "settings that are wrong",
        lambda at: (at / "desk" / "dspyc.toml").write_text("srcc = 1\n"),
        {"good.dspy", "wrong.dspy"},
    ),
    ("another project's root", lambda at: (at / "desk" / ".git").mkdir(), {"good.dspy", "wrong.dspy"}),
    ("a new file", lambda at: (at / "desk" / "new.dspy").write_text("a = b\n"), {"new.dspy"}),
    (
        "a file that cannot be read",
        lambda at: (at / "desk" / "good.dspy").write_bytes(b"\xff"),
        {"good.dspy"},
    ),
    ("the time of a file", lambda at: os.utime(at / "shared.dspy"), set()),
]


@pytest.mark.parametrize(
    ("change", "expected"), [each[1:] for each in CHANGES], ids=[each[0] for each in CHANGES]
)
def test_what_a_change_makes_new(
    folder: Path, examined: list[str], change: Callable[[Path], object], expected: set[str]
) -> None:
    checked()
    examined.clear()
    change(folder)
    after = checked()
    assert set(examined) == expected
    assert after == fresh()
    assert checked() == after


def test_an_installed_package_makes_all_new(
    folder: Path, tmp_path: Path, examined: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = checked()
    library = tmp_path / "library"
    library.mkdir()
    (library / "later.py").write_text("thing = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(library))
    examined.clear()
    after = checked()
    assert "user.dspy" in examined
    assert before != after == fresh()


DATA = """\
dataset rows = Dataset("rows.csv", inputs=["text"])

def label(example: rows) -> str:
    return example.label
"""
STATE = """\
signature Answer:
    \"\"\"Answer.\"\"\"
    input question: str
    output answer: str

module answer = Predict(Answer)
dataset rows = Dataset([{"question": "1 + 1?", "answer": "2"}], inputs=["question"])
optimizer few = LabeledFewShot(k=1)
program small = few.compile(answer, trainset=rows, state="answer.json")
"""


def state(field: str) -> str:
    """A state of the module, whose predictor had an output of this name; larger than other texts may be."""
    predictor = {"signature": {"inputs": {"question": "str"}, "outputs": {field: "str"}}}
    content = {"padding": "x" * 300_000, "dspyc_state": 1, "predictors": {"": predictor}}
    return json.dumps(content)


@pytest.mark.parametrize(
    ("program", "texts"),
    [
        (DATA, [("rows.csv", "text,label\n"), ("rows.csv", "text,lable\n"), ("rows.csv", "txt,label\n")]),
        (DATA, [("row.csv", "text,label\n"), ("rows.csv", "text,label\n" + "a,b\n" * 200_000)]),
        (DATA, [("rows.tsv", "text\tlabel\n"), ("raws.csv", "text,label\n")]),
        (STATE, [("answer.json", state("answer")), ("answer.json", state("anwser"))]),
        (STATE, [("answer.json", "{}"), ("answer.json", "[")]),
    ],
)
def test_data_and_states_that_change_are_noticed(
    folder: Path, program: str, texts: list[tuple[str, str]]
) -> None:
    (folder / "desk" / "reads.dspy").write_text(program, encoding="utf-8")
    reports = [checked()]
    for name, text in texts:
        (folder / "desk" / name).write_text(text, encoding="utf-8")
        reports.append(checked())
        assert reports[-1] == fresh()
    assert len(set(reports)) > 1, reports[0]


def test_another_table_of_models_starts_anew(
    folder: Path, examined: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checked()
    examined.clear()
    (tmp_path / "litellm").mkdir()
    (tmp_path / "litellm" / "__init__.py").touch()
    (tmp_path / "litellm" / cache._TABLE).write_text("{}", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    cache._makers.cache_clear()
    try:
        checked()
    finally:
        cache._makers.cache_clear()
    assert "good.dspy" in examined


def test_another_version_starts_anew(
    folder: Path, examined: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked()
    examined.clear()
    monkeypatch.setattr(cache, "_makers", lambda: "another")
    checked()
    assert "good.dspy" in examined


def test_options_have_results_of_their_own(folder: Path) -> None:
    assert checked("--select", "W") == fresh("--select", "W")
    assert checked("--ignore", "W") == fresh("--ignore", "W")
    assert checked() == fresh()
    assert checked("--output-format", "json") == fresh("--output-format", "json")
    assert checked("user.dspy", "desk/wrong.dspy") == fresh("user.dspy", "desk/wrong.dspy")
    assert checked("desk") == fresh("desk")


def test_a_check_of_some_files_keeps_what_is_known_of_the_others(folder: Path, examined: list[str]) -> None:
    checked()
    (folder / "desk" / "good.dspy").write_text("x = 2\n", encoding="utf-8")
    checked("desk")
    examined.clear()
    checked()
    assert examined == []


def test_fixes_are_made_on_the_text_of_now(folder: Path) -> None:
    checked()
    assert "Fixed 1 finding" in checked("--fix", "user.dspy")
    assert "dumps" not in (folder / "user.dspy").read_text(encoding="utf-8")
    assert checked() == fresh()
    assert "W101" not in checked()


def kept(folder: Path) -> list[Path]:
    """The files of the cache."""
    return sorted((folder.parent / "cache" / "check").glob("*.json"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: data.replace(b"E201", b"E202"),
        lambda data: data + b" ",
        lambda data: b"[]",
        lambda data: b"x\n" + b"[" * 100_000,
        lambda data: b"\x80\x04N.",
        lambda data: data.partition(b"\n")[2],
    ],
    ids=["empty", "half", "short", "changed", "longer", "other", "deep", "pickle", "bare"],
)
def test_a_damaged_file_counts_as_not_there(
    folder: Path, examined: list[str], damage: Callable[[bytes], bytes]
) -> None:
    first = checked()
    (file,) = kept(folder)
    file.write_bytes(damage(file.read_bytes()))
    examined.clear()
    assert checked() == first
    assert len(examined) == 4
    examined.clear()
    assert checked() == first
    assert examined == []


def test_a_folder_that_cannot_be_written_to_costs_only_time(folder: Path) -> None:
    (folder.parent / "cache").write_text("in the way", encoding="utf-8")
    assert checked() == fresh()
    assert checked() == fresh()


def test_what_nothing_uses_any_more_is_removed(folder: Path) -> None:
    place = folder.parent / "cache" / "check"
    place.mkdir(parents=True)
    for name, days in (("old.json", 40), ("young.json", 10), ("old.txt", 40)):
        (place / name).write_text("", encoding="utf-8")
        at = time.time() - days * 24 * 3600
        os.utime(place / name, (at, at))
    checked()
    assert {"young.json", "old.txt"} < set(os.listdir(place))
    assert "old.json" not in os.listdir(place)


def test_only_the_owner_can_look_into_it(folder: Path) -> None:
    checked()
    assert (folder.parent / "cache" / "check").stat().st_mode & 0o077 == 0


def test_no_key_is_kept(folder: Path) -> None:
    """A finding may quote the source, and a fix may repeat it."""
    key = "sk-abcdefghijklmnopqrstuvwxyz0123456789abcdefgh"
    (folder / "key.dspy").write_text(
        f'x: int = "{key}"\nfrom json import dumps\ny = LM("openai/gpt-4o", api_key="{key}")\n',
        encoding="utf-8",
    )
    first = checked()
    assert checked() == first == fresh()
    written = b"".join(
        path.read_bytes() for path in folder.parent.rglob("*") if path.is_file() and "cache" in path.parts
    )
    assert written
    assert key[:12].encode() not in written


def test_checks_at_the_same_time(folder: Path) -> None:
    """Each of them reports what a check alone does, whatever another one is writing."""
    expected = fresh()
    command = [PYTHON, "-c", "import sys; from dspyc.cli.main import run; sys.exit(run(['check']))"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for process in started:
        output, _ = process.communicate()
        assert f"{output}[exit {process.returncode}]" == expected
    assert checked() == expected


def test_random_edits_are_never_missed(folder: Path) -> None:
    """After any edit, a check that uses what was kept reports what a check from scratch does."""
    chance = random.Random(7)
    texts = [
        USER,
        SHARED,
        HELPERS,
        "x = 1\n",
        "thing = y\n",
        USER.replace("reply", "answer"),
        "[rules]\nignore = ['W']\n",
        "",
    ]
    names = [
        "user.dspy",
        "shared.dspy",
        "helpers.py",
        "later.dspy",
        "later.py",
        "desk/good.dspy",
        "dspyc.toml",
        "desk/dspyc.toml",
    ]
    for _ in range(25):
        path = folder / chance.choice(names)
        if path.exists() and chance.random() < 0.25:
            path.unlink()
        else:
            path.write_text(chance.choice(texts), encoding="utf-8")
        if not list(folder.rglob("*.dspy")):
            continue
        some = chance.choice([(), (), ("desk",) if list((folder / "desk").glob("*.dspy")) else ()])
        assert checked(*some) == fresh(*some)


# --- several processes ----------------------------------------------------------------------------------


@pytest.fixture
def many(folder: Path) -> Path:
    """So many files that processes are started for them."""
    for index in range(60):
        text = USER.replace("ask", f"ask_{index}") + f"\ny_{index} = {'z' * (index % 3)}\n" + "# …\n" * 400
        (folder / "desk" / f"many_{index}.dspy").write_text(text, encoding="utf-8")
    return folder


def test_processes_find_what_one_does_in_the_same_order(many: Path) -> None:
    alone = fresh("--jobs", "1", "--output-format", "json")
    assert fresh("--jobs", "3", "--output-format", "json") == alone
    assert checked("--jobs", "2", "--output-format", "json") == alone
    assert checked("--output-format", "json") == alone
    found = json.loads(alone.rpartition("[")[0])["diagnostics"]
    assert len({each["path"] for each in found}) > 60


def test_little_work_is_done_in_this_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(workers, "_in_processes", refuse)
    assert "Found" in fresh("--jobs", "8")


def test_what_a_process_that_died_had_left_is_done_here(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = fresh("--jobs", "1", "--output-format", "json")
    monkeypatch.setattr(workers, "_work", lambda *_: os._exit(1))
    assert fresh("--jobs", "3", "--output-format", "json") == alone


def test_what_fails_in_a_process_is_told_here(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = fresh("--jobs", "1", "--output-format", "json")
    real, parent = workers.examine, os.getpid()

    def failing(*arguments: object) -> object:
        if os.getpid() != parent:
            raise RuntimeError("only in a process of its own")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(workers, "examine", failing)
    assert fresh("--jobs", "3", "--output-format", "json") == alone


def test_a_name_that_is_no_text_keeps_no_other_file_from_being_kept(
    folder: Path, examined: list[str]
) -> None:
    with open(os.path.join(os.fsencode(folder), b"\xff.dspy"), "w", encoding="utf-8") as file:
        file.write("x = nothing\n")
    (folder / "other.dspy").write_text('print("\\ud800")\n', encoding="utf-8")
    first = checked()
    examined.clear()
    assert checked() == first
    assert "user.dspy" not in examined
    assert os.fsdecode(b"\xff.dspy") in examined


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_no_text(many: Path, name: str) -> None:
    """On Linux the name of a file is any bytes but `/`."""
    with open(os.path.join(os.fsencode(many), b"\xff.dspy"), "w", encoding="utf-8") as file:
        file.write("x = nothing\n")
    report = checked("--jobs", "2", "--output-format", name)
    assert checked("--output-format", name) == report
    assert "nothing" in report


def test_an_interrupt_ends_all_processes(many: Path) -> None:
    for index in range(300):
        (many / "desk" / f"more_{index}.dspy").write_text(USER + "# …\n" * 1000, encoding="utf-8")
    script = (
        "import sys; from dspyc.cli.checks import workers; from dspyc.__main__ import main\n"
        "real = workers._send\n"
        "def send(connection, keys):\n"
        "    real(connection, keys); print('started', flush=True)\n"
        "workers._send = send\n"
        "sys.argv = ['dspyc', 'check', '--no-cache', '--jobs', '2']; main()"
    )
    process = subprocess.Popen(
        [PYTHON, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    assert process.stdout.readline() == "started\n"
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in errors
    # All of its group are gone: nobody is left to get a signal.
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
