"""What a code host tells: whoever waits for that repository looks at once, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from agents.engineering.code_events import look_at_code
from agents.engineering.tables import StoryWorkRow
from integrations.code_host.webhooks import CodeEvent, CodeEventKind, store_event
from tests.agents.work.conftest import Engine, edge, edge_url, engine, house

__all__ = ["edge", "edge_url", "engine", "house"]

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)


async def _waits(engine: Engine, repository: str) -> str:
    """The run of a story in this repository, asleep for ten minutes."""
    run = await engine.begin(engine.step("wait", "told", seconds=600))
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        tx.add(
            StoryWorkRow(
                run=run,
                story=f"OPS-{run[-4:]}",
                repository=repository,
                discipline="backend",
                answers="david",
                brief={},
                base_branch="main",
                base="a" * 40,
                branch=f"countersign/{run}",
            )
        )
    await engine.round(run)
    assert await engine.states(run) == {"wait": "asleep"}
    return run


async def _look(engine: Engine, repository: str, *, is_second: bool = False) -> None:
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await look_at_code(tx, repository, datetime.now(UTC), is_second=is_second)


async def _is_due(engine: Engine, run: str) -> bool:
    (row,) = await engine.rows(run)
    return row.wake is not None and row.wake <= datetime.now(UTC)


async def _queued(engine: Engine, name: str) -> list[dict[str, str]]:
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        query = text(
            "SELECT args FROM procrastinate_jobs WHERE task_name = :name AND args->>'tenant' = :tenant"
        )
        return list((await tx.execute(query, {"name": name, "tenant": engine.house.tenant})).scalars())


async def test_those_who_wait_for_the_repository_look_at_once(engine: Engine) -> None:
    ours, other = await _waits(engine, "acme/orders"), await _waits(engine, "acme/billing")
    await _look(engine, "Acme/Orders")
    assert (await _is_due(engine, ours), await _is_due(engine, other)) == (True, False)
    before = len([one for one in await _queued(engine, "advance_run") if one["run"] == ours])
    await engine.round(ours)
    (row,) = await engine.rows(ours)
    assert row.cursor is not None
    assert row.cursor["looked"] == 2, "it has looked again, long before its time"
    assert before
    await _look(engine, "")
    assert await _is_due(engine, other), "where nothing is named, all look"


async def test_whoever_looks_just_then_is_asked_once_more(engine: Engine) -> None:
    run = await _waits(engine, "acme/orders")
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await tx.execute(text("UPDATE run_steps SET state = 'running' WHERE run = :run"), {"run": run})
    await _look(engine, "acme/orders")
    assert [one["is_second"] for one in await _queued(engine, "look_at_code")] == ["yes"]
    await _look(engine, "acme/orders", is_second=True)
    assert len(await _queued(engine, "look_at_code")) == 1, "and not for ever"


async def test_an_event_is_stored_first_once_and_not_for_ever(engine: Engine) -> None:
    def event(number: int, at: datetime) -> CodeEvent:
        return CodeEvent("github", f"id-{number}", f"{number:064}", CodeEventKind.PUSH, "", "acme/orders", at)

    async def store(one: CodeEvent) -> bool:
        async with engine.house.database.transaction(engine.house.tenant) as tx:
            return await store_event(tx, one)

    assert await store(event(1, AT))
    assert not await store(event(1, AT + timedelta(minutes=1)))
    assert [one["repository"] for one in await _queued(engine, "look_at_code")] == ["acme/orders"]
    assert await store(event(2, AT + timedelta(days=31)))
    assert len(await _queued(engine, "look_at_code")) == 1, "one look is enough for both"
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        kept = (await tx.execute(text("SELECT delivery FROM code_events"))).scalars().all()
    assert kept == ["id-2"]


async def test_no_more_than_so_many_events_are_kept(engine: Engine) -> None:
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        many = text(
            "INSERT INTO code_events (source, delivery, digest, kind, action, at)"
            " SELECT 'github', n::text, n::text, 'push', '', CAST(:at AS timestamptz) + n * interval '1 second'"
            " FROM generate_series(1, 10001) AS n"
        )
        await tx.execute(many, {"at": AT})
        last = AT + timedelta(hours=12)
        await store_event(tx, CodeEvent("github", "last", "d", CodeEventKind.PUSH, "", None, last))
        assert (await tx.execute(text("SELECT count(*) FROM code_events"))).scalar() == 10_000
        assert (await tx.execute(text("SELECT min(at) FROM code_events"))).scalar() == AT + timedelta(seconds=3)
