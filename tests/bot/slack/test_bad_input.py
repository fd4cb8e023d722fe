"""What Slack did not send, sent before, or sends for somebody who may not: a clean answer, and nothing done."""

from __future__ import annotations

import json
import time
from urllib.parse import urlencode

import aiohttp
import pytest

from tests.fakes.slack.signing import signed_headers
from tests.office import Office


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


@pytest.mark.parametrize("token", ["b_made_up", "", "' OR 1=1 --"])
async def test_a_button_that_is_nobodys_is_answered_and_does_nothing(office: Office, token: str) -> None:
    amanda = office.slack.user("amanda")
    asked = await amanda.says("/status", dm=True)
    card = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts and m.buttons)
    payload = {
        "type": "block_actions",
        "user": {"id": amanda.id, "team_id": "T0ACME"},
        "team": {"id": "T0ACME"},
        "container": {"type": "message", "message_ts": card.ts, "channel_id": card.channel},
        "channel": {"id": card.channel},
        "trigger_id": "1.2.3",
        "actions": [
            {"type": "button", "action_id": "press:1", "value": token, "action_ts": f"{time.time():.6f}"}
        ],
    }

    body = urlencode({"payload": json.dumps(payload)}).encode()
    headers = _signed(office, body) | {"Content-Type": "application/x-www-form-urlencoded"}
    assert await _post(office, body, headers) == 200
    if token:
        await office.slack.wait_for(lambda m: "no longer connected" in m.all_text, after=card)
