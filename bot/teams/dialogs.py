"""Forms as dialogs (task modules) or in the chat: the card that asks, and the answers that come back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.inbox import LONGEST_TEXT, clean
from bot.platforms.adapter import PostFailed
from bot.platforms.forms import FormIncomplete, Values
from bot.tables import ButtonRow
from bot.teams import conversations
from bot.teams.activities import PLATFORM
from bot.teams.packing import shortened
from bot.teams.posting import Posting
from bot.teams.render import TeamsMessage
from bot.teams.rich_text import SMALL, Element, Run, inert, inert_line, paragraphs
from bot.wire import form_from_json
from governance.places import Audience, Place
from handlers.conversation.cards import Form, Input
from storage.database import Database
from storage.jobs import defer

# A dialog's answers come back in one object together with the token: their names must not meet.
_PREFIX = "answer_"

_TITLE = 64
"""Characters of a dialog's title bar; a longer title also stands in the dialog."""

_SUBMIT = 80
"""Characters of the button's label; a longer one also stands in the dialog."""


def dialog(form: Form, *, token: str) -> dict[str, Any]:
    """The Adaptive Card that asks for `form`. Its submission carries `token` and the verb `form`."""
    return _card(form, token, [])


def task_info(form: Form, token: str) -> dict[str, Any]:
    """What answers `task/fetch`: the dialog with its title and size."""
    return _task(form, dialog(form, token=token))


def in_chat(form: Form, token: str) -> dict[str, Any]:
    """The same card as a message of its own, under its title."""
    title = {"type": "TextBlock", "style": "heading", "size": "Large", "weight": "Bolder", "wrap": True}
    heading: Element = title | {"text": inert_line(inert(shortened(form.title, _TITLE)))}
    return _card(form, token, [heading])


def with_error(form: Form, token: str, sentence: str, values: Values) -> dict[str, Any]:
    """What answers a `task/submit` that cannot be taken: the dialog again, why, and what was entered."""
    entered = tuple(
        replace(entry, value=_kept(values[entry.name])) if entry.name in values else entry
        for entry in form.inputs
    )
    again = replace(form, inputs=entered)
    why = paragraphs((Run("Please look again: ", bold=True), Run(sentence)))
    return _task(again, _card(again, token, [{"type": "Container", "style": "attention", "items": why}]))


def values_of(form: Form, data: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """A submission's answers by input name, as `check_values` takes them.

    Raises FormIncomplete for an answer that the dialog cannot have given.
    """
    inputs = {entry.name: entry for entry in form.inputs}
    # An unchosen set of choices comes back as nothing at all, which says that none is chosen.
    values: dict[str, str | list[str]] = {entry.name: [] for entry in form.inputs if entry.type == "choices"}
    for key, answer in data.items():
        if key.startswith(_PREFIX):
            name = key.removeprefix(_PREFIX)
            entry = inputs.get(name)
            values[name] = _value(entry, answer) if entry else ""
    return values


def _kept(value: str | list[str]) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else tuple(value)


def _value(entry: Input, answer: Any) -> str | list[str]:
    if answer is None:
        answer = ""
    is_number = isinstance(answer, int | float) and not isinstance(answer, bool)
    if is_number and entry.type == "number" and math.isfinite(answer):
        return f"{Decimal(str(answer)):f}"
    if not isinstance(answer, str):
        raise FormIncomplete(f"“{entry.label}” was answered in another form than it asks for.", entry.name)
    if len(answer) > LONGEST_TEXT:
        raise FormIncomplete(
            f"“{entry.label}” has {len(answer):,} characters; {LONGEST_TEXT:,} are the most.", entry.name
        )
    if entry.type == "choice":
        return _choice(entry, answer) if answer else ""
    if entry.type == "choices":
        return [_choice(entry, place) for place in answer.split(",") if place]
    return clean(answer)


def _choice(entry: Input, place: str) -> str:
    if not (place.isascii() and place.isdecimal() and len(place) < 6 and int(place) < len(entry.options)):
        raise FormIncomplete(f"“{entry.label}” offers no such choice.", entry.name)
    return entry.options[int(place)][0]


def _task(form: Form, card: dict[str, Any]) -> dict[str, Any]:
    rooms = sum(2 if entry.type in ("text", "choices") else 1 for entry in form.inputs)
    return {
        "title": shortened(form.title, _TITLE),
        "height": "small" if rooms < 2 else "medium" if rooms < 5 else "large",
        "width": "medium",
        "card": {"contentType": "application/vnd.microsoft.card.adaptive", "content": card},
    }


def _card(form: Form, token: str, before: list[Element]) -> dict[str, Any]:
    title, submit = shortened(form.title, _TITLE), shortened(form.submit, _SUBMIT)
    in_full = [
        element
        for whole, short in ((form.title, title), (form.submit, submit))
        if whole != short
        for element in paragraphs((Run(whole, bold=True),))
    ]
    intro = paragraphs((Run(form.intro),))
    asked = [element for entry in form.inputs for element in _asked(entry)]
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "fallbackText": f"{form.title}: this form needs a newer Teams client.",
        "body": [*before, *in_full, *intro, *asked],
        "actions": [
            {
                "type": "Action.Submit",
                "title": submit,
                "style": "positive",
                "data": {"token": token, "verb": "form"},
            }
        ],
    }


def _asked(entry: Input) -> list[Element]:
    asked: Element = {"id": f"{_PREFIX}{entry.name}", "label": entry.label}
    if entry.required:
        asked |= {"isRequired": True, "errorMessage": f"“{entry.label}” is needed."}
    shown = _KINDS[entry.type](entry) | asked
    return [shown | {"spacing": "Medium"}, *paragraphs((Run(entry.hint),), SMALL, "Small")]


def _text(entry: Input) -> Element:
    return {"type": "Input.Text", "isMultiline": entry.type == "text", "value": _said(entry)}


def _number(entry: Input) -> Element:
    shown: Element = {"type": "Input.Number"}
    try:
        number = float(_said(entry))
    except ValueError:
        return shown
    if not math.isfinite(number):
        return shown
    return shown | {"value": int(number) if number.is_integer() else number}


def _date(entry: Input) -> Element:
    shown: Element = {"type": "Input.Date"}
    try:
        return shown | {"value": date.fromisoformat(_said(entry)).isoformat()}
    except ValueError:
        return shown


def _choices(entry: Input) -> Element:
    """Choices go by their place: Teams joins several by commas, which a value may contain."""
    chosen = {entry.value} if isinstance(entry.value, str) else set(entry.value)
    many = entry.type == "choices"
    places = [str(place) for place, (value, _) in enumerate(entry.options) if value in chosen]
    return {
        "type": "Input.ChoiceSet",
        "isMultiSelect": many,
        "style": "expanded" if many else "compact",
        "wrap": True,
        "choices": [
            # Beside boxes, titles are read as Markdown; in a drop-down list they are not.
            {"title": inert_line(inert(label)) if many else label, "value": str(place)}
            for place, (_, label) in enumerate(entry.options)
        ],
        "value": ",".join(places),
    }


def _said(entry: Input) -> str:
    return entry.value if isinstance(entry.value, str) else ""


_KINDS = {
    "line": _text,
    "text": _text,
    "number": _number,
    "date": _date,
    "choice": _choices,
    "choices": _choices,
}


SHOW = "show_form_in_chat"
"""The job that posts a form."""


async def queue(tx: AsyncSession, place: Place, token: str, at: datetime | None = None) -> None:
    """Queue the posting of the form behind a button where that was pressed, for when `tx` commits."""
    args = {"conversation": place.channel, "thread": place.thread, "token": token}
    await defer(tx, SHOW, args, lock=f"post:{place.key}", at=at)


class FormsInChat:
    """Posts forms, for one application."""

    def __init__(self, database: Database, posting: Posting) -> None:
        self._database = database
        self._posting = posting

    async def show(self, tenant: str, conversation: str, thread: str, token: str) -> None:
        """Post the form behind a button. After a crash it may stand there twice; it counts as often as it is
        sent."""
        place = Place(PLATFORM, conversation, thread, Audience.PUBLIC)
        async with self._database.statements(tenant) as tx:
            known = await conversations.conversation(tx, conversation)
            stored = (await tx.execute(select(ButtonRow.form).where(ButtonRow.token == token))).scalar()
            if known is None or stored is None:
                return
            form = form_from_json(stored)
            message = TeamsMessage("", in_chat(form, token), form.title)
            try:
                await self._posting.post(tx, known, place, (message,), f"form:{token}")
            except PostFailed as failed:
                if failed.retry_after is not None:
                    later = datetime.now(UTC) + timedelta(seconds=max(failed.retry_after, 0.5))
                    await queue(tx, place, token, at=later)
