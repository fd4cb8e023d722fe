"""A conversation for the command line: the console's own path, and what comes of it waited for."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from time import monotonic
from types import TracebackType
from typing import Any, Self

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import inbox
from bot.command_line import Exit, Stop
from bot.console.adapter import add_message, direct_channel, new_message_id
from bot.department import Installation
from bot.platforms.forms import FormIncomplete, check_values
from bot.processes import worker_part
from bot.tables import ButtonRow, ConsoleMessageRow, InboxRow, OutboxRow
from bot.turn_result import Answered, read_answer
from bot.wire import form_from_json, place_from_json
from governance.approvals.decision import ApprovalState, Status
from governance.approvals.store import NoSuchApproval, approval_row, state_of
from governance.audit.log import NUMBERED_WITHIN_SECONDS
from governance.department_rows import read_department
from governance.fence import CHANNEL
from governance.places import Audience, Place

PATIENCE_SECONDS = 180.0

# What a turn set going carries its id along, and what it lets go on (an approved effect, the steps of a
# plan) the id of the thread's turn that began it. What is scheduled for later (a reminder) is not waited for.
_UNSETTLED = text(
    "SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
    " AND (scheduled_at IS NULL OR scheduled_at < now() + interval '2 seconds')"
    " AND args->>'turn' IN (SELECT of_thread.id FROM inbox AS of_thread, inbox AS asked"
    " WHERE asked.id IN (:turn, :began) AND of_thread.place = asked.place) LIMIT 1"
)

_UNNUMBERED = text(
    "SELECT 1 FROM audit_entries AS entry LEFT JOIN audit_leaves AS leaf ON leaf.entry = entry.id"
    " WHERE entry.turn = :turn AND leaf.entry IS NULL LIMIT 1"
)


class Conversation:
    """Says things and presses buttons as somebody, and waits for what comes of it.

    As a context manager it runs a worker in this process meanwhile, so that it works whether or not `make run`
    is up; where one runs already, either may take the turn. A server uses it as it is, beside its workers.

    What is said and pressed has a `key`. With the same one it is done once, whoever asks and however often: a
    command whose server died asks again by itself, and gets the answer of the turn that is there already.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._tenant = installation.settings.tenant
        self._parts: list[asyncio.Task[None]] = []
        self._patience = PATIENCE_SECONDS + _of_a_model(installation)

    async def __aenter__(self) -> Self:
        parts: tuple[Coroutine[Any, Any, None], ...] = (
            worker_part(self._installation),
            self._installation.listener.run((CHANNEL,)),
        )
        self._parts = [asyncio.create_task(part) for part in parts]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for part in self._parts:
            part.cancel()
        await asyncio.gather(*self._parts, return_exceptions=True)
        await self._installation.close()

    async def take(self, request: Mapping[str, Any]) -> Answered:
        """Do what a command asks for (`bot.command_protocol`), and wait for what comes of it."""
        person, key = request["person"], request["key"]
        if request["do"] == "ask":
            return await self.say(person, request["text"], request["channel"], request["thread"], key)
        return await self.decide(person, request["approval"], request["decision"], request["values"], key)

    async def say(
        self, person: str, words: str, channel: str | None, thread: str | None, key: str | None = None
    ) -> Answered:
        """Say something, and wait for the answer. What is too long to be read whole is not said at all."""
        if not words.strip():
            raise Stop("There is nothing in this message to read.")
        if len(words) > inbox.LONGEST_TEXT:
            raise Stop(
                f"That is {len(words):,} characters; {inbox.LONGEST_TEXT:,} are the most. Nothing was sent."
            )
        key, identity = key or str(uuid.uuid4()), f"console:{person}"
        async with self._installation.database.transaction(self._tenant) as tx:
            taken = await _taken(tx, key, identity)
            turn = taken.id if taken else None
            if taken is None:
                place = await self._place(tx, person, channel, thread)
                message = place.thread if thread is None else new_message_id()
                await add_message(tx, place, author=identity, text=inbox.clean(words), key=key, message=message)
                turn = await inbox.store_words(
                    tx, platform="console", key=key, identity=identity, place=place, text=words
                )
        return await self._settled(turn)

    async def decide(
        self,
        person: str,
        approval: str,
        decision: str,
        values: Mapping[str, list[str]],
        key: str | None = None,
    ) -> Answered:
        """Press an approval's button, and wait for the answer: it is `done` if that decided, or counts."""
        key, identity = key or str(uuid.uuid4()), f"console:{person}"
        async with self._installation.database.transaction(self._tenant) as tx:
            try:
                row = await approval_row(tx, approval)
            except NoSuchApproval:
                raise Stop(f"There is no approval {approval}.") from None
            before, began = state_of(row), row.turn
            taken = await _taken(tx, key, identity)
            if taken is None:
                button, card = await _button(tx, approval, decision, before)
                turn = await inbox.store_click(
                    tx,
                    platform="console",
                    key=key,
                    identity=identity,
                    place=place_from_json(card.place),
                    token=button.token,
                    values=_answers(button, values),
                )
            else:
                turn, before = taken.id, _as_of(before, taken.received)
        answer = await self._settled(turn, began)
        if decision == "modify":
            return replace(answer, done=answer.done and bool(answer.approvals))  # the new proposal
        async with self._installation.database.transaction(self._tenant) as tx:
            after = state_of(await approval_row(tx, approval))
        return replace(answer, done=answer.done and _counts(before, after, person, decision))

    async def _place(self, tx: AsyncSession, person: str, channel: str | None, thread: str | None) -> Place:
        """A new thread, or one that is there and that this person may read. Raises Stop."""
        where = channel.removeprefix("#") if channel is not None else None
        if thread is not None:
            known = select(ConsoleMessageRow.channel).where(ConsoleMessageRow.thread == thread).limit(1)
            found = (await tx.execute(known)).scalar()
            if found is None or where not in (None, found):
                raise Stop(f"There is no thread {thread}.")
            where = found
        own = direct_channel(person)
        if where in (None, own):
            return Place("console", own, thread or new_message_id(), Audience.DIRECT)
        department = await read_department(tx)
        if where not in {known.name for known in department.channels}:
            raise Stop(f"There is no channel {where}." if thread is None else f"There is no thread {thread}.")
        return Place("console", where, thread or new_message_id(), department.audience_of(where))

    async def _settled(self, turn: str | None, began: str | None = None) -> Answered:
        if turn is None:
            raise Stop("This was said before.")
        deadline = monotonic() + self._patience
        while monotonic() < deadline:
            await self._fail_with_the_worker()
            async with self._installation.database.transaction(self._tenant) as tx:
                state = (await tx.execute(select(InboxRow.state).where(InboxRow.id == turn))).scalar_one()
                unsettled = await tx.execute(_UNSETTLED, {"turn": turn, "began": began})
                if state != "stored" and unsettled.first() is None:
                    break
            await asyncio.sleep(0.02)
        else:
            waited = f"No answer within {self._patience:.0f} s; the turn {turn} is kept and goes on."
            raise Stop(waited, Exit.AWAY)
        return await self._on_record(turn)

    async def _on_record(self, turn: str) -> Answered:
        """The answer, once what was recorded of it has its numbers, or they do not come."""
        deadline = monotonic() + NUMBERED_WITHIN_SECONDS
        while True:
            async with self._installation.database.transaction(self._tenant) as tx:
                unnumbered = (await tx.execute(_UNNUMBERED, {"turn": turn})).first() is not None
                if not unnumbered or monotonic() > deadline:
                    return await read_answer(tx, turn)
            await asyncio.sleep(0.02)

    async def _fail_with_the_worker(self) -> None:
        for part in self._parts:
            if part.done():
                with suppress(asyncio.CancelledError):
                    await part


async def _taken(tx: AsyncSession, key: str, identity: str) -> InboxRow | None:
    """What was stored under this key before, by whoever tried first. Raises Stop if that was somebody else."""
    query = select(InboxRow).where(InboxRow.platform == "console", InboxRow.key == key)
    row = (await tx.execute(query)).scalar()
    if row is not None and row.identity != identity:
        raise Stop("This was said before.")
    return row


async def _button(
    tx: AsyncSession, approval: str, decision: str, state: ApprovalState
) -> tuple[ButtonRow, OutboxRow]:
    query = select(ButtonRow, OutboxRow).join(OutboxRow, OutboxRow.id == ButtonRow.outbox)
    shown = query.where(ButtonRow.subject == approval, ButtonRow.verb == decision)
    found = (await tx.execute(shown.order_by(OutboxRow.number.desc()).limit(1))).first()
    if found is None:
        raise Stop(f"No card offers to {decision} {approval}, which is {state.status.value}.")
    return found[0], found[1]


def _as_of(state: ApprovalState, moment: datetime) -> ApprovalState:
    """An approval as it stood before a click of that moment."""
    votes = tuple(vote for vote in state.votes if vote.at < moment)
    was_open = state.decided is None or state.decided >= moment
    return replace(state, votes=votes, status=Status.OPEN if was_open else state.status)


def _counts(before: ApprovalState, after: ApprovalState, person: str, decision: str) -> bool:
    """Whether somebody's vote has changed what it was cast on."""
    if decision == "deny":
        return before.status is Status.OPEN and after.status is Status.DENIED and after.decided_by == person
    return person in {vote.ballot.voter for vote in after.votes[len(before.votes) :]}


def _of_a_model(installation: Installation) -> float:
    """Seconds more, where a model writes plans: as many as a plan may take with it."""
    if installation.model is None:
        return 0.0
    from agents.drafting import longest_seconds  # which takes a second to import

    return longest_seconds(installation.model)


def _answers(button: ButtonRow, values: Mapping[str, list[str]]) -> dict[str, str | list[str]]:
    if button.form is None:
        if values:
            raise Stop("This button asks for nothing.")
        return {}
    form = form_from_json(button.form)
    answers: dict[str, str | list[str]] = {}
    for entry in form.inputs:
        given = values.get(entry.name)
        if entry.type == "choices":
            kept = list(entry.value) if isinstance(entry.value, tuple) else []
            answers[entry.name] = given if given is not None else kept
        else:
            standing = entry.value if isinstance(entry.value, str) else ""
            answers[entry.name] = given[-1] if given else standing
    unknown = set(values) - {entry.name for entry in form.inputs}
    if unknown:
        asked = ", ".join(entry.name for entry in form.inputs)
        raise Stop(f"“{form.title}” asks for {asked}; not for {', '.join(sorted(unknown))}.")
    try:
        return check_values(form, answers)
    except FormIncomplete as incomplete:
        raise Stop(str(incomplete)) from None
