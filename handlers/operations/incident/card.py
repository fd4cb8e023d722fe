"""Incidents as cards: one, with what fires where since when and with its timeline; and all that are open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from agents.operations.incident_impact import impact_facts
from agents.operations.incident_tables import AlertRow, IncidentAlertRow, IncidentEventRow, IncidentRow
from governance.facts import Fact, Source
from governance.people import Person
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Form,
    Inline,
    Input,
    Link,
    Moment,
    Quote,
    Reply,
    Small,
    Table,
    Text,
    Tone,
)
from handlers.conversation.wording import counted, listed, moment_text
from handlers.operations.former_incidents import alike_text, record_text
from handlers.operations.incident.impact_words import cost_fact, cost_text, impact_text
from handlers.operations.incident.people_words import PEOPLE, people_event, rota_text
from handlers.operations.incident.response_words import RESPONSE, response_event
from handlers.operations.incident.seen import Alerts, Seen

_TONES: Mapping[str, Tone] = {"open": "bad", "mitigated": "warning", "resolved": "good"}

_MOST_NAMES = 5
_MOST_SHOWN = 20
_LONGEST_QUOTE = 500

_WORDS = ("summary", "description", "message")
"""Annotations in which people write what an alert means, the shortest first."""


def incident_card(seen: Seen, now: datetime, *, with_money: bool) -> Reply:
    """The incident as it stands `now`, short: its own message, which later changes edit. Of what happened it
    has what was done about it. `with_money` for those alone who may see revenue."""
    done = [one for one in seen.events if one.kind in RESPONSE]
    reply = _card(seen, done, now, with_money=with_money, is_short=True)
    return Reply(reply.text, reply.cards, reply.facts, key=f"incident:{seen.incident.id}")


def incident_with_timeline(seen: Seen, now: datetime, *, with_money: bool) -> Reply:
    """The same with what happened, in answer to a question."""
    return _card(seen, seen.events, now, with_money=with_money)


def _card(
    seen: Seen,
    events: Sequence[IncidentEventRow],
    now: datetime,
    *,
    with_money: bool,
    is_short: bool = False,
) -> Reply:
    incident, alerts = seen.incident, seen.alerts
    firing = [member for member, _ in alerts if member.firing]
    heading = f"{incident.id}: {incident.service} in {incident.stage} ({incident.state})"
    says = _says(alerts, firing)
    blocks: list[Block] = [Text((f"{says} It began ", Moment(incident.started), "."))]
    blocks += _words_of(alerts[0][1]) if alerts else _declared(seen)
    blocks += [Small(tuple(_small(incident, alerts)))]
    if parts := _parts(seen):
        blocks.append(Text((parts,)))
    if incident.state != "resolved" and (rota := rota_text(seen.rota, seen.names)) is not None:
        blocks.append(Small((rota,)))
    blocks += _impact(seen, with_money=with_money)
    if events:
        said = tuple((Moment(one.at), f": {event_text(one, seen.names)}") for one in events)
        blocks.append(Bullets(said))
    blocks += _learned(seen)
    if is_short:
        blocks.append(Buttons(_buttons(incident)))
    facts = (*_counts(seen, len(firing), now), *_impact_facts(seen, with_money=with_money))
    cost = f" {impact_text(seen.impact)}" if seen.impact is not None else ""
    return Reply(f"{heading}. {says}{cost}", (Card(heading, tuple(blocks), _TONES[incident.state]),), facts)


def _counts(seen: Seen, firing: int, now: datetime) -> tuple[Fact, ...]:
    source = Source("query", f"the alerts of {seen.incident.id}")
    return (
        Fact("alerts", "Alerts", len(seen.alerts), "alerts", now, source),
        Fact("firing", "Alerts that fire", firing, "alerts", now, source),
    )


def _declared(seen: Seen) -> Iterable[Block]:
    """The words in which somebody declared it."""
    for one in seen.events:
        if one.kind == "declared" and one.detail["words"]:
            yield Quote(one.detail["words"], seen.names[one.detail["by"]])


def _parts(seen: Seen) -> str:
    """`Nathan commands; Priya does communications.`"""
    incident = seen.incident
    held = (
        ("commands", incident.commander),
        ("does communications", incident.communications),
        ("is the scribe", incident.scribe),
    )
    said = [f"{seen.names[person]} {does}" for does, person in held if person is not None]
    return f"{'; '.join(said)}." if said else ""


def _impact(seen: Seen, *, with_money: bool) -> Iterable[Block]:
    if seen.impact is None:
        return
    yield Text((Bold("Impact: "), impact_text(seen.impact)))
    if with_money and seen.price is not None and (said := cost_text(seen.impact, seen.price)) is not None:
        yield Text((said,))


def _impact_facts(seen: Seen, *, with_money: bool) -> tuple[Fact, ...]:
    if seen.impact is None:
        return ()
    facts = impact_facts(seen.impact)
    if with_money and seen.price is not None and seen.impact.more is not None:
        return (*facts, cost_fact(seen.impact, seen.price))
    return facts


def _learned(seen: Seen) -> Iterable[Block]:
    """What is known from before; nothing of what this incident is the first of its kind."""
    if seen.alike:
        yield Small((Bold("Seen before: "), " ".join(alike_text(one) for one in seen.alike)))
        if seen.records:
            yield Small((" ".join(record_text(one) for one in seen.records),))


def _buttons(incident: IncidentRow) -> tuple[Button, ...]:
    seen = Button("Timeline", "ask", f"incident show incident {incident.id}")
    if incident.state == "resolved":
        return (seen, Button("Review", "ask", f"incident review of {incident.id}"))
    take = Button("Take command", "take_command", incident.id, "primary")
    update = update_button(incident.id)
    over = Button("Resolve", "resolve_incident", incident.id)
    return (update, over, seen) if incident.commander is not None else (take, update, over, seen)


def update_button(incident: str) -> Button:
    """The form that asks how it goes."""
    form = Form("Update", "Add it", (Input("words", "How does it go?", "text"),))
    return Button("Update …", "update_incident", incident, form=form)


def _says(alerts: Alerts, firing: Sequence[IncidentAlertRow]) -> str:
    if not alerts:
        return "No alert tells of it."
    if not firing:
        return f"None of {counted(len(alerts), 'alert')} fires any more: {_names(one for one, _ in alerts)}."
    if len(firing) == len(alerts):
        return f"{counted(len(firing), 'alert fires', 'alerts fire')}: {_names(firing)}."
    return f"{len(firing)} of {counted(len(alerts), 'alert')} still fire: {_names(firing)}."


def _names(members: Iterable[IncidentAlertRow]) -> str:
    """`“HighErrorRate” of orders and “SlowRequests” of checkout`."""
    called = list(dict.fromkeys(f"“{one.name}” of {one.service}" for one in members))
    more = [f"{len(called) - _MOST_NAMES} more"] if len(called) > _MOST_NAMES else []
    return listed([*called[:_MOST_NAMES], *more])


def _words_of(alert: AlertRow) -> Iterable[Block]:
    """What the alert itself says, set apart: they are its sender's words and nobody's order."""
    words = next((str(alert.annotations[key]) for key in _WORDS if alert.annotations.get(key)), "")
    if words:
        cut = words if len(words) <= _LONGEST_QUOTE else f"{words[:_LONGEST_QUOTE]}…"
        yield Quote(cut, f"the words of “{alert.name}”, from {alert.source}")


def _small(incident: IncidentRow, alerts: Alerts) -> Iterable[Inline]:
    opened = "Declared by hand" if incident.declared_by is not None else "Seen by the department's alerts"
    yield f"{opened}{f', severity {incident.severity}' if incident.severity else ''}"
    if left_out := max((alert.left_out for _, alert in alerts), default=0):
        yield f"; the sender left out {counted(left_out, 'further alert')}"
    if incident.linked:
        yield f"; it may belong with {incident.linked}"
    link = next((alert.link for _, alert in alerts if alert.link), "")
    if link:
        yield "; "
        yield Link("where the alert comes from", link)
    yield "."


def event_text(event: IncidentEventRow, names: Mapping[str, str]) -> str:
    """What happened, in a sentence; `names` are those of people, by id."""
    detail = event.detail
    alert = f"“{detail.get('alert')}” of {detail.get('service')} ({detail.get('source')})"
    match event.kind:
        case "opened":
            linked = f"; it may belong with {detail['linked']}" if detail.get("linked") else ""
            return f"opened by {alert}{linked}."
        case "joined":
            return f"{alert} joined: {detail.get('why')}."
        case "ended":
            return f"{alert} ended."
        case "fires again":
            return f"{alert} fires again."
        case "mitigated" if "by" not in detail:
            return "no alert fires any more."
        case "resolved" if "by" not in detail:
            return "over: nothing has fired since."
        case kind if kind in PEOPLE:
            return people_event(kind, detail, names)
        case kind:
            return response_event(kind, detail)


def update_due_card(incident: IncidentRow, every: timedelta, key: str) -> Reply:
    """That nobody has said for a while how it goes; to whoever commands it, or to those on call."""
    minutes = round(every.total_seconds() / 60)
    where = f"{incident.id} ({incident.service} in {incident.stage})"
    lead = f"No update of {where} for {counted(minutes, 'minute')}, and it is {incident.state}."
    then = "How does it go?" if incident.commander is not None else "Nobody has taken command of it."
    buttons = [update_button(incident.id)]
    if incident.commander is None:
        buttons.insert(0, Button("Take command", "take_command", incident.id, "primary"))
    buttons.append(Button("Resolve", "resolve_incident", incident.id))
    text = f"{lead} {then}"
    card = Card(f"{incident.id}: an update is due", (Text((text,)), Buttons(tuple(buttons))), "waiting")
    return Reply(text, (card,), key=key)


def incidents_card(
    incidents: Sequence[IncidentRow], counts: Mapping[str, int], person: Person | None, now: datetime
) -> Reply:
    """The incidents that are open `now`; `counts` says how many alerts each has."""
    shown = incidents[-_MOST_SHOWN:]
    rows = tuple(
        (
            one.id,
            f"{one.service} in {one.stage}",
            one.title,
            one.state,
            moment_text(one.started, person),
            str(counts.get(one.id, 0)),
        )
        for one in shown
    )
    title = f"{counted(len(incidents), 'incident is', 'incidents are')} open"
    blocks: list[Block] = [Table(("Incident", "Where", "What", "State", "Since", "Alerts"), rows, "lllllr")]
    if len(incidents) > len(shown):
        blocks.append(Small((f"These are the last {len(shown)}.",)))
    buttons = tuple(Button(one.id, "ask", f"incident show incident {one.id}") for one in shown[-5:])
    blocks.append(Buttons(buttons))
    named = listed(f"{one.id} ({one.service} in {one.stage}, {one.state})" for one in shown)
    source = Source("query", "the incidents that are not over")
    fact = Fact("open_incidents", "Open incidents", len(incidents), "incidents", now, source)
    return Reply(f"{title}: {named}.", (Card(title, tuple(blocks), "bad"),), (fact,))


def none_open(last: IncidentRow | None, person: Person | None, now: datetime) -> Reply:
    """That no incident is open, and which ended last."""
    text = "No incident is open."
    source = Source("query", "the incidents that are not over")
    fact = Fact("open_incidents", "Open incidents", 0, "incidents", now, source)
    if last is None or last.resolved is None:
        return Reply(text, facts=(fact,))
    text += f" {last.id} ({last.service} in {last.stage}) ended last, {moment_text(last.resolved, person)}."
    button = Button(last.id, "ask", f"incident show incident {last.id}")
    return Reply(text, (Card("No incident is open", (Text((text,)), Buttons((button,))), "good"),), (fact,))


def unknown_services_card(names: Sequence[str], at_most: int, now: datetime, key: str) -> Reply:
    """That alerts came in for services which the catalogue does not have."""
    said = [name or "(no service named)" for name in names]
    more = " There may be more." if len(names) == at_most else ""
    text = (
        f"Alerts came in today about {counted(len(said), 'service')} that the catalogue does not have:"
        f" {listed(f'“{name}”' for name in said)}.{more} I opened no incident for them."
    )
    fix = "Describe the service in the catalogue, or let its alerts name one that is there (label `service`)."
    card = Card("Alerts for services that I do not know", (Text((text,)), Text((Bold("To mend it: "), fix))))
    source = Source("query", "today's alerts whose service the catalogue does not have")
    fact = Fact("unknown_services", "Unknown services", len(said), "services", now, source)
    return Reply(f"{text} {fix}", (card,), (fact,), key=key)
