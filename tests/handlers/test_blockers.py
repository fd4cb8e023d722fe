"""Why something is late: what is said of the sample department's late checkout, and what is then done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from bot.bootstrap import open_sample
from handlers.catalogue import find_handlers
from handlers.conversation.cards import Reply
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
from integrations.pages import Page
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
        first = Change(
            "c1",
            SINCE.replace(month=9),
            target,
            ChangeKind.DEPLOYED,
            "1.28.0",
            1,
            _digest("1.28.0"),
            None,
            "g1",
        )
        second = Change(
            "c2", SINCE, target, ChangeKind.DEPLOYED, "2.0.0-rc.1", 1, _digest("2.0.0-rc.1"), "1.28.0", "g2"
        )
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
    talk.deployments = cast(Deployments, Platform())
    return host


async def asked(talk: Talk, text: str, who: str = "amanda") -> Reply:
    (reply,) = (await talk.say(who, f"/eng blockers {text}")).replies
    return reply


def shown(reply: Reply) -> str:
    return repr(reply.cards)


async def test_the_late_checkout_has_two_root_causes(talk: Talk, host: LocalCodeHost) -> None:
    reply = await asked(talk, QUESTION)
    print(reply.text)
    print(shown(reply))
    again = await talk.press("amanda", "delay_details", buttons(reply)["delay_details"].subject)
    print(again.replies[0].text)
    print(shown(again.replies[0]))
    for who in ("rachel",):
        print(await asked(talk, "why is checkout late", who))
    print(await asked(talk, "what is blocked?"))
    print(await asked(talk, "who is blocking team Beta"))


async def test_order(talk: Talk, host: LocalCodeHost, recogniser: Recogniser) -> None:
    await asked(talk, QUESTION)
    talk.router = Router(find_handlers(), recogniser, recogniser)
    for reply in (await talk.say("amanda", ORDER)).replies:
        print(reply.text)
        print(shown(reply))
    print(await talk.notices("owner_asked"))
    print(await talk.notices("api_documents_shared"))
