"""The doctor, where there is something to mend."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.doctor import examine
from bot.finding import Finding
from bot.settings import Settings
from storage import embedded


@pytest.fixture
def new_server() -> Iterator[embedded.EmbeddedServer]:
    """A server that nothing has migrated: roles belong to a server, so the suite's own has them already."""
    folder = Path(tempfile.mkdtemp(prefix="countersign-"))  # see the suite's own
    started = embedded.start(folder / "data")
    yield started
    started.stop()
    shutil.rmtree(folder, ignore_errors=True)


async def test_before_the_first_migration_the_doctor_names_the_command(
    new_server: embedded.EmbeddedServer, tmp_path: Path
) -> None:
    settings = Settings(
        _env_file=None,
        database_url=new_server.app_url,
        database_owner_url=new_server.owner_url,
        var_folder=tmp_path / "var",
    )
    found = [finding async for finding in examine(settings)]
    says = "nothing is set up yet (DATABASE_URL); run: python -m bot migrate"
    assert Finding("schema", "wrong", says) in found
    assert [finding.what for finding in found if finding.what == "database"] == []
