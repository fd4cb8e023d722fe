"""What takes merges back, as rows: the run that does, and what of some merges still stands and may go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.story_releases import release_of
from agents.engineering.story_rows import story_work
from agents.engineering.tables import StoryReleaseRow, StoryWorkRow
from agents.work.tables import ENDED, RunRow


@dataclass(frozen=True, slots=True)
class Standing:
    """Of the merges of some runs: those that stand (`stories`), and the version that is in staging of what took
    others back last, if one was. `waits_for` says what is being taken back just now, and `stuck` what was to be
    taken back and could not be."""

    stories: tuple[str, ...]
    version: str | None = None
    waits_for: str | None = None
    stuck: str | None = None


async def revert_of(tx: AsyncSession, run: str) -> RunRow | None:
    """The newest run that takes back what this one merged."""
    query = (
        select(RunRow)
        .join(StoryWorkRow, (StoryWorkRow.tenant == RunRow.tenant) & (StoryWorkRow.run == RunRow.id))
        .where(StoryWorkRow.takes_back == run)
    )
    found = query.order_by(StoryWorkRow.created.desc()).limit(1).execution_options(populate_existing=True)
    return (await tx.execute(found)).scalar()


async def standing_of(tx: AsyncSession, stories: Sequence[str]) -> Standing:
    """What stands of what these runs merged."""
    standing: list[str] = []
    released: list[StoryReleaseRow] = []
    for run in stories:
        back, is_back = await _newest_word(tx, run)
        if not is_back:
            standing.append(run)
        if back is None:
            continue
        release = await release_of(tx, back.id)
        if release is not None and release.staged is not None:
            released.append(release)
        elif back.state not in ENDED and (release is None or release.says is None):
            return Standing(tuple(stories), waits_for=back.title)
        else:
            return Standing(tuple(stories), stuck=back.title)
    last = max(released, key=lambda one: one.staged or one.created, default=None)
    return Standing(tuple(standing), None if last is None else last.version)


async def _newest_word(tx: AsyncSession, run: str) -> tuple[RunRow | None, bool]:
    """The last run that took back, or is to take back, what this one merged, or what took that back; and
    whether the merge is back by then. One that was given up has no say."""
    last, is_back, newest = None, False, run
    while (back := await revert_of(tx, newest)) is not None:
        if (await story_work(tx, back.id)).merged is None:
            gave_up = back.state in ("done", "cancelled")
            return (last if gave_up else back), is_back
        last, is_back, newest = back, not is_back, back.id
    return last, is_back
