"""How a plan's document was read, beside the document itself, and corrected there.

Corrections go the way of every press: a button on the plan's own card, answered in its thread.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from agents.planning.draft import PassageRead, PlanDraft
from agents.planning.reading.judge import Sense
from agents.plans import rows
from agents.plans.tables import PlanRow
from bot import outbox
from bot.console.visit import Visit
from bot.inbox import store_click
from bot.tables import ButtonRow, OutboxRow
from bot.wire import place_from_json
from governance.permissions import Refused
from governance.places import Place
from governance.visibility import scope_of
from handlers.catalogue import may_request
from handlers.delivery.plans.formats import reading_text
from handlers.delivery.plans.reading import SHOWN_AS, WORDS, correction_subject

_CHIPS: Mapping[str, str] = {
    "requirement": "good",
    "constraint": "good",
    "detail": "good",
    "later": "waiting",
    "out of scope": "bad",
    "not read": "warning",
}
"""How strongly each kind is shown; the rest of what a document says asks for nothing."""


class CannotCorrect(Exception):
    """A correction that is not taken. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it was read, at its `place` in the draft's list, with the `stories` that fulfil it."""

    place: int
    account: str
    chip: str
    words: str
    requirement: str
    stories: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the document, or, where its text was not kept, what a statement says."""

    number: int
    text: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ShownReading:
    """The whole document with what was read. `version` is the proposal's that corrections are about."""

    plan: str
    title: str
    document: str
    version: int
    counted: str
    kinds: tuple[tuple[str, str, int], ...]
    lines: tuple[SourceLine, ...]
    senses: tuple[tuple[Sense, str], ...]
    can_correct: bool
    is_drafting: bool


async def read_reading(visiting: Visit, plan: str) -> ShownReading:
    """The document of a plan as it was read. Raises NoSuchPlan, also for a plan that the reader may not see."""
    row = await rows.plan_by_id(visiting.tx, plan)
    draft = rows.draft_of(row)
    if not scope_of(visiting.reader.person).everything or draft is None or not draft.readings:
        raise rows.NoSuchPlan(plan)
    source = await rows.source_of(visiting.tx, draft.document_digest)
    counts = Counter(read.account for read in draft.readings)
    return ShownReading(
        plan=row.id,
        title=row.title,
        document=row.document,
        version=row.version,
        counted=reading_text(draft),
        kinds=tuple(
            (SHOWN_AS[kind], _CHIPS.get(kind, "skip"), counts[kind]) for kind in SHOWN_AS if counts[kind]
        ),
        lines=tuple(_lines(draft, source)),
        senses=tuple(WORDS.items()),
        can_correct=_can_correct(visiting, row),
        is_drafting=row.state == "drafting",
    )


def _can_correct(visiting: Visit, row: PlanRow) -> bool:
    person = visiting.reader.person
    allowed = may_request(person, "build_feature")
    return (
        scope_of(person).everything
        and row.state == "proposed"
        and row.approval is not None
        and not isinstance(allowed, Refused)
    )


def _lines(draft: PlanDraft, source: str | None) -> Iterator[SourceLine]:
    by_line: dict[int, list[Statement]] = {}
    for place, read in enumerate(draft.readings):
        by_line.setdefault(read.line, []).append(_statement(place, read, draft))
    texts: Iterable[tuple[int, str]] = enumerate((source or "").splitlines(), 1)
    if source is None:
        texts = [(read.line, read.text) for read in draft.readings]
    for number, text in texts:
        statements = by_line.pop(number, ())
        if text.strip() or statements:
            yield SourceLine(number, text, tuple(statements))


def _statement(place: int, read: PassageRead, draft: PlanDraft) -> Statement:
    fulfilled = (story.key for story in draft.stories if read.requirement in story.requirements)
    return Statement(
        place=place,
        account=read.account,
        chip=_CHIPS.get(read.account, "skip"),
        words=SHOWN_AS[read.account],
        requirement=read.requirement,
        stories=tuple(fulfilled) if read.requirement else (),
        why=read.why,
    )


async def correct_here(
    visiting: Visit,
    fresh: Place,
    plan: str,
    version: int,
    corrections: Mapping[str, Sense],
    key: str,
) -> Place:
    """Store the press that reads statements, by their places, in another way; a repeated `key` does nothing.

    Returns where it is answered: in the plan's thread, or in the `fresh` one with the visitor.

    Raises NoSuchPlan and CannotCorrect.
    """
    row = await rows.plan_by_id(visiting.tx, plan)
    draft = rows.draft_of(row)
    if draft is None or not _can_correct(visiting, row) or row.approval is None or row.version != version:
        raise CannotCorrect("The plan is no longer as you see it. Load the page again.")
    chosen: dict[Sense, list[int]] = {}
    for at, sense in corrections.items():
        if not at.isdecimal() or int(at) >= len(draft.readings):
            raise CannotCorrect("There is no such statement in this document. Load the page again.")
        chosen.setdefault(sense, []).append(int(at))
    card = await _card(visiting, row.approval)
    token = secrets.token_urlsafe(18)
    subject = correction_subject(row.approval, version, chosen)
    visiting.tx.add(ButtonRow(token=token, outbox=card, verb="correct_reading", subject=subject, form=None))
    await visiting.tx.flush()
    place = _own_thread(visiting, row) or await outbox.place_of(visiting.tx, row.approval, fresh) or fresh
    await store_click(
        visiting.tx,
        platform=place.platform,
        key=key,
        identity=visiting.reader.identity,
        place=place,
        token=token,
        values={},
    )
    return place


def _own_thread(visiting: Visit, row: PlanRow) -> Place | None:
    """The plan's thread, where it is the visitor's own and on the platform that they come from."""
    if row.place is None or row.requester != visiting.reader.person.id:
        return None
    place = place_from_json(row.place)
    return place if place.platform == visiting.reader.identity.partition(":")[0] else None


async def _card(visiting: Visit, approval: str) -> str:
    """The newest message that carries the plan's buttons. Raises CannotCorrect."""
    carried = select(OutboxRow.id).join(ButtonRow, ButtonRow.outbox == OutboxRow.id)
    newest = carried.where(ButtonRow.subject == approval).order_by(OutboxRow.number.desc()).limit(1)
    found = (await visiting.tx.execute(newest)).scalar()
    if found is None:
        raise CannotCorrect("The plan's card is being posted. Try again in a moment.")
    return found
