"""The documents' commands do what they say: blocks marked `title="run"` are run in a fresh project."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import Settings
from tests.architecture.source import ROOT
from tests.docs.pages import PAGES, fences

pytestmark = pytest.mark.processes

MARKED = [path for path in PAGES if any(fence.runs for fence in fences(path))]

PATIENCE_SECONDS = 150


@pytest.fixture
def checkout() -> Iterator[Path]:
    """The project as it is when it has just been installed: no settings, no data. Not in pytest's own folder,
    which is closed to the user that the embedded database runs as."""
    folder = Path(tempfile.mkdtemp(prefix="countersign-docs-"))
    for entry in ROOT.iterdir():
        if entry.name not in (".env", ".git", "var", "dist"):
            (folder / entry.name).symlink_to(entry)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_there_are_pages_with_commands_to_run() -> None:
    assert {path.name for path in MARKED} >= {"try.md", "command-line.md"}


@pytest.mark.timeout(2 * PATIENCE_SECONDS)
@pytest.mark.parametrize("page", MARKED, ids=lambda path: path.name)
def test_every_command_of_a_page_ends_well(page: Path, checkout: Path) -> None:
    script = "\n".join(f"set -ex\n{fence.text}" for fence in fences(page) if fence.runs)
    environment = {
        name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields
    }
    environment["PATH"] = f"{ROOT / '.venv/bin'}:{environment['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
