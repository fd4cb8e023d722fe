"""A mail server that takes what is sent (SMTP)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from integrations.integration import Checked, Chore, Integration, Surroundings
from integrations.mail import MailError
from integrations.mail.vendors.smtp.settings import SmtpSettings
from integrations.mail.vendors.smtp.tables import SendRow as SendRow  # a table is known where its vendor is

if TYPE_CHECKING:
    from integrations.mail.vendors.smtp.client import SmtpMail

_HOUR = 3_600.0


def _open(around: Surroundings) -> SmtpMail:
    if not isinstance(around.settings, SmtpSettings):
        raise TypeError("SMTP is opened with its settings")
    from integrations.mail.vendors.smtp.client import SmtpMail

    return SmtpMail(around.settings, around.database, around.tenant)


async def _check(around: Surroundings) -> Iterable[Checked]:
    mail = _open(around)
    try:
        await mail.try_to_connect()
    except MailError as refused:
        return (Checked("mail", "wrong", f"{refused}; see SMTP_HOST"),)
    assert isinstance(around.settings, SmtpSettings)
    return (Checked("mail", "well", f"{around.settings.smtp_host} takes mail"),)


def _chores(around: Surroundings) -> Iterable[Chore]:
    async def forget() -> None:
        await _open(around).forget_old(datetime.now(UTC))

    return (Chore("forget_old_mail", _HOUR, forget),)


INTEGRATION = Integration("mail", "smtp", "SMTP", _open, settings=SmtpSettings, check=_check, chores=_chores)
