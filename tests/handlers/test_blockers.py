"""Why something is late: what is said of the sample department's late checkout, and what is then done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import text

from agents.operations.approved_versions import previously_approved
from agents.operations.canary.limits import within_canary
from agents.operations.response.limits import in_incident
from bot.bootstrap import open_sample
from governance.gate import Gate
from governance.registry import Registry
from handlers.catalogue import find_handlers
from handlers.conversation.cards import Buttons, Fields, Reply
from handlers.conversation.router import Router
from handlers.language.recogniser import Recogniser
from integrations.code_host.vendors.local.client import LocalCodeHost
from integrations.deployments import (
    Change,
    ChangeKind,
    ChangeQuery,
    Deployments,
    NoSuchRelease,
    Release,
    ReleaseQuery,
    Running,
    Stage,
    Status,
    Target,
)
from integrations.deployments.performing import specs as deployment_specs
from integrations.pages import Page
from integrations.prices.costs import replicas_a_month
from integrations.prices.vendors.local import LocalPrices
from storage.database import Database
from tests.handlers.conftest import ACME, Talk, buttons

QUESTION = "Why is the checkout feature delayed across teams?"
ORDER = "Execute 1 and 2, schedule review for Monday with senior architects"
SINCE = datetime(2026, 11, 17, 14, 0, tzinfo=UTC)


@dataclass
class Platform:
    """What runs, as a platform tells it: auth-service 2.0.0-rc.1 took the place of 1.28.0 in staging."""

    strategies: frozenset[str] = frozenset()
    has_breakers: bool = False
    runs: dict[Stage, str] = field(
        default_factory=lambda: {Stage.STAGING: "2.0.0-rc.1", Stage.PRODUCTION: "1.28.0"}
    )

    async def services(self) -> Sequence[str]:
        return ("auth-service",)

    async def status(self, target: Target) -> Status:
        version = self.runs[target.stage]
        return Status(target, Running(version, _digest(version), 1, 1), None, None, SINCE)

    async def history(self, query: ChangeQuery) -> Page[Change]:
        target = Target("auth-service", query.stage or Stage.STAGING)
        old, new, deployed = "1.28.0", "2.0.0-rc.1", ChangeKind.DEPLOYED
        first = Change("c1", SINCE.replace(month=9), target, deployed, old, _digest(old), 1, None, "g1")
        second = Change("c2", SINCE, target, deployed, new, _digest(new), 1, old, "g2")
        return Page((second, first) if query.stage is Stage.STAGING else (first,), None)

    async def release(self, service: str, version: str) -> Release:
        for one in (await self.releases(ReleaseQuery(service))).items:
            if one.version == version:
                return one
        raise NoSuchRelease(version)

    async def releases(self, query: ReleaseQuery) -> Page[Release]:
        built = (("2.0.0-rc.1", SINCE), ("1.28.0", SINCE.replace(month=9)))
        return Page(tuple(Release("auth-service", name, _digest(name), at) for name, at in built), None)


def _digest(version: str) -> str:
    return version.encode().hex().ljust(64, "0")[:64]


@pytest.fixture
async def host(database: Database, tenant: str, tmp_path: Path, talk: Talk) -> LocalCodeHost:
    await open_sample(database, tenant, ACME, talk.now.date())
    talk.code_host = host = LocalCodeHost(database, tenant, tmp_path / "code", ACME / "repositories")
    talk.deployments = platform = cast(Deployments, Platform())
    prices = LocalPrices(ACME / "prices.yaml", 92, lambda: talk.now.date())
    deploying = deployment_specs(
        within_canary,
        replicas_a_month(lambda _: prices),
        in_incident,
        previously_approved,
        _no_tests,
        lambda _tenant: platform,
    )
    talk.gate = Gate(talk.gate.policy, Registry((*talk.gate.registry, *deploying)), clock=lambda: talk.now)
    return host


async def _no_tests(*_: object) -> None:
    """No release was tried."""


async def asked(talk: Talk, text: str, who: str = "amanda") -> Reply:
    (reply,) = (await talk.say(who, f"/eng blockers {text}")).replies
    return reply


def shown(reply: Reply) -> str:
    return repr(reply.cards)


async def test_the_late_checkout_has_two_root_causes(talk: Talk, host: LocalCodeHost) -> None:
    reply = await asked(talk, QUESTION)
    assert reply.text.startswith("2 root causes hold it up; the costliest takes ")
    assert "auth-service 2.0.0-rc.1 in staging breaks who calls 1.28.0; 5 services" in reply.text
    assert "API documentation of payments API v2 for callers” of Team Alpha has not begun" in reply.text
    assert "1. Roll auth-service in staging back from 2.0.0-rc.1 to 1.28.0." in reply.text
    assert "2. Generate the API documents of payment-service-v2 from openapi.yaml" in reply.text
    card = shown(reply)
    assert "needs the approval of the engineering director or SRE lead" in card
    assert ("Team Alpha", "1 open; 1 root cause") in _pairs(reply)
    assert "Which versions run of admin-console" in card, "what could not be found out is said"
    facts = {fact.id: fact for fact in reply.facts}
    assert facts["roots"].value == 2
    assert facts["p50"].value <= facts["p85"].value  # type: ignore[operator]
    assert isinstance(facts["cost1"].value, int)
    assert facts["cost1"].value > 0
    assert len(reply.cards[0].blocks) <= 7, "short: details are a press away"


async def test_details_say_what_follows_and_what_was_assumed(talk: Talk, host: LocalCodeHost) -> None:
    reply = await asked(talk, QUESTION)
    (details,) = (await talk.press("amanda", "delay_details", buttons(reply)["delay_details"].subject)).replies
    card = shown(details)
    assert "Every test fails at signing in since auth-service 2.0.0-rc.1" in card, "a consequence, not a cause"
    assert "Semantic Versioning" in card
    assert "half of its estimated hours" in card
    (lost,) = (await talk.press("amanda", "delay_details", "dr_nothing")).replies
    assert "not kept any more" in lost.text


async def test_execute_1_and_2_and_schedule_the_review(
    talk: Talk, host: LocalCodeHost, recogniser: Recogniser
) -> None:
    await asked(talk, QUESTION)
    talk.router = Router(find_handlers(), recogniser, recogniser)
    rolled, shared, estimate, review = (await talk.say("amanda", ORDER)).replies
    assert rolled.text.startswith("You approved “Roll auth-service in staging back from 2.0.0-rc.1 to 1.28.0”")
    assert shared.text == "2: API documents of payment-service-v2 are generated and shared with Team Beta."
    assert "in 85 of 100 simulated runs" in estimate.text
    assert {fact.id for fact in estimate.facts} >= {"p50", "p85"}
    assert review.text.startswith("Being booked: Review: auth-service. Mon 30 Nov 2026")
    for name in ("Sarah", "Mike", "Tom"):
        assert name in review.text
    done = await effects(talk)
    assert ("deployments.roll_back", "ready") in done
    assert ("delivery.share_api_documents", "done") in done
    assert ("calendar.book", "ready") in done
    assert len(done) == 3, "exactly what was ordered"
    ((documents, people),) = await talk.notices("api_documents_shared")
    assert documents is not None
    assert "payment-service-v2-api.md" in shown(documents)
    assert people == ["kofi.mensahl"]


async def test_what_was_ordered_once_is_not_ordered_again(talk: Talk, host: LocalCodeHost) -> None:
    first = _button(await asked(talk, QUESTION), "Execute 1")
    await talk.press("amanda", "do_remedy", first)
    (again,) = (await talk.press("amanda", "do_remedy", first)).replies
    assert "was ordered already" in again.text
    assert len(await effects(talk)) == 1


async def test_who_may_not_roll_back_orders_none_here(talk: Talk, host: LocalCodeHost) -> None:
    reply = await asked(talk, QUESTION, "kofi.mensahl")
    (refused,) = (await talk.press("kofi.mensahl", "do_remedy", _button(reply, "Execute 1"))).replies
    assert "is not yours to order" in refused.text
    assert await effects(talk) == []
    (shared,) = (await talk.press("kofi.mensahl", "do_remedy", _button(reply, "Execute 2"))).replies
    assert "generated and shared" in shared.text


async def test_a_bare_yes_is_asked_back_and_does_nothing(talk: Talk, host: LocalCodeHost) -> None:
    await asked(talk, QUESTION)
    (reply,) = (await talk.say("amanda", "yes, go ahead")).replies
    assert "Which of them?" in reply.text
    assert await effects(talk) == []
    (other,) = (await talk.say("amanda", "execute 9")).replies
    assert await effects(talk) == []
    assert "There is no number 9" in other.text or "Which of them?" in other.text
    elsewhere = await talk.say("amanda", "execute 1", thread="t2")
    assert await effects(talk) == [], elsewhere


async def test_customer_success_gets_a_plain_reason_and_a_date(talk: Talk, host: LocalCodeHost) -> None:
    for who in ("rachel", "elena"):
        (reply,) = (await talk.say(who, "/eng blockers why is the checkout late")).replies
        said = reply.text + shown(reply) + repr(reply.facts)
        for hidden in ("auth-service", "Anouk", "Team", "rolled", "do_remedy", "CARD-"):
            assert hidden not in said, (who, hidden)
    rachels = (await talk.say("rachel", "/eng blockers why is the checkout late")).replies[0]
    if "no feature" not in rachels.text:
        assert "It is expected by" in rachels.text
        assert rachels.restricted is not None


async def test_a_team_a_story_everything_and_nothing(talk: Talk, host: LocalCodeHost) -> None:
    assert "Team Beta" in shown(await asked(talk, "who is blocking team Beta"))
    assert "root cause" in (await asked(talk, "what is blocked?")).text
    unknown = await asked(talk, "why is the zeppelin harbour late")
    assert "zeppelin" in unknown.text
    story = await asked(talk, "why is CARD-1190 late")
    assert "auth-service 2.0.0-rc.1" in story.text


async def effects(talk: Talk) -> list[tuple[str, str]]:
    async with talk.database.transaction(talk.tenant) as tx:
        rows = await tx.execute(text("SELECT action_type, state FROM effects ORDER BY created, id"))
        return [(row[0], row[1]) for row in rows]


def _pairs(reply: Reply) -> list[tuple[str, str]]:
    return [pair for block in reply.cards[0].blocks if isinstance(block, Fields) for pair in block.pairs]


def _button(reply: Reply, label: str) -> str:
    every = [one for block in reply.cards[0].blocks if isinstance(block, Buttons) for one in block.buttons]
    return next(one.subject for one in every if one.label == label)
