"""What waits for somebody, shown in Slack, keeps up with what is decided elsewhere."""

from __future__ import annotations

from simulators.slack import Message
from tests.office import Office


async def test_a_decided_card_loses_its_buttons_wherever_it_stands(office: Office) -> None:
    slack, amanda, carlos = office.slack, office.slack.user("amanda"), office.slack.user("carlos")
    await carlos.says("/whoami", dm=True)
    await amanda.says("/access make Nathan an architect because we lack one", dm=True)

    def is_hers(message: Message) -> bool:
        return message.channel == amanda.dm.id and "Deny" in message.buttons

    hers = await slack.wait_for(is_hers)
    await slack.wait_for(lambda m: m.channel == carlos.dm.id and "Deny" in m.buttons)
    shown = []
    for _ in range(2):
        asked = await carlos.says("/approvals what waits for me?", dm=True)
        shown.append(await slack.wait_for(lambda m, ts=asked.ts: m.thread_ts == ts and "Deny" in m.buttons))
    await carlos.opens_home()
    await slack.wait_until(lambda: carlos.home)
    assert "Approve" in str(carlos.home.content)
    await amanda.presses("Deny", on=hers)
    await amanda.submits(await slack.wait_for_view(amanda))
    for card in shown:
        ended = await slack.wait_for(lambda m, ts=card.ts: m.ts == ts and "Denied by Amanda" in m.all_text)
        assert not {"Approve", "Deny"} & set(ended.buttons)
        assert "👍" in ended.buttons, "the answer can still be rated"
        assert "Denied by Amanda" in ended.text, "what screen readers say"
    await office.settled()
    assert "'Approve'" not in str(carlos.home.content)
