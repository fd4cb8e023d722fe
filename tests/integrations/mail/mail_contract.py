"""What every vendor's mail keeps to. Its fixtures are `mail`, and `went_out`, which says what arrived."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from governance.action import Grant
from integrations.mail import Addressee, Attached, Letter, Mail, MailError, Message

AT = datetime(2026, 12, 7, 15, tzinfo=UTC)
TO = (Addressee("Tom “the” Okafor, architect", "tom@example.com"), Addressee("Sarah", "sarah@example.com"))
LETTER = Letter(
    "Design review <b>of & for</b> payments",
    (("When", "Mon 7 Dec 2026, 10:00"), ("Who", "Tom, Sarah")),
    ("About the split.\nTwo lines.", "<script>alert(1)</script>"),
    "Sent because Amanda asked.",
)

WentOut = Callable[[], list[EmailMessage]]


def grant() -> Grant:
    """A leave of its own."""
    return Grant(f"gr_{uuid.uuid4().hex[:12]}", "acme", "ef_1", "0" * 64, 1, AT)


def message(**other: object) -> Message:
    given = {"to": TO, "subject": "Größe: review, “payments”", "letter": LETTER}
    return Message(**(given | other))  # type: ignore[arg-type]


class MailContract:
    @pytest.fixture
    def mail(self) -> Mail:
        raise NotImplementedError

    @pytest.fixture
    def went_out(self) -> WentOut:
        raise NotImplementedError

    async def test_text_and_html_say_the_same_and_html_escapes(self, mail: Mail, went_out: WentOut) -> None:
        await mail.send_mail(grant(), message())
        (got,) = went_out()
        assert got["Subject"] == "Größe: review, “payments”"
        assert [one.addr_spec for one in got["To"].addresses] == ["tom@example.com", "sarah@example.com"]
        text, html = (got.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
        for said in ("When", "Mon 7 Dec 2026, 10:00", "About the split.", "Sent because Amanda asked."):
            assert said in text
            assert said in html
        assert "<script>" in text
        assert "&lt;script&gt;" in html
        assert "<script>" not in html

    async def test_it_goes_out_once_however_often_its_grant_comes(self, mail: Mail, went_out: WentOut) -> None:
        leave = grant()
        assert await mail.what_happened(leave.id) is None
        sent = await mail.send_mail(leave, message())
        assert sent.id.startswith(f"{leave.id}@")
        assert (await mail.what_happened(leave.id)) == sent
        assert await mail.send_mail(leave, message()) == sent
        (got,) = went_out()
        assert got["Message-ID"] == f"<{sent.id}>"

    async def test_what_follows_stands_in_the_same_thread(self, mail: Mail, went_out: WentOut) -> None:
        first = await mail.send_mail(grant(), message())
        await mail.send_mail(grant(), message(thread=("older@example.com", first.id)))
        got = went_out()[-1]
        assert got["In-Reply-To"] == f"<{first.id}>"
        assert got["References"].split() == ["<older@example.com>", f"<{first.id}>"]

    async def test_an_invitation_is_one_for_programs_and_a_file_for_people(
        self, mail: Mail, went_out: WentOut
    ) -> None:
        calendar = Attached("invite.ics", "application/ics", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "REQUEST")
        read = Attached("CARD-2.md", "text/markdown", "# Größe\n".encode())
        await mail.send_mail(
            grant(), message(attached=(calendar, read), answers_to=Addressee("A", "a@example.com"))
        )
        (got,) = went_out()
        part = next(each for each in got.walk() if each.get_content_type() == "text/calendar")
        assert part.get_param("method") == "REQUEST"
        assert [each.get_filename() for each in got.iter_attachments()] == ["invite.ics", "CARD-2.md"]
        assert got["Reply-To"].addresses[0].addr_spec == "a@example.com"
        assert got["Auto-Submitted"] == "auto-generated"

    @pytest.mark.parametrize(
        "address", ["tom@example.com\r\nBcc: eve@example.com", "tom@example.com, eve@example.com", "tom", ""]
    )
    async def test_an_address_that_is_more_than_one_is_refused(
        self, mail: Mail, went_out: WentOut, address: str
    ) -> None:
        with pytest.raises(MailError):
            await mail.send_mail(grant(), message(to=(Addressee("Tom", address),)))
        assert went_out() == []

    async def test_a_line_break_in_a_name_makes_no_header(self, mail: Mail, went_out: WentOut) -> None:
        to = (Addressee("Tom\r\nBcc: eve@example.com", "tom@example.com"),)
        await mail.send_mail(grant(), message(to=to, subject="Hello\r\nBcc: eve@example.com"))
        (got,) = went_out()
        assert got["Bcc"] is None

    async def test_too_much_is_refused(self, mail: Mail, went_out: WentOut) -> None:
        big = Attached("big.bin", "application/octet-stream", b"x" * 3_000_000)
        with pytest.raises(MailError, match="longer than 3 MB"):
            await mail.send_mail(grant(), message(attached=(big,)))
        assert went_out() == []
