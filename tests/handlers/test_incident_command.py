"""Incidents that people declare, command, write updates into, end and look back at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from agents.operations.incident_impact import Impact, keep_impact
from agents.operations.incident_reminders import look_after
from agents.operations.incident_rows import add_event, incident_for_update
from agents.operations.incident_tables import IncidentEventRow, IncidentRow
from agents.work.tables import RunRow
from bot.tables import FileRow
from governance.directory import person_by_identity
from governance.incident_rules import FailedRequestPrice, IncidentRules
from governance.overrides.rows import lay
from governance.people import Role
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from handlers.conversation.memory import Memory
from handlers.conversation.turn import Said, Turn
from handlers.notices import find_notices
from integrations.deployments import Stage
from integrations.metrics import Answer, CallEdge, MetricsQuery, Resolution
from storage.look import Away
from storage.notices import NoticeRow
from tests.handlers.conftest import Talk, buttons

DECLARED = "/incident declare an incident on checkout: customers cannot pay"


async def _say(talk: Talk, who: str, words: str) -> Reply:
    (reply,) = (await talk.say(who, words)).replies
    return reply


async def _incident(talk: Talk, id: str = "INC-1") -> IncidentRow:
    async with talk.database.transaction(talk.tenant) as tx:
        return (await tx.execute(select(IncidentRow).where(IncidentRow.id == id))).scalar_one()


async def _events(talk: Talk) -> list[tuple[str, Mapping[str, Any]]]:
    async with talk.database.transaction(talk.tenant) as tx:
        found = await tx.execute(select(IncidentEventRow).order_by(IncidentEventRow.number))
        return [(row.kind, row.detail) for row in found.scalars()]


async def test_one_is_declared_by_hand_and_looked_at(talk: Talk) -> None:
    reply = await _say(talk, "nathan", DECLARED)
    assert reply.text.startswith("INC-1 is open for checkout in production. I look for myself now")
    assert reply.key == "incident:INC-1"
    assert "customers cannot pay" in str(reply.cards)
    assert "Nathan Adebayor" in str(reply.cards)
    assert [(kind, detail["by"], detail["words"]) for kind, detail in await _events(talk)] == [
        ("declared", "nathan", "customers cannot pay")
    ]
    async with talk.database.transaction(talk.tenant) as tx:
        runs = (await tx.execute(select(RunRow.kind))).scalars().all()
        notices = (await tx.execute(select(NoticeRow).where(NoticeRow.kind == "incident"))).scalars().all()
    assert list(runs) == ["incident_response"]
    assert {"nathan", "ingrid"} <= set(notices[0].people)
    assert (notices[0].place or {})["channel"] == "engineering"  # the channel keeps a card that stays true


async def test_a_second_declaration_joins_what_is_open_and_says_so(talk: Talk) -> None:
    await _say(talk, "nathan", DECLARED)
    reply = await _say(talk, "ingrid", "/incident declare a sev1 on checkout: the basket is empty")
    assert "INC-1 is open for checkout in production already, so I opened no second one" in reply.text
    assert [kind for kind, _ in await _events(talk)] == ["declared", "declared again"]
    assert (await _incident(talk)).severity == "critical"
    (other,) = (await talk.say("nathan", "/incident declare an incident on search: nothing is found")).replies
    assert other.text.startswith("INC-2 is open for search")


async def test_a_declaration_without_a_service_asks_and_opens_nothing(talk: Talk) -> None:
    reply = await _say(talk, "nathan", "/incident declare an incident")
    assert reply.text.startswith("Which service?")
    assert await _events(talk) == []


async def test_who_may_only_read_declares_nothing(talk: Talk) -> None:
    reply = await _say(talk, "amanda", DECLARED)
    assert "SRE lead’s" in reply.text
    assert await _events(talk) == []


async def test_parts_are_taken_and_given_in_words(talk: Talk) -> None:
    await _say(talk, "nathan", DECLARED)
    assert "Nathan Adebayor has INC-1" in (await _say(talk, "nathan", "/incident I take command")).text
    given = await _say(talk, "nathan", "/incident Ingrid takes communications")
    assert given.text == "Ingrid Solvang takes communications in INC-1 (checkout in production)."
    await _say(talk, "nathan", "/incident assign Amanda as scribe")
    row = await _incident(talk)
    assert (row.commander, row.communications, row.scribe) == ("nathan", "ingrid", "amanda")
    shown = str((await _say(talk, "nathan", "/incident show incident INC-1")).cards)
    assert (
        "Nathan Adebayor commands; Ingrid Solvang does communications; Amanda Reyes-Holt is the scribe" in shown
    )
    assert "Ingrid Solvang takes communications, as Nathan Adebayor asked." in shown
    for _, detail in await _events(talk):  # names stand in one place alone, where somebody can be forgotten
        assert "Nathan" not in str(detail)
        assert "Ingrid" not in str(detail)


async def test_command_is_for_those_who_can_end_it(talk: Talk) -> None:
    await _say(talk, "nathan", DECLARED)
    reply = await _say(talk, "nathan", "/incident hand over command to Amanda")
    assert "this part is not theirs" in reply.text
    assert (await _incident(talk)).commander is None
    reply = await _say(talk, "nathan", "/incident make Rachel scribe")
    assert "this part is not theirs" in reply.text


async def test_updates_stand_in_the_timeline_in_their_own_words(talk: Talk) -> None:
    await _say(talk, "nathan", DECLARED)
    await _say(talk, "nathan", "/incident assign Amanda as scribe")
    reply = await _say(talk, "amanda", "/incident update INC-1: rolled back, watching")
    assert "“rolled back, watching”" in reply.text
    empty = await _say(talk, "nathan", "/incident post an update")
    assert buttons(empty)["update_incident"].form is not None
    await talk.press("nathan", "update_incident", "INC-1", {"words": "queue drains"})
    assert [detail["words"] for kind, detail in await _events(talk) if kind == "update"] == [
        "rolled back, watching",
        "queue drains",
    ]
    refused = await _say(talk, "leila", "/incident update INC-1: let us deploy")
    assert "SRE lead’s" in refused.text  # a director who has no part in it


async def test_severity_says_how_often_an_update_is_due(talk: Talk) -> None:
    await _say(talk, "nathan", DECLARED)
    reply = await _say(talk, "nathan", "/incident raise severity to sev 1")
    assert reply.text == "INC-1 is critical from now on: an update is due every 15 minutes."
    reply = await _say(talk, "nathan", "/incident downgrade the incident to SEV3")
    assert "medium" in reply.text
    rules = IncidentRules.model_validate({"update_every": {"critical": 5}})
    assert rules.every("sev1") == timedelta(minutes=5)
    assert rules.every("page") == timedelta(minutes=5)
    assert rules.every("") == timedelta(minutes=30)


async def _looked_after(talk: Talk) -> list[tuple[Reply | None, list[Any]]]:
    async with talk.database.transaction(talk.tenant) as tx:
        await look_after(tx, talk.now)
    return await talk.notices("incident_update_due")


async def test_who_commands_is_reminded_on_time_and_once_in_a_while(talk: Talk) -> None:
    await _say(talk, "nathan", DECLARED)
    await _say(talk, "nathan", "/incident I take command")
    talk.now += timedelta(minutes=29)
    assert await _looked_after(talk) == []
    talk.now += timedelta(minutes=1)
    ((reply, people),) = await _looked_after(talk)
    assert people == ["nathan"]
    assert reply is not None
    assert reply.text.startswith("No update of INC-1 (checkout in production) for 30 minutes, and it is open.")
    assert len(await _looked_after(talk)) == 1
    await _say(talk, "nathan", "/incident update INC-1: still looking")
    talk.now += timedelta(minutes=29)
    assert len(await _looked_after(talk)) == 1
    talk.now += timedelta(minutes=1)
    assert len(await _looked_after(talk)) == 2


async def test_where_nobody_commands_those_on_call_are_reminded(talk: Talk) -> None:
    await _say(talk, "nathan", DECLARED)
    talk.now += timedelta(minutes=31)
    ((reply, people),) = await _looked_after(talk)
    assert people == ["ingrid", "nathan"]
    assert reply is not None
    assert "Nobody has taken command of it." in reply.text


async def test_halts_and_freezes_are_told_in_the_timeline_once(talk: Talk) -> None:
    await _say(talk, "nathan", DECLARED)
    async with talk.database.transaction(talk.tenant) as tx:
        common = {"by": "amanda", "roles": frozenset({Role.ENGINEERING_DIRECTOR})}
        at = talk.now + timedelta(seconds=10)
        lay(tx, "halt", "everything", subject=None, reason="this looks wrong", at=at, **common)
        ends = at + timedelta(minutes=5)
        lay(tx, "freeze", "service", subject="checkout", reason="wait", at=at, expires=ends, **common)
        lay(tx, "freeze", "service", subject="search", reason="not ours", at=at, **common)
    talk.now += timedelta(minutes=1)
    await _looked_after(talk)
    await _looked_after(talk)
    told = [(kind, detail["what"]) for kind, detail in await _events(talk) if kind in ("stopped", "goes on")]
    assert sorted(told) == [("stopped", "halt"), ("stopped", "the service checkout")]
    talk.now += timedelta(minutes=6)
    await _looked_after(talk)
    shown = str((await _say(talk, "nathan", "/incident show incident INC-1")).cards)
    assert "Amanda Reyes-Holt halted the agents, so that they do nothing about it: “this looks wrong”" in shown
    assert "the freeze of the service checkout ended." in shown


PRICE = FailedRequestPrice(
    per_failed_request=Decimal("12.40"),
    currency="USD",
    as_of=datetime(2026, 11, 1, tzinfo=UTC).date(),
    source="finance's model",
)
COUNTED = Impact(
    requests=3120.0,
    failed=127.0,
    usual=56.0,
    covered=1.0,
    since=datetime(2026, 11, 23, 15, 0, tzinfo=UTC),
    until=datetime(2026, 11, 23, 15, 4, tzinfo=UTC),
    queries=("failed of checkout",),
)


async def _in_direct(
    talk: Talk, who: str, words: str, rules: IncidentRules, place: Place, **others: Any
) -> Reply:
    async with talk.desk(Memory(place.key)) as desk:
        department, ports = desk.department.model_copy(update={"incidents": rules}), desk.ports
        priced = replace(desk, department=department, ports=replace(ports, **others))
        person = await person_by_identity(desk.tx, f"console:{who}")
        turn = Turn(talk.tenant, "tu_x", f"console:{who}", person, place, talk.now, Said(words))
        (reply,) = (await talk.router.answer(turn, priced)).replies
        return reply


async def test_impact_is_told_and_money_where_it_may_be_seen_alone(talk: Talk) -> None:
    await _say(talk, "nathan", DECLARED)
    async with talk.database.transaction(talk.tenant) as tx:
        await keep_impact(tx, "INC-1", COUNTED)
    rules = IncidentRules(impact={"checkout": PRICE})
    words = "/incident show incident INC-1"
    direct = Place("console", "nathan", "d1", Audience.DIRECT)
    shown = await _in_direct(talk, "nathan", words, rules, direct)
    assert "127 failed requests of 3,120, 71 more than usual in such a time." in shown.text
    money = "That is about $880.40, at $12.40 a failed request (1 Nov 2026, finance's model)."
    assert money in str(shown.cards)
    facts = {fact.id: fact for fact in shown.facts}
    assert (facts["impact_failed"].value, facts["impact_usual"].value) == (127, 56)
    assert facts["impact_cost"].value == Decimal("880.40")
    assert facts["impact_rate"].source.detail == "failed of checkout"
    for audience in (Audience.DEPARTMENT, Audience.RESTRICTED, Audience.PUBLIC):
        seen = await _in_direct(talk, "nathan", words, rules, Place("console", "c", "t", audience))
        assert "127 failed requests" in seen.text
        assert "880" not in f"{seen}"
        assert "12.4" not in f"{seen}"
    unpriced = await _in_direct(talk, "nathan", words, IncidentRules(), direct)
    assert "$" not in f"{unpriced}"
    render = find_notices()["incident"].render
    async with talk.desk() as desk:
        priced = replace(desk, department=desk.department.model_copy(update={"incidents": rules}))
        assert "880" not in str(await render(priced, {"incident": "INC-1"}, None))


class Blind:
    """Metrics that do not answer."""

    resolution = Resolution(timedelta(seconds=15))

    async def series(self, _query: MetricsQuery) -> Answer:
        raise Away("Prometheus", "did not answer")

    async def call_edges(self, _stage: Stage | None, _start: datetime, _end: datetime) -> tuple[CallEdge, ...]:
        raise Away("Prometheus", "did not answer")


async def test_it_can_be_ended_while_nobody_can_be_asked_what_it_cost(talk: Talk) -> None:
    await _say(talk, "nathan", DECLARED)
    place, words = Place("console", "nathan", "d1", Audience.DIRECT), "/incident resolve INC-1"
    reply = await _in_direct(talk, "nathan", words, IncidentRules(), place, metrics=Blind())
    assert "INC-1 is over." in reply.text
    assert (await _incident(talk)).state == "resolved"


async def test_nothing_measured_is_not_zero(talk: Talk) -> None:
    await _say(talk, "nathan", DECLARED)
    reply = await _say(talk, "nathan", "/incident show incident INC-1")
    assert "failed requests" not in f"{reply}"


async def test_former_incidents_are_told_with_what_helped(talk: Talk) -> None:
    for number, helped in ((1, "healthy"), (2, "no effect")):
        await _say(talk, "nathan", DECLARED)
        async with talk.database.transaction(talk.tenant) as tx:
            incident = await incident_for_update(tx, f"INC-{number}")
            add_event(tx, incident, "cause", CAUSE, talk.now)
            what = {"what": "Roll orders back to 4.17.2", "why": "-", "type": "deployments.roll_back"}
            add_event(tx, incident, "remedy", what, talk.now)
            add_event(tx, incident, helped, {"state": "well"}, talk.now)
        await _say(talk, "nathan", f"/incident resolve INC-{number}")
        talk.now += timedelta(hours=1)
    await _say(talk, "nathan", DECLARED)
    shown = str((await _say(talk, "nathan", "/incident show incident INC-3")).cards)
    assert "INC-1 (checkout, 23 Nov 2026), the same service: “Roll orders back to 4.17.2” helped." in shown
    assert "“Roll orders back to 4.17.2” did not help." in shown
    assert "Rolling back helped 1 of 2 times." in shown
    async with talk.database.transaction(talk.tenant) as tx:
        await tx.execute(update(IncidentRow).values(service="payment-service"))
        add_event(tx, await incident_for_update(tx, "INC-3"), "cause", CAUSE, talk.now)
        await tx.execute(update(IncidentRow).where(IncidentRow.id == "INC-1").values(service="search"))
    shown = str((await _say(talk, "nathan", "/incident show incident INC-3")).cards)
    assert "INC-1 (search, 23 Nov 2026), the same cause" in shown


CAUSE = {"service": "orders", "share": 0.71, "subject": "orders’ own waiting", "of": "the added waiting"}


async def test_it_ends_with_a_document_and_its_review_is_approved(talk: Talk) -> None:
    await _say(talk, "nathan", DECLARED)
    early = await _say(talk, "nathan", "/incident approve the review of INC-1")
    assert "goes on" in early.text
    async with talk.database.transaction(talk.tenant) as tx:
        add_event(tx, await incident_for_update(tx, "INC-1"), "cause", CAUSE, talk.now)
        await keep_impact(tx, "INC-1", COUNTED)
    talk.now += timedelta(minutes=5)
    over = await _say(talk, "nathan", "/incident resolve INC-1")
    assert "INC-1 is over. It lasted 5 min: seen after 0 s, explained after 0 s." in over.text
    review = await _say(talk, "nathan", "/incident review of INC-1")
    assert buttons(review)["ask"].subject == "incident approve the review of INC-1"
    document = await _document(talk)
    for part in (
        "127 failed requests of 3,120, 71 more than usual",
        "- Orders’ own waiting explains 71% of the added waiting.",
        "Nathan Adebayor declared it",
        "## What helped",
        "No story yet.",
    ):
        assert part in document, part
    approved = await _say(talk, "nathan", "/incident approve the review of INC-1")
    assert approved.text == "The review of INC-1 is approved by Nathan Adebayor."
    assert (await _events(talk))[-1] == ("reviewed", {"by": "nathan"})


async def _document(talk: Talk) -> str:
    async with talk.database.transaction(talk.tenant) as tx:
        query = select(FileRow.content).where(FileRow.name == "incident-INC-1.md")
        return bytes((await tx.execute(query)).scalars().all()[-1]).decode()
