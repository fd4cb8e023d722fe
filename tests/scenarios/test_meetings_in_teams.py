"""The same in Teams."""

from __future__ import annotations

import json
from pathlib import Path

from storage.embedded import EmbeddedServer
from tests.office import teams_office
from tests.scenarios.meetings import BOOK, BOOKED, CANCELLED, is_as_told, outbox


async def test_booked_and_cancelled(server: EmbeddedServer, tmp_path: Path) -> None:
    async with teams_office(server, tmp_path) as office:
        amanda = office.person("amanda")
        asked = await amanda.says(BOOK)
        card = await office.teams.wait_for(
            lambda m: m.conversation == asked.conversation and BOOKED in m.all_text, after=asked
        )
        await office.teams.wait_for(lambda m: m is card and "It was mailed." in m.all_text)
        assert '"Another time"' in json.dumps(card.card)
        await amanda.presses("Cancel", card)
        await office.teams.wait_for(lambda m: m is card and CANCELLED in m.all_text)
        await office.teams.wait_for(lambda m: m is card and "It was mailed." in m.all_text)
        await office.settled()
        is_as_told(outbox(office.installation.settings.var_folder, office.tenant))
