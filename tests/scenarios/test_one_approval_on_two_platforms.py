"""One approval, in Slack and in Teams at once: whoever decides first decides, and all its cards change."""

from __future__ import annotations

from tests.fakes.slack import Message as SlackMessage
from tests.fakes.teams import FakeTeams
from tests.office import OpenOffice


async def test_votes_in_two_platforms_make_one_decision_and_every_card_says_so(open_office: OpenOffice) -> None:
    async with await FakeTeams.start() as teams:
        told = {name.lower(): value for name, value in teams.settings().items()}
        office = await open_office(**told)
        teams.bot_url = f"{office.address}/teams/messages"
        slack = office.slack
        carlos = teams.person("carlos")
        await carlos.adds_bot()
        await carlos.says("/whoami")

        asked = await slack.user("amanda").says("/access make Nathan an architect", dm=True)
        shown = await slack.wait_for(lambda m: m.thread_ts == asked.ts and "Approve" in m.buttons)
        in_teams = await teams.wait_for(lambda m: "Give Nathan Adebayor" in str(m.card))

        await slack.user("amanda").presses("Approve", on=shown)
        await slack.wait_for(lambda m: "Still needed" in m.all_text)
        await carlos.presses("Approve", on=in_teams)
        await slack.wait_for(_is_closed(shown))
        await office.settled()

        roles = await office.rows("SELECT role FROM person_roles WHERE person = 'nathan' ORDER BY role")
        assert [role for (role,) in roles] == ["architect", "sre_lead"]
        cards = [m for m in slack.messages() if "Give Nathan Adebayor" in m.all_text and m.bot_id]
        assert cards
        assert not any("Approve" in card.buttons for card in cards)
        late = await carlos.presses("Approve", on=in_teams)
        assert late.is_taken
        await office.settled()
        executed = await office.rows("SELECT count(*) FROM effects WHERE state = 'done'")
        assert executed[0][0] == 1


def _is_closed(card: SlackMessage):
    return lambda m: m.ts == card.ts and "Approved" in m.all_text and "Approve" not in m.buttons
