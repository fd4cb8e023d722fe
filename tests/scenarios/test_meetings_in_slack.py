"""A meeting in Slack: booked by word, its card, cancelled by its button, and what people get by mail."""

from __future__ import annotations

from pathlib import Path

from storage.embedded import EmbeddedServer
from tests.office import offices
from tests.scenarios.meetings import BOOK, BOOKED, CANCELLED, EFFECTS, is_as_told, outbox


async def test_booked_and_cancelled(server: EmbeddedServer, tmp_path: Path) -> None:
    async with offices(server, tmp_path) as open_office:
        office = await open_office()
        amanda = office.slack.user("amanda")
        asked = await amanda.says(BOOK, dm=True)
        card = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts and BOOKED in m.all_text)
        await office.slack.wait_for(lambda m: m.ts == card.ts and "It was mailed." in m.all_text)
        assert "Sarah Lindholt and Mike Castellaro" in card.all_text
        assert {"Another time", "Cancel"} <= set(card.buttons)
        await amanda.presses("Cancel", on=card)
        await office.slack.wait_for(lambda m: m.ts == card.ts and CANCELLED in m.all_text)
        await office.settled()
        await office.slack.wait_for(lambda m: m.ts == card.ts and "It was mailed." in m.all_text)
        assert [row[0] for row in await office.rows(EFFECTS, like="%")] == [
            "calendar.book",
            "mail.send_invitation",
            "calendar.cancel",
            "mail.send_invitation",
        ]
        is_as_told(outbox(office.installation.settings.var_folder, office.tenant))
        [(state,)] = await office.rows("SELECT state FROM meetings")
        assert state == "cancelled"
