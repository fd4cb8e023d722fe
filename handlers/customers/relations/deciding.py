"""Deciding on what a customer needs: put on record, with or without a mail about when, or put off to a day."""

from __future__ import annotations

from datetime import date, timedelta

from agents.customers.actions import RecordRequest
from agents.customers.drafting import NobodyToWriteTo, draft_timeline
from agents.customers.effort import Effort
from agents.customers.rows import NoSuchRequest, request_by_id
from agents.customers.tables import CustomerMailRow, CustomerRequestRow
from governance.moments import day_text
from governance.places import Audience
from governance.visibility import scope_of
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known, place_json
from handlers.conversation.submitting import do_now
from handlers.conversation.turn import Turn
from handlers.conversation.wording import listed
from handlers.customers.relations.case import PRIORITY, Case, look
from handlers.customers.relations.case_card import case_reply, when_text
from handlers.customers.relations.mail_card import mail_reply
from handlers.customers.relations.standing_card import standing_reply
from handlers.delivery.prioritise.revenue import a_year
from integrations.customers import NoSuchAccount
from integrations.tracker import Priority, Story, StoryDraft, StoryStatus
from integrations.tracker.lines import plain_line, plain_text
from integrations.tracker.starting import StartStep

FURTHEST = timedelta(days=730)
"""Nothing is put off longer than this."""

_BEGUN = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})


async def request_meant(turn: Turn, desk: Desk, request: str, *, lock: bool = True) -> CustomerRequestRow:
    """A request that this person may see. Raises CannotAnswer."""
    try:
        row = await request_by_id(desk.tx, request, lock=lock)
        await desk.ports.customers.account(scope_of(turn.person), row.account)
    except (NoSuchRequest, NoSuchAccount):
        raise CannotAnswer("There is no such request that you may see.") from None
    return row


async def approve(turn: Turn, desk: Desk, row: CustomerRequestRow, *, tell: bool) -> Reply:
    """Put a request on record, and with `tell` draft what the customer is told of it. Raises CannotAnswer,
    NotOrdered."""
    if row.state not in ("proposed", "deferred"):
        return await standing_reply(desk, row)
    demand_private(turn)
    case = await look(desk, row, scope_of(turn.person))
    row.epic = case.epic.id if case.epic is not None else None
    row.story = case.story.id if case.story is not None else None
    await desk.tx.flush()
    await do_now(turn, desk, _recording(desk, row, case))
    mail = await draft(turn, desk, row, case) if tell else None
    desk.memory.about(customer_request=row.id)
    reply = await standing_reply(desk, row)
    if mail is None:
        return reply
    shown = await mail_reply(desk, mail)
    return Reply(
        f"{reply.text} {shown.text}",
        (*reply.cards, *shown.cards),
        reply.facts,
        key=reply.key,
        restricted=reply.restricted,
    )


def demand_private(turn: Turn) -> None:
    """The business case names customers and their revenue. Raises CannotAnswer where others read along."""
    if turn.place.audience not in (Audience.DIRECT, Audience.RESTRICTED):
        raise CannotAnswer("The business case names customers and their revenue. Ask me in a direct message.")


async def draft(turn: Turn, desk: Desk, row: CustomerRequestRow, case: Case) -> CustomerMailRow:
    """A mail about when it can be there, locked until it is started. Raises CannotAnswer."""
    try:
        return await draft_timeline(desk.tx, row, case.account, known(turn).id, place_json(turn.place), at=None)
    except NobodyToWriteTo as nobody:
        raise CannotAnswer(str(nobody)) from None


async def put_off(turn: Turn, desk: Desk, row: CustomerRequestRow, until: date | None) -> Reply:
    """Put a request off to a day, on which it comes back. Raises CannotAnswer, NotOrdered."""
    if row.state not in ("proposed", "deferred"):
        raise CannotAnswer(f"“{row.what}” is {row.state} already, so there is nothing to put off.")
    today = desk.now.date()
    if until is None:
        raise CannotAnswer("Until when? Say a day, such as “defer it until 15 January”.")
    if not today < until <= today + FURTHEST:
        raise CannotAnswer("Say a day to come, within two years.")
    desk.demand_order(f"put “{row.what}” off until {day_text(until)}")
    row.state, row.until, row.place = "deferred", until, place_json(turn.place)
    await desk.tx.flush()
    desk.memory.about(customer_request=row.id)
    return await standing_reply(desk, row)


async def show_again(turn: Turn, desk: Desk, row: CustomerRequestRow, lead: str = "") -> Reply:
    """Work a request out again and show it."""
    case = await look(desk, row, scope_of(turn.person))
    desk.memory.about(customer_request=row.id)
    return case_reply(desk, row, case, lead)


def _recording(desk: Desk, row: CustomerRequestRow, case: Case) -> RecordRequest:
    sprint = case.sprint.id if case.sprint is not None else ""
    return RecordRequest(
        request=row.id,
        account=row.account,
        customer=plain_line(case.account.name),
        what=row.what,
        needed_by=row.needed_by,
        story=None if case.story is not None else _story(row, case),
        start=_start(case, sprint),
        priority=PRIORITY,
        sprint=sprint,
        case=_why(desk, row, case),
        rationale=f"{case.account.name} asked for it.",
        impact="The request is on record; nothing is started and nobody is told by that.",
        rollback_plan="Cancel its story, and tell the customer if it was told.",
    )


def _story(row: CustomerRequestRow, case: Case) -> StoryDraft:
    by = f", by {day_text(row.needed_by)}" if row.needed_by else ""
    estimated = isinstance(case.effort, Effort) and case.effort.basis != "left"
    hours = case.effort.hours if estimated and isinstance(case.effort, Effort) else None
    return StoryDraft(
        title=plain_line(row.what),
        description=plain_text(f"{case.account.name} needs it{by}."),
        acceptance=case.worked.acceptance,
        team=case.team,
        product=case.epic.product if case.epic is not None else case.worked.product,
        priority=Priority.P2,
        discipline=case.worked.discipline,
        estimate_hours=hours,
        epic=case.epic.id if case.epic is not None else None,
        customers=(row.account,),
        labels=("customer-request",),
    )


def _start(case: Case, sprint: str) -> tuple[StartStep, ...]:
    """What of the open stories is not as urgent yet; the first that waits for nothing goes into the sprint."""
    waiting = [story for story in case.left if story.status not in _BEGUN]
    open_ids = {story.id for story in case.left}
    first = None
    if case.story is not None:
        free = [
            s for s in waiting if s.sprint is None and s.team == case.team and open_ids.isdisjoint(s.depends_on)
        ]
        first = min(free, key=_order, default=None)
    steps = []
    for story in sorted(waiting, key=_order):
        goes = sprint if story is first else ""
        if story.priority > PRIORITY or goes:
            priority = min(story.priority, PRIORITY)
            steps.append(StartStep(story.id, priority, story.priority, goes, ""))
    return tuple(steps)


def _order(story: Story) -> tuple[str, str]:
    return story.priority.value, story.id


def _why(desk: Desk, row: CustomerRequestRow, case: Case) -> str:
    """The business case in a few sentences, for whoever decides on the start."""
    currency = desk.department.currency
    worth = case.business
    names = listed(f"{account.name} ({a_year(account.arr, currency)})" for account in worth.waiting)
    more = f" {case.others} more asked for it." if case.others else ""
    renewal = case.account.renewal
    renews = f" {case.account.name} renews on {day_text(renewal)}." if renewal else ""
    hours = f" It takes {case.effort.hours:g} agent-hours." if isinstance(case.effort, Effort) else ""
    return (
        f"{names} need{'s' if len(worth.waiting) == 1 else ''} it.{more}{renews}{hours} {when_text(case, row)}"
    )
