"""What a merged story is released as: nothing of a library, the pipeline's release where that builds, and
where a version or a later one runs already."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from agents.engineering import release_step
from agents.engineering.new_version import put_off, stands
from agents.work.kinds import Over, Step, Still, Worker
from governance.department import Department
from governance.department_file import read_department
from governance.release_rules import ReleaseRules
from integrations.code_host.refusals import NoSuchCommit
from integrations.deployments import Canary, Release, Running, Stage, Status, Strategy, Target
from integrations.deployments.actions import BeginCanary, Deploy
from integrations.pages import Page
from tests.architecture.source import ROOT

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
MERGED, OLDER = "b" * 40, "a" * 40
NEW = Release("orders", "1.2-gbbb", "2" * 64, NOW, commit=MERGED, story="CARD-1")
OLD = Release("orders", "1.1-gaaa", "1" * 64, NOW - timedelta(days=1), commit=OLDER)
RUNS = Running(OLD.version, OLD.digest, 2, 2)


@dataclass
class Platform:
    """What runs of orders, and what there is of it."""

    known: Sequence[Release] = (NEW, OLD)
    stable: Running | None = RUNS
    canary: Canary | None = None
    strategies: frozenset[Strategy] = frozenset(Strategy)

    async def services(self) -> Sequence[str]:
        return ["orders"] if self.known else []

    async def releases(self, _query: object) -> Page[Release]:
        return Page(tuple(self.known), None)

    async def status(self, target: Target) -> Status:
        return Status(target, self.stable, self.canary, "http://here", NOW)


@dataclass
class History:
    """The commits of one branch, newest first."""

    shas: Sequence[str] = (MERGED, OLDER)

    async def commits(self, query: Any) -> Page[Any]:
        if query.sha not in self.shas:
            raise NoSuchCommit(query.sha)
        found = self.shas[self.shas.index(query.sha) :]
        return Page(tuple(SimpleNamespace(sha=one) for one in found), None)


@dataclass
class At:
    """A worker over the work on one story."""

    platform: Any = field(default_factory=Platform)
    service: str | None = "orders"
    time: datetime = NOW

    @property
    def ports(self) -> Any:
        return SimpleNamespace(deployments=self.platform, code_host=History())

    def now(self) -> datetime:
        return self.time

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        yield self


@pytest.fixture(autouse=True)
def the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    async def of(tx: Any, _run: str) -> Any:
        return SimpleNamespace(
            repository="orders", service=tx.service, merged=MERGED, story="CARD-1", brief={"title": "x"}
        )

    monkeypatch.setattr(release_step, "story_work", of)


def _step(cursor: Any = None) -> Step:
    return Step("t", "rn_1", "release", "", {}, None, None, None, 1, cursor, {})


def _worker(at: At) -> Worker:
    return at  # type: ignore[return-value]


async def test_a_library_is_merged_and_says_so() -> None:
    said = await release_step._release(_step(), _worker(At(service=None)))
    assert said == {"says": "orders is no service, so it is merged and nothing of it is deployed."}


async def test_where_the_platform_does_not_build_the_pipeline_is_waited_for() -> None:
    assert await release_step._release(_step(), _worker(At())) == {"pipeline": True}
    at = At(Platform(known=(OLD,)))
    first = await release_step._pipeline(_step(), _worker(at))
    assert isinstance(first, Still)
    assert first.detail == f"Your pipeline is to release orders at {MERGED[:12]}."
    at.time = NOW + timedelta(days=4)
    assert isinstance(await release_step._pipeline(_step(first.cursor), _worker(at)), Still)
    at.platform = Platform(known=(replace(NEW, commit=MERGED[:7]), OLD))
    found = await release_step._pipeline(_step(first.cursor), _worker(at))
    assert found == Over({"version": NEW.version, "digest": NEW.digest})


@pytest.mark.parametrize(
    ("known", "days", "says"), [((), 0, "it ends here"), ((OLD,), 6, "It has not within 5")]
)
async def test_what_the_pipeline_does_not_release_ends_with_a_sentence(
    known: tuple[Release, ...], days: int, says: str
) -> None:
    at = At(Platform(known=known), time=NOW + timedelta(days=days))
    ended = await release_step._pipeline(_step({"since": NOW.isoformat()}), _worker(at))
    assert isinstance(ended, Over)
    assert says in ended.result["says"]


async def _stands(platform: Platform, stage: Stage = Stage.PRODUCTION, **rules: Any) -> Any:
    return await stands(At(platform).ports, NEW, stage, "orders", ReleaseRules(**rules))


async def test_a_version_that_has_the_commit_is_left() -> None:
    assert (await _stands(Platform(stable=Running(NEW.version, NEW.digest, 1, 1)))).runs
    later = replace(NEW, version="1.3", digest="3" * 64, commit="c" * 40)
    platform = Platform(known=(later, NEW, OLD), stable=Running("1.3", "3" * 64, 1, 1))
    ports = SimpleNamespace(deployments=platform, code_host=History(("c" * 40, MERGED, OLDER)))
    found = await stands(ports, NEW, Stage.STAGING, "orders", ReleaseRules())  # type: ignore[arg-type]
    assert found.passed == "1.3"


async def test_production_comes_as_the_department_has_it() -> None:
    canary = (await _stands(Platform())).action
    assert isinstance(canary, BeginCanary)
    assert (canary.before, canary.content) == ("1.1-gaaa", NEW.digest)
    assert isinstance((await _stands(Platform(), Stage.STAGING)).action, Deploy)
    assert isinstance((await _stands(Platform(), production="all at once")).action, Deploy)
    assert isinstance((await _stands(Platform(strategies=frozenset({Strategy.ALL_AT_ONCE})))).action, Deploy)
    first = (await _stands(Platform(stable=None))).action
    assert isinstance(first, Deploy)
    assert (first.before, first.replicas) == (None, 1)


async def test_behind_a_migration_nothing_stands_side_by_side() -> None:
    between = Release("orders", "1.1.5", "5" * 64, NOW - timedelta(hours=1), irreversible=True)
    assert isinstance((await _stands(Platform(known=(NEW, between, OLD)))).action, Deploy)


async def test_a_canary_under_way_is_waited_for() -> None:
    canary = Canary("c", "9.9", "9" * 64, 1, 1, 0.1, 30.0)
    assert (await _stands(Platform(canary=canary))).busy == "9.9"


async def test_a_blackout_puts_production_off_and_staging_not() -> None:
    department: Department = read_department(ROOT / "examples" / "acme" / "department.yaml")
    dark = {"blackouts": ({"from": "2026-11-30", "to": "2026-12-01", "why": "sale"},)}
    rules = ReleaseRules.model_validate(dark)
    frozen = department.model_copy(update={"releases": rules})
    production = (await _stands(Platform())).action
    staging = (await _stands(Platform(), Stage.STAGING)).action
    free = put_off(frozen, production, NOW)
    assert free is not None
    assert free > NOW
    assert put_off(frozen, staging, NOW) is None
    assert put_off(department, production, NOW) is None


@pytest.mark.parametrize(
    ("stable", "canary", "follows"),
    [
        (RUNS, None, True),
        (Running("0.9", "9" * 64, 1, 1), None, False),
        (None, None, False),
        (RUNS, "9.9", None),
    ],
)
async def test_what_takes_a_merge_back_follows_it_to_production(
    monkeypatch: pytest.MonkeyPatch, stable: Running | None, canary: str | None, follows: bool | None
) -> None:
    """By what runs there: a canary of it that is under way may still come through."""
    on_its_way = None if canary is None else Canary("c", canary, "9" * 64, 1, 1, 0.1, 30.0)
    at = At(Both(stable, on_its_way))
    back = {"repository": "orders", "service": "orders", "takes_back": "rn_0", "merged": MERGED}
    works = {"rn_1": back, "rn_0": {**back, "takes_back": None, "merged": OLDER}}

    async def of(_tx: object, run: str) -> Any:
        return SimpleNamespace(**works[run])

    async def department(_tx: object) -> Any:
        return SimpleNamespace(releases=ReleaseRules())

    monkeypatch.setattr(release_step, "story_work", of)
    monkeypatch.setattr(release_step, "read_department", department)
    step = replace(_step(), args={"version": NEW.version, "try": 1})
    looked = await release_step._staging(step, _worker(at))
    assert isinstance(looked, Still if follows is None else Over)
    if isinstance(looked, Over):
        assert looked.result["follows"] == follows


@dataclass
class Both(Platform):
    """The new version runs in staging, something else in production."""

    def __init__(self, stable: Running | None, canary: Canary | None) -> None:
        super().__init__(stable=stable, canary=canary)

    async def release(self, _service: str, _version: str) -> Release:
        return NEW

    async def status(self, target: Target) -> Status:
        if target.stage is Stage.STAGING:
            return Status(target, Running(NEW.version, NEW.digest, 1, 1), None, "http://here", NOW)
        return await super().status(target)


@pytest.mark.parametrize("stage", [Stage.STAGING, Stage.PRODUCTION])
async def test_people_are_asked_about_it_with_what_it_mends_and_how_it_goes_back(stage: Stage) -> None:
    mends = replace(NEW, advisory="CVE-2026-1", irreversible=None)
    asked = (
        await stands(At(Platform(known=(mends, OLD))).ports, mends, stage, "orders", ReleaseRules())
    ).action
    assert asked is not None
    assert asked.advisory == "CVE-2026-1"
    assert "reviewed" not in asked.rationale, "people may have merged it as it was"
    if isinstance(asked, Deploy):
        assert "needs somebody to say that its migration can be taken back" in asked.rollback_plan
