"""`blockers`: what holds something up across teams, since when, what it costs, and what to do about it."""

from __future__ import annotations

from dataclasses import replace

from agents.delivery_causes.gathering import diagnosed, gather
from agents.delivery_causes.remedies import Proposing, Remedy, remedies
from agents.delivery_causes.rows import Kept, keep_report, wanted_of
from governance.action import Ruling
from governance.permissions import KNOWN
from governance.visibility import Scope, scope_of
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.origin import known
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import names_of_people
from handlers.delivery.blockers.card import DETAILS, DO, Shown, blockers_reply, details_reply
from handlers.delivery.blockers.executing import press_do, report_meant
from handlers.delivery.blockers.plain import plain_reply
from handlers.delivery.blockers.subject import Subject, subject_meant
from integrations.tracker import TrackerError


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Diagnose what is named: for the department with remedies, for customer success in plain words."""
    scope = scope_of(turn.person)
    subject = await subject_meant(desk, asked.text, scope)
    if not scope.everything:
        return await _plainly(desk, subject, scope)
    shown = await _look(turn, desk, subject)
    if not shown.diagnosis.roots:
        return blockers_reply(shown)
    kept = [
        Kept(
            one.title,
            one.cause if one.ends_it else "",
            None if one.action is None else one.action.body(),
            one.words,
        )
        for one in shown.remedies
    ]
    report = await keep_report(desk.tx, turn.place.key, known(turn).id, subject.title, subject.wanted, kept)
    desk.memory.about(blockers=report)
    return blockers_reply(replace(shown, report=report))


async def _look(turn: Turn, desk: Desk, subject: Subject) -> Shown:
    try:
        seen = await gather(desk.tx, desk.ports, desk.department, desk.now, subject.wanted)
    except TrackerError as refused:
        raise CannotAnswer(f"That could not be looked up: {refused}") from refused
    diagnosis = await diagnosed(desk.tx, seen, subject.wanted)
    names = await names_of_people(desk.tx)
    given = Proposing(seen, desk.department, desk.ports.deployments, known(turn).id, names)
    found, cannot = await remedies(diagnosis, given)
    rulings = tuple([await _ruling(turn, desk, one) for one in found])
    return Shown(subject.title, seen, diagnosis, found, rulings, names, desk.department, "", cannot)


async def _ruling(turn: Turn, desk: Desk, one: Remedy) -> Ruling | None:
    """What the gate would say of it now; nothing is recorded."""
    return None if one.action is None else await desk.gate.rule(desk.tx, one.action, actor=turn.actor)


async def _plainly(desk: Desk, subject: Subject, scope: Scope) -> Reply:
    """Of a feature only the stories that the asker may see count as asked about."""
    try:
        seen = await gather(desk.tx, desk.ports, desk.department, desk.now, subject.wanted)
    except TrackerError as refused:
        raise CannotAnswer(f"That could not be looked up: {refused}") from refused
    theirs = {one.id for one in seen.stories if not scope.accounts.isdisjoint(one.customers)}
    seen = replace(seen, own=seen.own & theirs)
    diagnosis = await diagnosed(desk.tx, seen, subject.wanted)
    return plain_reply(subject.title, seen, diagnosis)


async def _press_details(turn: Turn, desk: Desk) -> Reply:
    """Everything that was found, as it stands now."""
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    if not scope_of(turn.person).everything:
        raise CannotAnswer("The details name work of other customers. Ask me about your customer's feature.")
    row = await report_meant(desk, turn.what.subject)
    return details_reply(await _look(turn, desk, Subject(wanted_of(row), row.title)))


HANDLER = Handler(
    name="blockers",
    purpose="What blocks or delays something, across teams, and what to do about it",
    example="What's blocking the payment feature across all teams?",
    group=Group.SEE,
    permission=KNOWN,
    answer=answer,
    presses={DO: press_do, DETAILS: _press_details},
)
