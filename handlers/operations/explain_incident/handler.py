"""`explain_incident`: what caused a spike of latency or errors, as far as it can be computed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agents.operations.burden import Metric
from agents.operations.findings import Explained, Findings, Question
from agents.operations.incident_rows import NoSuchIncident, incident_by_id, open_incidents
from agents.operations.incident_tables import IncidentRow
from agents.operations.investigation import LONGEST, investigate
from agents.sre import Suggested
from governance.people import Role
from governance.permissions import Refused, reads
from governance.visibility import EVERYTHING
from handlers.catalogue import may_request
from handlers.conversation.cards import Button, Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.origin import known
from handlers.conversation.subjects import service_meant
from handlers.conversation.times import calendar_for
from handlers.conversation.turn import Turn
from handlers.language.resolver import Found, resolve_all
from handlers.operations.explain_incident.card import findings_card, not_measured
from handlers.operations.explain_incident.when import RECENT, Said, when_said
from handlers.operations.targets import stage_of
from integrations.deployments import ChangeKind, DeploymentError, Stage, Target
from integrations.metrics import MetricsError
from storage.look import Away

_WIDER = timedelta(hours=6)
"""Searched where no time is said and nothing happened just now."""

_ERRORS = re.compile(
    r"\b(?:errors?|erring|erred|fail\w*|5\d\ds?|50x|exceptions?|crash\w*|broke\w*|down|outage|unavailab\w*"
    r"|availability|timeouts?|refus\w+)\b",
    re.IGNORECASE,
)
_LATENCY = re.compile(
    r"\b(?:laten\w+|slow\w*|sluggish|lag\w*|delay\w*|wait\w*|response times?|p9[059]|timeouts?|long(?:er)?)\b",
    re.IGNORECASE,
)
_INCIDENT = re.compile(r"\b(?:inc|incident)[\s#-]*(?P<number>[0-9]{1,9})(?![\d-])\b", re.IGNORECASE | re.ASCII)
_FOLLOWS = re.compile(
    r"^(?:and|but|so|also|then|same|what about|how about)\b|^why\W*$|\b(?:it|its)\b", re.IGNORECASE
)
"""Signs that the rest is as in the question before."""

_DAYS = timedelta(days=1, hours=2)
"""A local day may have 25 hours."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked: by words, by the incident that they name, or by what the thread is about."""

    targets: tuple[str, ...]
    stage: Stage
    metrics: tuple[Metric, ...]
    when: Said | None


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Investigate what is asked about. Where no time is said, what happened just now, or else lately."""
    zone = known(turn).time_zone
    meant = await _meant(turn, asked, desk)
    now = turn.at  # the same whenever this begins again, so that what was looked up is known again
    findings = await _investigate(desk, meant, meant.when or Said(now - RECENT, now), now)
    if meant.when is None and not any(one.began is not None for one in findings.explained):
        findings = await _investigate(desk, meant, Said(now - _WIDER, now), now)
    if not findings.explained:
        return Reply(not_measured(findings, meant.targets, findings.question.start, zone), facts=findings.facts)
    _remember(desk, findings)
    added = await _suggested(desk, findings)
    return await findings_card(desk, findings, zone, await _buttons(turn, desk, findings), added)


async def _suggested(desk: Desk, findings: Findings) -> Suggested | None:
    """What a model adds where something was worse; nothing where there is none, or it is too slow."""
    if desk.suggest is None or not any(one.began is not None for one in findings.explained):
        return None
    try:
        return await desk.suggest(findings)
    except Away:
        return None


async def _investigate(desk: Desk, meant: _Asked, span: Said, now: datetime) -> Findings:
    start = max(span.start, span.end - LONGEST) if span.end - span.start <= _DAYS else span.start
    if span.end - start > LONGEST:
        raise CannotAnswer("That is more than a day at once. On which day, or at what time, was it?")
    question = Question(meant.targets, meant.stage, meant.metrics, start, span.end)
    try:
        return await investigate(desk.ports, question, now)
    except (MetricsError, DeploymentError) as refused:
        raise CannotAnswer(f"That could not be looked up: {refused}") from refused


async def _meant(turn: Turn, asked: Asked, desk: Desk) -> _Asked:
    text = asked.text
    person = known(turn)
    when = when_said(_INCIDENT.sub(" ", text), turn.at, person.time_zone, calendar_for(desk, person))
    targets = await _services(desk, asked)
    stage, metrics = stage_of(text), _metrics(text)
    incident = await _incident(desk, text)
    follows = _FOLLOWS.search(text.strip()) is not None or not text.strip(" ?.!")
    if follows and incident is None and not targets and (about := _recalled(desk)) is not None:
        metrics = metrics or about.metrics or tuple(Metric)
        return _Asked(about.targets, stage or about.stage, metrics, when or about.when)
    if incident is None and not targets and when is None:
        found = [one for one in await open_incidents(desk.tx) if stage in (None, one.stage)]
        incident = found[-1] if found else None
    if incident is not None:
        at = Said(incident.started - timedelta(minutes=30), min(turn.at, _end(incident, turn.at)))
        targets, when = targets or (incident.service,), when or at
        stage = stage or Stage(incident.stage)
    return _Asked(targets, stage or Stage.PRODUCTION, metrics or tuple(Metric), when)


def _end(incident: IncidentRow, now: datetime) -> datetime:
    """At most a few hours of it: its beginning is what is asked about."""
    return min(incident.resolved or now, incident.started + timedelta(hours=6))


async def _incident(desk: Desk, text: str) -> IncidentRow | None:
    """The incident that is named. Raises CannotAnswer."""
    named = _INCIDENT.search(text)
    if named is None:
        return None
    id = f"INC-{int(named['number'])}"
    try:
        return await incident_by_id(desk.tx, id)
    except NoSuchIncident:
        raise CannotAnswer(f"There is no {id}. Name the service and the time, and I look there.") from None


async def _services(desk: Desk, asked: Asked) -> tuple[str, ...]:
    """The services that are named, one or more. Raises Unclear."""
    named = await resolve_all(desk, asked.words("what"), "service", EVERYTHING)
    whole = tuple(one.id for one in named if isinstance(one, Found))
    if len(whole) > 1 and len(whole) == len(named):
        return whole
    one = await service_meant(desk, asked.words("what"))
    return (one,) if one is not None else ()


def _metrics(text: str) -> tuple[Metric, ...]:
    """What became worse by these words; nothing where they do not say."""
    said = ((_LATENCY, Metric.LATENCY), (_ERRORS, Metric.AVAILABILITY))
    return tuple(metric for words, metric in said if words.search(text))


def _remember(desk: Desk, findings: Findings) -> None:
    """ "And on staging?", "what about errors?": the rest stays as it was."""
    question, first = findings.question, findings.explained[0]
    target = first.explanation.target
    desk.memory.about(
        service=target,
        explained=" ".join(
            (
                ",".join(question.targets or (target,)),
                question.stage,
                ",".join(question.metrics),
                question.start.astimezone(UTC).isoformat(),
                question.end.astimezone(UTC).isoformat(),
            )
        ),
    )


def _recalled(desk: Desk) -> _Asked | None:
    """What this thread asked about last; where it has come to another service since, that one, just now."""
    written, service = desk.memory.topic.get("explained"), desk.memory.topic.get("service")
    if written is None or (service and service not in written.partition(" ")[0].split(",")):
        return _Asked((service,), Stage.PRODUCTION, (), None) if service else None
    targets, stage, metrics, start, end = written.split(" ")
    when = Said(datetime.fromisoformat(start), datetime.fromisoformat(end))
    return _Asked(
        tuple(targets.split(",")), Stage(stage), tuple(Metric(one) for one in metrics.split(",")), when
    )


async def _buttons(turn: Turn, desk: Desk, findings: Findings) -> tuple[Button, ...]:
    first = findings.explained[0]
    buttons = [*await _undoing(turn, desk, first, findings.question.stage)]
    if first.first is not None:
        service, stage = first.first.service, findings.question.stage
        buttons.append(Button(f"What runs of {service}?", "ask", f"service what of {service} runs in {stage}?"))
    return tuple(buttons)


async def _undoing(turn: Turn, desk: Desk, one: Explained, stage: Stage) -> tuple[Button, ...]:
    """Taking back the suspect, as a request by its own rules; nothing where it does not stand any more."""
    suspect = one.suspect
    if suspect is None:
        return ()
    change = suspect.change
    status = await desk.ports.deployments.status(Target(change.target.service, stage))
    service, canary = change.target.service, status.canary
    if canary is not None and canary.id == change.canary:
        words = f"deploy abort the canary of {service} in {stage}"
        return (Button("Abort the canary …", "ask", words),) if _may(turn, desk, "deploy") else ()
    stands = status.stable is not None and status.stable.version == change.version
    undoes = change.kind in (ChangeKind.DEPLOYED, ChangeKind.PROMOTED) and change.before is not None
    if not (stands and undoes and canary is None and _may(turn, desk, "rollback")):
        return ()
    words = f"rollback roll back {service} to {change.before} in {stage}"
    return (Button(f"Roll back {service} to {change.before} …", "ask", words),)


def _may(turn: Turn, desk: Desk, request: str) -> bool:
    allowed = may_request(turn.person, request, desk.modes)
    return not isinstance(allowed, Refused) and allowed.acts


HANDLER = Handler(
    name="explain_incident",
    purpose="What happened in production, and why",
    example="What caused the latency spike at 3 AM?",
    group=Group.SEE,
    permission=reads(Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR, Role.PRODUCT_OWNER),
    answer=answer,
)
