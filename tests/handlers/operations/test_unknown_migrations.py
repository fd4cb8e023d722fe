"""Where the release of what runs is gone, nobody is asked to go back from it: what is lost is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.conversation.desk import Desk
from handlers.conversation.memory import Memory
from integrations.deployments import NoSuchRelease, Release, Running, Stage, Status, Strategy, Target
from integrations.deployments.going_back import NoWayBack, way_back
from tests.agents.operations.recorded_stage import NOW, RecordedStage
from tests.handlers.conftest import Talk

UNKNOWN = "The release of 1.1.0 is not there any more"
ORDERS = Target("orders", Stage.PRODUCTION)


class Forgotten(RecordedStage):
    """1.1.0 of orders runs, as other bytes than any release that is there."""

    strategies = frozenset(Strategy)

    async def status(self, target: Target) -> Status:
        return Status(target, Running("1.1.0", "e" * 64, 1, 1), None, None, NOW)

    async def release(self, service: str, version: str) -> Release:
        found = (one for one in self.brought_out if (one.service, one.version) == (service, version))
        if (release := next(found, None)) is None:
            raise NoSuchRelease(f"{service} has no release {version}.")
        return release


@pytest.fixture
def stage() -> Forgotten:
    made = Forgotten()
    for version, days in (("1.0.0", 9), ("1.1.0", 5), ("1.2.0", 1)):
        made.deployed("orders", version, NOW - timedelta(days=days))
    made.brought_out = [one for one in made.brought_out if one.version != "1.1.0"]
    return made


@pytest.mark.parametrize(
    "said",
    [
        "/rollback roll back orders to 1.0.0 in production",
        "/deploy deploy orders 1.0.0 to production all at once",
        "/deploy deploy orders 1.2.0 to production as a canary",
    ],
)
async def test_people_are_told_so(
    talk: Talk, stage: Forgotten, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = talk._desk

    async def desk(tx: AsyncSession, memory: Memory) -> Desk:
        real = await made(tx, memory)
        return replace(real, ports=replace(real.ports, deployments=cast(Any, stage)))

    monkeypatch.setattr(talk, "_desk", desk)
    (reply,) = (await talk.say("nathan", said)).replies
    assert UNKNOWN in reply.text
    assert reply.text.endswith("Nothing was done.")


async def test_an_incident_has_no_such_way_back(stage: Forgotten) -> None:
    with pytest.raises(NoWayBack, match=UNKNOWN):
        await way_back(cast(Any, stage), ORDERS, "1.0.0", "it errs")
