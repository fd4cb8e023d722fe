"""An account's card: who it is, what it asked for, what it was promised, and what it was written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from agents.customers.rows import mails_of, promises_of, requests_of
from agents.customers.tables import CustomerMailRow, CustomerRequestRow, PromiseRow
from governance.facts import Fact, Source
from governance.moments import day_text
from governance.visibility import Scope
from handlers.conversation.cards import Block, Bold, Bullets, Button, Buttons, Card, Fields, Inline, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted, names_of_people
from handlers.customers.relations.case_card import RESTRICTED, customer_pairs
from handlers.customers.relations.mail_card import standing
from integrations.customers import Account, Commitment, CommitmentState, Request

_MOST = 8
_STATES = {
    "proposed": "not decided on",
    "deferred": "deferred",
    "approved": "on record, not started",
    "started": "started",
}
_MAILS = {"locked": "locked until its work is started", "draft": "drafted, not sent", "dropped": "cancelled"}


async def customer_reply(desk: Desk, account: Account, scope: Scope) -> Reply:
    """One account with everything that there is about it."""
    currency = desk.department.currency
    names = await names_of_people(desk.tx)
    owner = names[account.owner] if account.owner else "nobody"
    contact = f"{account.contact.name}, {account.contact.title}" if account.contact else "none on record"
    blocks: list[Block] = [
        Fields((*customer_pairs(account, currency), ("Whose", owner), ("Contact", contact))),
    ]
    asked = await desk.ports.customers.requests(scope, account=account.id)
    needs = await requests_of(desk.tx, account.id, _MOST)
    blocks += _listed(
        "Asked for", [*map(_need_line, needs), *map(_request_line, asked)], "Nothing is on record."
    )
    promises = await promises_of(desk.tx, account.id)
    there = {row.id for row in promises}
    committed = list(await desk.ports.customers.commitments(scope, account=account.id))
    today = desk.now.date()
    lines = [_promise_line(row, today) for row in promises]
    lines += [_commitment_line(one, today) for one in committed if one.id not in there]
    blocks += _listed("Promised", lines, "Nothing was promised.")
    mails = await mails_of(desk.tx, account.id, _MOST)
    blocks += _listed("Written", [await _mail_line(desk, mail) for mail in mails], "Nothing was written.")
    blocks.append(Buttons(_buttons(account, needs, mails)))
    open_now = sum(row.state == "open" for row in promises) + sum(
        one.state is CommitmentState.OPEN for one in committed if one.id not in there
    )
    tier = account.tier or "tier not known"
    text = (
        f"{account.name}: {tier}, {_health(account)}, {counted(len(asked) + len(needs), 'request')},"
        f" {counted(open_now, 'open promise')}, {counted(len(mails), 'mail')}."
    )
    facts = _facts(desk, account, currency, promises)
    return Reply(text, (Card(account.name, tuple(blocks)),), facts, restricted=RESTRICTED)


def _health(account: Account) -> str:
    return "health not known" if account.health is None else f"health {account.health} of 100"


def _listed(title: str, lines: Sequence[tuple[Inline, ...]], nothing: str) -> list[Block]:
    if not lines:
        return [Text((Bold(title), f": {nothing}"))]
    shown = list(lines[:_MOST])
    if len(lines) > _MOST:
        shown.append((f"and {len(lines) - _MOST} more",))
    return [Text((Bold(title),)), Bullets(tuple(shown))]


def _need_line(row: CustomerRequestRow) -> tuple[Inline, ...]:
    until = f" until {day_text(row.until)}" if row.until else ""
    by = f", needed by {day_text(row.needed_by)}" if row.needed_by else ""
    story = f", {row.story}" if row.story else ""
    return (Bold(row.what), f": {_STATES.get(row.state, row.state)}{until}{by}{story}")


def _request_line(one: Request) -> tuple[Inline, ...]:
    by = f", needed by {day_text(one.needed_by)}" if one.needed_by else ""
    return (Bold(one.id), f" {one.what} (asked {day_text(one.asked)}{by})")


def _promise_line(row: PromiseRow, today: date) -> tuple[Inline, ...]:
    if row.state != "open":
        return (Bold(row.what), f": by {day_text(row.due)}, {row.state}")
    if row.expected is None:
        now = "when it is there cannot be told" if row.due >= today else "overdue"
    elif row.expected > row.due:
        now = f"does not hold: expected by {day_text(row.expected)}"
    else:
        now = f"holds: expected by {day_text(row.expected)}"
    return (Bold(row.what), f": by {day_text(row.due)}, {now}")


def _commitment_line(one: Commitment, today: date) -> tuple[Inline, ...]:
    state = "overdue" if one.state is CommitmentState.OPEN and one.due < today else one.state.value
    return (Bold(one.what), f": by {day_text(one.due)}, {state}")


async def _mail_line(desk: Desk, mail: CustomerMailRow) -> tuple[Inline, ...]:
    state, _ = await standing(desk, mail)
    when = f" on {day_text(mail.sent.date())}" if mail.sent is not None else ""
    return (Bold(mail.subject), f": {_MAILS.get(state, state)}{when}")


def _buttons(
    account: Account, needs: Sequence[CustomerRequestRow], mails: Sequence[CustomerMailRow]
) -> tuple[Button, ...]:
    buttons = [Button(f"Show “{row.what[:40]}”", "customer_show", row.id) for row in needs[:2]]
    waiting = next((mail for mail in mails if mail.state in ("draft", "locked", "sending")), None)
    if waiting is not None:
        buttons.append(Button("Show the latest mail", "customer_mail_show", waiting.id))
    return (*buttons, Button("Where its work stands", "ask", f"status {account.id}"))


def _facts(desk: Desk, account: Account, currency: str, promises: Sequence[PromiseRow]) -> tuple[Fact, ...]:
    source = Source("query", f"customers: {account.id}")
    facts: list[Fact] = []
    if account.arr is not None:
        facts.append(Fact("arr", "Yearly revenue", account.arr, currency, desk.now, source))
    if account.health is not None:
        facts.append(Fact("health", "Health", account.health, "of 100", desk.now, source))
    if account.renewal is not None:
        facts.append(Fact("renewal", "Renewal", account.renewal.isoformat(), "", desk.now, source))
    for row in promises:
        if row.state == "open" and row.expected is not None:
            how = Source(
                "computation", "85 of 100 simulated runs, looked at each hour", tuple(map(str, row.items))
            )
            facts.append(
                Fact(f"{row.id}.expected", f"{row.what}: expected", row.expected.isoformat(), "", desk.now, how)
            )
    return tuple(facts)
