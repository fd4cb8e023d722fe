"""Whose word on a file counts: what answers an offer, which answer changes it, and where bytes may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.teams.file_offers import STANDS_FOR, rule
from bot.teams.files import OneDrive, Upload, consent_of
from simulators.teams import Message
from tests.office import TeamsOffice

STATES = ("new", "offered", "accepted", "putting", "uploaded", "kept", "declined", "expired", "failed")


@pytest.mark.parametrize("value", [
    None, "x", [], {}, {"action": "accept"}, {"action": "maybe", "context": {"offer": "fo_1"}},
    {"action": "accept", "context": {"offer": "fo_1"}}, {"action": "decline", "context": {"offer": 1}},
    {"action": "decline", "context": {"offer": "fo\x00"}},
    {"action": "accept", "context": {"offer": "fo_1"}, "uploadInfo": {"uploadUrl": "https://a b/"}},
], ids=str)  # fmt: skip
async def test_what_is_no_answer_is_refused(empty_office: TeamsOffice, value: object) -> None:
    assert consent_of(value) is None
    david = empty_office.person("david")
    card = Message("1", david.chat.id, None, "bot", file={"name": "a", "content": {"declineContext": {}}})
    said = david.consent(card, "decline") | {"value": value}
    assert (await empty_office.teams.deliver(said)).status == 501


@pytest.mark.parametrize(("url", "is_theirs"), [
    ("https://contoso-my.sharepoint.com/personal/d/_api/v2.0/drive/items/1/uploadSession?guid='x'", True),
    ("https://contoso.SharePoint.com:443/x", True),
    ("https://contoso.sharepoint.us/x", True),
    ("https://contoso.sharepoint-mil.us/x", True),
    ("https://contoso.sharepoint.cn/x", True),
    ("https://sharepoint.com/x", False),
    ("http://contoso.sharepoint.com/x", False),
    ("https://contoso.sharepoint.com", False),
    ("https://contoso.sharepoint.com:8443/x", False),
    ("https://contoso.sharepoint.com.evil.example/x", False),
    ("https://evilsharepoint.com/x", False),
    ("https://contoso.sharepoint.com@evil.example/x", False),
    ("https://u:p@contoso.sharepoint.com/x", False),
    ("https://evil.example/contoso.sharepoint.com/x", False),
    ("https://evil.example#.sharepoint.com/x", False),
    ("https://evil.example\\.sharepoint.com/x", False),
    ("https://contoso.sharepoint.com./x", False),
    ("https://contoso.sharepoint.com/a\nb", False),
    ("https://169.254.169.254/x", False),
    ("http://127.0.0.1:8398/onedrive/x", False),
    ("file:///etc/passwd", False),
    ("", False),
])  # fmt: skip
async def test_only_sharepoint_is_onedrive(url: str, is_theirs: bool) -> None:
    async with httpx.AsyncClient() as http:
        assert OneDrive(http, None).is_address(url) is is_theirs
        if not is_theirs:
            with pytest.raises(ValueError, match="not OneDrive"):
                await OneDrive(http, None).put(url, b"x")


async def test_a_stand_in_on_this_machine_is_onedrive_and_its_neighbours_are_not() -> None:
    async with httpx.AsyncClient() as http:
        onedrive = OneDrive(http, "http://127.0.0.1:8398")
        assert onedrive.is_address("http://127.0.0.1:8398/x")
        assert not onedrive.is_address("http://127.0.0.1:83981/x")
        assert not onedrive.is_address("http://127.0.0.1:8398@evil.example/x")


UPLOAD = Upload.model_validate(
    {"uploadUrl": "https://a/u", "contentUrl": "https://a/c", "uniqueId": "1", "name": "n"}
)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("upload", [UPLOAD, None])
@pytest.mark.parametrize("age", [timedelta(0), STANDS_FOR + timedelta(seconds=1)])
@pytest.mark.parametrize("is_onedrive", [True, False])
def test_only_an_open_offer_changes(
    state: str, upload: Upload | None, age: timedelta, is_onedrive: bool
) -> None:
    now = datetime.now(UTC)
    ruling = rule(state, now - age, upload, now, lambda _: is_onedrive)
    is_open = state in ("new", "offered")
    if not is_open or (not age and upload and not is_onedrive):
        assert ruling.state is None
    else:
        assert ruling.state == ("expired" if age else "accepted" if upload else "declined")
    assert (ruling.said is None) == (ruling.state == "accepted"), (
        "everything but an acceptance is answered at once"
    )
