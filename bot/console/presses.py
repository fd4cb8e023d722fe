"""Pressed buttons: from an opaque token back to what it means, for those who read where it was posted."""

from __future__ import annotations

from sqlalchemy import select

from bot.console.adapter import announce
from bot.console.visit import Visit
from bot.inbox import store_click
from bot.platforms.forms import FormIncomplete, Values, check_values
from bot.tables import ButtonRow, OutboxRow
from bot.wire import form_from_json, place_from_json
from governance.places import Place


class NoSuchButton(LookupError):
    """No button has this token, or it was posted where this person does not read."""


async def button_for(visiting: Visit, token: str) -> tuple[ButtonRow, Place]:
    """A button and the thread in which it was posted. Raises NoSuchButton."""
    query = select(ButtonRow, OutboxRow).join(OutboxRow, OutboxRow.id == ButtonRow.outbox)
    found = (await visiting.tx.execute(query.where(ButtonRow.token == token))).first()
    if found is None:
        raise NoSuchButton(token)
    button, posted = found
    place = place_from_json(posted.place)
    if place.platform != "console" or not visiting.residents.channel_for(visiting.reader.person, place.channel):
        raise NoSuchButton(token)
    return button, place


async def press(visiting: Visit, *, token: str, values: Values, key: str) -> Place:
    """Store a pressed button and queue its turn; a repeated `key` does nothing.

    Raises NoSuchButton and FormIncomplete.
    """
    button, place = await button_for(visiting, token)
    if button.form is None and values:
        raise FormIncomplete("This button asks for nothing.")
    if button.form is not None:
        values = check_values(form_from_json(button.form), values)
    await store_click(
        visiting.tx,
        platform="console",
        key=key,
        identity=visiting.reader.identity,
        place=place,
        token=token,
        values=values,
    )
    await announce(visiting.tx, place, "")
    return place
