"""A step's place handed on to the next step of its run, in one short transaction.

That is what most ends of steps come to, so it is worth being quick: the place in the pool and the run's share
go from one step to the next, so that no other run gains or loses by it and the scheduling lock is not needed.
Whatever else would have to be decided is left to `Scheduler.advance`: this then changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from agents.work.claims import LEASE, Claim
from agents.work.kinds import ActionStep, Json, Step, StepKind, find_run_kinds
from storage import direct
from storage.database import driver_of

_LOCK = "SELECT FROM runs WHERE id = %(run)s FOR UPDATE"

# `mine` is the step that ends, `ready` what could begin after it. It holds nothing that others wait for by name
# (locks), and all that is ready without having been looked at is the one that begins.
_HAND_ON = """
    WITH mine AS (
        SELECT pool FROM run_steps AS step
        WHERE run = %(run)s AND key = %(key)s AND state = 'running' AND worker = %(worker)s
          AND attempt = %(attempt)s AND locks = '[]'
          AND EXISTS (
              SELECT FROM runs
              WHERE id = %(run)s AND state = 'running' AND kind <> ALL(%(owned)s)
                AND (coalesce(place, 'null') = 'null' OR look_at > %(now)s)
          )
          AND NOT EXISTS (
              SELECT FROM overrides
              WHERE kind = 'freeze' AND ended IS NULL AND (expires IS NULL OR expires > %(now)s)
          )
          AND NOT EXISTS (SELECT FROM agent_settings WHERE paused_since IS NOT NULL)
    ), ready AS (
        SELECT key, kind, pool, locks, blocked, position FROM run_steps AS step
        WHERE run = %(run)s AND state = 'waiting' AND (wake IS NULL OR wake <= %(now)s)
          AND NOT EXISTS (
              SELECT FROM jsonb_array_elements_text(step.depends_on) AS need (key)
              JOIN run_steps AS before ON before.run = %(run)s AND before.key = need.key
              WHERE before.key <> %(key)s AND before.state <> 'done'
                AND NOT (before.state IN ('failed', 'left') AND before.kind = ANY(%(soft)s))
          )
    ), next AS (
        SELECT ready.key FROM ready JOIN mine USING (pool)
        WHERE ready.locks = '[]' AND ready.kind = ANY(%(kinds)s)
          AND NOT EXISTS (SELECT FROM ready AS other WHERE other.blocked IS NULL AND other.key <> ready.key)
        ORDER BY position LIMIT 1
    ), over AS (
        UPDATE run_steps AS step
        SET state = 'done', result = %(result)s, finished = %(now)s, worker = NULL, lease = NULL,
            worked = step.worked + extract(epoch FROM clock_timestamp() - step.taken), taken = NULL
        FROM next WHERE step.run = %(run)s AND step.key = %(key)s
    )
    UPDATE run_steps AS step
    SET state = 'running', attempt = attempt + 1, worker = %(worker)s, wake = NULL,
        lease = clock_timestamp() + %(lease)s, taken = clock_timestamp(), blocked = NULL,
        started = coalesce(started, %(now)s)
    FROM next WHERE step.run = %(run)s AND step.key = next.key
    RETURNING step.key, step.kind, step.title, step.args, step.attempt, step.cursor, (
        SELECT coalesce(
            jsonb_object_agg(
                before.key,
                CASE
                    WHEN before.key = %(key)s THEN %(result)s
                    ELSE coalesce(nullif(before.result, 'null'), '{}')
                END
            ),
            '{}'
        )
        FROM run_steps AS before WHERE before.run = %(run)s AND step.depends_on ? before.key
    ), step.actor, (SELECT changed FROM agent_settings WHERE agent = step.actor)
"""


async def hand_on(
    tx: AsyncSession, kinds: Mapping[str, StepKind], claim: Claim, result: Json, now: datetime
) -> Claim | None:
    """End a step as done, and take the next of its run in its place for the same worker. None, and nothing is
    changed, where that is not all there is to do.

    The run's row is locked first, then both steps; whoever calls holds neither.
    """
    if claim.kind.finish is not None:
        return None
    values = {
        "run": claim.step.run,
        "key": claim.step.key,
        "worker": claim.worker,
        "attempt": claim.step.attempt,
        "result": direct.Jsonb(dict(result)),
        "now": now,
        "lease": LEASE,
        "kinds": [name for name, kind in kinds.items() if not isinstance(kind, ActionStep)],
        "owned": list(find_run_kinds()),
        "soft": [name for name, kind in kinds.items() if not kind.stops],
    }
    # Two statements, so that the second sees what was committed while the first waited; sent as one message.
    since = monotonic()
    async with driver_of(tx).pipeline():
        await direct.run(tx, _LOCK, {"run": claim.step.run})
        found = await direct.row(tx, _HAND_ON, values)
    return None if found is None else _claimed(claim, kinds, since, found)


def _claimed(
    before: Claim, kinds: Mapping[str, StepKind], since: float, found: tuple[Any, ...]
) -> Claim | None:
    key, kind_name, title, args, attempt, cursor, results, actor, configured = found
    kind = kinds[kind_name]
    if isinstance(kind, ActionStep):
        raise TypeError("an action has no worker")
    step = Step(
        tenant=before.step.tenant,
        run=before.step.run,
        key=key,
        title=title,
        args=args,
        requester=before.step.requester,
        subject=before.step.subject,
        plan=before.step.plan,
        attempt=attempt,
        cursor=cursor,
        results=results,
    )
    return Claim(step, kind, before.worker, since, actor, configured)
