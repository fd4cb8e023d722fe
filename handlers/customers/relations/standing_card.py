"""The card of a request that was decided on: how far it is, and what waits for whom."""

from __future__ import annotations

from typing import Literal

from agents.customers.request_run import START, STORY, steps_of
from agents.customers.tables import CustomerRequestRow
from agents.work.tables import StepRow
from governance.moments import day_text
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Block, Button, Buttons, Card, Fields, Progress, Reply, Text, Tone
from handlers.conversation.desk import Desk
from integrations.customers import NoSuchAccount

State = Literal["done", "doing", "waiting", "failed", "skipped"]
_RESTRICTED = "it is about a single customer"


async def standing_reply(desk: Desk, row: CustomerRequestRow) -> Reply:
    """A request as it stands: deferred, on record, started or declined."""
    try:
        name = (await desk.ports.customers.account(EVERYTHING, row.account)).name
    except NoSuchAccount:
        name = row.account
    steps = await steps_of(desk.tx, row) if row.run is not None else {}
    title, text, tone = _says(name, row, steps)
    blocks: list[Block] = [Text((text,))]
    if steps:
        blocks.append(Progress(tuple(_step(step) for step in steps.values())))
    pairs = [("Needed by", day_text(row.needed_by) if row.needed_by else "no day was named")]
    if row.story is not None:
        pairs.append(("Story", row.story))
    blocks.append(Fields(tuple(pairs)))
    if buttons := _buttons(row, steps):
        blocks.append(Buttons(buttons))
    return Reply(
        f"{title}. {text}",
        (Card(title, tuple(blocks), tone),),
        key=f"customer_request:{row.id}",
        restricted=_RESTRICTED,
    )


def _says(name: str, row: CustomerRequestRow, steps: dict[str, StepRow]) -> tuple[str, str, Tone]:
    if row.state == "deferred" and row.until is not None:
        says = f"Nothing is on record yet. It comes back to you on {day_text(row.until)}."
        return f"Deferred: {row.what} for {name}", says, "waiting"
    if row.state == "started":
        return f"Started: {row.what} for {name}", "It is decided, and its stories come first.", "good"
    story, start = steps.get(STORY), steps.get(START)
    failed = next((one for one in (story, start) if one is not None and one.state in ("failed", "left")), None)
    if failed is not None and failed is story:
        return f"Not in the tracker: {row.what} for {name}", failed.detail or "The tracker refused it.", "bad"
    if failed is not None:
        says = f"It stays on record, and is not started. {failed.detail or ''}".strip()
        return f"Not started: {row.what} for {name}", says, "bad"
    says = "It is on record. Whether it is started, the product owner decides."
    return f"On record: {row.what} for {name}", says, "waiting"


def _step(step: StepRow) -> tuple[State, str]:
    states: dict[str, State] = {"done": "done", "running": "doing", "submitted": "doing", "failed": "failed"}
    return states.get(step.state, "skipped" if step.state in ("left", "cancelled") else "waiting"), step.title


def _buttons(row: CustomerRequestRow, steps: dict[str, StepRow]) -> tuple[Button, ...]:
    if row.state == "deferred":
        return (Button("Take it up now", "customer_again", row.id),)
    if row.state == "approved" and any(step.state == "failed" for step in steps.values()):
        return (Button("Ask again", "customer_ask_again", row.id),)
    return ()
