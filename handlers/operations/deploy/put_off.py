"""A deployment in a blackout: what is said of it, and what is put off until releases are free."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from agents.operations.canary import canary_run
from agents.operations.release_time_step import schedule_deployment, scheduled, wait_step
from agents.work import runs
from governance.action import Subject
from governance.actions.emergencies import deployment_decides
from governance.blackouts import at_words, blackout_at, free_from, next_blackout, until_words
from governance.people import Role
from handlers.conversation.cards import Button, Buttons, Card, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer, Presses
from handlers.conversation.origin import known, place_json
from handlers.conversation.turn import Clicked, Turn
from integrations.deployments import Release, Stage
from integrations.deployments.actions import BeginCanary, Deploy

_THEN = re.compile(
    r"\b(?:after|once|when|as soon as)\b.{0,40}\b(?:blackout|over|ends|free|allowed)\b|\bthen\W*$"
)
_HOW = re.compile(r"\ball at once\b|\bcanary\b")


def says_then(text: str) -> bool:
    """Whether it is to be deployed as soon as that may be."""
    return _THEN.search(text.lower()) is not None


def free_at(desk: Desk, release: Release, stage: Stage, *, canary: bool) -> datetime | None:
    """When a release can go where it is to go, where that is not now; None where nothing is in its way. What an
    emergency deployment allows is not put off."""
    if stage is not Stage.PRODUCTION:
        return None
    decides = deployment_decides(release.service, release.version, stage)
    subject = Subject("deployments", service=release.service, decides=decides)
    if desk.standing.emergency_for(subject, desk.now) is not None:
        return None
    lasting = desk.department.releases.least_canary if canary else timedelta()
    free = free_from(desk.department, release.service, desk.now, lasting)
    return free if free > desk.now else None


def reply(turn: Turn, desk: Desk, release: Release, free: datetime, text: str) -> Reply:
    """Why not now, when it can be, and both ways on."""
    department, what = desk.department, f"{release.service} {release.version}"
    span = blackout_at(department, release.service, desk.now)
    if span is not None:
        why = f"A blackout of releases is on: {until_words(span, department)}."
    else:
        span = next_blackout(department, release.service, desk.now, department.releases.least_canary)
        begins = at_words(span.starts, department) if span else "soon"
        reason = f" ({until_words(span, department)})" if span else ""
        why = f"A blackout of releases begins {begins}{reason}, before a canary can have all of the traffic."
    lead = f"{why} {what} can go to production from {at_words(free, department)} on. Nothing was done."
    how = " ".join(found[0] for found in _HOW.finditer(text.lower()))
    then = f"deploy deploy {what} to production after the blackout {how}".strip()
    leads = Role.SRE_LEAD in known(turn).roles
    who = "" if leads else " The SRE lead can deploy past it in an emergency."
    small = Small((f"Rollbacks pass a blackout, and so does ending a canary.{who}",))
    buttons = [Button("Deploy then", "ask", then, "primary")]
    if leads:
        past = f"emergency_deploy emergency deploy of {what}"
        buttons.append(Button("Emergency deploy", "ask", past, "danger"))
    return Reply(
        text=lead, cards=(Card(f"Not now: {what}", (Text((lead,)), Buttons(tuple(buttons)), small), "waiting"),)
    )


async def schedule(turn: Turn, desk: Desk, action: Deploy | BeginCanary, at: datetime) -> Reply:
    """Wait until then, and ask for it as it would be asked for now. Raises CannotAnswer, NotOrdered."""
    desk.demand_order(f"{action.summary()}, once the blackout is over")
    what = f"{action.service} {action.version}"
    same = [one for one in await scheduled(desk.tx, action.service) if one.what.startswith(f"{what} in")]
    if same:
        then = at_words(same[0].at, desk.department)
        raise CannotAnswer(f"{what} waits for {then} already. Nothing was done.")
    requester, place = known(turn).id, place_json(turn.place)
    if isinstance(action, BeginCanary):
        wait = wait_step(action, at)
        run = await canary_run.begin(
            desk.tx, runs.new_id(), action, None, requester=requester, place=place, turn=turn.id, wait=wait
        )
    else:
        run = await schedule_deployment(desk.tx, action, at, requester=requester, place=place, turn=turn.id)
    lead = (
        f"{what} waits until {at_words(at, desk.department)}. Its approval is asked for here then, and it goes"
        " as soon as that is given."
    )
    cancel = Buttons((Button("Cancel it", "cancel_put_off", run.id, "danger"),))
    return Reply(text=lead, cards=(Card(f"Put off: {action.summary()}", (Text((lead,)), cancel), "waiting"),))


async def _cancel(turn: Turn, desk: Desk) -> Reply:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    subject = turn.what.subject
    waits = next((one for one in await scheduled(desk.tx) if one.run == subject), None)
    if waits is None:
        raise CannotAnswer("It does not wait for its time any more. Nothing was done.")
    person = known(turn)
    await runs.cancel(desk.tx, waits.run, f"{person.name} cancelled it.", desk.now, by=turn.actor)
    return Reply(text=f"Cancelled: {waits.what} is not deployed.")


PRESSES: Mapping[str, Presses] = {"cancel_put_off": _cancel}
