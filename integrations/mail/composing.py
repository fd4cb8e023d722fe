"""A message as it goes over the wire: RFC 5322 with its text, its HTML and what is attached.

Text and HTML are made of the same letter. Nothing in it is markup: HTML escapes everything.
"""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from integrations.mail import MOST_BYTES, Addressee, Letter, MailError, Message, is_address

_TEXT = """{{ letter.heading }}

{% for label, value in letter.pairs %}
{{ label }}: {{ value }}
{% endfor %}
{% for paragraph in letter.paragraphs %}

{{ paragraph }}
{% endfor %}

--\x20
{{ letter.footer }}
"""
_HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ letter.heading }}</title></head>
<body style="font:16px/1.5 sans-serif;color:#1d1d1f">
<h1 style="font-size:20px">{{ letter.heading }}</h1>
{% if letter.pairs %}
<table role="presentation">
{% for label, value in letter.pairs %}
<tr><th scope="row" style="text-align:left;vertical-align:top;padding:0 16px 4px 0">{{ label }}</th>\
<td>{{ value }}</td></tr>
{% endfor %}
</table>
{% endif %}
{% for paragraph in letter.paragraphs %}
<p style="white-space:pre-line">{{ paragraph }}</p>
{% endfor %}
<p style="color:#5f6368;font-size:13px">{{ letter.footer }}</p>
</body></html>
"""


def text_of(letter: Letter) -> str:
    """The letter in plain text."""
    return _rendered(_TEXT, letter, is_markup=False)


def html_of(letter: Letter) -> str:
    """The same in HTML."""
    return _rendered(_HTML, letter, is_markup=True)


def _rendered(template: str, letter: Letter, *, is_markup: bool) -> str:
    from jinja2 import Environment  # no process that sends no mail waits for it

    made = Environment(autoescape=is_markup, trim_blocks=True, lstrip_blocks=True)  # noqa: S701 - or plain text
    return made.from_string(template).render(letter=letter)


def sender_of(written: str) -> Addressee:
    """A sender as settings give it: an address, or `Name <address>`. Raises ValueError."""
    name, address = parseaddr(written)
    if not is_address(address):
        raise ValueError("must be a mail address, such as Countersign <countersign@example.com>")
    return Addressee(name or "Countersign", address)


def message_id(grant: str, sender: Addressee) -> str:
    """The Message-ID of what is sent under a grant's id, without its angle brackets."""
    return f"{grant}@{sender.address.rpartition('@')[2]}"


def composed(message: Message, sender: Addressee, grant: str, at: datetime) -> EmailMessage:
    """The message that is sent under this grant, with the same Message-ID at every try. Raises MailError."""
    wrong = [one.address for one in message.to if not is_address(one.address)]
    if wrong or not message.to:
        raise MailError(f"“{', '.join(wrong)}” is no mail address" if wrong else "It goes to nobody")
    mail = EmailMessage(SMTP)
    mail["From"] = _address(sender)
    mail["To"] = [_address(one) for one in message.to]
    if message.answers_to is not None:
        mail["Reply-To"] = _address(message.answers_to)
    mail["Subject"] = " ".join(message.subject.split())
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message_id(grant, sender)}>"
    if message.thread:
        mail["In-Reply-To"] = f"<{message.thread[-1]}>"
        mail["References"] = " ".join(f"<{one}>" for one in message.thread)
    mail["Auto-Submitted"] = "auto-generated"
    _fill(mail, message)
    if len(mail.as_bytes()) > MOST_BYTES:
        raise MailError(f"It is longer than {MOST_BYTES // 1_000_000} MB with what is attached")
    return mail


def _fill(mail: EmailMessage, message: Message) -> None:
    mail.set_content(text_of(message.letter))
    mail.add_alternative(html_of(message.letter), subtype="html")
    # An invitation is a third way to say the same, for programs that know calendars, and a file for the others.
    for one in message.attached:
        if one.method is not None:
            mail.add_alternative(one.content.decode(), subtype="calendar", params={"method": one.method})
    for one in message.attached:
        main, _, sub = one.media_type.partition("/")
        mail.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)


def _address(one: Addressee) -> Address:
    name = " ".join(one.name.split())
    local, _, domain = one.address.rpartition("@")
    return Address(name, local, domain)
