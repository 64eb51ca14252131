"""`dspyc package`: a wheel that installs, imports and runs; a recipe for a container."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import site
import subprocess
import sys
import venv
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

import dspyc
from dspyc.cli.main import run as main

EXAMPLES = Path(__file__).parents[2] / "examples"
KEY = "KEY = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789'"
USING_F = 'from helper import f\nmodule m = Predict("q -> a")\ndef told() -> str:\n    return f()\n'
MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json")
PROGRAM = 'module qa = Predict("question -> answer")\nlm offline = DummyLM([{"answer": "yes"}])\n'


def package(*arguments: str | Path) -> int:
    return main(["package", *map(str, arguments)])


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder / next(iter(texts)).replace("__", ".")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python into which the wheel of the SQL example is installed, without a network and nothing else."""
    folder = tmp_path_factory.mktemp("packed")
    named = ["--name", "shop-answers", "--version", "1.2.0", "--script", "ask-shop"]
    assert package(EXAMPLES / "sql" / "sql.dspy:asked", *named, "--out", folder) == 0
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    # What it requires is there already: in the environment of the tests.
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps"]
    subprocess.run(
        [*pip, str(folder / "shop_answers-1.2.0-py3-none-any.whl")], check=True, capture_output=True
    )
    ask = "import site; print(site.getsitepackages()[0])"
    purelib = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
    others = [*site.getsitepackages(), str(Path(__file__).parents[2])]
    lines = [f"import site; site.addsitedir({each!r})" for each in others]
    Path(purelib, "environment.pth").write_text("\n".join(lines) + "\n")
    return python


def test_a_wheel_is_installed_imported_and_run(installed: Path, tmp_path: Path) -> None:
    code = "from shop_answers import asked, offline, __version__; import dspyc.runtime as dspy\n"
    code += "with dspy.context(lm=offline):\n"
    code += "    asked.set_lm(offline); pred = asked(question='How many customers live in Hamburg?')\n"
    code += "print(__version__, pred.rows)"
    ran = subprocess.run([installed, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "1.2.0 [[2]]"


def test_a_package_is_run_as_a_module_and_by_its_command(installed: Path, tmp_path: Path) -> None:
    inputs = ["question=How many customers live in Hamburg?", "--lm", "offline", "--json"]
    for command in ([installed, "-m", "shop_answers"], [installed.with_name("ask-shop")]):
        ran = subprocess.run([*command, *inputs], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert json.loads(ran.stdout)["rows"] == [[2]]


def test_a_wheel_is_the_same_each_time(tmp_path: Path) -> None:
    wheels = []
    for out in ("one", "two"):
        assert package(EXAMPLES / "banking", "--name", "card-intents", "--out", tmp_path / out) == 0
        wheels.append((tmp_path / out / "card_intents-0.1.0-py3-none-any.whl").read_bytes())
    assert wheels[0] == wheels[1]


def test_a_wheel_says_what_is_in_it(tmp_path: Path) -> None:
    assert package(EXAMPLES / "translation", "--name", "Bank.German", "--out", tmp_path) == 0
    with zipfile.ZipFile(tmp_path / "bank_german-0.1.0-py3-none-any.whl") as archive:
        names = set(archive.namelist())
        record = archive.read("bank_german-0.1.0.dist-info/RECORD").decode().splitlines()
        listed = {line.split(",")[0]: line.split(",")[1] for line in record}
        assert set(listed) == names
        for name, digest in listed.items():
            if digest:
                found = urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest()).rstrip(b"=").decode()
                assert digest == f"sha256={found}"
        facts = json.loads(archive.read("bank_german/package.json"))
        metadata = archive.read("bank_german-0.1.0.dist-info/METADATA").decode()
    programs = {name.split("/programs/")[1] for name in names if "/programs/" in name}
    assert programs == {"translation.dspy", "glossary.dspy", "sentences.csv"}
    # What imports the other comes first: it is what is run.
    assert facts == {"version": "0.1.0", "programs": ["translation.dspy", "glossary.dspy"], "target": ""}
    assert "Name: bank-german\n" in metadata
    assert "Requires-Dist: dspyc>=0.1.0\n" in metadata


def test_what_a_program_needs_is_required(tmp_path: Path) -> None:
    assert package(EXAMPLES / "agent" / "clerk.dspy", "--out", tmp_path) == 0
    with zipfile.ZipFile(tmp_path / "clerk-0.1.0-py3-none-any.whl") as archive:
        metadata = archive.read("clerk-0.1.0.dist-info/METADATA").decode()
        assert "clerk/programs/warehouse.py" in archive.namelist()
    assert re.search(r"^Requires-Dist: dspyc\[mcp\]>=", metadata, re.MULTILINE)
    assert re.search(r"^Requires-Dist: mcp>=\d", metadata, re.MULTILINE)


def test_states_and_their_models_go_along(tmp_path: Path) -> None:
    path = write(tmp_path, p__dspy='module m = Predict("q -> a")\n')
    (tmp_path / "p.tuned.state.json").write_text('{"lm": "gguf/p.tuned.gguf"}')
    (tmp_path / "p.tuned.gguf").write_bytes(b"GGUF")
    (tmp_path / "other.gguf").write_bytes(b"GGUF")
    (tmp_path / ".env").write_text("A=1\n")
    assert package(path, "--name", "tuned", "--out", tmp_path / "out") == 0
    assert packed_into(tmp_path / "out", "tuned") == {"p.dspy", "p.tuned.state.json", "p.tuned.gguf"}
    assert "dspyc[embedded]" in metadata_in(tmp_path / "out", "tuned")


PRIVATE = (
    "credentials.json", "prod.env", "secrets.jinja", "server.pem", "notes.yaml", "train_data.parquet",
    "checkpoint-10/optimizer.pt", "checkpoint-10/model.safetensors", "training_args.bin", ".token.json",
)  # fmt: skip
OWN = (
    *MODEL_FILES, "model.safetensors.index.json", "tokenizer_config.json", "merges.txt", "spm.model",
    "chat_template.jinja", "dspyc.json",
)  # fmt: skip


@pytest.mark.parametrize("in_state", [True, False])
def test_only_the_files_of_a_model_go_along(in_state: bool, tmp_path: Path) -> None:
    text = 'module m = Predict("q -> a")\n'
    path = write(tmp_path, p__dspy=text if in_state else 'lm l = LM("gguf/p.own")\n' + text)
    if in_state:
        (tmp_path / "p.m.state.json").write_text(
            '{"lm": "gguf/p.own", "other": ["gguf/credentials.json", "gguf/p.pem"]}'
        )
    for name in ("credentials.json", "p.pem", *(f"p.own/{each}" for each in (*PRIVATE, *OWN))):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "p.own" / "vocab.json").symlink_to(tmp_path / "credentials.json")
    assert package(path, "--name", "own", "--out", tmp_path / "out") == 0
    others = {"p.dspy", "p.m.state.json"} if in_state else {"p.dspy"}
    assert packed_into(tmp_path / "out", "own") == others | {f"p.own/{each}" for each in OWN}


@pytest.mark.parametrize("weights", ["linked", "broken", "missing"])
@pytest.mark.parametrize("is_built", [True, False])
def test_weights_that_are_links_are_taken_or_refused(
    weights: str, is_built: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'module b = Predict("q -> a", lm=LM("openai/gpt-4o-mini"))\n'
    text += 'dataset d = Dataset([{"q": "1", "a": "2"}], inputs=["q"])\n'
    text += "optimizer o = LabeledFewShot(k=1)\nprogram m = o.compile(b, trainset=d)\n"
    path = write(tmp_path, p__dspy=text)
    assert main(["optimize", f"{path}:m"]) == 0
    state = tmp_path / "p.m.state.json"
    saved = json.loads(state.read_text())
    saved["predictors"]["self"]["lm"] = {"model": "gguf/p.m.own"}
    state.write_text(json.dumps(saved))
    (tmp_path / "p.m.own").mkdir()
    (tmp_path / "p.m.own" / "config.json").write_text("{}")
    if weights != "missing":
        (tmp_path / "p.m.own" / "model.safetensors").symlink_to(tmp_path / "blob")
    if weights == "linked":
        (tmp_path / "blob").write_bytes(b"w")
    capsys.readouterr()
    out = tmp_path / "out"
    code = main(["build", str(path), "--out", str(out)]) if is_built else package(path, "--out", out)
    assert (code, out.exists()) == ((0, True) if weights == "linked" else (2, False))
    if weights != "linked":
        assert "weights" in capsys.readouterr().err
    elif is_built:
        assert (out / "p.m.own" / "model.safetensors").read_bytes() == b"w"
    else:
        assert "p.m.own/model.safetensors" in packed_into(out, "p")


def metadata_in(out: Path, name: str) -> str:
    with zipfile.ZipFile(out / f"{name}-0.1.0-py3-none-any.whl") as archive:
        return archive.read(f"{name}-0.1.0.dist-info/METADATA").decode()


def packed_into(out: Path, name: str) -> set[str]:
    with zipfile.ZipFile(out / f"{name}-0.1.0-py3-none-any.whl") as archive:
        return {name.split("/programs/")[1] for name in archive.namelist() if "/programs/" in name}


def test_trained_folders_go_along_wherever_they_are_named(tmp_path: Path) -> None:
    state = "\n".join(
        f"program p{n} = o.compile(m, trainset=d{s})" for n, s in enumerate(("", ', state="s/b.json"'))
    )
    data = 'dataset d = Dataset("d.csv", inputs=["q"])\noptimizer o = LabeledFewShot()\n'
    text = f'module m = Predict("q -> a", lm=LM("gguf/own"))\n{data}{state}\n'
    path = write(tmp_path, p__dspy=text, d__csv="q,a\n1,2\n")
    (tmp_path / "s").mkdir()
    for name in ("own", "p.p0.m", "p.p0.mm", "s/b.m"):
        (tmp_path / name / ".cache").mkdir(parents=True)
        for file in ("config.json", "model.safetensors", "tokenizer.json", ".cache/x"):
            (tmp_path / name / file).write_bytes(b"{}")
    for program, state, model in (("p0", "p.p0.state.json", "p.p0.m"), ("p1", "s/b.json", "b.m")):
        assert main(["optimize", f"{path}:{program}"]) == 0
        saved = json.loads((tmp_path / state).read_text())
        saved["predictors"]["self"]["lm"] = {"model": f"gguf/{model}"}
        (tmp_path / state).write_text(json.dumps(saved))
    assert package(path, "--name", "tuned", "--out", tmp_path / "out") == 0
    folders = {f"{name}/{file}" for name in ("own", "p.p0.m", "s/b.m") for file in MODEL_FILES}
    assert packed_into(tmp_path / "out", "tuned") == {
        "p.dspy", "d.csv", "p.p0.state.json", "s/b.json", *folders
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "out" / "tuned-0.1.0-py3-none-any.whl") as archive:
        assert "dspyc[embedded,tune]" in archive.read("tuned-0.1.0.dist-info/METADATA").decode()
    assert main(["build", str(path), "--out", str(tmp_path / "built")]) == 0
    assert (tmp_path / "built" / "p.p0.m" / "model.safetensors").is_file()
    assert not (tmp_path / "built" / "p.p0.mm").exists()


@pytest.mark.parametrize(
    ("files", "options", "code", "told"),
    [
        ({"p__dspy": "module m = Predict(Missing)\n"}, [], 1, "error[E1"),
        ({"p__dspy": "import json\n" + PROGRAM}, [], 1, "warning[W1"),
        ({"p__dspy": PROGRAM, "sql__py": ""}, ["--name", "json"], 2, "would hide Python's own"),
        ({"p__dspy": PROGRAM}, ["--name", "-x"], 2, "cannot be the name of a package"),
        ({"p__dspy": PROGRAM}, ["--version", "new"], 2, "is no version"),
        (
            {"p__dspy": "from helper import f\n\ndef g() -> str:\n    return f()\n",
             "helper__py": "import nowhere_installed\n\ndef f() -> str:\n    return ''\n"},
            [], 2, "helper.py imports `nowhere_installed`",
        ),
        (
            {"p__dspy": "from helper import f\n\ndef g() -> str:\n    return f()\n",
             "helper__py": f"{KEY}\n\ndef f() -> str:\n    return ''\n"},
            [], 2, "helper.py:1: this looks like a key",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_packaged_is_refused(
    files: dict[str, str], options: list[str], code: int, told: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = write(tmp_path, **files)
    assert package(path, *options, "--out", tmp_path / "out") == code
    error = capsys.readouterr().err
    assert told in error
    assert "abcdefghijklm" not in error
    assert not (tmp_path / "out").exists()


def test_an_import_from_outside_of_the_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "inner").mkdir()
    write(tmp_path, common__dspy='signature S = "q -> a"\n', dspyc__toml="")
    path = write(tmp_path / "inner", p__dspy="from common import S\n\nmodule m = Predict(S)\n")
    assert package(path, "--out", tmp_path / "out") == 2
    assert "does not lie below its folder" in capsys.readouterr().err


# --- the recipe -----------------------------------------------------------------------------------------


def test_a_recipe_serves_the_program_as_nobody_in_particular(tmp_path: Path) -> None:
    path = write(tmp_path, p__dspy='configure(lm=LM("openai/gpt-4o-mini"))\n\n' + PROGRAM)
    assert package(path, "--name", "answers", "--container", "--out", tmp_path / "out") == 0
    folder = tmp_path / "out" / "answers-container"
    assert {each.name for each in folder.iterdir()} == {
        "Containerfile", ".dockerignore", "requirements.txt", "answers-0.1.0-py3-none-any.whl",
    }  # fmt: skip
    steps = [line for line in (folder / "Containerfile").read_text().splitlines() if line[:1].isupper()]
    kinds = [line.split()[0] for line in steps]
    assert kinds.index("USER") < kinds.index("CMD")
    assert kinds.count("FROM") == 1
    assert re.fullmatch(r"FROM python:3\.\d+-slim-\w+", steps[0])
    assert "USER 10001" in steps
    assert 'CMD ["python", "-m", "answers", "serve", "--host", "0.0.0.0", "--port", "8000"]' in steps
    text = (folder / "Containerfile").read_text()
    assert re.search(r'HEALTHCHECK .*\\\n    CMD \["python", "-c", "import urllib', text)
    assert "-e DSPYC_SERVE_KEY -e OPENAI_API_KEY" in text
    assert (folder / ".dockerignore").read_text().splitlines()[2:] == [
        "*", "!requirements.txt", "!answers-0.1.0-py3-none-any.whl",
    ]  # fmt: skip
    pinned = (folder / "requirements.txt").read_text().splitlines()[2:]
    assert all(re.fullmatch(r"[a-z0-9-]+==[^=]+", each) for each in pinned)
    named = {each.split("==")[0] for each in pinned}
    assert {"dspyc", "uvicorn", "starlette", "litellm", "pydantic"} <= named
    assert "pytest" not in named


def test_the_health_check_of_the_recipe_knows_a_service_that_is_ready(tmp_path: Path) -> None:
    from dspyc.moving.packing.container import recipe
    from dspyc.moving.packing.contents import named

    text = recipe(named("p", "1.0"), [])["Containerfile"]
    (line,) = re.findall(r'CMD \["python", "-c", "(import urllib.*?)"\]', text)
    compile(line, "check", "exec")
    assert "/ready" in line


def packed(folder: Path, name: str) -> set[str]:
    with zipfile.ZipFile(folder / f"{name}-0.1.0-py3-none-any.whl") as archive:
        return {each.split("/programs/")[1] for each in archive.namelist() if "/programs/" in each}


def test_packages_of_python_go_along_whole(tmp_path: Path) -> None:
    (tmp_path / "lib" / "deep").mkdir(parents=True)
    write(tmp_path / "lib", b__py="from .deep import c\n", other__py="")
    for each in ("lib", "lib/deep"):
        (tmp_path / each / "__init__.py").touch()
    write(tmp_path / "lib" / "deep", c__py="from ..d import x\n")
    write(tmp_path / "lib", d__py="x = 1\n")
    path = write(
        tmp_path,
        p__dspy='from helper import b\nmodule m = Predict("q -> a")\ndef told() -> int:\n    return b.c.x\n',
    )
    (tmp_path / "helper.py").write_text("from lib import b\n")
    assert package(path, "--name", "whole", "--out", tmp_path / "out") == 0
    lib = {"__init__.py", "b.py", "d.py", "deep/__init__.py", "deep/c.py"}
    assert packed(tmp_path / "out", "whole") == {"p.dspy", "helper.py", *(f"lib/{each}" for each in lib)}


@pytest.mark.parametrize("has_init", [True, False])
def test_files_of_the_own_folder_go_along(tmp_path: Path, has_init: bool) -> None:
    path = write(
        tmp_path,
        p__dspy="from . import more, helper\n"
        'module m = Predict("q -> a")\ndef told() -> int:\n    return more.one() + helper.two()\n',
        more__dspy="def one() -> int:\n    return 1\n",
        helper__py="def two() -> int:\n    return 2\n",
    )
    if has_init:
        (tmp_path / "__init__.py").touch()
    assert package(path, "--name", "own", "--out", tmp_path / "out") == 0
    with zipfile.ZipFile(tmp_path / "out" / "own-0.1.0-py3-none-any.whl") as archive:
        archive.extractall(tmp_path / "elsewhere")
    (moved,) = (tmp_path / "elsewhere").glob("**/p.dspy")
    assert dspyc.load(moved).told() == 3


@pytest.mark.parametrize("name", ["prod.env", "settings.ini", "notes", ".aws/conf.txt", "rows.csv.gz"])
def test_no_key_gets_into_a_package(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = KEY.encode()
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    path = write(tmp_path, p__dspy=USING_F)
    (tmp_path / "helper.py").write_text(f"def f() -> str:\n    return open({name!r}).read()\n")
    if package(path, "--name", "safe", "--out", tmp_path / "out") == 0:
        assert packed(tmp_path / "out", "safe") == {"p.dspy", "helper.py"}
    else:
        assert "looks like a key" in capsys.readouterr().err
        assert package(path, "--name", "safe", "--out", tmp_path / "out", "--allow", name) == 0


def test_a_file_elsewhere_is_missed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "rows.csv").write_text("q,a\nx,y\n")
    path = write(
        tmp_path / "in",
        p__dspy='dataset rows = Dataset("../rows.csv", inputs=["q"])\nmodule m = Predict("q -> a")\n',
    )
    assert package(path, "--name", "rows", "--out", tmp_path / "out") == 2
    assert "../rows.csv, which does not lie below" in capsys.readouterr().err


def test_names_with_commas_stand_in_the_record(tmp_path: Path) -> None:
    (tmp_path / "a,1.csv").write_text("q,a\nx,y\n")
    path = write(
        tmp_path, p__dspy='dataset rows = Dataset("a,1.csv", inputs=["q"])\nmodule m = Predict("q -> a")\n'
    )
    assert package(path, "--name", "rows", "--out", tmp_path) == 0
    with zipfile.ZipFile(tmp_path / "rows-0.1.0-py3-none-any.whl") as archive:
        lines = list(csv.reader(archive.read("rows-0.1.0.dist-info/RECORD").decode().splitlines()))
    assert {len(each) for each in lines} == {3}
    assert "rows/programs/a,1.csv" in {each[0] for each in lines}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--name", "click"], "a package called `click` is installed here"),
        (["--name", "fine", "--script", "pip"], "another package has a command called `pip`"),
    ],
)
def test_names_of_others(
    tmp_path: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert package(write(tmp_path, p__dspy=PROGRAM), *arguments, "--out", tmp_path / "out") == 2
    assert words in capsys.readouterr().err


def test_words_of_a_docstring_are_no_imports(tmp_path: Path) -> None:
    text = '"""Reads letters\nfrom customers, and answers.\n"""\n' + PROGRAM
    assert package(write(tmp_path, p__dspy=text), "--name", "letters", "--out", tmp_path) == 0


def test_broken_python_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(
        tmp_path,
        p__dspy=USING_F,
        helper__py="import other\n\ndef f() -> str:\n    return 'x'\n",
        other__py="def (:\n",
    )
    assert package(path, "--name", "broken", "--out", tmp_path) == 2
    assert "other.py is not valid Python" in capsys.readouterr().err


def test_an_edited_recipe_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, p__dspy=PROGRAM)
    for version in ("0.1.0", "0.2.0"):
        assert package(path, "--name", "recipe", "--version", version, "--container", "--out", tmp_path) == 0
    edited = tmp_path / "recipe-container" / "Containerfile"
    edited.write_text(edited.read_text() + "RUN true\n")
    before = edited.read_bytes()
    assert package(path, "--name", "recipe", "--container", "--out", tmp_path) == 2
    assert "Containerfile was edited and would be overwritten" in capsys.readouterr().err
    assert edited.read_bytes() == before
