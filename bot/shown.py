"""Messages that show something with buttons, brought up to date wherever they stand.

A card may stand in many messages: where it was asked for, with everybody who was asked, in answers to "what
waits for me?", on a home. All of them are found by what their buttons mean, which is stored.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.wire import place_from_json, reply_from_json
from handlers.conversation.cards import Buttons, Card, Rating, Reply
from storage import direct

# In one order, whoever else brings messages up to date: two that wait for each other would wait for good.
_SHOWING = """
    SELECT DISTINCT message.thread, message.key
    FROM buttons JOIN outbox AS message ON message.id = buttons.outbox
    WHERE buttons.subject = %(subject)s AND buttons.verb = ANY(%(verbs)s) AND message.key IS NOT NULL
    ORDER BY message.thread, message.key
"""

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext(%(thread)s || ' ' || %(key)s))"

_LATEST = """
    SELECT place, reply FROM outbox
    WHERE thread = %(thread)s AND key = %(key)s AND state IN ('waiting', 'posted')
    ORDER BY number DESC LIMIT 1
"""


async def bring_up_to_date(
    tx: AsyncSession, subject: str, verbs: Collection[str], now: Reply, *, turn: str | None
) -> None:
    """Edit every message that has such a button about `subject`: the card with it becomes what `now` shows.

    What was said to one person alone, in a place that others read, cannot be edited and stays.
    """
    for thread, key in await direct.rows(tx, _SHOWING, {"subject": subject, "verbs": list(verbs)}):
        message = {"thread": thread, "key": key}
        await direct.run(tx, _ONE_AT_A_TIME, message)
        latest = await direct.row(tx, _LATEST, message)
        shown = None if latest is None else reply_from_json(latest[1])
        if shown is None or shown.aside is not None:
            continue
        changed = with_card(shown, subject, verbs, now)
        if changed != shown:
            await outbox.put(tx, place_from_json(latest[0]), replace(changed, key=key), turn=turn)


def with_card(shown: Reply, subject: str, verbs: Collection[str], now: Reply) -> Reply:
    """`shown` with what `now` shows in place of the cards that have such a button about `subject`."""
    cards: list[Card] = []
    for card in shown.cards:
        cards += _in_place_of(card, now) if _has_button(card, subject, verbs) else [card]
    if tuple(cards) == shown.cards:
        return shown
    text = shown.text if now.text in shown.text else f"{shown.text} {now.text}"
    return replace(shown, text=text, cards=tuple(cards))


def _in_place_of(card: Card, now: Reply) -> list[Card]:
    """The question whether the answer was useful is the message's own, and stays."""
    *before, last = now.cards
    ratings = tuple(block for block in card.blocks if isinstance(block, Rating))
    return [*before, replace(last, blocks=(*last.blocks, *ratings))]


def _has_button(card: Card, subject: str, verbs: Collection[str]) -> bool:
    return any(
        button.subject == subject and button.verb in verbs
        for block in card.blocks
        if isinstance(block, Buttons)
        for button in block.buttons
    )
