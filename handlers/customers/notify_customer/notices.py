"""What is heard of a mail to a customer: that it can go, went out, or did not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.customers.rows import NoSuchMail, mail_by_id
from governance.people import Person
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.customers.relations.mail_card import mail_reply
from handlers.notices import NoticeKind


async def _mail(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    try:
        mail = await mail_by_id(desk.tx, ids["mail"])
    except NoSuchMail:
        return None
    desk.memory.about(customer_mail=mail.id)
    return await mail_reply(desk, mail)


NOTICE = NoticeKind("customer_mail", _mail)
