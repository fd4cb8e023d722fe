"""Pull requests in chat: which are open, and what stands on the card of one."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from agents.engineering.judging import Judgement
from agents.engineering.story_rows import keep_verdict
from agents.engineering.verdict.changes import Finding
from governance.people import Actor
from handlers.conversation.cards import Reply
from integrations.code_host.actions import MergePullRequest
from integrations.code_host.bare_repository import make_bare
from integrations.code_host.contents import MergeWay
from integrations.code_host.pull_requests import (
    CheckDraft,
    CheckState,
    Coverage,
    PullRequest,
    PullRequestChange,
    PullRequestDraft,
    ReviewDraft,
    ReviewVerdict,
)
from integrations.code_host.vendors.local.client import LocalCodeHost
from storage.database import Database
from tests.handlers.conftest import Talk, buttons
from tests.integrations.code_host.effects_contract import LINES, grant, made, opened
from tests.integrations.code_host.workshop import Workshop


@pytest.fixture
async def host(database: Database, tenant: str, tmp_path: Path, talk: Talk) -> LocalCodeHost:
    for name in ("orders", "payment-service"):
        await make_bare(tmp_path / "code" / f"{name}.git", "main")
    talk.code_host = host = LocalCodeHost(database, tenant, tmp_path / "code", tmp_path / "no-sample")
    return host


@pytest.fixture
def clone(host: LocalCodeHost, tmp_path: Path) -> Workshop:
    return Workshop(tmp_path / "clone", host.repositories_here.folder / "orders.git")


@pytest.fixture
async def pull(host: LocalCodeHost, clone: Workshop, tmp_path: Path) -> PullRequest:
    return await opened(host, clone, tmp_path)


async def asked(talk: Talk, text: str, who: str = "david") -> Reply:
    (reply,) = (await talk.say(who, f"/eng pull_requests {text}")).replies
    return reply


def shown(reply: Reply) -> str:
    return repr(reply.cards)


async def test_none_is_open(talk: Talk, host: LocalCodeHost) -> None:
    assert (await asked(talk, "show the open ones")).text == "There are no open pull requests."
    assert (await asked(talk, "of orders")).text == "There are no open pull requests of orders."


async def test_those_that_are_open_are_listed_with_a_button_each(talk: Talk, pull: PullRequest) -> None:
    reply = await asked(talk, "show the open ones")
    assert reply.text == "1 open pull request: orders#1 “Total” by agents."
    assert reply.facts[0].value == 1
    assert "pull_requests show pull request 1 of orders" in shown(reply)
    assert (await asked(talk, "of the payment service")).text.startswith("There are no open")
    assert (await asked(talk, "which were merged?")).text == "There are no merged pull requests."


async def test_one_says_what_it_changes_and_who_says_what(
    talk: Talk, host: LocalCodeHost, pull: PullRequest, tmp_path: Path
) -> None:
    reply = await asked(talk, "show PR 1 of orders")
    assert reply.text == (
        "orders#1, open: Total. It changes 1 file: 1 line added, 1 removed. It can be merged without conflicts."
    )
    assert "Nobody has reviewed it yet." in shown(reply)
    review = ReviewDraft(ReviewVerdict.APPROVED, "Good.", pull.head_sha, person="kofi.mensahl")
    await host.review_pull_request(grant(host, "r"), "orders", 1, review)
    check = CheckDraft("verdict", CheckState.FAILED, "2 of 9 tests fail", Coverage(9, 12))
    await host.report_check(grant(host, "c"), "orders", pull.head_sha, check)
    said = "Look\u202e again <!channel>"
    await host.comment_on_pull_request(grant(host, "k"), "orders", 1, said, person="kofi.mensahl")
    reply = await asked(talk, "show PR 1")
    card = shown(reply)
    assert "Kofi Mensahl: approved – Good." in card
    assert "verdict: failed – 2 of 9 tests fail" in card
    assert "Look  again <!channel>" in card  # as words: renderers escape them
    assert "Its tests run 9 of 12 lines (75%)." in reply.text
    assert reply.cards[0].tone == "warning"
    assert {fact.id: fact.value for fact in reply.facts}["coverage"] == 75.0
    more = await made(host, tmp_path, pull.head_sha, {"z.txt": "z\n"})
    await host.push_branch(grant(host, "p"), "orders", pull.head, more, before=pull.head_sha)
    card = shown(await asked(talk, "orders#1"))
    assert "Kofi Mensahl: approved, of an earlier commit" in card
    assert "No check has said anything of this commit." in card


async def test_a_merged_one_says_as_what(talk: Talk, host: LocalCodeHost, pull: PullRequest) -> None:
    merged = await host.merge_pull_request(
        grant(host, "m"), "orders", 1, head=pull.head_sha, base=pull.base_sha, way=MergeWay.MERGE
    )
    reply = await asked(talk, "show PR 1 of orders")
    assert f"It was merged as {(merged.merged_sha or '')[:12]}." in reply.text
    assert "It changes 1 file" in reply.text
    assert reply.cards[0].tone == "good"
    assert "orders#1" in (await asked(talk, "which were merged?")).text


async def test_conflicts_drafts_and_deleted_branches_are_said(
    talk: Talk, host: LocalCodeHost, pull: PullRequest, clone: Workshop
) -> None:
    await host.update_pull_request(grant(host, "u"), "orders", 1, PullRequestChange(is_draft=True))
    clone.commit("Same line", {"a.txt": LINES.replace("1", "main")})
    clone.push("main")
    reply = await asked(talk, "show PR 1 of orders")
    assert reply.text.startswith("orders#1, a draft: Total.")
    assert "It conflicts with main." in reply.text
    clone.push(f":{pull.head}")
    assert "Its branch was deleted" in (await asked(talk, "show PR 1 of orders")).text


async def test_what_is_not_there_or_not_plain_is_asked_back(talk: Talk, pull: PullRequest) -> None:
    assert (await asked(talk, "show PR 9 of orders")).text == "There is no pull request 9 of orders."
    assert "I know no pull request 9" in (await asked(talk, "show PR 9")).text


async def test_customer_success_may_not_ask(talk: Talk, pull: PullRequest) -> None:
    assert "orders#1" not in (await asked(talk, "show the open ones", who="rachel")).text


SAYS = {"approve_change", "ask_for_changes", "comment_on_change"}


async def press(talk: Talk, who: str, verb: str, subject: str, **values: str) -> Reply:
    (reply,) = (await talk.press(who, verb, subject, values)).replies
    return reply


async def said(talk: Talk) -> list[tuple[str, dict[str, str]]]:
    """What is to be said, oldest first: it is performed once this is committed."""
    async with talk.desk() as desk:
        query = "SELECT state, body FROM effects WHERE body->>'type' LIKE 'code.%' ORDER BY turn"
        return [(state, body) for state, body in await desk.tx.execute(text(query))]


async def shown_to(talk: Talk, who: str) -> tuple[set[str], str]:
    """The verbs that somebody is shown of it, and what it is that they would speak of."""
    found = buttons(await asked(talk, "show PR 1 of orders", who))
    subjects = {one.subject for verb, one in found.items() if verb in SAYS}
    return set(found) & SAYS, next(iter(subjects), "")


async def test_those_who_may_review_say_so_of_the_commit_that_was_shown(talk: Talk, pull: PullRequest) -> None:
    verbs, subject = await shown_to(talk, "kofi.mensahl")
    assert (verbs, subject) == (SAYS, f"orders#1@{pull.head_sha}")
    reply = await press(talk, "kofi.mensahl", "approve_change", subject)
    assert "as Kofi Mensah" in reply.text
    await press(talk, "kofi.mensahl", "ask_for_changes", subject, text="Name it; ask @bob\n/approve")
    await press(talk, "kofi.mensahl", "comment_on_change", subject, text="Why twice?")
    approved, changes, comment = await said(talk)
    assert [one[0] for one in (approved, changes, comment)] == ["ready"] * 3
    assert (approved[1]["verdict"], approved[1]["person"]) == ("approved", "kofi.mensahl")
    assert changes[1]["verdict"] == "changes requested"
    assert "@bob" not in changes[1]["text"], "a host reads no mention in it"
    assert (comment[1]["type"], comment[1]["text"]) == ("code.comment_on_pull_request", "Why twice?")
    assert {one[1]["sha"] for one in (approved, changes, comment)} == {pull.head_sha}


async def test_who_may_not_sees_no_button_and_is_refused_in_words(talk: Talk, pull: PullRequest) -> None:
    verbs, subject = await shown_to(talk, "david")
    assert verbs == {"comment_on_change"}, "a product owner comments, and reviews no code"
    refused = await press(talk, "david", "approve_change", subject)
    assert "takes the engineering director, compliance officer" in refused.text
    assert refused.aside == "console:david"
    assert "not" in (await press(talk, "rachel", "comment_on_change", subject, text="Hello")).text
    assert "no words" in (await press(talk, "kofi.mensahl", "ask_for_changes", subject, text="  ")).text
    assert await said(talk) == []


async def test_nobody_reviews_what_they_opened(
    talk: Talk, host: LocalCodeHost, pull: PullRequest, clone: Workshop
) -> None:
    clone.branch("mine", "origin/main")
    sha = clone.commit("Mine", {"c.txt": "c\n"})
    clone.push("mine")
    await host.open_for("orders", PullRequestDraft("Mine", "", "mine", sha, "main"), "kofi.mensahl")
    reply = await asked(talk, "show PR 2 of orders", "kofi.mensahl")
    assert set(buttons(reply)) & SAYS == {"comment_on_change"}
    assert "You opened it, so somebody else reviews it." in shown(reply)
    refused = await press(talk, "kofi.mensahl", "approve_change", f"orders#2@{sha}")
    assert refused.text == "You opened it, so somebody else reviews it. Nothing was said."
    assert await said(talk) == []


async def test_of_what_moved_on_or_is_over_nothing_is_said(
    talk: Talk, host: LocalCodeHost, pull: PullRequest, tmp_path: Path
) -> None:
    _, subject = await shown_to(talk, "kofi.mensahl")
    more = await made(host, tmp_path, pull.head_sha, {"z.txt": "z\n"})
    await host.push_branch(grant(host, "p"), "orders", pull.head, more, before=pull.head_sha)
    for verb in SAYS:
        reply = await press(talk, "kofi.mensahl", verb, subject, text="Good.")
        assert f"it is at {more[:12]} by now, and that card showed {pull.head_sha[:12]}" in reply.text
        assert "ask" in buttons(reply), "it is one press to look again"
    await host.close_pull_request(grant(host, "x"), "orders", 1, head=more)
    for verb in SAYS:
        reply = await press(talk, "kofi.mensahl", verb, f"orders#1@{more}", text="Good.")
        assert reply.text == "orders#1 is closed already. Nothing was said."
    assert (await shown_to(talk, "kofi.mensahl"))[0] == set()
    assert await said(talk) == []


async def test_an_approval_counts_once(talk: Talk, host: LocalCodeHost, pull: PullRequest) -> None:
    review = ReviewDraft(ReviewVerdict.APPROVED, "", pull.head_sha, person="kofi.mensahl")
    await host.review_pull_request(grant(host, "r"), "orders", 1, review)
    reply = await press(talk, "kofi.mensahl", "approve_change", f"orders#1@{pull.head_sha}")
    assert reply.text == "You have approved orders#1 as it is already."


async def test_where_the_host_takes_no_review_of_others_there_are_no_buttons(
    talk: Talk, host: LocalCodeHost, pull: PullRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "reviews_for_people", False)
    assert (await shown_to(talk, "kofi.mensahl"))[0] == {"comment_on_change"}
    assert "on the pull request's own page" in shown(await asked(talk, "PR 1 of orders", "kofi.mensahl"))
    refused = await press(talk, "kofi.mensahl", "approve_change", f"orders#1@{pull.head_sha}")
    assert "on the pull request's own page" in refused.text


async def test_the_verdict_is_that_of_this_head_and_base_and_who_is_asked_is_said(
    talk: Talk, host: LocalCodeHost, pull: PullRequest, tmp_path: Path
) -> None:
    assert "This head and base have not been judged." in shown(await asked(talk, "PR 1 of orders"))
    found = Finding("api", "ask", "breaking", "removed total()", "a.py", "others call it")
    async with talk.desk() as desk:
        verdict = Judgement("ask", (found,)).body
        await keep_verdict(desk.tx, "orders", pull.base_sha, pull.head_sha, verdict)
    why = {"rationale": "r", "impact": "i", "rollback_plan": "b", "repository": "orders", "number": 1}
    at = {"head": pull.head_sha, "base": pull.base_sha, "into": "main", "way": MergeWay.MERGE}
    merge = await talk.submit(MergePullRequest(**why, **at), Actor("agent", "backend_engineer"))
    assert merge.approval is not None
    reply = await asked(talk, "PR 1 of orders")
    assert "A person has to look at it:\\n- removed total() (a.py): others call it." in shown(reply)
    assert "Its merge waits for the vote of the engineering director." in shown(reply)
    assert buttons(reply)["show_approval"].subject == merge.approval
    (request,) = (await talk.press("amanda", "show_approval", merge.approval)).replies
    assert buttons(request)["ask"].label == "Show orders#1"
    more = await made(host, tmp_path, pull.head_sha, {"z.txt": "z\n"})
    await host.push_branch(grant(host, "p"), "orders", pull.head, more, before=pull.head_sha)
    card = shown(await asked(talk, "PR 1 of orders"))
    assert "This head and base have not been judged." in card
    assert "waits for the vote" not in card
