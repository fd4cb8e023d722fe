"""Mail by SMTP keeps the contract against a real server; what is known where the server drops the line."""

from __future__ import annotations

import asyncio
import email
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import ValidationError

from governance.action import Grant, OutcomeState
from governance.department_file import read_department
from governance.department_rows import open_department
from governance.registry import OutcomeUncertain
from integrations import CannotTell
from integrations.calendar.actions import Invited
from integrations.customers import Customers
from integrations.mail import MailError, MailUnsure, Sent
from integrations.mail.actions import SendInvitation
from integrations.mail.performing import specs
from integrations.mail.vendors.smtp.client import SmtpMail
from integrations.mail.vendors.smtp.settings import SmtpSettings
from simulators.entra import certificate
from storage.database import Database
from tests.governance.house import ACME
from tests.integrations.mail.mail_contract import AT, MailContract, WentOut, grant, message


@dataclass
class Server:
    """Takes mail as it is told: `unknown` addresses are refused; after the last line it takes it, refuses it
    (`says`), or drops the line, having kept the mail or not."""

    port: int = 0
    unknown: set[str] = field(default_factory=set)
    says: str = "250 OK"
    drops: bool = False
    keeps: bool = True
    got: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address in self.unknown:
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.keeps:
            mail = email.message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.got.append(mail)
        if self.drops:
            server.transport.abort()
        return self.says


def _authenticated(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=data == LoginPassword(b"bot", b"secret"))


@pytest.fixture
def smtp() -> Iterator[Server]:
    handler = Server()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        handler.port = probe.getsockname()[1]
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=handler.port,
        authenticator=_authenticated,
        auth_require_tls=False,
        data_size_limit=50_000_000,
    )
    controller.start()
    yield handler
    controller.stop()


def settings(smtp: Server, **other: object) -> SmtpSettings:
    given = {
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp.port,
        "smtp_security": "none",
        "mail_sender": "Countersign <countersign@example.com>",
    }
    return SmtpSettings(_env_file=None, **(given | other))  # type: ignore[call-arg, arg-type]


@pytest.fixture
def mail(smtp: Server, database: Database, tenant: str) -> SmtpMail:
    return SmtpMail(settings(smtp), database, tenant)


class TestSmtpMail(MailContract):
    @pytest.fixture
    def mail(self, mail: SmtpMail) -> SmtpMail:
        return mail

    @pytest.fixture
    def went_out(self, smtp: Server) -> WentOut:
        return lambda: smtp.got


async def test_what_went_out_long_ago_is_forgotten(mail: SmtpMail, database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        await open_department(tx, read_department(ACME))
    leave = grant()
    await mail.send_mail(leave, message())
    await mail.forget_old(datetime.now(UTC) + timedelta(days=399))
    assert await mail.what_happened(leave.id) is not None
    await mail.forget_old(datetime.now(UTC) + timedelta(days=401))
    assert await mail.what_happened(leave.id) is None


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_line_that_drops_leaves_it_unknown_and_is_never_sent_again(
    mail: SmtpMail, smtp: Server, keeps: bool
) -> None:
    smtp.drops, smtp.keeps = True, keeps
    leave = grant()
    with pytest.raises(MailUnsure, match="dropped the line"):
        await mail.send_mail(leave, message())
    with pytest.raises(CannotTell, match=f"{leave.id}@example.com"):
        await mail.what_happened(leave.id)


async def test_to_the_gate_that_is_an_outcome_that_nobody_knows(mail: SmtpMail, smtp: Server) -> None:
    smtp.drops = True
    (spec,) = (one for one in specs(lambda _tenant: cast(Customers, None)) if one.action is SendInvitation)
    one = Invited(person="tom", name="Tom", address="tom@example.com")
    action = SendInvitation(
        meeting="mt_0123456789ab",
        title="Review",
        starts=AT,
        ends=AT.replace(hour=16),
        zone="UTC",
        organiser=one,
        people=(one,),
        method="REQUEST",
        rationale="asked",
        impact="mail",
        rollback_plan="none",
    )
    leave: Grant = grant()
    assert spec.effect is not None
    assert spec.ask is not None
    with pytest.raises(OutcomeUncertain):
        await spec.effect(action, leave, mail)
    known = await spec.ask(leave.id, mail)
    assert known is not None
    assert known.state is OutcomeState.UNKNOWN
    assert leave.id in known.detail
    smtp.drops = False
    assert await spec.ask(grant().id, mail) is None
    done = await spec.effect(action, grant(), mail)
    assert done.state is OutcomeState.DONE
    invited = smtp.got[-1]
    assert "ORGANIZER;CN=Tom:mailto:tom@example.com" in "".join(
        part.get_content() for part in invited.walk() if part.get_content_type() == "text/calendar"
    )


async def test_who_is_refused_is_named_and_the_others_get_it(mail: SmtpMail, smtp: Server) -> None:
    smtp.unknown = {"tom@example.com"}
    leave = grant()
    sent = await mail.send_mail(leave, message())
    assert sent.refused == (("tom@example.com", "550 5.1.1 nobody of that name"),)
    # After a crash as well: what is noted of it is what it came to.
    assert await mail.what_happened(leave.id) == sent
    assert len(smtp.got) == 1
    smtp.unknown = {"tom@example.com", "sarah@example.com"}
    with pytest.raises(MailError, match="knows none of them"):
        await mail.send_mail(grant(), message())


async def test_a_no_after_the_last_line_is_a_no(mail: SmtpMail, smtp: Server) -> None:
    smtp.says = "554 5.7.1 looks like spam"
    leave = grant()
    with pytest.raises(MailError, match="looks like spam"):
        await mail.send_mail(leave, message())
    assert await mail.what_happened(leave.id) is None


async def test_signing_in_and_nobody_there(smtp: Server, database: Database, tenant: str) -> None:
    with pytest.raises(ValidationError, match="over TLS alone"):
        settings(smtp, smtp_user="bot", smtp_password="secret")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        away = settings(smtp, smtp_port=held.getsockname()[1])
        with pytest.raises(MailError, match="cannot be reached; nothing was sent"):
            await SmtpMail(away, database, tenant).send_mail(grant(), message())
    # A server without TLS is not spoken to where TLS is asked for.
    with pytest.raises(MailError):
        await SmtpMail(settings(smtp, smtp_security="starttls"), database, tenant).send_mail(grant(), message())
    assert smtp.got == []


async def test_what_may_have_gone_out_is_not_sent_again(mail: SmtpMail, smtp: Server) -> None:
    smtp.drops = True
    leave = grant()
    with pytest.raises(MailUnsure, match="dropped the line"):
        await mail.send_mail(leave, message())
    smtp.drops = False
    with pytest.raises(MailUnsure, match="did not say that it took it"):
        await mail.send_mail(leave, message())
    assert len(smtp.got) == 1


async def test_of_two_at_once_under_one_grant_one_sends(mail: SmtpMail, smtp: Server) -> None:
    leave = grant()
    tries = (mail.send_mail(leave, message()) for _ in range(4))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert len(smtp.got) == 1
    assert all(isinstance(one, Sent | MailUnsure) for one in outcomes), outcomes
    assert any(isinstance(one, Sent) for one in outcomes)


async def test_a_certificate_that_nobody_vouches_for_sends_nothing(
    smtp: Server, database: Database, tenant: str, tmp_path: Path
) -> None:
    """The connection is closed, too: the server sees its end."""
    context = certificate.serving(certificate.make(tmp_path))
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        await reader.readline()
        writer.write(b"250-here\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go on\r\n")
        try:
            await writer.start_tls(context)
            await reader.read()
        except OSError:
            pass
        writer.close()
        gone.set_result(None)

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mail = SmtpMail(settings(smtp, smtp_port=port, smtp_security="starttls"), database, tenant)
    with pytest.raises(MailError, match="no safe connection"):
        await mail.send_mail(grant(), message())
    async with asyncio.timeout(20):
        await gone
    server.close()
