"""What the gate makes of the code host's answers: done, refused, not known; and what the matrix is told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, OutcomeState
from governance.people import Actor
from governance.registry import ActionSpec, EffectFailed, OutcomeUncertain
from integrations.code_host import CodeHost, UnderQuery
from integrations.code_host.actions import (
    ClosePullRequest,
    CommentOnPullRequest,
    MergePullRequest,
    OpenPullRequest,
    PushBranch,
    ReportCheck,
    RevertPullRequest,
    ReviewInPerson,
    ReviewPullRequest,
    UpdatePullRequest,
)
from integrations.code_host.contents import MergeWay
from integrations.code_host.performing import specs
from integrations.code_host.pull_requests import CheckState, PullRequestState, ReviewVerdict
from integrations.code_host.vendors.local.client import LocalCodeHost
from storage.database import Database
from storage.look import Away
from tests.integrations.code_host.effects_contract import BRANCH, grant, made, opened
from tests.integrations.code_host.workshop import Workshop

WHY = {"rationale": "r", "impact": "i", "rollback_plan": "b", "repository": "orders"}


async def never_judged(action: MergePullRequest, _tx: AsyncSession) -> bool:
    """Nobody has judged it."""
    raise LookupError(f"nobody has worked out what {action.pull_request} breaks")


def spec_of(kind: type[Action]) -> ActionSpec:
    return next(one for one in specs(never_judged) if one.action is kind)


async def perform(action: Action, host: LocalCodeHost, name: str) -> Any:
    effect: Any = spec_of(type(action)).effect
    return await effect(action, grant(host, name), host)


@pytest.fixture
async def looking(database: Database, tenant: str) -> AsyncIterator[AsyncSession]:
    async with database.statements(tenant) as tx:
        yield tx


async def established(action: Action, tx: AsyncSession, actor: Actor) -> Any:
    establish = spec_of(type(action)).establish
    assert establish is not None
    return await establish(action, actor, tx)


AGENT = Actor("agent", "backend_engineer", on_behalf_of="david")


async def test_from_a_push_to_a_merge_and_back(host: LocalCodeHost, clone: Workshop, tmp_path: Path) -> None:
    base = clone.commit("Add", {"a.txt": "1\n"})
    clone.push("main")
    head = await made(host, tmp_path, base, {"a.txt": "2\n"})
    pushed = await perform(PushBranch(**WHY, branch=BRANCH, sha=head), host, "g1")
    assert (pushed.state, pushed.reference) == (OutcomeState.DONE, head)
    about = {"title": "Total", "text": "Why.", "head": BRANCH, "head_sha": head, "base": "main"}
    opening = OpenPullRequest(**WHY, **about)
    outcome = await perform(opening, host, "g2")
    assert outcome.reference == "orders#1"
    check = {"sha": head, "name": "verdict", "state": CheckState.PASSED, "findings": "all"}
    for number, action in enumerate(
        (
            UpdatePullRequest(**WHY, number=1, title="Totals", text="Why, and how.", was="Why."),
            ReviewPullRequest(**WHY, number=1, sha=head, verdict=ReviewVerdict.COMMENTED, text="Look."),
            ReviewInPerson(
                **WHY, number=1, sha=head, verdict=ReviewVerdict.APPROVED, text="", person="kofi.mensahl"
            ),
            CommentOnPullRequest(**WHY, number=1, sha=head, text="Hello.", person="kofi.mensahl"),
            ReportCheck(**WHY, **check, covered=1, coverable=2),
        )
    ):
        assert (await perform(action, host, f"s{number}")).state is OutcomeState.DONE
    merging = MergePullRequest(**WHY, number=1, head=head, base=base, into="main", way=MergeWay.MERGE)
    with pytest.raises(EffectFailed, match="look at it again"):
        await perform(merging.model_copy(update={"base": head}), host, "g3")
    merged = await perform(merging, host, "g4")
    assert merged.reference == (await host.branch("orders", "main")).sha
    undo = spec_of(MergePullRequest).undo
    assert undo is not None
    back = undo(merging, merged)
    assert isinstance(back, RevertPullRequest)
    assert (back.merged, back.number) == (merged.reference, 1)
    reverted = await perform(back, host, "g5")
    assert reverted.reference == "orders#2"
    undo_open = spec_of(OpenPullRequest).undo
    assert undo_open is not None
    closing = undo_open(opening, outcome)
    assert isinstance(closing, ClosePullRequest)
    with pytest.raises(EffectFailed, match="merged already"):
        await perform(closing, host, "g6")
    closed = closing.model_copy(update={"number": 2, "head": (await host.pull_request("orders", 2)).head_sha})
    await perform(closed, host, "g7")
    assert (await host.pull_request("orders", 2)).state is PullRequestState.CLOSED


async def test_a_host_that_does_not_answer_leaves_it_unknown(host: LocalCodeHost) -> None:
    class Silent:
        async def pull_request(self, *_: Any) -> None:
            raise Away("The code host", "does not answer")

        async def what_happened(self, _grant: str) -> None:
            raise Away("The code host", "does not answer")

    silent = cast(CodeHost, Silent())
    spec = spec_of(CommentOnPullRequest)
    effect: Any = spec.effect
    with pytest.raises(OutcomeUncertain):
        comment = CommentOnPullRequest(**WHY, number=1, sha="0" * 40, text="x", person="kofi.mensahl")
        await effect(comment, grant(host, "g"), silent)
    assert spec.ask is not None
    outcome = await spec.ask("g", silent)
    assert outcome is not None
    assert outcome.state is OutcomeState.UNKNOWN


_OPENED = """
    INSERT INTO effects (id, action_type, decision_type, body, digest, actor, process, cost, state, ruling,
                         created, outcome)
    VALUES ('ef_1', 'code.open_pull_request', 'code_work', '{}', '', CAST(:actor AS jsonb), 'code', 0, :state,
            '{}', now(), CAST(:outcome AS jsonb))
"""


@pytest.mark.parametrize(
    ("state", "kind", "number", "ours"),
    [
        ("done", "agent", 1, True),
        ("done", "agent", 11, False),
        ("failed", "agent", 1, False),
        ("done", "person", 1, False),
    ],
)
async def test_whose_pull_request_it_is_stands_in_the_record(
    database: Database, tenant: str, state: str, kind: str, number: int, ours: bool
) -> None:
    async with database.transaction(tenant) as tx:
        said = {"actor": json.dumps({"kind": kind}), "outcome": json.dumps({"reference": f"orders#{number}"})}
        await tx.execute(text(_OPENED), {"state": state, **said})
        action = ClosePullRequest(**WHY, number=1, head="0" * 40, why="done")
        assert await established(action, tx, AGENT) == {"opened_by_agents": ours}
        await tx.execute(text("DELETE FROM effects"))  # no entry of the log says it


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (ReviewInPerson, {"verdict": ReviewVerdict.APPROVED, "text": ""}),
        (CommentOnPullRequest, {"text": "Why?"}),
    ],
)
async def test_what_people_say_is_said_by_whose_it_is(
    kind: Any, given: dict[str, Any], looking: AsyncSession
) -> None:
    action = kind(**WHY, **given, number=1, sha="0" * 40, person="kofi.mensahl")
    said = {}
    for actor in (
        Actor("person", "kofi.mensahl"),
        Actor("person", "david"),
        Actor("agent", "qa", on_behalf_of="kofi.mensahl"),
        Actor("system", "kofi.mensahl"),
    ):
        said[f"{actor.kind} {actor.id}"] = (await established(action, looking, actor))["in_own_name"]
    assert said == {
        "person kofi.mensahl": True,
        "person david": False,
        "agent qa": False,
        "system kofi.mensahl": False,
    }
    assert action.described({"kofi.mensahl": "Kofi"}).endswith("as Kofi")


async def test_nothing_is_said_of_another_commit_or_over_somebody_elses_text(
    host: LocalCodeHost, clone: Workshop, tmp_path: Path
) -> None:
    pull = await opened(host, clone, tmp_path)
    said = CommentOnPullRequest(**WHY, number=1, sha=pull.base_sha, text="Why?", person="kofi.mensahl")
    with pytest.raises(EffectFailed, match="look at it again"):
        await perform(said, host, "c1")
    assert (await host.comments(UnderQuery("orders", 1))).items == ()
    change = UpdatePullRequest(**WHY, number=1, text="Round two.", was="What agents wrote.")
    with pytest.raises(EffectFailed, match="Somebody else changed the text"):
        await perform(change, host, "u1")
    assert (await host.pull_request("orders", 1)).body == "Why."


async def test_without_a_verdict_a_merge_counts_as_breaking(looking: AsyncSession) -> None:
    merging = MergePullRequest(**WHY, number=1, head="0" * 40, base="1" * 40, into="main", way=MergeWay.SQUASH)
    with pytest.raises(LookupError, match="nobody has worked out"):
        await established(merging, looking, AGENT)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("branch", "main"),
        ("branch", "countersign/a b"),
        ("sha", "HEAD"),
        ("repository", "../x"),
        ("sha", "0" * 39),
    ],
)
def test_what_names_no_commit_or_branch_of_ours_is_no_action(field: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=field):
        PushBranch(**{**WHY, "branch": BRANCH, "sha": "0" * 40, field: wrong})
