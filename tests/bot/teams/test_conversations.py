"""Talking to Countersign in Teams: where it listens, where it answers, and what it leaves alone."""

from __future__ import annotations

from tests.office import TeamsOffice


async def test_a_personal_message_is_answered_in_the_chat(office: TeamsOffice) -> None:
    said = await office.person("david").says("/whoami")
    answer = await office.answered(said)
    assert "David" in answer.all_text
    assert answer.summary or answer.text, "what notifications and screen readers say"


async def test_a_mention_in_a_channel_is_answered_in_its_thread(office: TeamsOffice) -> None:
    engineering = office.teams.world.named("engineering")
    said = await office.person("david").says("@bot /status", to=engineering)
    answer = await office.answered(said)
    assert "What runs now" in answer.all_text
    assert answer.root == said.id
