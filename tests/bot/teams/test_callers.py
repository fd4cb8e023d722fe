"""Who may call `/teams/messages`: whoever carries a token that the Bot Framework made for this bot, and nobody
else. Every refusal is a sentence, and nothing of it is stored."""

from __future__ import annotations

import time
import uuid

import jwt
import pytest

from bot.teams import authentication
from simulators.teams import activities
from simulators.teams.signing import key
from tests.office import TeamsOffice

HOUR = 3600


def _activity(office: TeamsOffice, **changes: object) -> dict[str, object]:
    david = office.person("david")
    said = activities.message(office.teams, david.human, david.chat, None, "/status", uuid.uuid4().hex)
    return said | changes


async def _stored(office: TeamsOffice, activity: dict[str, object]) -> int:
    rows = await office.rows("SELECT id FROM inbox WHERE key LIKE '%/' || :id", id=activity["id"])
    return len(rows)


async def test_a_good_token_opens_and_the_message_is_stored(empty_office: TeamsOffice) -> None:
    activity = _activity(empty_office)
    delivery = await empty_office.teams.deliver(activity)
    assert (delivery.status, delivery.body) == (200, "")
    assert await _stored(empty_office, activity) == 1


@pytest.mark.parametrize("header", [
    None, "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Bearer ..", "Basic dXNlcjpwYXNz", "garbage",
    "Bearer " + "a" * 5000, "Bearer eyJhbGciOiJub25lIn0.e30.",
])  # fmt: skip
async def test_no_token_or_garbage_is_refused_in_a_sentence(
    empty_office: TeamsOffice, header: str | None
) -> None:
    activity = _activity(empty_office)
    delivery = await empty_office.teams.deliver(activity, authorization=header)
    assert delivery.status == 401
    assert delivery.answer["error"].endswith(".")
    assert await _stored(empty_office, activity) == 0


@pytest.mark.parametrize("claims", [
    {"exp": int(time.time()) - HOUR},
    {"exp": None},
    {"nbf": int(time.time()) + HOUR},
    {"aud": "00000000-0000-4000-8000-000000000000"},
    {"aud": None},
    {"aud": ["00000000-0000-4000-8000-000000000000", "another"]},
    {"iss": "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/"},
    {"iss": "https://evil.example"},
    {"iss": None},
    {"serviceurl": "https://evil.example/connector/"},
    {"serviceurl": None},
], ids=lambda claims: next(iter(claims)))  # fmt: skip
async def test_a_token_that_says_something_else_is_refused(
    empty_office: TeamsOffice, claims: dict[str, object]
) -> None:
    activity = _activity(empty_office)
    token = empty_office.teams.token(**claims)
    delivery = await empty_office.teams.deliver(activity, authorization=f"Bearer {token}")
    assert delivery.status == 401
    assert delivery.answer["error"].endswith(".")
    assert await _stored(empty_office, activity) == 0


async def test_tokens_that_others_signed_are_refused(empty_office: TeamsOffice) -> None:
    teams = empty_office.teams
    claims = jwt.decode(teams.token(), options={"verify_signature": False})
    public = teams.keys.document()["keys"][0]["n"]
    for token in (
        teams.token(by="forged", called=teams.keys.current),
        teams.token(by="forged"),
        jwt.encode(claims, None, algorithm="none", headers={"kid": teams.keys.current}),
        jwt.encode(claims, public, algorithm="HS256", headers={"kid": teams.keys.current}),
        jwt.encode(claims, key(teams.keys.current), algorithm="RS256"),
    ):
        activity = _activity(empty_office)
        delivery = await teams.deliver(activity, authorization=f"Bearer {token}")
        assert delivery.status == 401
        assert await _stored(empty_office, activity) == 0


async def test_a_key_that_speaks_for_other_channels_is_refused(
    empty_office: TeamsOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "NOT_SOONER_THAN", 0.0)
    keys = empty_office.teams.keys
    keys.published.add("key-webchat")
    keys.endorsements["key-webchat"] = ["webchat", "directline"]
    token = empty_office.teams.token(by="key-webchat")
    delivery = await empty_office.teams.deliver(_activity(empty_office), authorization=f"Bearer {token}")
    assert delivery.status == 401
    keys.published.discard("key-webchat")


async def test_new_keys_are_followed_and_old_ones_dropped(
    empty_office: TeamsOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "NOT_SOONER_THAN", 0.0)
    old = empty_office.teams.token()
    empty_office.teams.keys.roll()
    assert (await empty_office.teams.deliver(_activity(empty_office))).status == 200
    delivery = await empty_office.teams.deliver(_activity(empty_office), authorization=f"Bearer {old}")
    assert delivery.status == 401


async def test_invented_key_names_do_not_make_us_fetch_each_time(empty_office: TeamsOffice) -> None:
    await empty_office.teams.deliver(_activity(empty_office))
    before = empty_office.teams.keys.fetches
    for number in range(20):
        token = empty_office.teams.token(by="forged", called=f"invented-{number}")
        await empty_office.teams.deliver(_activity(empty_office), authorization=f"Bearer {token}")
    assert empty_office.teams.keys.fetches <= before + 1


@pytest.mark.parametrize("changes", [
    {"channelData": {"tenant": {"id": "00000000-0000-4000-8000-000000000000"}}},
    {"channelData": {"tenant": {"id": ""}}, "conversation": {"id": "a:1", "conversationType": "personal"}},
    {"channelData": None, "conversation": {"id": "a:1", "conversationType": "personal"}},
    {"conversation": {"id": "a:1", "tenantId": "00000000-0000-4000-8000-000000000000"}},
    {"from": {"id": "29:x", "tenantId": "00000000-0000-4000-8000-000000000000"}},
    {"channelId": "webchat"},
    {"channelId": "emulator"},
], ids=str)  # fmt: skip
async def test_other_companies_and_other_channels_are_refused(
    empty_office: TeamsOffice, changes: dict[str, object]
) -> None:
    activity = _activity(empty_office, **changes)
    delivery = await empty_office.teams.deliver(activity)
    assert delivery.status == 403
    assert delivery.answer["error"].endswith(".")
    assert await _stored(empty_office, activity) == 0


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"type": "message"}',
    b'{"type": 3, "conversation": {"id": "x"}}', b'{"type": "message", "conversation": "x"}',
])  # fmt: skip
async def test_what_is_no_activity_is_refused(empty_office: TeamsOffice, body: bytes) -> None:
    delivery = await empty_office.teams.post(body, f"Bearer {empty_office.teams.token()}")
    assert delivery.status == 400
    assert delivery.answer["error"].endswith(".")


@pytest.mark.parametrize("changes", [
    {"timestamp": "yesterday"}, {"entities": {"a": 1}}, {"entities": ["a"]}, {"attachments": [3]},
    {"membersAdded": "no"}, {"from": [1]}, {"id": ""}, {"text": {"a": 1}},
    {"id": "a\0b"}, {"from": {"id": "29:x\0"}}, {"from": {"id": "29:x", "aadObjectId": "\0"}},
    {"from": {"id": "29:" + "x" * 200}}, {"recipient": {"id": "28:\0"}}, {"conversation": {"id": "a:1\n"}},
    {"conversation": {"id": ""}}, {"conversation": {"id": "a" * 2_000}},
    {"channelData": {"tenant": {"id": "\0"}}}, {"channelData": {"team": {"id": "19:\0"}}},
], ids=str)  # fmt: skip
async def test_activities_of_another_shape_are_refused(
    empty_office: TeamsOffice, changes: dict[str, object]
) -> None:
    delivery = await empty_office.teams.deliver(_activity(empty_office, **changes))
    assert delivery.status == 400


async def test_a_megabyte_is_too_much_and_is_not_even_read_from_strangers(empty_office: TeamsOffice) -> None:
    activity = _activity(empty_office, text="a" * 1_100_000)
    delivery = await empty_office.teams.deliver(activity)
    assert delivery.status == 413
    assert "one megabyte" in delivery.answer["error"]
    assert await _stored(empty_office, activity) == 0
    stranger = await empty_office.teams.deliver(activity, authorization=None)
    assert stranger.status == 401


async def test_a_long_message_is_taken_and_bounded(empty_office: TeamsOffice) -> None:
    activity = _activity(empty_office, text="/status " + "a" * 900_000)
    assert (await empty_office.teams.deliver(activity)).status == 200
    ((length,),) = await empty_office.rows(
        "SELECT length(what->>'text') FROM inbox WHERE key LIKE '%/' || :id", id=activity["id"]
    )
    assert length == 12_000
