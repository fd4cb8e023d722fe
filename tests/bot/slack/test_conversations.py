"""Talking to Countersign in Slack: where it listens, where it answers, and what it leaves alone."""

from __future__ import annotations

import structlog

from tests.office import Office


def _says(*words: str):
    return lambda message: all(word in message.all_text for word in words)


async def test_a_direct_message_is_answered_in_its_thread(office: Office) -> None:
    asked = await office.slack.user("david").says("/whoami", dm=True)
    answer = await office.slack.wait_for(_says("David"), after=asked)
    assert (answer.channel, answer.thread_ts) == (asked.channel, asked.ts)
    assert answer.text, "what notifications and screen readers say"


async def test_a_mention_is_answered_once_though_it_comes_as_two_events(office: Office) -> None:
    asked = await office.slack.user("david").says("@bot /status", channel="engineering")
    await office.slack.wait_for(_says("What runs now"), after=asked)
    await office.settled()
    assert len(office.slack.thread(asked)) == 2


async def test_a_thread_goes_on_without_a_mention(office: Office) -> None:
    david = office.slack.user("david")
    asked = await david.says("@bot /help", channel="engineering")
    first = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    await david.replies(asked, "/status")
    answer = await office.slack.wait_for(_says("What runs now"), after=first)
    assert answer.thread_ts == asked.ts


async def test_what_people_say_among_themselves_is_neither_answered_nor_kept(office: Office) -> None:
    david = office.slack.user("david")
    alone = await david.says("shall we approve the lunch budget?", channel="engineering")
    asked = await david.says("@bot /help", channel="engineering")
    await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    await david.replies(asked, "@nathan did you see the score yesterday?")
    await david.replies(asked, "what a lovely morning it is")
    await office.settled()
    assert len(office.slack.thread(alone)) == 1
    assert len(office.slack.thread(asked)) == 4, "the mention, its answer, and two remarks that get none"
    kept = await office.rows("SELECT what->>'text' FROM inbox WHERE what->>'kind' = 'said'")
    assert not [text for (text,) in kept if "lunch" in text or "score" in text]


async def test_a_command_is_answered_and_repeated_to_whoever_asked(office: Office) -> None:
    amanda = office.slack.user("amanda")
    before = office.slack.messages()[-1]
    delivery = await amanda.runs("/eng /authority who can approve production deployments?", channel="releases")
    assert delivery.is_taken
    answer = await office.slack.wait_for(_says("SRE lead"), after=before)
    assert answer.channel == amanda.dm.id, "the bot was not spoken to in that channel yet"
    assert "You asked: /authority" in office.slack.ephemerals("amanda")[-1].all_text


async def test_a_channel_in_which_nobody_spoke_yet_is_found_if_the_bot_is_in_it(office: Office) -> None:
    known = await office.rows("SELECT name FROM platform_channels WHERE name = 'product'")
    assert known == []
    david = office.slack.user("david")
    asked = await david.says("/digest post the daily summary to #product at 9", dm=True)
    answer = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    assert "#product" in answer.all_text
    assert "find no channel" not in answer.all_text
    lost = await david.says("/digest post the daily summary to #nowhere at 9", dm=True)
    answer = await office.slack.wait_for(lambda m: m.thread_ts == lost.ts)
    assert "I find no channel “nowhere”" in answer.all_text


async def test_while_slack_cannot_be_asked_for_a_channel_that_is_said(office: Office) -> None:
    david = office.slack.user("david")
    office.slack.faults.server_error("users.conversations", times=9)
    asked = await david.says("/digest post the daily summary to #customer-requests at 9", dm=True)
    answer = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    office.slack.faults.clear()
    assert "cannot be looked for just now" in answer.all_text


async def test_while_slack_cannot_be_asked_who_speaks_that_is_logged_and_answers_keep_their_order(
    office: Office,
) -> None:
    leila = office.slack.user("leila")
    await office.rows("UPDATE platform_users SET checked = '2026-01-01' RETURNING 1")
    office.slack.faults.server_error("users.info", times=2)
    with structlog.testing.capture_logs() as logged:
        asked = [await leila.says(words, dm=True) for words in ("/whoami", "/status", "/help")]
        await office.settled()
    waits = [line for line in logged if line["event"] == "turn_waits_for_platform"]
    assert [(line["log_level"], line["why"]) for line in waits] == [
        ("warning", "Slack asks to come back later")
    ] * 2
    here = [message for message in office.slack.messages() if message.channel == leila.dm.id]
    answers = [message.thread_ts for message in here if message.bot_id]
    assert answers == [message.ts for message in asked]


async def test_people_and_channels_are_read_by_name_and_markup_as_words(office: Office) -> None:
    await office.slack.user("amanda").says("/whoami", dm=True)
    await office.slack.user("david").says(
        "/help tell @amanda about #product & more <https://x.example/a|this>", dm=True
    )
    await office.settled()
    (text,) = (await office.rows("SELECT what->>'text' FROM inbox WHERE what->>'text' LIKE '/help tell%'"))[0]
    assert "Amanda" in text
    assert "#product & more" in text


async def test_a_stranger_gets_help_and_no_more(office: Office) -> None:
    office.slack.admin.adds("visitor", is_stranger=True, email="david@example.com")
    asked = await office.slack.user("visitor").says("/status", dm=True)
    answer = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    assert "I did nothing" in answer.all_text


async def test_an_unconfirmed_address_links_nobody(office: Office) -> None:
    address = office.slack.user("nathan").user.email
    office.slack.admin.adds("pretender", email=address, is_email_confirmed=False)
    asked = await office.slack.user("pretender").says("/whoami", dm=True)
    answer = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    assert "Nathan" not in answer.all_text


LABEL = "What would you like to ask or have done?"


async def test_a_message_is_asked_about_in_its_own_thread(office: Office) -> None:
    david, rachel = office.slack.user("david"), office.slack.user("rachel")
    await david.says("@bot /help", channel="engineering")
    await office.settled()
    said = await rachel.says("The export of @nathan is slow", channel="engineering")
    await david.uses_shortcut("ask_about", on=said)
    view = await office.slack.wait_for_view(david)
    assert "The export of Nathan" in str(view.content)
    sent = await david.submits(view, {LABEL: "/status"})
    assert sent.is_closed
    answer = await office.slack.wait_for(lambda m: m.thread_ts == said.ts)
    assert "What runs now" in answer.all_text


async def test_a_message_where_the_bot_was_not_spoken_to_is_asked_about_directly(office: Office) -> None:
    david = office.slack.user("david")
    said = await office.slack.user("carlos").says("Is the audit window on?", channel="compliance")
    await david.uses_shortcut("ask_about", on=said)
    view = await office.slack.wait_for_view(david)
    await david.submits(view, {LABEL: "/whoami"})
    answer = await office.slack.wait_for(lambda m: m.bot_id is not None, after=said)
    assert answer.channel == david.dm.id
