"""`service`: one service: what of it runs where, since when, how it is, whose it is, what it needs."""

from __future__ import annotations

from governance.blackouts import zone_of
from governance.facts import Fact, Source
from governance.permissions import KNOWN_BUT_CUSTOMER_SUCCESS
from handlers.conversation.cards import Block, Bold, Button, Buttons, Card, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, Group, Handler
from handlers.conversation.subjects import service_meant
from handlers.conversation.turn import Turn
from handlers.conversation.wording import counted, listed, moment_text
from handlers.operations.release_calendar import asks_calendar, calendar_reply
from handlers.operations.service.availability import availability, availability_text
from handlers.operations.service.health import BUDGET, HEALTH, budgets, health_of
from handlers.operations.targets import breaker_text, release_text, releases_of, service_of, stage_of
from integrations.deployments import (
    Canary,
    Change,
    ChangeKind,
    ChangeQuery,
    Release,
    Running,
    Stage,
    Status,
    Target,
)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """What of the service runs, in the environment that is named or in each."""
    if asks_calendar(asked.text, desk.now, zone_of(desk.department)):
        return await calendar_reply(turn, asked.text, desk)
    service = await service_meant(desk, asked.words("what"))
    if BUDGET.search(asked.text):
        return await budgets(turn, desk, service)
    if service is not None and service not in await desk.ports.deployments.services():
        if HEALTH.search(asked.text):
            where = Target(service, stage_of(asked.text) or Stage.PRODUCTION)
            health, figures = await health_of(turn, desk, where)
            return Reply(text=health, cards=(Card(service, (Text((health,)),)),), facts=figures)
        return await _of_the_catalogue(desk, service)
    service = await service_of(desk, asked)
    stage = stage_of(asked.text)
    found = {one.version: one for one in await releases_of(desk, service)}
    blocks: list[Block] = []
    said: list[str] = []
    facts: list[Fact] = []
    if HEALTH.search(asked.text):
        health, figures = await health_of(turn, desk, Target(service, stage or Stage.PRODUCTION))
        said.append(health)
        blocks.append(Text((health,)))
        facts += figures
    for each in (Stage.PRODUCTION, Stage.STAGING) if stage is None else (stage,):
        status = await desk.ports.deployments.status(Target(service, each))
        recent = (await desk.ports.deployments.history(ChangeQuery(service, each, limit=20))).items
        last = next((change for change in recent if change.replaces or change.kind is ChangeKind.SCALED), None)
        line, detail = _runs(turn, status, found, last)
        said.append(line)
        blocks.append(Text((Bold(f"{each.value.capitalize()}: "), line)))
        if detail:
            blocks.append(Small((detail,)))
        if status.canary is not None:
            said.append(canary := _canary_text(status.canary))
            blocks.append(Text((canary,)))
        if status.breaker is not None:
            said.append(refuses := breaker_text(status.breaker))
            close = Button("Close the breaker", "ask", f"breaker close the breaker of {service} in {each}")
            blocks += (Text((refuses,)), Buttons((close,)))
        if status.stable is not None:
            facts += _facts(status, status.stable)
    served = await availability(desk.ports.metrics, service, desk.now) if stage is not Stage.STAGING else ()
    if served:
        said.append(words := availability_text(served, desk.department.objectives, service))
        blocks.append(Text((words,)))
        facts += served
    blocks += await _about(desk, service)
    newest = next(iter(found.values()), None)
    if newest is not None:
        blocks.append(Buttons((Button(f"Deploy {newest.version} to staging", "ask", _deploys(newest)),)))
    text = f"{service}: {' '.join(said)}"
    return Reply(text=text, cards=(Card(service, tuple(blocks)),), facts=tuple(facts))


def _deploys(release: Release) -> str:
    return f"deploy deploy {release.service} {release.version} to staging"


def _runs(turn: Turn, status: Status, found: dict[str, Release], last: Change | None) -> tuple[str, str]:
    """What runs in a sentence, and where it comes from."""
    running, stage = status.stable, status.target.stage
    if running is None:
        return f"Nothing of it runs in {stage}.", ""
    ready = f"{running.ready} of {counted(running.replicas, 'replica')} ready"
    since = f", since {moment_text(last.at, turn.person)}" if last else ""
    was = f"; {last.before} before" if last and last.before and last.before != running.version else ""
    release = found.get(running.version)
    detail = release_text(release) if release else ""
    return f"{running.version} runs in {stage}: {ready}{since}{was}.", detail


def _canary_text(canary: Canary) -> str:
    """The canary beside it, and how long it goes on without being watched."""
    ready = f"{canary.ready} of {counted(canary.replicas, 'replica')} ready"
    share = f"{canary.version} has {canary.share:.0%} of the traffic as a canary: {ready}"
    return f"{share}; unless it is watched on, all traffic goes back in {canary.lease_left:.0f} s."


def _facts(status: Status, running: Running) -> list[Fact]:
    where = status.target
    source = Source("query", f"the platform’s status of {where}")
    return [
        Fact(f"version_{where.stage}", f"Version in {where.stage}", running.version, "", status.as_of, source),
        Fact(
            f"ready_{where.stage}", f"Ready in {where.stage}", running.ready, "replicas", status.as_of, source
        ),
    ]


async def _about(desk: Desk, service: str) -> list[Block]:
    """What the catalogue knows of it; nothing where it is not in there."""
    found = [one for one in await desk.ports.services.find(service, 5) if one.id == service]
    if not found:
        return []
    (known,) = found
    team = next((team.name for team in desk.department.teams if team.id == known.team), known.team)
    needs = f" It needs {listed(known.depends_on, 'and')}." if known.depends_on else ""
    tier = f" Tier {known.tier}." if known.tier else ""
    return [Small((f"{known.description}. It is {team}’s.{tier}{needs}",))]


async def _of_the_catalogue(desk: Desk, service: str) -> Reply:
    blocks = await _about(desk, service)
    known = await desk.ports.deployments.services()
    lead = f"I do not see what of {service} runs: there are no releases of it where I can deploy."
    can = f" I see {listed(known, 'and')}." if known else ""
    return Reply(text=f"{lead}{can}", cards=(Card(service, (Text((f"{lead}{can}",)), *blocks)),))


HANDLER = Handler(
    name="service",
    purpose="One service: versions, health, load, owner, dependencies",
    example="which version of orders is in production?",
    group=Group.SEE,
    permission=KNOWN_BUT_CUSTOMER_SUCCESS,
    answer=answer,
)
