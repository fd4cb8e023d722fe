"""What Slack did not send, sent before, or sends for somebody who may not: a clean answer, and nothing done."""

from __future__ import annotations

import json
import time
from urllib.parse import parse_qs, urlencode

import aiohttp
import pytest

from simulators.slack import Message, reading
from simulators.slack.signing import signed_headers
from tests.books import TAMPERED
from tests.office import Office, OpenOffice


async def _post(office: Office, body: bytes, headers: dict[str, str]) -> int:
    async with (
        aiohttp.ClientSession() as client,
        client.post(office.slack.events_url, data=body, headers=headers) as answer,
    ):
        await answer.read()
        return answer.status


def _event(office: Office, text: str = "/whoami", *, team: str = "T0ACME") -> bytes:
    david = office.slack.user("david")
    event = {"type": "message", "channel_type": "im", "user": david.id, "channel": david.dm.id, "text": text}
    return json.dumps(
        {
            "type": "event_callback",
            "team_id": team,
            "event_id": "Ev1",
            "authorizations": [{"team_id": team}],
            "event": event | {"ts": f"{time.time():.6f}"},
        }
    ).encode()


def _signed(office: Office, body: bytes, *, secret: str | None = None, at: int | None = None) -> dict[str, str]:
    signed = signed_headers(secret or office.slack.signing_secret, body, at or time.time())
    return {"Content-Type": "application/json", **signed}


async def _stored(office: Office) -> int:
    return int((await office.rows("SELECT count(*) FROM inbox"))[0][0])


async def test_what_is_not_signed_by_slack_is_refused(office: Office) -> None:
    before, body = await _stored(office), _event(office)
    old = int(time.time()) - 600
    for headers in (
        {"Content-Type": "application/json"},
        _signed(office, body, secret="another-secret"),
        _signed(office, body, at=old),
        _signed(office, body + b" "),
    ):
        assert await _post(office, body, headers) == 401
    assert await _stored(office) == before


async def test_a_foreign_workspace_is_refused_though_it_is_signed(office: Office) -> None:
    before, body = await _stored(office), _event(office, team="T0OTHER")
    await _post(office, body, _signed(office, body))
    assert await _stored(office) == before


async def test_rubbish_is_answered_and_not_stored(office: Office) -> None:
    before = await _stored(office)
    for body in (b"", b"not json", b"[]", b'{"type": "event_callback"}', "«∞»".encode() * 50):
        assert await _post(office, body, _signed(office, body)) < 500
    assert await _stored(office) == before


@pytest.mark.parametrize("is_signed", [True, False])
async def test_a_form_that_is_rubbish_is_answered_and_not_stored(office: Office, is_signed: bool) -> None:
    before = await _stored(office)
    for body in (
        b"payload=not+json",
        b"payload=%5B%5D",
        b"payload=1",
        b"payload=%7B%7D",
        b"payload",
        b"{",
        b"a=%ff",
    ):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert await _post(office, body, (_signed(office, body) if is_signed else {}) | headers) < 500, body
    assert await _stored(office) == before


@pytest.mark.parametrize("is_signed", [True, False])
async def test_json_that_is_none_of_slacks_is_answered_and_not_stored(office: Office, is_signed: bool) -> None:
    before = await _stored(office)
    for body in (
        b'{"enterprise": 5}',
        b'{"authorizations": {"a": 1}}',
        b'{"team": [], "user": "U1", "actions": 1}',
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b"[" * 100_000,
        b'{"type": "event_callback", "team_id": "\\u0000", "event": {"type": "message"}}',
    ):
        headers = {"Content-Type": "application/json"} | (_signed(office, body) if is_signed else {})
        assert await _post(office, body, headers) < 500, body[:60]
    assert await _stored(office) == before


@pytest.mark.parametrize("at", ["1.5", "-1", "9" * 5000, "x", ""])
async def test_a_time_that_is_none_is_refused(office: Office, at: str) -> None:
    body = _event(office)
    assert await _post(office, body, _signed(office, body) | {"X-Slack-Request-Timestamp": at}) in (400, 401)


@pytest.mark.parametrize("part", ["action_ts", "user"])
async def test_a_press_with_what_no_row_can_hold_is_answered(office: Office, part: str) -> None:
    asked = await office.slack.user("amanda").says("/status", dm=True)
    card = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts and m.buttons)
    payload = json.loads(parse_qs(_press(office, "amanda", card, "b_made_up").decode())["payload"][0])
    if part == "user":
        payload["user"]["id"] += "\0"
    else:
        payload["actions"][0]["action_ts"] = "1.\0\ud800"
    body = urlencode({"payload": json.dumps(payload)}).encode()
    headers = _signed(office, body) | {"Content-Type": "application/x-www-form-urlencoded"}
    assert await _post(office, body, headers) == 200
    await office.settled()


async def test_a_megabyte_is_too_much(office: Office) -> None:
    body = _event(office, "x" * 1_100_000)
    assert await _post(office, body, _signed(office, body)) == 413


async def test_the_same_delivery_again_is_taken_and_does_nothing(office: Office) -> None:
    body = _event(office)
    before = await _stored(office)
    statuses = [await _post(office, body, _signed(office, body)) for _ in range(3)]
    assert statuses == [200, 200, 200]
    assert await _stored(office) == before + 1
    await office.settled()


async def test_broadcasts_and_mentions_in_what_people_write_stay_words(office: Office) -> None:
    asked = await office.slack.user("david").says(
        "/status <!channel> <@UBOTT0ACME|x> *bold* <http://evil.example|safe>", dm=True
    )
    answer = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    said = json.dumps(answer.blocks) + answer.text
    assert "<!channel" not in said
    assert "<@" not in said


async def test_somebody_who_was_deactivated_decides_nothing(office: Office) -> None:
    ingrid = office.slack.user("ingrid")
    asked = await ingrid.says("/whoami", dm=True)
    await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    await office.slack.admin.changes("ingrid", deleted=True)
    try:
        linked = await office.rows(
            "SELECT person FROM identities WHERE identity = :i", i=f"slack:T0ACME/{ingrid.id}"
        )
        assert linked == []
    finally:
        await office.slack.admin.changes("ingrid", deleted=False)


def _press(office: Office, who: str, card: Message, token: str, *, team: str = "T0ACME") -> bytes:
    user = office.slack.user(who)
    payload = {
        "type": "block_actions",
        "user": {"id": user.id, "team_id": team},
        "team": {"id": team},
        "container": {"type": "message", "message_ts": card.ts, "channel_id": card.channel},
        "channel": {"id": card.channel},
        "trigger_id": "1.2.3",
        "actions": [
            {"type": "button", "action_id": "press:1", "value": token, "action_ts": f"{time.time():.6f}"}
        ],
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


async def _send(office: Office, body: bytes) -> int:
    headers = _signed(office, body) | {"Content-Type": "application/x-www-form-urlencoded"}
    return await _post(office, body, headers)


@pytest.mark.parametrize("token", ["b_made_up", "", "' OR 1=1 --", "b_\0", "b_\ud800"])
async def test_a_button_that_is_nobodys_is_answered_and_does_nothing(office: Office, token: str) -> None:
    asked = await office.slack.user("amanda").says("/status", dm=True)
    card = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts and m.buttons)
    assert await _send(office, _press(office, "amanda", card, token)) == 200
    if token:
        await office.slack.wait_for(lambda m: "no longer connected" in m.all_text, after=card)


async def _asks_to_approve(office: Office) -> Message:
    """A card with an approval, before Amanda; nobody has voted on it."""
    asked = await office.slack.user("amanda").says("/access make Nathan an architect", dm=True)
    return await office.slack.wait_for(lambda m: m.thread_ts == asked.ts and "Approve" in m.buttons)


def _token(card: Message, label: str = "Approve") -> str:
    return next(e["value"] for _, e in reading.pressable(card.blocks) if reading.label(e) == label)


async def _votes(office: Office) -> int:
    counted = "SELECT coalesce(sum(jsonb_array_length(body->'votes')), 0) FROM approvals"
    return int((await office.rows(counted))[0][0])


async def test_a_click_from_a_foreign_workspace_is_neither_stored_nor_counted(office: Office) -> None:
    card = await _asks_to_approve(office)
    stored, votes = await _stored(office), await _votes(office)
    await _send(office, _press(office, "amanda", card, _token(card), team="T0OTHER"))
    await office.settled()
    assert (await _stored(office), await _votes(office)) == (stored, votes)


async def test_another_companys_button_is_nobodys_here(office: Office, open_office: OpenOffice) -> None:
    other = await open_office()
    theirs, ours = await _asks_to_approve(other), await _asks_to_approve(office)
    await _send(office, _press(office, "amanda", ours, _token(theirs)))
    await office.slack.wait_for(lambda m: "no longer connected" in m.all_text, after=ours)
    await office.settled()
    assert await _votes(other) == 0


async def test_who_was_deactivated_votes_for_nothing(open_office: OpenOffice) -> None:
    office = await open_office()
    card = await _asks_to_approve(office)
    await office.slack.admin.changes("amanda", deleted=True)
    pressed = await office.slack.user("amanda").presses("Approve", on=card)
    await office.settled()
    assert pressed.is_taken
    assert await _votes(office) == 0
    refused = await office.rows("SELECT count(*) FROM audit_entries WHERE kind = 'refusal'")
    assert refused == [(1,)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("jsonb_set(body, '{deadlines,expires}', '\"2026-01-01T00:00:00Z\"')", "expired"),
        ("""body || '{"status": "superseded", "superseded_by": "ap_newer"}'""", "superseded"),
    ],
)
async def test_a_click_on_a_card_whose_time_is_over_is_answered_so(
    open_office: OpenOffice, change: str, said: str
) -> None:
    office = await open_office()
    card = await _asks_to_approve(office)
    await office.settled()
    await office.rows(f"UPDATE approvals SET body = {change} RETURNING id".replace(":", r"\:"))
    TAMPERED.add(office.tenant)
    await office.slack.user("amanda").presses("Approve", on=card)
    await office.slack.wait_for(lambda m: m.channel == card.channel and said in m.all_text)
    await office.settled()
    assert await _votes(office) == 0
    assert await office.rows("SELECT count(*) FROM effects WHERE state = 'done'") == [(0,)]


async def test_a_form_that_is_sent_twice_counts_once(office: Office) -> None:
    amanda = office.slack.user("amanda")
    card = await _asks_to_approve(office)
    before = await _stored(office)
    await amanda.presses("Deny", on=card)
    view = await office.slack.wait_for_view(amanda)
    sent = await amanda.submits(view, {})
    assert sent.is_closed
    assert await office.slack.courier.attempt(sent.delivery, 1)
    assert await _stored(office) == before + 1


async def test_a_link_with_a_secret_in_it_is_neither_logged_nor_unfurled(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "xoxb-hunter2-hunter2"
    asked = await office.slack.user("david").says(
        f"/status https://david:{secret}@files.example/plan?token={secret}", dm=True
    )
    answer = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    await office.settled()
    assert not answer.unfurls
    assert f"https://david:{secret}" not in json.dumps(answer.blocks)
    logged = capsys.readouterr()
    assert "turn_taken" in logged.out
    assert secret not in logged.out + logged.err
