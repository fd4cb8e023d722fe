"""An incident that no monitoring saw: declared in chat, and, while chat is away, commanded, rolled back and
ended from the command line. The platform and its processes are real."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.command_line import Stop
from bot.command_line.arguments import parse
from bot.command_line.halting import operator
from bot.command_line.incident import run
from storage.embedded import EmbeddedServer
from tests.integrations.releases import with_stand_ins
from tests.scenarios.operations import Operations, operations

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


@pytest.fixture
async def place(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[Operations]:
    async with operations(server, tmp_path, with_stand_ins(tmp_path)) as opened:
        yield opened


async def _command(place: Operations, *words: str) -> int:
    _, args = parse(["incident", *words])
    return await run(place.installation.settings, args)


async def test_it_is_handled_from_the_command_line(
    place: Operations, capsys: pytest.CaptureFixture[str]
) -> None:
    await place.asked_and_approved("/deploy orders 4.18.0 to production all at once")
    await place.runs("4.18.0")
    declared = await place.say("nathan", "/incident declare an incident on orders: customers cannot pay")
    assert "INC-1 is open for orders" in declared.as_text()
    await place.until("SELECT 1 FROM runs WHERE kind = 'incident_response'", bool)
    capsys.readouterr()
    assert await _command(place) == 0
    assert "INC-1  orders in production, open" in capsys.readouterr().out
    assert await _command(place, "take", "INC-1", "--reason", "Slack is away") == 0
    assert f"{operator()} has seen it and takes command." in capsys.readouterr().out
    assert await _command(place, "roll-back", "INC-1", "--reason", "it began with 4.18.0") == 0
    await place.runs("4.17.2")
    ((actor, state),) = await place.rows(
        "SELECT actor->>'identity', state FROM effects WHERE action_type = 'deployments.roll_back'"
    )
    assert (actor, state) == (operator(), "done")
    capsys.readouterr()
    assert await _command(place, "end", "INC-1", "--reason", "customers can pay again") == 0
    told = capsys.readouterr().out
    assert "INC-1: orders in production (resolved)" in told
    assert "Roll orders in production back from 4.18.0 to 4.17.2: it began with 4.18.0" in told
    with pytest.raises(Stop, match="is over already"):
        await _command(place, "roll-back", "INC-1", "--reason", "again")
    entries = await place.rows("SELECT type FROM audit_entries WHERE type LIKE 'incident.%' ORDER BY at")
    assert [row[0] for row in entries] == ["incident.declared", "incident.operated", "incident.operated"]


async def test_nothing_is_taken_back_without_an_incident(place: Operations) -> None:
    with pytest.raises(Stop, match="There is no INC-7"):
        await _command(place, "roll-back", "INC-7", "--reason", "just so")
    assert await _command(place, "declare", "orders", "--reason", "customers cannot pay") == 0
    with pytest.raises(Stop, match=r"Nothing else than 4\.17\.2 ran"):
        await _command(place, "roll-back", "INC-1", "--reason", "just so")
    with pytest.raises(Stop, match="no service"):
        await _command(place, "declare", "nobody", "--reason", "customers cannot pay")
