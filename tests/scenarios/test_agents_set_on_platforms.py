"""An agent set in Slack and in Teams: by words, by its form, and undone."""

from __future__ import annotations

import json
from pathlib import Path

from simulators.slack import Message
from simulators.teams import Message as TeamsMessage
from storage.embedded import EmbeddedServer
from tests.office import Office, TeamsOffice, offices, teams_office

SETTINGS = "SELECT body->>'autonomy', body->>'story_cost', body->'without', body->>'paused' FROM agent_settings"
SHOW = "/configure_agent how is the frontend engineer configured?"
SET = "/configure_agent let the frontend engineer only suggest because it is new"


async def test_in_slack(server: EmbeddedServer, tmp_path: Path) -> None:
    async with offices(server, tmp_path) as open_office:
        office = await open_office()
        amanda = office.slack.user("amanda")

        async def said(words: str, has: str) -> Message:
            asked = await amanda.says(words, dm=True)
            return await office.slack.wait_for(lambda m: m.thread_ts == asked.ts and has in m.all_text)

        changed = await said(SET, "Autonomy")
        assert "suggest" in changed.all_text
        assert (await settings(office)) == ("suggest", None, [], "false")
        await amanda.presses("Undo", on=changed)
        await office.slack.wait_for(lambda m: "Taken back" in m.all_text)
        assert (await settings(office)) == ("act", None, [], "false")
        shown = await said(SHOW, "Used this month")
        await amanda.presses("Configure", on=shown)
        view = await office.slack.wait_for_view(amanda)
        entered = {"Dollars a story": "7.5", "Why": "a trial", "Tools that it may use": ["Read file", "Search"]}
        await amanda.submits(view, entered)
        await office.slack.wait_for(lambda m: "$7.50" in m.all_text and "Undo" in m.buttons)
        autonomy, cost, without, paused = await settings(office)
        assert (autonomy, cost, paused) == ("act", "7.50", "false")
        assert without == ["list_files", "remove_file", "replace_text", "run", "write_file"]
        david = office.slack.user("david")
        asked = await david.says(SET, dm=True)
        await office.slack.wait_for(lambda m: m.thread_ts == asked.ts and "engineering director" in m.all_text)


async def test_in_teams(server: EmbeddedServer, tmp_path: Path) -> None:
    async with teams_office(server, tmp_path) as office:
        amanda = office.person("amanda")

        async def said(words: str, has: str) -> TeamsMessage:
            asked = await amanda.says(words)
            return await office.teams.wait_for(lambda m: has in m.all_text, after=asked)

        changed = await said(SET, "Autonomy")
        assert '"Undo"' in json.dumps(changed.card)
        assert (await settings(office))[0] == "suggest"
        shown = await said(SHOW, "Used this month")
        opened = await amanda.presses("Configure", shown)
        await amanda.submits(opened.answer, shown, {"State": "Paused", "Why": "a trial"})
        await office.teams.wait_for(lambda m: "paused (a trial)" in m.all_text, after=shown)
        assert (await settings(office)) == ("suggest", None, [], "true")


async def settings(office: Office | TeamsOffice) -> tuple[str, str | None, list[str], str]:
    await office.settled()
    (row,) = await office.rows(SETTINGS)
    return row[0], row[1], row[2], row[3]
