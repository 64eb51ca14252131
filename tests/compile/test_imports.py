"""Imports of programs and Python, kept byte code, and the search path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dspyc
from dspyc.loader.load import without_python
from dspyc.loader.skeleton import stand_in
from support.folders import QA, python, write


def test_import(tmp_path: Path) -> None:
    write(tmp_path, triage_dspy=QA)
    shown = python(tmp_path, "import dspyc, triage; print(triage.qa, triage.__file__)")
    assert shown.strip() == f"Predict(question -> answer) {tmp_path / 'triage.dspy'}"


def test_importing_dspyc_brings_nothing_heavy(tmp_path: Path) -> None:
    heavy = "litellm httpx pydantic lark asyncio torch"
    shown = python(tmp_path, f"import sys, dspyc; print(sorted(set('{heavy}'.split()) & set(sys.modules)))")
    assert shown.strip() == "[]"


def test_byte_code_is_kept_while_nothing_changes(tmp_path: Path) -> None:
    write(tmp_path, triage_dspy="from common import LIMIT\nLIMITS = [LIMIT]\n", common_dspy="LIMIT = 1\n")
    use = "import dspyc, sys, triage; print(triage.LIMITS, 'dspyc.compiler.emit' in sys.modules)"
    assert python(tmp_path, use).split() == ["[1]", "True"]
    assert python(tmp_path, use).split() == ["[1]", "False"]
    kept = [path.name for path in (tmp_path / "__pycache__").iterdir()]
    assert sorted(name.partition(".cpython")[0] for name in kept) == ["common.dspy", "triage.dspy"]
    write(tmp_path, common_dspy="LIMIT = 22\n")
    assert python(tmp_path, use).split() == ["[22]", "True"]


def test_two_files_of_one_name(tmp_path: Path) -> None:
    write(tmp_path, triage_dspy=QA, triage_py="qa = None\n")
    assert "`import triage` is ambiguous" in python(tmp_path, "import dspyc, triage")
    write(tmp_path, main_dspy="from triage import qa\nmodule other = qa\n")
    with pytest.raises(dspyc.CompileError, match=r"triage\.py"):
        dspyc.load(tmp_path / "main.dspy")


def test_packages_and_relative_imports(tmp_path: Path) -> None:
    write(
        tmp_path,
        pkg____init___py="",
        pkg__triage_dspy="""
        from .common import Passage
        from .helpers import size

        def measure(p: Passage) -> int:
            return size(p.text)
        """,
        pkg__common_dspy="type Passage:\n    text: str\n",
        pkg__helpers_py="def size(text: str) -> int:\n    return len(text)\n",
    )
    (tmp_path / "pkg/__init__.py").touch()
    use = "import dspyc; from pkg import triage, common; print(triage.measure(common.Passage(text='abc')))"
    assert python(tmp_path, use).strip() == "3"
    loaded = dspyc.load(tmp_path / "pkg/triage.dspy")
    assert loaded.measure(loaded.Passage(text="abcd")) == 4


def test_files_of_one_name_in_two_folders(tmp_path: Path) -> None:
    program = "from tools_of_tests import name\n\ndef call() -> str:\n    return name()\n"
    for folder in ("one", "two"):
        write(
            tmp_path / folder,
            main_dspy=program,
            tools_of_tests_py=f"def name() -> str:\n    return '{folder}'\n",
        )
    assert [dspyc.load(tmp_path / folder / "main.dspy").call() for folder in ("one", "two")] == ["one", "two"]


def test_a_shared_import_is_loaded_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        common_dspy="type Passage:\n    text: str\n",
        one_dspy="from common import Passage\n\ndef make() -> Passage:\n    return Passage(text='x')\n",
        two_dspy="""
        from common import Passage
        from one import make

        def same() -> bool:
            return isinstance(make(), Passage)
        """,
    )
    assert dspyc.load(tmp_path / "two.dspy").same() is True


def test_types_may_be_imported_in_a_circle(tmp_path: Path) -> None:
    write(
        tmp_path,
        house_dspy="""
        from person import Person

        type House:
            owner: Person | None = None

        empty = House()
        """,
        person_dspy="from house import House\n\ntype Person:\n    name: str\n    houses: list[House] = []\n",
    )
    for name in ("house", "person"):
        module = dspyc.load(tmp_path / f"{name}.dspy")
        person = module.Person(name="Ada", houses=[{"owner": {"name": "Bob"}}])
        assert person.houses[0].owner.name == "Bob"
    use = "import dspyc, house; print(house.Person(name='Ada', houses=[{'owner': None}]).houses)"
    assert python(tmp_path, use).strip() == "[House(owner=None)]"


def test_recursive_records(tmp_path: Path) -> None:
    write(
        tmp_path,
        trees_dspy="""
        type Tree:
            value: int
            kids: Forest = []
            owner: Gardener | None = None

        type Forest = list[Tree]

        type Gardener:
            tree: Tree | None = None

        small = Tree(value=1, kids=[Tree(value=2)], owner=Gardener())
        """,
    )
    assert dspyc.load(tmp_path / "trees.dspy").small.kids[0].value == 2


def test_a_name_may_be_used_above_its_declaration(tmp_path: Path) -> None:
    write(
        tmp_path,
        order_dspy="""
        module qa = Predict(Ask)
        limits = [limit]
        limit = 3

        signature Ask:
            input question: Question
            output answer: str

        type Question:
            text: str
        """,
    )
    module = dspyc.load(tmp_path / "order.dspy")
    assert module.limits == [3]
    assert module.qa.signature is module.Ask


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "latin.dspy"
    path.write_bytes("# Käse\nmodule q = Predict('question -> answer')\n".encode("latin-1"))
    with pytest.raises(dspyc.CompileError, match="this file is not UTF-8"):
        dspyc.load(path)


def copied(tmp_path: Path) -> Path:
    """A copy of the package, which a test may change."""
    package = tmp_path / "copy" / "dspyc"
    here = Path(dspyc.__file__).parent
    rooms = (
        "base",
        "cli",
        "compiler",
        "grammar",
        "loader",
        "lsp",
        "moving",
        "project",
        "runtime",
        "serving",
        "viewing",
        "notebook",
        "assist",
    )
    for name in rooms:
        shutil.copytree(here / name, package / name, ignore=shutil.ignore_patterns("__pycache__", "*.gguf"))
    for name in ("__init__.py", "__main__.py"):
        shutil.copy2(here / name, package / name)
    return package


@pytest.mark.parametrize("room", ["base", "compiler", "grammar", "loader", "project", "runtime"])
def test_byte_code_follows_its_compiler(tmp_path: Path, room: str) -> None:
    package = copied(tmp_path)
    write(tmp_path, triage_dspy="LIMIT = 1\n")
    use = f"""
    import sys
    sys.path.insert(0, {str(package.parent)!r})
    import dspyc, triage
    assert dspyc.__file__.startswith({str(package)!r})
    print(triage.LIMIT, "dspyc.compiler.emit" in sys.modules)
    """
    assert python(tmp_path, use).split() == ["1", "True"]
    assert python(tmp_path, use).split() == ["1", "False"]
    changed = package / room / "__init__.py"
    before = changed.stat()
    # As large as before, and with the same times: only the content tells.
    changed.write_bytes(changed.read_bytes().replace(b"a", b"e", 1))
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changed.stat().st_size == before.st_size
    assert python(tmp_path, use).split() == ["1", "True"]
    assert python(tmp_path, use).split() == ["1", "False"]


def test_numbers_follow_the_grammar(tmp_path: Path) -> None:
    package = copied(tmp_path)
    write(tmp_path, triage_dspy="LIMIT = 1\n")
    use = (
        f"import sys; sys.path.insert(0, {str(package.parent)!r}); import dspyc, triage; print(triage.LIMIT)"
    )
    assert python(tmp_path, use).split() == ["1"]
    actions = package / "grammar" / "actions" / "expressions.py"
    text = actions.read_text(encoding="utf-8")
    assert "= int(text, 0)" in text
    actions.write_text(text.replace("= int(text, 0)", "= int(text, 0) + 1"), encoding="utf-8")
    assert python(tmp_path, use).split() == ["2"]


def test_the_search_path_is_left_as_it_was(tmp_path: Path) -> None:
    write(
        tmp_path / "project",
        main_dspy="from tools import look\nfound = look()\n",
        tools_py=(
            "import dspyc\nimport neighbour_of_tools\n\n"
            "@dspyc.pure\ndef look():\n    return neighbour_of_tools.VALUE\n"
        ),
        neighbour_of_tools_py="VALUE = 7\n",
        pyproject_toml='[tool.dspyc]\npure = ["tools.look"]\n',
    )
    code = """
    import sys, threading, dspyc
    before = list(sys.path)
    def load(): assert dspyc.load("project/main.dspy").found == 7
    threads = [threading.Thread(target=load) for _ in range(8)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert sys.path == before, sys.path
    sys.path.append("project")
    load()
    import os; os.chdir("project")
    import main
    assert sys.path == [*before, "project"], sys.path
    print("same")
    """
    assert python(tmp_path, code).split() == ["same"]


def test_the_search_path_is_left_as_it_was_after_an_error(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_dspy="from tools import look\n",
        tools_py="def look():\n    return 1\n\nnothing\n",
    )
    before = list(sys.path)
    with pytest.raises(NameError):
        dspyc.load(tmp_path / "main.dspy")
    assert sys.path == before


@pytest.mark.parametrize("has_init", [True, False])
@pytest.mark.parametrize("is_taken", [True, False])
def test_python_files_of_a_package_import_each_other(tmp_path: Path, has_init: bool, is_taken: bool) -> None:
    (tmp_path / "here" / "helpers").mkdir(parents=True)
    (tmp_path / "here" / "helpers" / "one.py").write_text(
        "from .two import TWO\n\ndef f() -> str:\n    return TWO\n"
    )
    (tmp_path / "here" / "helpers" / "two.py").write_text("TWO = 'two'\n")
    if has_init:
        (tmp_path / "here" / "helpers" / "__init__.py").touch()
    (tmp_path / "here" / "p.dspy").write_text(
        "from helpers.one import f\n\ndef told() -> str:\n    return f()\n"
    )
    (tmp_path / "there" / "helpers").mkdir(parents=True)
    (tmp_path / "there" / "helpers" / "__init__.py").touch()
    code = "import helpers\n" if is_taken else ""
    code += f"import dspyc\nprint(dspyc.load({str(tmp_path / 'here' / 'p.dspy')!r}).told())"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "there", capture_output=True, text=True, check=False
    )
    assert ran.stdout == "two\n", ran.stderr


def test_an_imported_program_may_use_classes_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "inner.dspy").write_text(
        "from datetime import date, timedelta\nfrom functools import partial\nimport re\n\n"
        'DAY = timedelta(days=1)\ncut = partial(re.sub, "a", "b")\n\n'
        "def after(day: date) -> date:\n    return date(day.year, day.month, day.day) + DAY\n",
        encoding="utf-8",
    )
    outer = tmp_path / "outer.dspy"
    outer.write_text(
        "from inner import after, cut\n\n"
        'def next_one(text: str) -> str:\n    return f"{after(date.fromisoformat(text))}{cut(text)}"\n',
        encoding="utf-8",
    )
    assert dspyc.load(outer).next_one("2026-02-28") == "2026-03-012026-02-28"


def test_a_python_file_beside_a_program_imports_others_of_its_package(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk/__init__.py").write_text("")
    (tmp_path / "desk/words.py").write_text("NAME = 'desk'")
    (tmp_path / "desk/program_python.py").write_text("from . import words\nNAME = words.NAME")
    (tmp_path / "desk/program.dspy").write_text("from .program_python import NAME\n\nOWN = NAME\n")
    assert dspyc.load(tmp_path / "desk/program.dspy").OWN == "desk"


def test_files_of_the_own_package_by_their_names(tmp_path: Path) -> None:
    write(
        tmp_path,
        pkg____init___py="LIMIT = 5",
        pkg__main_dspy="""
        from . import other
        from . import helpers

        def both() -> int:
            return other.one() + helpers.TWO
        """,
        pkg__other_dspy="def one() -> int:\n    return 1\n",
        pkg__helpers_py="TWO = 2",
    )
    assert dspyc.load(tmp_path / "pkg" / "main.dspy").both() == 3
    assert python(tmp_path, "import dspyc, pkg.main; print(pkg.main.both())").strip() == "3"


def test_what_a_package_defines_goes_before_its_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        pkg__main_dspy="""
        from . import helper

        def loud() -> str:
            return helper.upper()
        """,
        pkg__helper_py="def upper() -> str:\n    return 'of the file'\n",
    )
    (tmp_path / "pkg" / "__init__.py").write_text('helper = "mine"\n')
    assert dspyc.load(tmp_path / "pkg" / "main.dspy").loud() == "MINE"
    assert python(tmp_path, "import dspyc, pkg.main; print(pkg.main.loud())").strip() == "MINE"


def test_files_of_the_own_package_are_there_without_python(tmp_path: Path) -> None:
    write(
        tmp_path,
        pkg__main_dspy="""
        from . import LIMIT, parts, helper

        module qa = Predict(parts.Ask, max_tokens=LIMIT)

        def told() -> int:
            return helper.two()
        """,
        pkg__parts_dspy="signature Ask:\n    input question: str\n    output answer: str\n",
        pkg__helper_py="open(__file__ + '.run', 'w').close()\n\ndef two() -> int:\n    return 2\n",
    )
    (tmp_path / "pkg" / "__init__.py").write_text("LIMIT = 5\nopen(__file__ + '.run', 'w').close()\n")
    with without_python(stand_in):
        module = dspyc.load(tmp_path / "pkg" / "main.dspy")
    assert [*module.qa.signature.output_fields] == ["answer"]
    assert not [*(tmp_path / "pkg").glob("*.run")]
