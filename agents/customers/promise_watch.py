"""Watching what customers were promised: a day that does not hold any more, the week's news, and deferred
requests that come back.

Looked at once an hour. A promise is what a mail of ours said, or an open commitment of the customer system
that has items in the tracker; of the latter a row here keeps what was told of it. Whoever promised it hears
of it once for each new day, with a mail that is drafted and that nothing sends by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.customers import letters
from agents.customers.delivery_date import Delivery
from agents.customers.drafting import draft_of_promise
from agents.customers.letters import Addressed
from agents.customers.rows import due_again
from agents.customers.tables import CustomerMailRow, PromiseRow
from agents.customers.work_ahead import OwnWork, expected_of, own_work
from governance.department import Department
from governance.department_rows import read_department
from governance.directory import name_of
from governance.gate import Gate
from governance.visibility import EVERYTHING
from integrations.customers import Account, Commitment, CommitmentState, Customers, NoSuchAccount
from integrations.ports import Ports
from integrations.tracker import Priority, Tracker, TrackerError
from storage.database import Database
from storage.jobs import defer
from storage.look import Away
from storage.notices import notify

_WEEK = timedelta(days=7)
_MOST = 200
"""Promises and requests that one look sees to."""

_AT = Priority.P1
"""What was promised comes before what is less urgent than this."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How a promise stands: its work, and the day by which it is expected (None: nothing can be told)."""

    work: OwnWork
    expected: date | None

    @property
    def is_done(self) -> bool:
        """Whether all of its work is done."""
        return not self.work.left and self.work.done > 0


@dataclass(frozen=True, slots=True)
class PromiseWatch:
    """Looks at promises for one process. `ports` are a tenant's outside world."""

    database: Database
    ports: Callable[[str], Ports]
    gate: Gate

    async def watch(self, tenant: str) -> None:
        """See to every promise; one whose systems do not answer is seen to in the next hour."""
        now = self.gate.clock()
        today = now.date()
        ports = self.ports(tenant)
        async with self.database.transaction(tenant) as tx:
            await come_back(tx, today)
        try:
            commitments = await ports.customers.commitments(EVERYTHING)
        except Away:
            return
        async with self.database.transaction(tenant) as tx:
            await take_over(tx, commitments, today)
            query = select(PromiseRow.id).where(PromiseRow.state == "open")
            open_now = (
                (await tx.execute(query.order_by(PromiseRow.due, PromiseRow.id).limit(_MOST))).scalars().all()
            )
        for promise in open_now:
            await self._see_to(tenant, ports, promise, today)

    async def _see_to(self, tenant: str, ports: Ports, promise: str, today: date) -> None:
        async with self.database.transaction(tenant) as tx:
            row = await _promise(tx, promise)
            if row is None:
                return
            department = await read_department(tx)
        try:
            seen = await self._seen(ports.tracker, department, row, today)
            account = await _account(ports.customers, row.account)
        except (Away, TrackerError):
            return
        async with self.database.transaction(tenant) as tx:
            held = await _promise(tx, promise)
            if held is not None:
                await see(tx, held, seen, account, today)

    async def _seen(self, tracker: Tracker, department: Department, row: PromiseRow, today: date) -> Seen:
        work = await own_work(tracker, frozenset(map(str, row.items)))
        if not work.left:
            return Seen(work, None)
        own = Counter(story.team for story in work.left)
        found = await expected_of(tracker, department, own, work.left, _AT, today)
        return Seen(work, found.most if isinstance(found, Delivery) else None)


async def queue_watching(tx: AsyncSession) -> None:
    """Queue the hour's look."""
    await defer(tx, "watch_promises", {}, lock="promises", queueing_lock="promises", slow=True)


async def come_back(tx: AsyncSession, today: date) -> None:
    """Show deferred requests again on their day, to who put them off."""
    for row in await due_again(tx, today, _MOST):
        until = row.until
        row.state, row.until = "proposed", None
        ids = {"request": row.id, "key": f"customer_request:{row.id}:{until}"}
        await notify(tx, "customer_request_due", ids, people=(row.asked_by,))


async def take_over(tx: AsyncSession, commitments: Sequence[Commitment], today: date) -> None:
    """Keep a row for every open commitment of the customer system that has items; theirs are the day and the
    words, ours is what was told of it."""
    known = select(PromiseRow).where(PromiseRow.id.in_([one.id for one in commitments]))
    there = {row.id: row for row in (await tx.execute(known)).scalars()}
    for one in commitments:
        row = there.get(one.id)
        if row is not None:
            row.state, row.what = one.state.value, one.what
            if row.due != one.due and row.mail is None:  # a mail of ours told a later day
                row.due, row.told = one.due, None
        elif one.state is CommitmentState.OPEN and one.items:
            tx.add(
                PromiseRow(
                    id=one.id,
                    account=one.account,
                    what=one.what,
                    made=one.made,
                    by=one.by,
                    due=one.due,
                    state="open",
                    items=list(one.items),
                    progress=today,
                )
            )
    await tx.flush()


async def see(tx: AsyncSession, row: PromiseRow, seen: Seen, account: Account | None, today: date) -> None:
    """Take note of how a promise stands, and tell who made it what is new; the row must be locked."""
    if row.state != "open":
        return
    if seen.is_done and row.mail is not None:
        row.state = "kept" if today <= row.due else "missed"
    row.expected = seen.expected
    if account is None:
        return
    to = Addressed(
        account.contact.name if account.contact else account.name,
        account.name,
        row.what,
        await name_of(tx, row.by),
    )
    late = seen.expected is not None and seen.expected > row.due
    if late and (row.told is None or (seen.expected is not None and seen.expected > row.told)):
        row.told = seen.expected
        said = letters.slipped(to, row.due, seen.expected)
        mail = await draft_of_promise(tx, row, account, "slip", said, seen.expected)
        await _tell(tx, row, mail, "slip")
    elif row.mail is not None and row.progress is not None and today - row.progress >= _WEEK:
        row.progress = today
        said = letters.progress(to, seen.work.done, len(seen.work.left), row.due, seen.expected)
        mail = await draft_of_promise(tx, row, account, "progress", said, None)
        await _tell(tx, row, mail, "progress")


async def _tell(tx: AsyncSession, row: PromiseRow, mail: CustomerMailRow | None, why: str) -> None:
    ids = {
        "promise": row.id,
        "mail": mail.id if mail is not None else None,
        "why": why,
        "key": f"customer_promise:{row.id}:{why}:{row.told if why == 'slip' else row.progress}",
    }
    await notify(tx, "customer_promise", ids, people=(row.by,))


async def _promise(tx: AsyncSession, promise: str) -> PromiseRow | None:
    query = select(PromiseRow).where(PromiseRow.id == promise, PromiseRow.state == "open")
    query = query.execution_options(populate_existing=True).with_for_update()
    return (await tx.execute(query)).scalar()


async def _account(customers: Customers, account: str) -> Account | None:
    try:
        return await customers.account(EVERYTHING, account)
    except NoSuchAccount:
        return None
