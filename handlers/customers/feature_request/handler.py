"""`feature_request`: what a customer needs, with its case; approved, modified or put off."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo

from agents.customers.request_run import steps_of
from agents.customers.rows import NoSuchRequest, new_request_id, request_by_id
from agents.customers.tables import CustomerRequestRow
from agents.work import runs
from governance.people import Role
from governance.permissions import acts
from governance.visibility import scope_of
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known, place_json
from handlers.conversation.subjects import reply_of
from handlers.conversation.turn import Clicked, Turn
from handlers.customers.feature_request.parse import LONGEST, last_day, read_need
from handlers.customers.relations.case import look, open_epics
from handlers.customers.relations.case_card import case_reply
from handlers.customers.relations.deciding import approve, put_off, request_meant, show_again
from handlers.customers.relations.standing_card import standing_reply
from handlers.language.dates import read_moment
from handlers.language.resolver import Found, NotThere, Several, resolve
from integrations.customers import Account
from integrations.tracker.lines import plain_line

_DECIDES = re.compile(
    r"^\s*(?:(?P<yes>approved?|yes|go ahead|do it|ok(?:ay)?)"
    r"|(?P<later>defer|postpone|put (?:it|this|that) off|not now))\b",
    re.IGNORECASE,
)
_TELLS = re.compile(r"\b(?:notify|tell|inform|e?mail|write to|let\b.*\bknow)\b", re.IGNORECASE)
_MOST_HOURS = 10_000


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Work out the case for what is needed; or decide on the one that the thread is about. Raises CannotAnswer,
    NotOrdered."""
    if (row := await _in_thread(turn, desk)) is not None and (said := _DECIDES.match(asked.text)):
        if said["later"]:
            return await put_off(turn, desk, row, _day_in(turn, desk, asked.text))
        return await approve(turn, desk, row, tell=_TELLS.search(asked.text) is not None)
    match await resolve(desk, asked.text, ("account",), scope_of(turn.person)):
        case Found() as found:
            account = await desk.ports.customers.account(scope_of(turn.person), found.id)
            return await _propose(turn, desk, account, asked.text)
        case (Several() | NotThere()) as unclear:
            return reply_of(unclear, "feature_request", asked.text)
    raise CannotAnswer("For which customer? For example: “Acme Corp needs SAML single sign-on by Q2”.")


async def _in_thread(turn: Turn, desk: Desk) -> CustomerRequestRow | None:
    request = desk.memory.topic.get("customer_request")
    if request is None:
        return None
    try:
        return await request_meant(turn, desk, request)
    except CannotAnswer:
        return None


def _day_in(turn: Turn, desk: Desk, text: str) -> date | None:
    person = known(turn)
    moment = read_moment(text, desk.now, person.time_zone)
    if moment is not None:
        return moment.at.astimezone(ZoneInfo(person.time_zone)).date()
    return last_day("before", text, desk.now, person.time_zone, desk.department.calendar_of(None))


async def _propose(turn: Turn, desk: Desk, account: Account, text: str) -> Reply:
    person = known(turn)
    names = (account.name, *account.aliases, account.id)
    calendar = desk.department.calendar_of(None)
    said = read_need(text, names, desk.now, person.time_zone, calendar, account.renewal)
    if not said.what:
        raise CannotAnswer(f"What does {account.name} need? For example: “{account.name} needs SAML by Q2”.")
    if said.needed_by is not None and said.needed_by < desk.now.date():
        raise CannotAnswer("That day is over. By when is it needed?")
    desk.demand_order(f"work out what it takes that {account.name} gets “{said.what}”")
    row = CustomerRequestRow(
        id=new_request_id(),
        account=account.id,
        what=said.what,
        needed_by=said.needed_by,
        asked_by=person.id,
        state="proposed",
        place=place_json(turn.place),
        turn=turn.id,
    )
    desk.tx.add(row)
    await desk.tx.flush()
    case = await look(desk, row, scope_of(turn.person))
    desk.memory.about(customer_request=row.id)
    return case_reply(desk, row, case)


async def _same_as(turn: Turn, desk: Desk) -> Reply:
    """What is asked for is a part of this feature. Raises CannotAnswer where that is not open any more, or not
    for this person to see."""
    request, _, epic = _clicked(turn).subject.partition(" ")
    row = await request_meant(turn, desk, request)
    if row.state not in ("proposed", "deferred"):
        return await standing_reply(desk, row)
    if not await open_epics(desk, [epic], scope_of(turn.person)):
        raise CannotAnswer(f"{epic} is no open feature that you may see.")
    row.epic, row.story = epic, None
    await desk.tx.flush()
    return await show_again(turn, desk, row)


async def _means(text: str, desk: Desk) -> bool:
    """ "Approve and notify Acme" in the thread of a request that nobody has decided on."""
    request = desk.memory.topic.get("customer_request")
    if request is None or _DECIDES.match(text) is None:
        return False
    try:
        return (await request_by_id(desk.tx, request)).state in ("proposed", "deferred")
    except NoSuchRequest:
        return False


def _clicked(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


async def _approve(turn: Turn, desk: Desk) -> Reply:
    return await approve(turn, desk, await request_meant(turn, desk, _clicked(turn).subject), tell=False)


async def _approve_and_notify(turn: Turn, desk: Desk) -> Reply:
    return await approve(turn, desk, await request_meant(turn, desk, _clicked(turn).subject), tell=True)


async def _modify(turn: Turn, desk: Desk) -> Reply:
    pressed = _clicked(turn)
    row = await request_meant(turn, desk, pressed.subject)
    if row.state not in ("proposed", "deferred"):
        raise CannotAnswer(f"“{row.what}” is {row.state} already. Ask for a new one instead.")
    what = plain_line(str(pressed.values.get("what") or ""), LONGEST)
    needed_by = _date(pressed.values.get("needed_by"))
    hours = _hours(pressed.values.get("hours"))
    if needed_by is not None and needed_by < desk.now.date():
        raise CannotAnswer("That day is over. By when is it needed?")
    desk.demand_order(f"change “{row.what}”")
    if what and what != row.what:
        row.what, row.epic, row.story = what, None, None
    row.needed_by, row.hours = needed_by, hours
    await desk.tx.flush()
    return await show_again(turn, desk, row, "Worked out again with your changes.")


async def _defer(turn: Turn, desk: Desk) -> Reply:
    pressed = _clicked(turn)
    row = await request_meant(turn, desk, pressed.subject)
    return await put_off(turn, desk, row, _date(pressed.values.get("until")))


async def _again(turn: Turn, desk: Desk) -> Reply:
    row = await request_meant(turn, desk, _clicked(turn).subject)
    if row.state not in ("proposed", "deferred"):
        return await standing_reply(desk, row)
    row.state, row.until = "proposed", None
    await desk.tx.flush()
    return await show_again(turn, desk, row)


async def _ask_again(turn: Turn, desk: Desk) -> Reply:
    """Let what failed of a request be tried again: its start is asked for anew."""
    row = await request_meant(turn, desk, _clicked(turn).subject)
    failed = [step for step in (await steps_of(desk.tx, row)).values() if step.state == "failed"]
    if not failed or row.run is None:
        return await standing_reply(desk, row)
    desk.demand_order(f"ask for the start of “{row.what}” again")
    await runs.try_again(desk.tx, row.run)
    return await standing_reply(desk, row)


def _date(given: object) -> date | None:
    try:
        return date.fromisoformat(str(given)) if given else None
    except ValueError:
        raise CannotAnswer(f"“{given}” is no day. Write it as 2027-03-31.") from None


def _hours(given: object) -> float | None:
    written = str(given or "").replace(",", ".").strip()
    if not written:
        return None
    try:
        hours = float(written)
    except ValueError:
        hours = 0.0
    if not 0 < hours <= _MOST_HOURS:
        raise CannotAnswer(f"Agent-hours are a number from 1 to {_MOST_HOURS:,}.")
    return hours


HANDLER = Handler(
    name="feature_request",
    purpose="Record what a customer needs",
    example="Customer X needs the export feature by next quarter",
    group=Group.PLAN,
    permission=acts(Role.CUSTOMER_SUCCESS, Role.PRODUCT_OWNER),
    answer=answer,
    presses={
        "customer_approve": _approve,
        "customer_approve_notify": _approve_and_notify,
        "customer_modify": _modify,
        "customer_defer": _defer,
        "customer_again": _again,
        "customer_same_as": _same_as,
        "customer_ask_again": _ask_again,
    },
    risk=Risk.ACTS,
    means=_means,
)
