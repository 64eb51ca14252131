"""One server process for most tests."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.lsp_client import Client

collect_ignore_glob = ["workspace/*"]
_counter = itertools.count()


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace folder with a `.dspy` file and a Python file to import from."""
    folder = tmp_path_factory.mktemp("workspace").resolve()
    source = Path(__file__).parent / "workspace"
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    # Not among the sources: no folder of the tests is a package.
    (folder / "data" / "__init__.py").touch()
    return folder


@pytest.fixture(scope="session")
def shared_client(workspace: Path) -> Iterator[Client]:
    client = Client()
    client.initialize(workspace)
    yield client
    try:
        assert client.shut_down() == 0
    finally:
        client.kill()


@pytest.fixture
def client(shared_client: Client) -> Iterator[Client]:
    """The shared server; whatever a test does to it, it is still there afterwards."""
    yield shared_client
    assert shared_client.process.poll() is None
    logged = [each for each in shared_client.notifications if each["method"] == "window/logMessage"]
    assert not logged, logged


@pytest.fixture
def new_client() -> Iterator[Client]:
    """A server of the test's own, not initialized."""
    client = Client()
    yield client
    client.kill()


@pytest.fixture
def uri(workspace: Path) -> str:
    """A `.dspy` file of the workspace that no other test uses, and that is not on the disk."""
    return (workspace / f"document_{next(_counter)}.dspy").as_uri()
