"""Installing, rotating tokens, organisations, signing in, leaving."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import aiohttp
import jwt
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import FakeSlack
from tests.simulators.bolt_app import BoltEnd

BACK = "http://127.0.0.1:1/back"


async def code_from(slack: FakeSlack, path: str, **query: str) -> str:
    """What the browser brings back from one of Slack's own pages."""
    query = {"client_id": slack.client_id, "state": "s1", "redirect_uri": BACK, "as": "david", **query}
    address = slack.url + path
    async with (
        aiohttp.ClientSession() as session,
        session.get(address, params=query, allow_redirects=False) as answer,
    ):
        assert answer.status == 302
        target = urlsplit(answer.headers["Location"])
    found = parse_qs(target.query)
    assert found["state"] == ["s1"]
    assert target.path == "/back"
    return found["code"][0]


async def install(slack: FakeSlack, **query: str) -> dict[str, object]:
    code = await code_from(slack, "/oauth/v2/authorize", **query)
    client = AsyncWebClient(base_url=slack.api_url)
    secrets = {"client_id": slack.client_id, "client_secret": slack.client_secret}
    answer = await client.oauth_v2_access(code=code, redirect_uri=BACK, **secrets)
    with pytest.raises(SlackApiError, match="invalid_code"):
        await client.oauth_v2_access(code=code, redirect_uri=BACK, **secrets)
    assert isinstance(answer.data, dict)
    return answer.data


async def test_an_installation_gives_a_token(slack: FakeSlack) -> None:
    slack.add_workspace("T0SECOND", "Second")
    slack.admin.adds("susan", team="T0SECOND")
    answer = await install(slack, **{"as": "susan"})
    assert answer["team"] == {"id": "T0SECOND", "name": "Second"}
    assert answer["is_enterprise_install"] is False
    known = await AsyncWebClient(token=str(answer["access_token"]), base_url=slack.api_url).auth_test()
    assert known["team_id"] == "T0SECOND"
    assert known["user_id"] == answer["bot_user_id"]


async def test_wrong_secrets_are_refused(slack: FakeSlack) -> None:
    code = await code_from(slack, "/oauth/v2/authorize")
    client = AsyncWebClient(base_url=slack.api_url)
    with pytest.raises(SlackApiError, match="bad_client_secret"):
        await client.oauth_v2_access(code=code, client_id=slack.client_id, client_secret="x", redirect_uri=BACK)


async def test_an_organisations_token_covers_its_workspaces() -> None:
    async with await FakeSlack.start(enterprise="E0GROUP", installed=False) as slack:
        slack.add_workspace("T0SECOND", "Second", enterprise="E0GROUP")
        side = slack.admin.opens("side", "david", team="T0SECOND")
        answer = await install(slack, account="E0GROUP")
        assert (answer["team"], answer["is_enterprise_install"]) == (None, True)
        client = AsyncWebClient(token=str(answer["access_token"]), base_url=slack.api_url)
        assert (await client.auth_test())["enterprise_id"] == "E0GROUP"
        for channel in (side, slack.channel("product")):
            await client.chat_postMessage(channel=channel.id, text="hello")
        with pytest.raises(SlackApiError, match="missing_argument"):
            await client.conversations_list()
        assert (await client.conversations_list(team_id="T0SECOND"))["channels"][0]["name"] == "side"
        user = (await client.users_info(user=slack.user("david").id))["user"]
        assert user["enterprise_user"]["teams"] == ["T0ACME", "T0SECOND"]


async def test_events_of_an_organisation_say_so() -> None:
    async with await FakeSlack.start(enterprise="E0GROUP", installed=False) as slack:
        slack.install("E0GROUP")
        slack.courier.hold()
        await slack.user("david").says("hello", dm=True)
        (delivery,) = slack.courier.made
        assert delivery.payload["enterprise_id"] == "E0GROUP"
        assert delivery.payload["authorizations"][0]["is_enterprise_install"] is True


async def test_tokens_rotate(slack: FakeSlack) -> None:
    slack.rotates_tokens = True
    app = slack.install(slack.team_id)
    old = AsyncWebClient(token=app.token, base_url=slack.api_url)
    await old.auth_test()
    slack.admin.expires_tokens()
    with pytest.raises(SlackApiError, match="token_expired"):
        await old.auth_test()
    bot = Bot(
        bot_token=app.token,
        bot_id=app.bot_id,
        bot_user_id=app.bot_user,
        bot_refresh_token=app.refresh_token,
        bot_token_expires_at=int(time.time()),
        installed_at=time.time(),
    )
    client = AsyncWebClient(base_url=slack.api_url)
    rotator = AsyncTokenRotator(client_id=slack.client_id, client_secret=slack.client_secret, client=client)
    fresh = await rotator.perform_bot_token_rotation(bot=bot)
    assert fresh is not None
    await AsyncWebClient(token=fresh.bot_token, base_url=slack.api_url).auth_test()
    assert fresh.bot_token_expires_at == pytest.approx(time.time() + 43_200, abs=5)
    with pytest.raises(Exception, match="invalid_refresh_token"):
        await rotator.perform_bot_token_rotation(bot=bot)


async def test_leaving_is_told_and_ends_tokens(slack: FakeSlack, bolt: BoltEnd, web: AsyncWebClient) -> None:
    await web.apps_uninstall(client_id=slack.client_id, client_secret=slack.client_secret)
    await slack.settle()
    with pytest.raises(SlackApiError, match="account_inactive"):
        await web.auth_test()
    told = [delivery.payload["event"]["type"] for delivery in slack.courier.made]
    assert told == ["tokens_revoked", "app_uninstalled"]


async def test_signing_in_gives_a_signed_token(slack: FakeSlack) -> None:
    code = await code_from(slack, "/openid/connect/authorize", nonce="n1", scope="openid profile email")
    client = AsyncWebClient(base_url=slack.api_url)
    answer = await client.openid_connect_token(
        client_id=slack.client_id, client_secret=slack.client_secret, code=code, redirect_uri=BACK
    )
    async with aiohttp.ClientSession() as session, session.get(f"{slack.url}/openid/connect/keys") as keys:
        (key,) = jwt.PyJWKSet.from_dict(await keys.json()).keys
    claims = jwt.decode(
        answer["id_token"], key, algorithms=["RS256"], audience=slack.client_id, issuer=slack.url
    )
    assert claims["nonce"] == "n1"
    assert claims["https://slack.com/user_id"] == slack.user("david").id
    assert claims["https://slack.com/team_id"] == slack.team_id
    assert (claims["email"], claims["email_verified"]) == ("david@example.com", True)
    info = await client.openid_connect_userInfo(token=answer["access_token"])
    assert info["https://slack.com/user_id"] == slack.user("david").id


async def test_tokens_that_lie(slack: FakeSlack) -> None:
    slack.openid.overrides = {"aud": "another app", "exp": 1}
    user = slack.user("david").user
    token = slack.openid.id_token(slack.state, user, "n1")
    with pytest.raises(jwt.ExpiredSignatureError):
        key = jwt.PyJWKSet.from_dict(slack.openid.keys()).keys[0]
        jwt.decode(token, key, algorithms=["RS256"], audience=slack.client_id)
    former = slack.openid.keys()
    slack.openid.rotate()
    assert slack.openid.keys() != former


async def test_the_page_asks_who_signs_in(slack: FakeSlack) -> None:
    query = {"client_id": slack.client_id, "state": "s1", "redirect_uri": BACK}
    address = f"{slack.url}/openid/connect/authorize"
    async with aiohttp.ClientSession() as session, session.get(address, params=query) as answer:
        page = await answer.text()
    assert "David Lindqvist" in page
    assert 'value="s1"' in page
