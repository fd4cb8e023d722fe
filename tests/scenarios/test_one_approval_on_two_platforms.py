"""One approval, in Slack and in Teams at once: whoever decides first decides, and all its cards change."""

from __future__ import annotations

from simulators.slack import Message as SlackMessage
from simulators.teams import FakeTeams
from simulators.teams import Message as TeamsMessage
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
        in_teams = await teams.wait_for(_asks)

        await slack.user("amanda").presses("Approve", on=shown)
        await slack.wait_for(lambda m: "Still needed" in m.all_text)
        press = carlos.press("Approve", on=in_teams)
        await teams.deliver(press)
        await slack.wait_for(_is_closed(shown))
        await office.settled()

        roles = await office.rows("SELECT role FROM person_roles WHERE person = 'nathan' ORDER BY role")
        assert [role for (role,) in roles] == ["architect", "sre_lead"]
        cards = [m for m in slack.messages() if "Give Nathan Adebayor" in m.all_text and m.bot_id]
        assert cards
        assert not any("Approve" in card.buttons for card in cards)
        assert (await teams.deliver(press | {"id": "1:late"})).is_taken
        await office.settled()
        executed = await office.rows("SELECT count(*) FROM effects WHERE state = 'done'")
        assert executed[0][0] == 1


async def test_whoever_cannot_be_looked_up_in_teams_is_told_in_slack(
    open_office: OpenOffice,
) -> None:
    async with await FakeTeams.start() as teams:
        told = {name.lower(): value for name, value in teams.settings().items()}
        office = await open_office(**told)
        teams.bot_url = f"{office.address}/teams/messages"
        teams.faults.add("graph", 503, times=100)
        spoke = await office.slack.user("carlos").says("/whoami", dm=True)
        await office.slack.user("amanda").says("/access make Nathan an architect", dm=True)
        await office.slack.wait_for(
            lambda m: m.channel == spoke.channel and "Give Nathan Adebayor" in m.all_text
        )


def _asks(message: TeamsMessage) -> bool:
    return "Give Nathan Adebayor" in message.all_text and "'title': 'Approve'" in str(message.card)


def _is_closed(card: SlackMessage):
    return lambda m: m.ts == card.ts and "Approved" in m.all_text and "Approve" not in m.buttons
