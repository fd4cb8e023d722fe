"""Pull requests as their branches are now: what stands in their rows is how they were when they ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from integrations.code_host import bare_repository
from integrations.code_host.pull_requests import PullRequest, PullRequestState
from integrations.code_host.vendors.local.repositories import Repositories
from integrations.code_host.vendors.local.rows import pull_request_of
from integrations.code_host.vendors.local.tables import PullRequestRow


async def current(found: Sequence[PullRequestRow], repositories: Repositories) -> tuple[PullRequest, ...]:
    """Each as it is now, without word of conflicts while it is open: its repository is asked once for all."""
    branches: defaultdict[str, set[str]] = defaultdict(set)
    for row in found:
        if row.state == PullRequestState.OPEN.value:
            branches[row.repository] |= {row.head, row.base}
    tips = {
        name: await bare_repository.tips(await repositories.git(name), wanted)
        for name, wanted in branches.items()
    }
    return tuple(_as_now(row, tips.get(row.repository, {})) for row in found)


def _as_now(row: PullRequestRow, tips: Mapping[str, str]) -> PullRequest:
    if row.state != PullRequestState.OPEN.value:
        return pull_request_of(row)
    head, base = tips.get(row.head), tips.get(row.base)
    now = {"head_sha": head or row.head_sha, "base_sha": base or row.base_sha}
    return pull_request_of(row, has_head=head is not None, **now)
