"""The doctor, where there is something to mend."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import doctor
from bot.doctor import examine
from bot.finding import Finding
from bot.settings import Settings
from storage import embedded

pytestmark = pytest.mark.processes


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


async def test_the_doctor_shows_no_credentials(tmp_path: Path) -> None:
    secret = "bad-secret"
    settings = Settings(
        _env_file=None,
        database_url=f"postgresql://me:{secret}@127.0.0.1:1/x",
        var_folder=tmp_path / "var",
        openai_api_key=secret,
        openai_base_url=f"http://user:{secret}@127.0.0.1:9/v1?key={secret}",
        slack_api_url="http://127.0.0.1:9/api/",
        slack_bot_token="xoxb-1",
        slack_signing_secret="s",
        env="production",
        public_url=f"https://user:{secret}@countersign.example",
    )
    found = [finding async for finding in examine(settings)]
    assert Finding("model", "well", "gpt-5-mini at http://127.0.0.1:9/v1") in found
    assert any(finding.what == "sign-in" and finding.state == "wrong" for finding in found)
    assert any(finding.what == "database" and finding.state == "wrong" for finding in found)
    assert secret not in str(found)


async def test_the_doctor_says_that_a_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_ROOM", 2**62)
    settings = Settings(_env_file=None, database_url="postgresql://x@127.0.0.1:1/x", var_folder=tmp_path)
    (found,) = [finding async for finding in examine(settings) if finding.what == "VAR_FOLDER"]
    assert found.state == "wrong"
    assert "make room there" in found.says
