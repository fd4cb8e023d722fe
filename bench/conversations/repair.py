"""Putting right what a turn should have changed, so that the next turn of its dialogue can be judged."""

from __future__ import annotations

import re
from datetime import datetime, time

from bench.conversations import running, setting
from bench.conversations.acts import Acts, Clause
from bench.conversations.department import TENANT
from bench.conversations.expectations import referred_to
from bench.conversations.given import DAY_BEGINS, DAY_ENDS, Scene
from bench.conversations.kinds import services_in
from bench.conversations.setting import CannotStand
from bench.conversations.when import When, times_in
from governance.actions.delegation import delegations_of
from governance.actions.windows import coming_windows
from governance.overrides.rows import freeze_of, standing_rows
from governance.standing import FreezeKind, WindowMode
from governance.tables import WindowRow


async def put_right(scene: Scene, acts: Acts, speaker: str) -> str | None:
    """Bring about what `acts` demands, as far as the product can have it. Returns what could not be."""
    left = []
    for clause in acts.clauses:
        if clause.demands:
            try:
                await _put(scene, clause, speaker)
            except Exception as cannot:  # noqa: BLE001 - it is told, and the next turn is judged as it comes
                left.append(f"{clause.text}: {cannot}")
    return "; ".join(left) or None


async def _put(scene: Scene, clause: Clause, speaker: str) -> None:
    talk = scene.talk
    match clause.kind:
        case "freeze":
            await _freeze(scene, clause)
        case "unfreeze":
            for service in services_in(clause.text, scene.services) or (None,):
                await setting.lift_freezes(talk, service)
        case "delegate":
            await _delegate(scene, clause, speaker)
        case "window":
            await _window(scene, clause)
        case "approvals":
            await _decide(scene, clause, speaker)
        case "halt_agents":
            await setting.halt(talk, scene.who_may("", ("engineering_director", "executive"), "amanda"))
        case "resume_agents":
            named = scene.people_in(clause.text)
            await setting.resume(talk, named[0] if named else "leila")
        case "plan" if scene.standing.plans:
            goes_on = re.search(r"\bgoes on\b|\bresumed\b|\bruns\b", clause.text)
            await setting.plan_becomes(talk, scene.standing.plans[-1], "resume" if goes_on else "pause")
        case "add_to_backlog" | "prioritise" if priority := re.search(r"\bP[0-3]\b", clause.text):
            await setting.reprioritise(talk, priority[0])
        case "deploy":
            version = running.VERSION.search(clause.text)
            for service in services_in(clause.text, scene.services):
                if version is None:
                    raise CannotStand("which version?")
                where = running.stage_in(clause.text)
                await running.deploys(talk, service, version[0], where, "nathan")
        case "rollback":
            for service in services_in(clause.text, scene.services):
                await running.goes_back(talk, service, "nathan")
        case "scale":
            for service in services_in(clause.text, scene.services):
                await running.has_replicas(talk, service, clause.text, "nathan")
        case other:
            raise CannotStand(f"{other} is nothing that can be put right here")


async def _freeze(scene: Scene, clause: Clause) -> None:
    talk = scene.talk
    async with talk.held.database.transaction(TENANT) as tx:
        standing = [freeze_of(row) for row in await standing_rows(tx, "freeze")]
    services = services_in(clause.text, scene.services)
    same = [one for one in standing if not services or one.scope in services]
    by = same[0].by if same else scene.who_may("", ("compliance_officer", "sre_lead"), "nathan")
    what = (
        [(one.kind, one.scope) for one in same]
        or [(FreezeKind.SERVICE, service) for service in services]
        or [(FreezeKind.DEPLOYMENTS, "")]
    )
    times = times_in(clause.text, talk.now)
    until = times[-1].moment(DAY_BEGINS) if times else (same[0].until if same else None)
    for kind, scope in what:
        if same:
            await setting.lift_freezes(talk, scope or None)
        await setting.freeze(talk, by, kind, scope, until)


async def _delegate(scene: Scene, clause: Clause, speaker: str) -> None:
    talk = scene.talk
    named = [person for person in scene.people_in(clause.text) if person != speaker]
    async with talk.held.database.transaction(TENANT) as tx:
        rows = await delegations_of(tx, speaker, talk.now)
    if not rows and not named:
        raise CannotStand("to whom?")
    starts, ends = (rows[0].starts, rows[0].ends) if rows else (talk.now, None)
    taker = named[0] if named else rows[0].to_person
    times = times_in(clause.text, talk.now)
    if "start" in clause.text and times:
        starts, times = times[0].moment(time(0)), times[1:]
    ends = times[-1].moment(DAY_ENDS) if times else ends
    if ends is None:
        raise CannotStand("until when?")
    await setting.delegates(talk, speaker, taker, max(starts, talk.now), ends)


async def _window(scene: Scene, clause: Clause) -> None:
    talk = scene.talk
    async with talk.held.database.transaction(TENANT) as tx:
        rows: list[WindowRow] = list(await coming_windows(tx, talk.now))
    said = next((mode for mode in WindowMode if mode.value in clause.text.casefold()), None)
    mode = said or (WindowMode(rows[0].mode) if rows else WindowMode.DEMO)
    by = scene.who_may("", ("engineering_director",), "amanda")
    if re.search(r"\bcancelled\b|\bends\b(?!.*\d)", clause.text):
        await setting.close_windows(talk, by, mode)
        return
    old = next((row for row in rows if row.mode == mode.value), None)
    starts, ends = _span(times_in(clause.text, talk.now), old)
    await setting.window(talk, by, mode, starts, ends)


def _span(times: tuple[When, ...], old: WindowRow | None) -> tuple[datetime, datetime]:
    if not times:
        raise CannotStand("a window without times")
    if len(times) > 1:
        return times[0].moment(DAY_BEGINS), times[-1].moment(DAY_ENDS)
    if old is None:
        raise CannotStand("a window without a start")
    day = times[0].day or old.ends.astimezone(times[0].zone).date()
    return old.starts, When(day, times[0].clock, times[0].zone).moment(DAY_ENDS)


async def _decide(scene: Scene, clause: Clause, speaker: str) -> None:
    meant = referred_to(clause.text, scene.standing.proposals)
    if not meant:
        raise CannotStand("which proposal?")
    for one in meant:
        if one.approval is None:
            continue
        if re.search(r"\btaken back\b|\bwithdrawn\b", clause.text):
            await setting.withdraw(scene.talk, one.approval, one.requester)
        else:
            denied = re.search(r"\b(?:denied|declined|rejected)\b", clause.text)
            await setting.decide(scene.talk, one.approval, speaker, "deny" if denied else "approve")
