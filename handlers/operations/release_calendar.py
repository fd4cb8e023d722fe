"""The calendar of releases: when something may go to production, what is put off, what was deployed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from agents.operations.release_time_step import scheduled
from governance.blackouts import at_words, blackout_at, free_from, next_blackout, until_words, zone_of
from handlers.conversation.cards import Block, Bold, Card, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.conversation.subjects import service_meant
from handlers.conversation.turn import Turn
from handlers.conversation.wording import moment_text
from handlers.language.local_time import Leaning
from handlers.language.periods import Period, read_period
from integrations.deployments import ChangeQuery, Stage
from integrations.pages import every

_DEPLOYING = r"(?:deploy\w*|releas\w+|ship\w*|roll(?:ed)? out|go(?:es|ing)? (?:out|live)|push\w*)"
_WHEN = re.compile(
    rf"\bwhen (?:can|may|could|should|will|are|is)\b.{{0,60}}\b{_DEPLOYING}\b"
    rf"|\b(?:can|may) (?:we|i) {_DEPLOYING}\b.{{0,80}}"
    r"\b(?:now|today|tomorrow|tonight|(?:this|next) week|\w+day)\b"
    r"|\b(?:are there|is there an?|what|when is the next|which) .{0,20}\bblackouts?\b"
)
_WHAT = re.compile(
    rf"\bwhat(?:['’]?s| is| was| were| are| has been| will be| have we| did we)?\b.{{0,30}}\b{_DEPLOYING}\b"
    r"|\b(?:release|deployment)s? (?:calendar|schedule)\b|\bscheduled (?:release|deployment)s\b"
)
_PAST = re.compile(r"\b(?:was|were|has been|have we|did we|last|yesterday)\b")
_SOON = timedelta(days=14)
_MOST_SHOWN = 30


def asks_calendar(text: str, now: datetime, zone: str) -> bool:
    """Whether a question is about times of releases, and not about what runs."""
    said = text.lower()
    if _WHEN.search(said):
        return True
    found = _WHAT.search(said)
    return found is not None and (
        "calendar" in said or "schedule" in said or _period(said, now, zone) is not None
    )


async def calendar_reply(turn: Turn, text: str, desk: Desk) -> Reply:
    """When it can be deployed, or what is and was in the period that is said (this week where none is)."""
    named = await service_meant(desk, text)
    if _WHEN.search(text.lower()):
        return await _when(turn, desk, named)
    return await _what(turn, text, desk, named)


def _period(text: str, now: datetime, zone: str) -> Period | None:
    leaning = Leaning.PAST if _PAST.search(text.lower()) else Leaning.FUTURE
    return read_period(text, now, zone, leaning)


async def _when(turn: Turn, desk: Desk, service: str | None) -> Reply:
    """Now, or from when on; without a service, as far as it holds for all of them."""
    department, of = desk.department, service or ""
    what = service or "a service that no blackout names"
    lasting = department.releases.least_canary
    span = blackout_at(department, of, desk.now)
    free = free_from(department, of, desk.now, lasting)
    if span is not None:
        lead = f"Not now: {until_words(span, department)}. {what} can go from {at_words(free, department)} on."
    elif free > desk.now:
        begins = at_words(free, department)
        lead = f"Not as a canary now, for a blackout begins first: {what} can from {begins} on."
    else:
        lead = f"Now: no blackout is on for {what}."
    coming = next_blackout(department, of, max(free, desk.now), _SOON)
    if coming is not None:
        begins = at_words(coming.starts, department)
        lead += f" The next one begins {begins} ({until_words(coming, department)})."
    blocks: list[Block] = [Text((lead,))]
    freeze = desk.standing.freezes
    if freeze:
        blocks.append(Text((f"What is frozen stays so besides: {freeze[0].describe()} ({freeze[0].reason}).",)))
    blocks += await _put_off(turn, desk, service)
    always = "Staging has no blackouts; rollbacks pass, and an emergency deployment goes past one."
    blocks.append(Small((always,)))
    title = f"When {service or 'we'} can be deployed" if service else "When we can deploy"
    return Reply(text=lead, cards=(Card(title, tuple(blocks)),))


async def _what(turn: Turn, text: str, desk: Desk, service: str | None) -> Reply:
    """What was deployed in the period, and what waits for its time in it."""
    zone = zone_of(desk.department)
    period = _period(text, desk.now, zone) or read_period("this week", desk.now, zone)
    if period is None:
        raise TypeError("this week is a period")
    lines: list[str] = []
    async for change in every(desk.ports.deployments.history, ChangeQuery(service)):
        if change.at < period.start or len(lines) == _MOST_SHOWN:
            break
        if change.replaces and change.at < period.end and change.grant:
            place = "" if change.target.stage is Stage.PRODUCTION else f" in {change.target.stage}"
            what = f"{change.target.service} {change.version}{place}: {change.kind.value}"
            lines.append(f"{moment_text(change.at, turn.person)} — {what}")
    coming = [one for one in await scheduled(desk.tx, service) if period.start <= one.at < period.end]
    about = f" of {service}" if service else ""
    blocks: list[Block] = []
    if coming:
        blocks.append(Text((Bold("Waits for its time"),)))
        blocks += [Text((f"{moment_text(one.at, turn.person)} — {one.what}",)) for one in coming]
    if lines:
        blocks.append(Text((Bold("Deployed"),)))
        blocks += [Text((line,)) for line in lines]
    span = next_blackout(desk.department, service or "", max(period.start, desk.now), period.end - period.start)
    if span is not None and span.starts < period.end:
        begins = at_words(span.starts, desk.department)
        blocks.append(Small((f"A blackout begins {begins}: {until_words(span, desk.department)}.",)))
    waits = ", ".join(f"{one.what} at {moment_text(one.at, turn.person)}" for one in coming)
    said = [
        f"Waits for its time{about}, {period.name}: {waits}." if coming else "",
        f"Deployed{about}, {period.name}: {'; '.join(lines)}." if lines else "",
    ]
    lead = (
        " ".join(filter(None, said))
        or f"Nothing{about} was deployed, and nothing waits for its time, {period.name}."
    )
    return Reply(text=lead, cards=(Card(f"Releases, {period.name}", (*blocks,) or (Text((lead,)),)),))


async def _put_off(turn: Turn, desk: Desk, service: str | None) -> list[Block]:
    found = await scheduled(desk.tx, service)
    return [Text((f"Waits for its time: {one.what}, {moment_text(one.at, turn.person)}.",)) for one in found]


def coming_note(desk: Desk, service: str) -> str:
    """What an approval says of the blackout that is next, where that is near; empty where it is not."""
    span = next_blackout(desk.department, service, desk.now, timedelta(days=4))
    if span is None:
        return ""
    begins = at_words(span.starts, desk.department)
    return f" From {begins} on it would wait: {until_words(span, desk.department)}."
