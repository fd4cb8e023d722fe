"""`countersign incident`: seeing, commanding, taking back and ending, while chat is away.

Who runs it is who the operating system says, as with `halt`; what they do stands in the timeline and in the
log, and takes the same way through the gate.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents import sre
from agents.operations.incident_command import (
    Declaration,
    IncidentOver,
    Part,
    add_update,
    declare,
    give_part,
    resolve,
)
from agents.operations.incident_rows import (
    NoSuchIncident,
    incident_by_id,
    open_incidents,
    record_by_operator,
    timeline,
)
from agents.operations.incident_tables import IncidentEventRow, IncidentRow
from agents.operations.response.going_back import NoWayBack, way_back
from bot.command_line import Exit, Stop, told
from bot.command_line.halting import operator
from bot.command_line.operating import opened
from bot.department import Installation
from bot.foundation import foundation
from bot.settings import Settings
from governance.action import Verdict
from governance.effects import Origin, outcome_of
from governance.people import Actor
from governance.tables import EffectRow
from handlers.conversation.wording import names_of_people
from handlers.operations.incident.card import event_text
from integrations.deployments import Stage, Target
from integrations.services import NoSuchService
from storage.look import Away

_WAITS_SECONDS = 90
_MOST_EVENTS = 100


async def run(settings: Settings, args: argparse.Namespace) -> int:
    """List what is open, or do what is asked with one."""
    try:
        if args.action == "roll-back":
            return await _roll_back(settings, args)
        if args.action == "declare":
            return await _declare(settings, args)
        async with foundation(settings) as light, light.database.transaction(settings.tenant) as tx:
            return await (_list(tx, args) if args.action is None else _do(tx, args))
    except NoSuchIncident:
        raise Stop(f"There is no {args.incident}; `countersign incident` lists those that are open.") from None
    except IncidentOver:
        raise Stop(f"{args.incident} is over already. Nothing was done.") from None


async def _list(tx: AsyncSession, args: argparse.Namespace) -> int:
    found = await open_incidents(tx)
    lines = [f"{one.id}  {one.service} in {one.stage}, {one.state}, since {_at(one.started)}" for one in found]
    told(args, {"incidents": [_json(one) for one in found]}, "\n".join(lines) or "No incident is open.")
    return Exit.DONE


async def _do(tx: AsyncSession, args: argparse.Namespace) -> int:
    user, now = operator(), datetime.now(UTC)
    match args.action:
        case "take":
            row = await give_part(tx, args.incident, Part.COMMANDER, user, user, now)
        case "update":
            row = await add_update(tx, args.incident, args.reason, user, now)
        case "end":
            row = await resolve(tx, args.incident, user, now)
        case _:
            return await _shown(tx, args, await incident_by_id(tx, args.incident))
    await record_by_operator(tx, row, _operator(), args.action, args.reason)
    return await _shown(tx, args, row)


async def _shown(tx: AsyncSession, args: argparse.Namespace, row: IncidentRow) -> int:
    await tx.flush()
    events, names = await timeline(tx, row.id, _MOST_EVENTS), await names_of_people(tx)
    said = [{"at": one.at.isoformat(), "says": event_text(one, names)} for one in events]
    told(args, {**_json(row), "timeline": said}, _text(row, events, said))
    return Exit.DONE


def _text(row: IncidentRow, events: Sequence[IncidentEventRow], said: list[dict[str, str]]) -> str:
    head = f"{row.id}: {row.service} in {row.stage} ({row.state}), since {_at(row.started)}"
    lines = (f"  {_at(event.at)}  {one['says']}" for event, one in zip(events, said, strict=True))
    return "\n".join([head, *lines])


def _json(row: IncidentRow) -> dict[str, Any]:
    return {
        "incident": row.id,
        "service": row.service,
        "stage": row.stage,
        "state": row.state,
        "since": row.started.isoformat(),
        "commander": row.commander,
    }


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _operator() -> Actor:
    return Actor("person", "operator", identity=operator())


async def _declare(settings: Settings, args: argparse.Namespace) -> int:
    installation = await opened(settings)
    try:
        port = installation.ports(settings.tenant).services
        try:
            known = await port.service(args.service)
        except NoSuchService:
            raise Stop(f"The catalogue has no service {args.service}. Nothing was done.") from None
        needs = frozenset(known.depends_on)
        said = Declaration(known.id, args.stage, "", args.reason, operator(), _operator(), needs, None)
        async with installation.database.transaction(settings.tenant) as tx:
            row, _ = await declare(tx, said, datetime.now(UTC))
            return await _shown(tx, args, row)
    finally:
        await installation.close()


async def _roll_back(settings: Settings, args: argparse.Namespace) -> int:
    """Submit it as every rollback is, and wait until a worker has done it."""
    installation = await opened(settings)
    try:
        effect = await _submitted(installation, settings.tenant, args)
        return await _ended(installation, settings.tenant, args, effect)
    except (NoWayBack, Away) as no:
        raise Stop(f"{no} Nothing was done.") from None
    finally:
        await installation.close()


async def _submitted(installation: Installation, tenant: str, args: argparse.Namespace) -> str:
    async with installation.database.transaction(tenant) as tx:
        incident = await incident_by_id(tx, args.incident)
    if incident.state == "resolved":
        raise IncidentOver(incident.id)
    target = Target(args.service or incident.service, Stage(incident.stage))
    why = f"{operator()} takes it back in {incident.id}, from the command line: {args.reason}"
    action = await way_back(installation.ports(tenant).deployments, target, args.to, why)
    # Whoever has no role orders no effect: this is what the department's own SRE agent may do by itself in an
    # incident, and no more.
    actor = Actor("agent", sre.ROLE.name, identity=operator())
    async with installation.database.transaction(tenant) as tx:
        submitted = await installation.gate.submit(tx, action, actor=actor, origin=Origin())
        if submitted.ruling.verdict is not Verdict.EXECUTE:
            raise Stop(f"{submitted.ruling.why} Nothing was done.")
        words = f"{action.summary()}: {args.reason}"
        await add_update(tx, incident.id, words, operator(), datetime.now(UTC))
        return submitted.effect


async def _ended(installation: Installation, tenant: str, args: argparse.Namespace, effect: str) -> int:
    try:
        async with asyncio.timeout(_WAITS_SECONDS):
            while True:
                async with installation.database.transaction(tenant) as tx:
                    row = (await tx.execute(select(EffectRow).where(EffectRow.id == effect))).scalar_one()
                if row.state not in ("ready", "claimed"):
                    break
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise Stop(f"No worker has done {effect} so far; it waits for one.", Exit.AWAY) from None
    outcome = outcome_of(row)
    detail = outcome.detail if outcome is not None else f"It is {row.state}."
    told(args, {"effect": effect, "state": row.state, "detail": detail}, detail)
    return Exit.DONE if row.state == "done" else Exit.REFUSED
