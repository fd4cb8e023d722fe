"""What code hosts tell: open pull requests of the stories, default branches whose checks fail, API documents.

The open pull requests are listed; only those that are for a story are looked at closely, and of these, and of
the repositories, as many as the bounds here say.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agents.delivery_causes.api_breaks import api_breaks
from agents.delivery_causes.evidence import ApiBreak, ApiDocument, BranchFailing, PullSeen
from agents.delivery_causes.mentions import is_of_api_documents, likely_service
from agents.engineering.repositories import Known, known_repositories
from integrations.code_host import CheckQuery, CodeHost, CommitQuery, PullRequestQuery, TreeQuery, UnderQuery
from integrations.code_host.pull_requests import Check, CheckState, PullRequest, PullRequestState, ReviewVerdict
from integrations.code_host.refusals import CodeHostError
from integrations.pages import every
from integrations.ports import Ports
from integrations.services import CatalogueError, Service
from integrations.tracker import Story, StoryStatus
from storage.look import Away

MOST_PULLS, MOST_CLOSELY, MOST_BRANCHES, MOST_COMMITS = 300, 24, 8, 15
_AT_ONCE = 6
_API = re.compile(r"openapi\.(?:ya?ml|json)", re.IGNORECASE)
_NOT_OVER = frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED}
_BEGUN = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED})


@dataclass(frozen=True, slots=True)
class Code:
    """What was seen of code. `documented` are the OpenAPI documents, by service."""

    pulls: tuple[PullSeen, ...] = ()
    branches: tuple[BranchFailing, ...] = ()
    breaks: tuple[ApiBreak, ...] = ()
    documented: Mapping[str, ApiDocument] = field(default_factory=dict)


async def code_seen(
    ports: Ports,
    stories: Sequence[Story],
    of_agents: Mapping[tuple[str, int], str],
    services: Sequence[Service],
    relevant: Collection[str],
    now: datetime,
    unknown: list[str],
) -> Code:
    """What is seen of the code of these stories and of the `relevant` services; `of_agents` are the stories of
    agents' pull requests, by repository and number."""
    try:
        known = await known_repositories(ports)
        pulls = await _pulls(ports, stories, of_agents, known, unknown)
        wanted = _repositories(known, relevant, pulls)
        if len(wanted) > MOST_BRANCHES:
            unknown.append(f"Whether the checks of {len(wanted) - MOST_BRANCHES} more repositories pass.")
        branches = await _branches(ports.code_host, wanted[:MOST_BRANCHES])
        documented = await _documented(ports.code_host, known, stories, services, relevant)
        breaks = await api_breaks(ports.code_host, documented, services, now)
    except (CodeHostError, CatalogueError, Away) as failed:
        unknown.append(f"Pull requests and checks: {failed}")
        return Code()
    return Code(pulls, branches, breaks, documented)


async def _pulls(
    ports: Ports,
    stories: Sequence[Story],
    of_agents: Mapping[tuple[str, int], str],
    known: Sequence[Known],
    unknown: list[str],
) -> tuple[PullSeen, ...]:
    wanted = {one.id for one in stories if one.status in _BEGUN or one.status is StoryStatus.SCHEDULED}
    if not wanted:
        return ()
    listed: list[PullRequest] = []
    async for pull in every(ports.code_host.pull_requests, PullRequestQuery(state=PullRequestState.OPEN)):
        if len(listed) >= MOST_PULLS:
            unknown.append(f"Open pull requests beyond the newest {MOST_PULLS}.")
            break
        listed.append(pull)
    services = {one.repository.id: one.service.id for one in known if one.service is not None}
    shape = ports.tracker.story_ids
    found: list[tuple[PullRequest, tuple[str, ...]]] = []
    for pull in listed:
        text = f"{pull.title} {pull.head} {pull.body[:2000]}"
        named = {shape.spelt(one[0]) for one in shape.pattern.finditer(text)} & wanted
        if (work := of_agents.get((pull.repository, pull.number))) is not None:
            named |= {work}
        if named:
            found.append((pull, tuple(sorted(named))))
    if len(found) > MOST_CLOSELY:
        unknown.append(f"The checks and reviews of {len(found) - MOST_CLOSELY} of {len(found)} pull requests.")
    limit = asyncio.Semaphore(_AT_ONCE)

    async def closely(pull: PullRequest, named: tuple[str, ...]) -> PullSeen:
        async with limit:
            return await _closely(ports.code_host, pull, named, services.get(pull.repository))

    oldest = sorted(found, key=lambda one: (one[0].created, str(one[0])))[:MOST_CLOSELY]
    return tuple(await asyncio.gather(*(closely(pull, named) for pull, named in oldest)))


async def _closely(
    host: CodeHost, pull: PullRequest, stories: tuple[str, ...], service: str | None
) -> PullSeen:
    pull = await host.pull_request(pull.repository, pull.number)  # a list says nothing of conflicts
    checks = (await host.checks(CheckQuery(pull.repository, pull.head_sha))).items
    failed = [one for one in checks if one.state is CheckState.FAILED]
    reviews = (await host.reviews(UnderQuery(pull.repository, pull.number))).items
    newest = {one.author: one for one in reviews if one.verdict is not ReviewVerdict.COMMENTED}
    asked = [one.at for one in newest.values() if one.verdict is ReviewVerdict.CHANGES_REQUESTED]
    return PullSeen(
        pull,
        stories,
        service,
        tuple(one.name for one in failed),
        min((one.at for one in failed), default=None),
        any(one.verdict is ReviewVerdict.APPROVED and one.sha == pull.head_sha for one in newest.values()),
        max((one.at for one in newest.values() if one.sha == pull.head_sha and one.at in asked), default=None),
    )


def _repositories(
    known: Sequence[Known], relevant: Collection[str], pulls: Sequence[PullSeen]
) -> tuple[Known, ...]:
    """Those of the relevant services, and those with pull requests of the stories; these first."""
    with_pulls = {one.pull.repository for one in pulls}
    found = [
        one
        for one in known
        if one.is_open
        and (one.repository.id in with_pulls or (one.service is not None and one.service.id in relevant))
    ]
    return tuple(sorted(found, key=lambda one: (one.repository.id not in with_pulls, one.repository.id)))


async def _branches(host: CodeHost, wanted: Sequence[Known]) -> tuple[BranchFailing, ...]:
    limit = asyncio.Semaphore(_AT_ONCE)

    async def one(known: Known) -> BranchFailing | None:
        async with limit:
            return await _branch(host, known)

    found = await asyncio.gather(*map(one, wanted))
    return tuple(each for each in found if each is not None)


async def _branch(host: CodeHost, known: Known) -> BranchFailing | None:
    """The default branch where its head's checks fail, with since when: commits back to one without them."""
    repository, name = known.repository.id, known.repository.default_branch
    if name is None:
        return None
    head = (await host.branch(repository, name)).sha
    failed = await _failed(host, repository, head)
    if not failed:
        return None
    names, since, first = {one.name for one in failed}, min(one.at for one in failed), head
    earlier = (await host.commits(CommitQuery(repository, head, limit=MOST_COMMITS))).items[1:]
    at_least = len(earlier) == MOST_COMMITS - 1
    for commit in earlier:
        checks = (await host.checks(CheckQuery(repository, commit.sha))).items
        told = [one for one in checks if one.name in names]
        if told and all(one.state is not CheckState.FAILED for one in told):
            at_least = False
            break
        if told:  # otherwise nothing was tried of this commit
            since, first = _earliest(told, since), commit.sha
    service = known.service.id if known.service else None
    return BranchFailing(repository, name, service, tuple(sorted(names)), since, first, at_least)


async def _failed(host: CodeHost, repository: str, sha: str) -> list[Check]:
    checks = (await host.checks(CheckQuery(repository, sha))).items
    return [one for one in checks if one.state is CheckState.FAILED]


def _earliest(told: Sequence[Check], since: datetime) -> datetime:
    return min([since, *(one.at for one in told if one.state is CheckState.FAILED)])


async def api_document(host: CodeHost, repository: str, sha: str) -> str | None:
    """The path of the OpenAPI document at the top of a repository; None where there is none."""
    entries = (await host.tree(TreeQuery(repository, sha))).items
    return next((one.path for one in entries if _API.fullmatch(one.path)), None)


async def _documented(
    host: CodeHost,
    known: Sequence[Known],
    stories: Sequence[Story],
    services: Sequence[Service],
    relevant: Collection[str],
) -> Mapping[str, ApiDocument]:
    """Of the services that may be waited for, those with an OpenAPI document."""
    likely = {
        likely_service((one.title,), services, one.team)
        for one in stories
        if one.status in _NOT_OVER and one.discipline == "documentation" and is_of_api_documents(one.title)
    }
    found: dict[str, ApiDocument] = {}
    for one in known:
        if one.service is None or one.service.id not in {*relevant, *likely} or not one.is_open:
            continue
        if len(found) >= MOST_BRANCHES:
            break
        branch = await host.branch(one.repository.id, one.repository.default_branch or "main")
        if (path := await api_document(host, one.repository.id, branch.sha)) is not None:
            found[one.service.id] = ApiDocument(one.repository.id, branch.sha, path)
    return found
