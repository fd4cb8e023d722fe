"""The late checkout in chat: asked, two remedies and a review ordered in one sentence, all of it carried out.

A real platform, real repositories: staging got the breaking version of auth-service, and goes back.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.department import Installation
from integrations.deployments import Stage, Target
from storage.embedded import EmbeddedServer
from tests.scenarios.operations import operations

ACME = Path(__file__).parents[2] / "examples" / "acme"
QUESTION = "Why is the checkout feature delayed across teams?"
ORDER = "Execute 1 and 2, schedule review for Monday with senior architects"
STAGING = Target("auth-service", Stage.STAGING)
DONE = "SELECT action_type, state FROM effects WHERE action_type <> 'deployments.deploy' ORDER BY created, id"
SHARED = "SELECT name FROM files WHERE name LIKE '%-api.md'"

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]


def _listens(installation: Installation) -> None:
    """People's own words are understood here."""
    installation.__dict__.pop("recogniser")


async def test_asked_ordered_and_done(server: EmbeddedServer, tmp_path: Path) -> None:
    async with operations(server, tmp_path, ACME, _listens) as place:
        await place.say("nathan", "/deploy auth-service 1.28.0 to staging")
        await place.say("nathan", "/deploy auth-service 2.0.0-rc.1 to staging")
        asked = await place.say("amanda", QUESTION)
        said = asked.as_text()
        assert "auth-service 2.0.0-rc.1 in staging breaks who calls 1.28.0" in said
        assert "1. Roll auth-service in staging back from 2.0.0-rc.1 to 1.28.0." in said
        assert "2. Generate the API documents of payment-service-v2" in said
        ordered = await place.say("amanda", ORDER, asked.thread)
        assert "You approved “Roll auth-service in staging back" in ordered.as_text()
        assert "shared with Team Beta" in ordered.as_text()
        assert "in 85 of 100 simulated runs" in ordered.as_text()
        assert "Review: auth-service" in ordered.as_text()
        await place.until_status(
            lambda found: found.stable is not None and found.stable.version == "1.28.0", STAGING
        )
        done = await place.until(DONE, lambda rows: len(rows) >= 3 and all(row[1] == "done" for row in rows))
        types = [row[0] for row in done]
        assert types[:3] == ["deployments.roll_back", "delivery.share_api_documents", "calendar.book"]
        (file,) = await place.until(SHARED, lambda rows: rows)
        assert file[0] == "payment-service-v2-api.md"
        after = await place.say("amanda", QUESTION)
        assert "breaks who calls" not in after.as_text(), "what was rolled back is no cause any more"
