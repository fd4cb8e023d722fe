"""One conversation: what people say and press, and what each turn changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text as statement

from bench.conversations.changes import Books, Change, acts, changes_between, standing
from bench.conversations.department import TENANT, Held
from governance.action import Action
from governance.directory import person_by_identity
from governance.effects import Origin
from governance.gate import Asking, Submitted
from governance.people import Actor
from governance.places import Audience, Place
from handlers.catalogue import find_handlers
from handlers.conversation.answers import broke
from handlers.conversation.cards import Button, Buttons
from handlers.conversation.memory import keep, recall
from handlers.conversation.origin import place_json
from handlers.conversation.outcome import Answer
from handlers.conversation.router import Router
from handlers.conversation.turn import Clicked, Said, Turn
from handlers.language.recognition import Recognition
from storage.jobs import queues_of

_RUN = frozenset({"perform", "draft_plan", "replan", "release_held", "post_notice"})
"""The jobs that follow a turn at once. A plan's own steps are left where they are: it stays under way."""

_MOST_JOBS = 300

_NEWEST = "SELECT coalesce(max(id), 0) FROM procrastinate_jobs"

_NEXT = """
    SELECT id, task_name, args FROM procrastinate_jobs
    WHERE queue_name = ANY(:queues) AND id > :last AND (scheduled_at IS NULL OR scheduled_at <= :now)
    ORDER BY id LIMIT 1
"""


@dataclass(frozen=True)
class Heard:
    """A turn: its answer, what was recognised on the way to it, what counts as done, how many things of each
    table stood before it, and the fault that broke it."""

    answer: Answer
    recognised: tuple[Recognition, ...]
    changes: tuple[Change, ...]
    stood: Mapping[str, int]
    fault: str | None = None

    @property
    def buttons(self) -> tuple[Button, ...]:
        """Every button of the answer."""
        return tuple(
            button
            for reply in self.answer.replies
            for card in reply.cards
            for block in card.blocks
            if isinstance(block, Buttons)
            for button in block.buttons
        )

    @property
    def text(self) -> str:
        """What the answer says."""
        return " ⏎ ".join(reply.text for reply in self.answer.replies)


class Talk:
    """People talking in one thread of a held department."""

    def __init__(self, held: Held, books: Books) -> None:
        self.held = held
        self._books = books
        self._turns = 0
        self._last_job = 0
        listening = held.department.recogniser
        self._router = Router(find_handlers(), listening, listening)
        self.place = Place("console", "engineering", "t1", Audience.DEPARTMENT)

    @classmethod
    async def open(cls, held: Held) -> Talk:
        """A thread in which nothing was said yet."""
        talk = cls(held, await Books.open(held.database.driver))
        newest = await (await held.database.driver.execute(_NEWEST)).fetchone()
        talk._last_job = newest[0] if newest else 0
        return talk

    @property
    def now(self) -> datetime:
        """The time of the next turn."""
        return self.held.now

    async def say(self, who: str, words: str, *, works: bool = False) -> Heard:
        """Somebody says something. With `works`, what follows at once is done before it is looked at."""
        return await self._heard(who, Said(words), works)

    async def press(
        self, who: str, verb: str, subject: str, values: Mapping[str, str] | None = None, *, works: bool = True
    ) -> Heard:
        """Somebody presses a button."""
        return await self._heard(who, Clicked(verb, subject, "m1", dict(values or {})), works)

    async def _heard(self, who: str, what: Said | Clicked, works: bool) -> Heard:
        listening = self.held.department.recogniser
        listening.take()
        before, fault = await self._books.snapshot(), None
        try:
            answer = await self._take(who, what)
        except Exception as raised:  # noqa: BLE001 - a fault of the product's is a finding, not an end
            fault = f"{type(raised).__name__}: {raised}"
            answer = Answer((broke("tu"),), None, 0.0)
        recognised = listening.take()
        if works:
            await self.work()
        changed = changes_between(before, await self._books.snapshot())
        return Heard(answer, recognised, acts(changed), standing(before, self.now), fault)

    async def _take(self, who: str, what: Said | Clicked) -> Answer:
        self._turns += 1
        identity = f"console:{who}"
        async with self.held.database.transaction(TENANT) as tx:
            person = await person_by_identity(tx, identity)
            if person is None:
                raise LookupError(f"nobody speaks as {identity}")
            turn = Turn(TENANT, f"tu_{self._turns}", identity, person, self.place, self.now, what)
            memory = await recall(tx, self.place.key)
            answer = await self._router.answer(turn, await self.held.installation.desks.desk(tx, memory))
            await keep(tx, memory)
            return answer

    async def submit(self, action: Action, by: str | Actor, asking: Asking | None = None) -> Submitted:
        """Somebody or something of the department submits an action, from this thread."""
        actor = Actor("person", by, identity=f"console:{by}") if isinstance(by, str) else by
        async with self.held.database.transaction(TENANT) as tx:
            origin = Origin(None, place_json(self.place))
            return await self.held.gate.submit(tx, action, actor=actor, origin=origin, asking=asking)

    async def work(self) -> None:
        """Do the jobs that wait, and those that come of them."""
        jobs = self.held.installation.jobs.by_name()
        for _ in range(_MOST_JOBS):
            job = await self._next_job()
            if job is None:
                return
            name, args = job
            if name == "perform":
                await self.held.number()
            if name in _RUN:
                await jobs[name](**args)

    async def _next_job(self) -> tuple[str, dict[str, Any]] | None:
        values = {"queues": list(queues_of(TENANT)), "last": self._last_job, "now": datetime.now(UTC)}
        async with self.held.database.transaction(TENANT) as tx:
            found = (await tx.execute(statement(_NEXT), values)).first()
        if found is None:
            return None
        self._last_job = found.id
        return found.task_name, found.args

    async def mark(self) -> None:
        """Remember how everything stands."""
        await self.held.database.driver.execute("SAVEPOINT marked")

    async def back(self) -> None:
        """Everything is as it was at the last mark."""
        await self.held.database.driver.execute("ROLLBACK TO SAVEPOINT marked")
