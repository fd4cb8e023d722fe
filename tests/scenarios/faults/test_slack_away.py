"""Slack is away for five minutes: nothing is given up, and then everything is posted once, in order.

Nobody waits for real: whatever has put off its next try is brought to that moment, with what it looks at
to know how long it has waited, as often as it takes.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from sqlalchemy import text

from simulators.slack import Message
from tests.office import Office, OpenOffice

AWAY_SECONDS = 300.0

_PUT_OFF = text("""
    UPDATE procrastinate_jobs AS job SET scheduled_at = now()
    FROM (SELECT id, scheduled_at FROM procrastinate_jobs) AS former
    WHERE former.id = job.id AND job.status = 'todo' AND job.scheduled_at > now() AND args->>'tenant' = :tenant
      AND job.task_name IN ('post', 'turn', 'post_notice')
    RETURNING coalesce(args->>'thread', args->>'turn', args->>'id'),
              extract(epoch FROM former.scheduled_at - now())
""")
_AGE = text("UPDATE outbox SET created = created - make_interval(secs => :seconds) WHERE thread = :thread")


async def _pass_time(office: Office, waited: Counter[str]) -> None:
    """Bring every try that was put off to its moment; what each has waited is added up."""
    async with office.installation.database.untenanted() as tx:
        put_off = (await tx.execute(_PUT_OFF, {"tenant": office.tenant})).all()
    async with office.installation.database.transaction(office.tenant) as tx:
        for name, seconds in put_off:
            waited[name] += float(seconds)
            await tx.execute(_AGE, {"thread": name, "seconds": float(seconds)})


async def _pass_five_minutes(office: Office, waiting: int) -> None:
    waited: Counter[str] = Counter()
    async with asyncio.timeout(60):
        while len(waited) < waiting or min(waited.values()) < AWAY_SECONDS:
            await asyncio.sleep(0.05)
            await _pass_time(office, waited)


def _answers(office: Office, asked: Message) -> list[str]:
    return [message.all_text for message in office.slack.thread(asked) if message.bot_id]


@pytest.mark.parametrize("refuses", [True, False])
async def test_five_minutes_without_slack_lose_nothing_and_double_nothing(
    open_office: OpenOffice, refuses: bool
) -> None:
    office = await open_office()
    slack = office.slack
    david, amanda, nathan = (slack.user(name) for name in ("david", "amanda", "nathan"))
    known = [await who.says("/help", dm=True) for who in (david, amanda)]
    await office.settled()
    if refuses:
        await slack.listening.down()
    else:
        slack.faults.server_error(times=1_000_000, status=503)

    await david.replies(known[0], "/whoami")
    await david.replies(known[0], "/authority who can approve production deployments?")
    await amanda.replies(known[1], "/whoami")
    unknown = await nathan.says("/whoami", dm=True)
    await _pass_five_minutes(office, waiting=3)
    assert await office.rows("SELECT failure FROM outbox WHERE state = 'failed'") == []

    if refuses:
        await slack.listening.up()
    else:
        slack.faults.clear()
    async with asyncio.timeout(60):
        while not (_answers(office, unknown) and [len(_answers(office, one)) for one in known] == [3, 2]):
            await _pass_time(office, Counter())
            await asyncio.sleep(0.05)
    await office.settled()
    _, who, authority = _answers(office, known[0])
    assert "David" in who
    assert "SRE lead" in authority
    assert "Amanda" in _answers(office, known[1])[1]
    assert ["Nathan" in answer for answer in _answers(office, unknown)] == [True]
