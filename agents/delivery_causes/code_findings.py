"""Causes of delay in code: pull requests that stand still, and branches whose checks fail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from agents.delivery_causes.evidence import PullSeen
from agents.delivery_causes.findings import Finding, Kind
from agents.delivery_causes.scene import Scene, listed

REVIEW_DAYS, STALE_DAYS = 1, 5
"""Working days after which a review, and a pull request that nobody moves, are late."""


def pull_findings(scene: Scene) -> Iterator[Finding]:
    """Open pull requests that stand still, each with the first reason that holds."""
    for one in scene.seen.pulls:
        holds = scene.open_of(one.stories)
        told = _pull_trouble(one, scene) if holds else None
        if told is None:
            continue
        kind, what, since = told
        team = scene.team(one.service) or scene.stories[holds[0]].team
        writer = one.pull.author if kind in (Kind.CONFLICTS, Kind.STALE, Kind.CHECKS) else scene.lead(team)
        yield Finding(
            f"pull:{one.pull}",
            kind,
            what,
            since,
            holds,
            writer,
            team,
            one.service or "",
            evidence=(f"{one.pull} at {one.pull.head_sha[:12]}",),
        )


def _pull_trouble(one: PullSeen, scene: Scene) -> tuple[Kind, str, datetime] | None:
    pull = one.pull
    if one.failing:
        names = listed(one.failing)
        return Kind.CHECKS, f"Checks of {pull} fail: {names}", one.failing_since or pull.updated
    if pull.has_conflicts:
        return Kind.CONFLICTS, f"{pull} conflicts with {pull.base}", pull.updated
    if one.changes_asked is not None:
        return Kind.REVIEW, f"A reviewer of {pull} asked for changes", one.changes_asked
    idle = scene.days_since(pull.updated)
    if idle >= STALE_DAYS:
        return Kind.STALE, f"Nobody has moved {pull} for {idle} working days", pull.updated
    waits = scene.days_since(pull.created)
    if not one.approved and not pull.is_draft and waits > REVIEW_DAYS:
        return Kind.REVIEW, f"{pull} waits for a review", pull.created
    return None


def branch_findings(scene: Scene) -> Iterator[Finding]:
    """Default branches whose checks fail."""
    for one in scene.seen.branches:
        pulls = {
            id for pull in scene.seen.pulls if pull.pull.repository == one.repository for id in pull.stories
        }
        holds = set(scene.open_of(frozenset(pulls)))
        if one.service:
            holds |= set(scene.begun_at(one.service))
        if holds:
            team = scene.team(one.service) or scene.stories[min(holds)].team
            longer = ", or longer" if one.at_least else ""
            yield Finding(
                f"branch:{one.repository}:{one.branch}",
                Kind.CHECKS,
                f"Checks of {one.repository} fail on {one.branch}{longer}: {listed(one.checks)}",
                one.since,
                tuple(sorted(holds)),
                scene.lead(team),
                team,
                one.service or "",
                evidence=(f"{one.repository} since {one.first[:12]}",),
            )
