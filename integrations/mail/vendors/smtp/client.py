"""Mail by SMTP submission (RFC 6409), with aiosmtplib.

A server that takes a message cannot be asked for it afterwards. So what goes out is claimed before its last
line is sent, by whoever notes its grant first, and noted again once it was taken: a message without a note was
never sent, and one that is noted as going out and no more may have been."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from ssl import SSLError

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from governance.action import Grant
from governance.department_rows import read_department
from integrations import CannotTell
from integrations.mail import MailError, MailUnsure, Message, Sent
from integrations.mail.composing import composed, message_id, sender_of
from integrations.mail.vendors.smtp.settings import SmtpSettings
from integrations.mail.vendors.smtp.tables import SendRow
from storage.database import Database

_SECONDS = 20.0
_LONGEST_WHY = 200
_AT_ONCE = 2_000


class SmtpMail:
    """A `Mail`."""

    title = "SMTP"

    def __init__(self, settings: SmtpSettings, database: Database, tenant: str) -> None:
        self._settings, self._database, self._tenant = settings, database, tenant
        self._sender = sender_of(settings.mail_sender)

    async def send_mail(self, grant: Grant, message: Message) -> Sent:
        mail = composed(message, self._sender, grant.id, grant.minted_at)
        if (noted := await self._noted(grant.id)) is not None:
            return self._sent_before(noted)
        server = await self._connected()
        try:
            return await self._hand_in(server, grant.id, mail, [one.address for one in message.to])
        finally:
            server.close()

    async def what_happened(self, grant: str) -> Sent | None:
        noted = await self._noted(grant)
        try:
            return None if noted is None else self._sent_before(noted)
        except MailUnsure as unsure:
            raise CannotTell(f"{unsure}.") from unsure

    async def try_to_connect(self) -> None:
        """Sign in and leave again. Raises MailError."""
        (await self._connected()).close()

    async def forget_old(self, now: datetime) -> None:
        """Delete a batch of what is noted of mail that went out longer ago than the department keeps it."""
        async with self._database.transaction(self._tenant) as tx:
            before = now - timedelta(days=(await read_department(tx)).retention.meetings)
            old = select(SendRow.grant_id).where(SendRow.at < before).order_by(SendRow.at).limit(_AT_ONCE)
            await tx.execute(delete(SendRow).where(SendRow.grant_id.in_(old)))

    async def _connected(self) -> SMTP:
        """A connection that is signed in. Raises MailError: nothing was sent yet."""
        own = self._settings
        server = SMTP(
            hostname=own.smtp_host,
            port=own.smtp_port,
            use_tls=own.smtp_security == "tls",
            start_tls=own.smtp_security == "starttls",
            timeout=_SECONDS,
        )
        try:
            await self._sign_in(server)
        except BaseException:
            server.close()
            raise
        return server

    async def _sign_in(self, server: SMTP) -> None:
        own = self._settings
        try:
            await server.connect()
            if own.smtp_user is not None:
                password = "" if own.smtp_password is None else own.smtp_password.get_secret_value()
                await server.login(own.smtp_user, password)
        except SMTPAuthenticationError as refused:
            raise MailError(f"{own.smtp_host} does not accept SMTP_USER with SMTP_PASSWORD") from refused
        except SSLError as untrusted:
            why = f"no safe connection to {own.smtp_host}:{own.smtp_port} ({untrusted.reason or 'TLS failed'})"
            raise MailError(f"There is {why}; nothing was sent") from untrusted
        except (
            SMTPConnectError,
            SMTPConnectTimeoutError,
            SMTPTimeoutError,
            SMTPServerDisconnected,
            OSError,
        ) as away:
            raise MailError(f"{own.smtp_host}:{own.smtp_port} cannot be reached; nothing was sent") from away
        except SMTPException as wrong:
            raise MailError(f"{own.smtp_host} refused: {_why(wrong)}") from wrong

    async def _hand_in(self, server: SMTP, grant: str, mail: EmailMessage, to: list[str]) -> Sent:
        refused: list[tuple[str, str]] = []
        try:
            await server.mail(self._sender.address)
            for address in to:
                try:
                    await server.rcpt(address)
                except SMTPRecipientRefused as said:
                    refused.append((address, _why(said)))
        except SMTPException as lost:
            raise MailError(f"{self._settings.smtp_host} took nothing: {_why(lost)}") from lost
        if len(refused) == len(to):
            raise MailError(f"{self._settings.smtp_host} knows none of them: {refused[0][0]}: {refused[0][1]}")
        if not await self._claim(grant, refused):
            # Another try under this grant came first; what it is noted as by now is what is known.
            return self._sent_before(await self._noted(grant) or SendRow(grant_id=grant, state="sending"))
        try:
            await server.data(mail.as_bytes())
        except SMTPResponseException as said_no:
            await self._forget(grant)
            raise MailError(f"{self._settings.smtp_host} did not take it: {_why(said_no)}") from said_no
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as lost:
            raise MailUnsure(
                f"{self._settings.smtp_host} dropped the line before it said that it took the mail"
            ) from lost
        await self._note_taken(grant)
        return Sent(message_id(grant, self._sender), tuple(refused))

    def _sent_before(self, noted: SendRow) -> Sent:
        """What an earlier try under this grant came to. Raises MailUnsure where it is noted as going out."""
        id = message_id(noted.grant_id, self._sender)
        if noted.state == "sending":
            raise MailUnsure(
                f"{self._settings.smtp_host} was sent the mail and did not say that it took it; SMTP cannot be"
                f" asked. Its Message-ID is {id}"
            )
        return Sent(id, tuple((address, why) for address, why in noted.refused))

    async def _noted(self, grant: str) -> SendRow | None:
        async with self._database.transaction(self._tenant) as tx:
            return (await tx.execute(select(SendRow).where(SendRow.grant_id == grant))).scalar()

    async def _claim(self, grant: str, refused: list[tuple[str, str]]) -> bool:
        """Whether this is the one try that may send it."""
        claim = (
            insert(SendRow).values(grant_id=grant, state="sending", refused=refused).on_conflict_do_nothing()
        )
        async with self._database.transaction(self._tenant) as tx:
            claimed = await tx.execute(claim.returning(SendRow.grant_id))
            return claimed.scalar() is not None

    async def _note_taken(self, grant: str) -> None:
        async with self._database.transaction(self._tenant) as tx:
            taken = update(SendRow).where(SendRow.grant_id == grant)
            await tx.execute(taken.values(state="sent", at=func.now()))

    async def _forget(self, grant: str) -> None:
        async with self._database.transaction(self._tenant) as tx:
            await tx.execute(delete(SendRow).where(SendRow.grant_id == grant))


def _why(said: Exception) -> str:
    if isinstance(said, SMTPResponseException):
        return " ".join(f"{said.code} {said.message}".split())[:_LONGEST_WHY]
    return type(said).__name__
