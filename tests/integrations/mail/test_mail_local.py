"""The outbox keeps the contract, and shows what is in it."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from integrations.mail import KeepsOutbox, MailError
from integrations.mail.vendors.local import LocalMail
from tests.integrations.mail.mail_contract import MailContract, WentOut, grant, message


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
