"""How much of repositories their suites run, from the rows of suites that were run.

Coverage belongs to files, not to commits: a row is of a tree, so what a merge was judged by counts for the
commit that it became. A repository's trend is over the commits of its default branch, where a suite was run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import null, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.coverage_tables import SuiteRunRow
from agents.engineering.judging import load
from agents.engineering.tables import VerdictRow
from agents.engineering.verdict.line_coverage import LineCoverage
from agents.engineering.verdict.suite import SuiteRun
from governance.outside_text import storable
from integrations.code_host import CodeHost, CommitQuery
from integrations.code_host.contents import Commit, Repository
from integrations.code_host.pull_requests import PullRequest

MOST_COMMITS = 100
"""Of a default branch that are looked back over."""

_LINES = TypeAdapter(LineCoverage)


@dataclass(frozen=True, slots=True)
class Point:
    """What the suite did at one commit: tests by outcome, and lines that ran of those that could (None where
    that was not measured). `at` is the commit's time, `measured` when the suite ran."""

    commit: str
    at: datetime
    measured: datetime
    passed: int
    failed: int
    covered: int | None
    total: int | None

    @property
    def share(self) -> float | None:
        """Per cent of the lines; None where nothing was measured, or there is nothing to run."""
        return 100 * self.covered / self.total if self.total and self.covered is not None else None


@dataclass(frozen=True, slots=True)
class Covered:
    """A repository's coverage: `points` oldest first, those of commits of its default branch at which the suite
    ran. `head` is where the branch is now, None where there is none."""

    repository: str
    branch: str | None
    head: str | None
    points: tuple[Point, ...]

    @property
    def newest(self) -> Point | None:
        """The newest that was measured."""
        return next((one for one in reversed(self.points) if one.share is not None), None)

    @property
    def first(self) -> Point | None:
        """The oldest that was measured."""
        return next((one for one in self.points if one.share is not None), None)


async def keep_suite(
    transaction: Callable[[], AbstractAsyncContextManager[AsyncSession]],
    repository: str,
    tree: str,
    run: SuiteRun,
) -> None:
    """Keep what a suite did over the files of a tree; a later run of it takes its place. One that a limit ended
    or that ran no test is no measure, and is not kept."""
    if run.limit or not run.outcomes:
        return
    outcomes = Counter(run.outcomes.values())
    lines = run.coverage
    row = {
        "repository": repository,
        "tree": tree,
        "passed": outcomes["passed"],
        "failed": outcomes["failed"] + outcomes["error"],
        "skipped": outcomes["skipped"],
        "covered": None if lines is None else lines.covered,
        "total": None if lines is None else lines.total,
        "files": null() if lines is None else _storable(_LINES.dump_python(lines, mode="json")),
    }
    made = insert(SuiteRunRow).values(row)
    keys = ["tenant", "repository", "tree"]
    again = {name: made.excluded[name] for name in row if name not in keys} | {"at": made.excluded.at}
    async with transaction() as tx:
        await tx.execute(made.on_conflict_do_update(index_elements=keys, set_=again))


def _storable(value: object) -> object:
    match value:
        case str():
            return storable(value)
        case dict():
            return {key: _storable(one) for key, one in value.items()}
        case list() | tuple():
            return [_storable(one) for one in value]
        case _:
            return value


async def failing_suites(tx: AsyncSession, limit: int) -> Sequence[SuiteRunRow]:
    """The newest run of each repository's suite in which tests failed, the newest first."""
    newest = (
        select(SuiteRunRow.repository, SuiteRunRow.tree, SuiteRunRow.failed)
        .ext(distinct_on(SuiteRunRow.repository))
        .order_by(SuiteRunRow.repository, SuiteRunRow.at.desc())
        .subquery()
    )
    query = (
        select(SuiteRunRow)
        .join(newest, (SuiteRunRow.repository == newest.c.repository) & (SuiteRunRow.tree == newest.c.tree))
        .where(newest.c.failed > 0)
        .order_by(SuiteRunRow.at.desc())
    )
    return (await tx.execute(query.limit(limit))).scalars().all()


async def measured_repositories(tx: AsyncSession) -> frozenset[str]:
    """Those of which any suite was ever run: of the others nothing is known, whatever their history is."""
    return frozenset((await tx.execute(select(SuiteRunRow.repository).distinct())).scalars())


async def history(host: CodeHost, repository: Repository) -> tuple[Commit, ...]:
    """The newest commits of its default branch. Raises CodeHostError, Away."""
    if repository.default_branch is None or repository.is_empty:
        return ()
    head = (await host.branch(repository.id, repository.default_branch)).sha
    return (await host.commits(CommitQuery(repository.id, head, limit=MOST_COMMITS))).items


async def covered(tx: AsyncSession, repository: Repository, commits: Sequence[Commit]) -> Covered:
    """What is known of it, by its `history`."""
    query = select(SuiteRunRow).where(
        SuiteRunRow.repository == repository.id, SuiteRunRow.tree.in_({one.tree for one in commits})
    )
    rows = {row.tree: row for row in (await tx.execute(query)).scalars()}
    points = [_point(one, rows[one.tree]) for one in reversed(commits) if one.tree in rows]
    head = commits[0].sha if commits else None
    return Covered(repository.id, repository.default_branch, head, tuple(points))


def _point(commit: Commit, row: SuiteRunRow) -> Point:
    at = commit.committer.at
    return Point(commit.sha, at, row.at, row.passed, row.failed, row.covered, row.total)


async def lines_of(tx: AsyncSession, repository: str, trees: Sequence[str]) -> LineCoverage | None:
    """By file and function, over the first of these trees that was measured."""
    query = select(SuiteRunRow.tree, SuiteRunRow.files).where(
        SuiteRunRow.repository == repository, SuiteRunRow.tree.in_(trees), SuiteRunRow.files.is_not(None)
    )
    found = {row.tree: row.files for row in (await tx.execute(query)).all()}
    files = next((found[tree] for tree in trees if tree in found), None)
    return None if files is None else _LINES.validate_python(files)


async def changed_lines(tx: AsyncSession, pulls: Sequence[PullRequest]) -> dict[str, tuple[int, int]]:
    """By pull request (`orders#3`): how many of its changed lines ran, and how many could, as it was judged
    last at the commit where it is now. One that was not judged there is not in it."""
    query = (
        select(VerdictRow.repository, VerdictRow.head, VerdictRow.verdict)
        .where(VerdictRow.head.in_({one.head_sha for one in pulls}))
        .order_by(VerdictRow.at)
    )
    judged = {(row.repository, row.head): load(row.verdict) for row in (await tx.execute(query)).all()}
    found = {}
    for pull in pulls:
        judgement = judged.get((pull.repository, pull.head_sha))
        if judgement is not None and judgement.covered is not None and judgement.coverable is not None:
            found[str(pull)] = (judgement.covered, judgement.coverable)
    return found
