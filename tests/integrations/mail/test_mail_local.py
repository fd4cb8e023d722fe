"""The outbox keeps the contract, and shows what is in it."""

from __future__ import annotations

import email
import os
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import text

from governance.department_file import read_department
from governance.department_rows import open_department
from integrations.integration import Surroundings
from integrations.mail import KeepsOutbox, MailError
from integrations.mail.vendors.local import INTEGRATION, LocalMail, prune
from storage.database import Database
from tests.integrations.mail.mail_contract import MailContract, WentOut, grant, message

ACME = Path(__file__).resolve().parents[3] / "examples" / "acme" / "department.yaml"
NOW = datetime(2026, 12, 7, 15, tzinfo=UTC)


class TestLocalMail(MailContract):
    @pytest.fixture
    def mail(self, tmp_path: Path) -> LocalMail:
        return LocalMail(tmp_path / "mail")

    @pytest.fixture
    def went_out(self, tmp_path: Path) -> WentOut:
        def read() -> list[EmailMessage]:
            files = sorted((tmp_path / "mail").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
            found = [email.message_from_bytes(file.read_bytes(), policy=default) for file in files]
            return [one for one in found if isinstance(one, EmailMessage)]

        return read

    async def test_the_outbox_shows_the_newest_first_and_no_more_than_asked(self, mail: LocalMail) -> None:
        assert isinstance(mail, KeepsOutbox)
        assert await mail.outbox(5) == []
        for number in range(3):
            await mail.send_mail(grant(), message(subject=f"Number {number}"))
        kept = await mail.outbox(2)
        assert [one.subject for one in kept] == ["Number 2", "Number 1"]
        assert "About the split." in kept[0].text

    async def test_a_folder_that_cannot_be_written_sends_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(MailError, match="cannot be written"):
            await LocalMail(tmp_path / "file" / "mail").send_mail(grant(), message())


def _around(database: Database, tenant: str, folder: Path) -> Surroundings:
    return Surroundings(database, tenant, folder, {}, folder)


async def _written(mail: LocalMail, folder: Path, days_ago: int) -> Path:
    leave = grant()
    await mail.send_mail(leave, message())
    file = folder / f"{leave.id}.eml"
    at = (NOW - timedelta(days=days_ago)).timestamp()
    os.utime(file, (at, at))
    return file


async def test_what_is_kept_no_longer_is_deleted_and_the_log_says_so(
    database: Database, tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction(tenant) as tx:
        await open_department(tx, read_department(ACME))
    around, folder = _around(database, tenant, tmp_path), tmp_path / "mail" / tenant
    mail = LocalMail(folder)
    assert await prune(around, NOW) == 0
    old, kept, newest = [await _written(mail, folder, days) for days in (401, 399, 1)]
    cut_off, writing = folder / ".gr_1.abcd", folder / ".gr_2.abcd"
    for part, days in ((cut_off, 2), (writing, 0)):
        part.write_text("half")
        os.utime(part, ((NOW - timedelta(days=days)).timestamp(),) * 2)
    assert await prune(around, NOW) == 1
    assert [one.exists() for one in (old, kept, newest, cut_off, writing)] == [False, True, True, False, True]
    monkeypatch.setattr("integrations.mail.vendors.local.MOST_KEPT", 1)
    assert [await prune(around, NOW) for _ in range(2)] == [1, 0]
    assert [one.exists() for one in (kept, newest)] == [False, True]
    async with database.transaction(tenant) as tx:
        query = text("SELECT count(*) FROM audit_entries WHERE type = 'mail.pruned'")
        assert (await tx.execute(query)).scalar() == 2


async def test_its_chore_runs_by_the_hour(database: Database, tenant: str, tmp_path: Path) -> None:
    (chore,) = INTEGRATION.chores(_around(database, tenant, tmp_path))
    assert (chore.name, chore.seconds) == ("prune_outbox", 3600.0)
