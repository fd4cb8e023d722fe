"""Signing in with Slack and with Entra: who is proved comes in, and what proves nothing leads nowhere."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import delete

from bot.sign_in.tables import WebSignInRow
from governance.tables import IdentityRow
from simulators import id_tokens
from simulators.entra import FakeEntra
from simulators.entra.server import AMANDA, TENANT
from simulators.slack import FakeSlack
from storage.database import Database
from tests.bot.sign_in.conftest import SLACK_AMANDA, Browser, Site, serving


class SlackSide:
    """Slack, where Amanda signs in unless told otherwise."""

    name, label, identity = "slack", "Slack", SLACK_AMANDA
    user_claim = "https://slack.com/user_id"

    def __init__(self, slack: FakeSlack) -> None:
        self.slack, self.tokens = slack, slack.openid

    def declines(self) -> None:
        self.slack.openid.error = "access_denied"

    def goes_away(self) -> None:
        self.slack.faults.server_error("openid.connect.token")

    def is_elsewhere(self) -> str:
        self.slack.add_workspace("T0OTHER", "Other")
        self.slack.browser_user = self.slack.admin.adds("stranger", team="T0OTHER").id
        return f"slack:T0OTHER/{self.slack.browser_user}"


class EntraSide:
    """Entra, where Amanda signs in unless told otherwise."""

    name, label, identity = "entra", "Microsoft", f"teams:{TENANT}/{AMANDA}"
    user_claim = "oid"

    def __init__(self, entra: FakeEntra) -> None:
        self.entra, self.tokens = entra, entra.tokens

    def declines(self) -> None:
        self.entra.error = "access_denied"

    def goes_away(self) -> None:
        self.entra.is_down = True

    def is_elsewhere(self) -> str:
        self.entra.tenant = "4-4-4"
        return f"teams:4-4-4/{AMANDA}"


Way = SlackSide | EntraSide


@pytest.fixture(params=["slack", "entra"])
def way(request: pytest.FixtureRequest, slack: FakeSlack, entra: FakeEntra) -> Way:
    return SlackSide(slack) if request.param == "slack" else EntraSide(entra)


async def _refused(site: Site) -> list[tuple[str, str]]:
    return [(entry.kind, entry.actor) for entry in await site.recorded("sign_in.refused")]


async def test_the_person_whom_the_identity_is_linked_to_comes_in(
    site: Site, browser: Browser, way: Way
) -> None:
    await site.link("amanda", way.identity)
    answer = await browser.sign_in(way.name)
    page = await answer.text()
    assert (answer.status, answer.url.path) == (200, "/dashboard/approvals")
    assert "Amanda Reyes-Holt" in page
    assert f"Signed in with {way.label}" in page
    assert [(row.identity, row.person) for row in await site.sessions()] == [(way.identity, "amanda")]
    entries = [(entry.kind, entry.actor) for entry in await site.recorded("sign_in.done")]
    assert entries == [("access", "amanda")]


async def test_who_is_not_signed_in_is_asked_to_and_comes_back_to_the_page(
    site: Site, browser: Browser, way: Way
) -> None:
    await site.link("amanda", way.identity)
    asked = await browser.get("/dashboard/plans?x=1")
    assert (asked.status, asked.url.path) == (200, "/sign-in")
    link = re.search(rf'href="(/sign-in/{way.name}\?[^"]+)"', await asked.text())
    assert link is not None
    answer = await browser.get(link[1])
    assert str(answer.url) == f"{site.address}/dashboard/plans?x=1"


async def test_a_wrong_state_signs_nobody_in(site: Site, browser: Browser, way: Way) -> None:
    await site.link("amanda", way.identity)
    back = await browser.begin(way.name)
    state = parse_qs(urlsplit(back).query)["state"][0]
    answer = await browser.get(back.replace(state, "another"))
    assert answer.status == 400
    assert "was not begun in this browser" in await answer.text()
    assert await site.sessions() == []


async def test_a_sign_in_is_finished_by_the_browser_that_began_it(
    site: Site, browser: Browser, way: Way
) -> None:
    await site.link("amanda", way.identity)
    back = await browser.begin(way.name)
    victim = await site.browser()
    await victim.begin(way.name)
    assert (await victim.get(back)).status == 400
    assert await site.sessions() == []
    assert (await browser.get(back)).status == 200


async def test_a_way_back_is_gone_once(site: Site, browser: Browser, way: Way) -> None:
    await site.link("amanda", way.identity)
    back = await browser.begin(way.name)
    assert (await browser.get(back)).status == 200
    assert (await browser.get(back)).status == 400
    assert len(await site.sessions()) == 1


async def test_a_code_that_was_used_proves_nothing_again(site: Site, browser: Browser, way: Way) -> None:
    await site.link("amanda", way.identity)
    used, fresh = await browser.begin(way.name), await browser.begin(way.name)
    assert (await browser.get(used)).status == 200
    codes = [parse_qs(urlsplit(address).query)["code"][0] for address in (used, fresh)]
    answer = await browser.get(fresh.replace(codes[1], codes[0]))
    assert answer.status == 400
    assert "does not prove who you are" in await answer.text()
    assert await _refused(site) == [("refusal", "unknown")]


async def test_a_code_of_another_sign_in_proves_nothing_here(site: Site, browser: Browser, way: Way) -> None:
    await site.link("amanda", way.identity)
    stolen = await (await site.browser()).begin(way.name)
    own = await browser.begin(way.name)
    codes = [parse_qs(urlsplit(address).query)["code"][0] for address in (own, stolen)]
    assert (await browser.get(own.replace(codes[0], codes[1]))).status == 400
    assert await site.sessions() == []


async def test_a_sign_in_that_took_too_long_is_begun_again(site: Site, browser: Browser, way: Way) -> None:
    await site.link("amanda", way.identity)
    back = await browser.begin(way.name)
    async with site.database.transaction(site.tenant) as tx:
        row = (await tx.execute(delete(WebSignInRow).returning(WebSignInRow))).scalar_one()
    async with site.database.transaction(site.tenant) as tx:
        kept = {name: getattr(row, name) for name in ("id", "browser", "way", "kept", "then")}
        tx.add(WebSignInRow(**kept, expires=row.expires.replace(year=2020)))
    assert (await browser.get(back)).status == 400
    assert await site.sessions() == []


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"}, {"nonce": None}, {"aud": "another-app"}, {"aud": None}, {"exp": 1_700_000_000},
        {"exp": None}, {"iat": 4_000_000_000}, {"iss": "https://evil.example"}, {"iss": None}, {"sub": None},
    ],
)  # fmt: skip
async def test_a_token_that_lies_proves_nothing(
    site: Site, browser: Browser, way: Way, lie: dict[str, Any]
) -> None:
    await site.link("amanda", way.identity)
    way.tokens.overrides = lie
    answer = await browser.sign_in(way.name)
    assert answer.status == 400
    assert "does not prove who you are" in await answer.text()
    assert await site.sessions() == []
    assert await _refused(site) == [("refusal", "unknown")]


async def test_a_token_for_others_too_proves_nothing(site: Site, browser: Browser, way: Way) -> None:
    await site.link("amanda", way.identity)
    audience = way.tokens.audience
    way.tokens.overrides = {"aud": [audience, "another-app"], "azp": audience}
    assert (await browser.sign_in(way.name)).status == 400
    assert await site.sessions() == []


@pytest.mark.parametrize("wrong", ["U1/T1", "", None, {"a": "b"}, 7])
async def test_a_token_that_names_nobody_proves_nothing(
    site: Site, browser: Browser, way: Way, wrong: object
) -> None:
    way.tokens.overrides = {way.user_claim: wrong}
    assert (await browser.sign_in(way.name)).status == 400


async def test_keys_are_kept_and_fetched_again_when_an_unknown_one_signs(
    site: Site, browser: Browser, way: Way
) -> None:
    await site.link("amanda", way.identity)
    tokens = way.tokens
    for _ in range(2):
        assert (await browser.sign_in(way.name)).status == 200
    assert tokens.key_fetches == 1
    tokens.rotate()
    assert (await browser.sign_in(way.name)).status == 200
    assert tokens.key_fetches == 2


async def test_a_key_that_the_provider_does_not_publish_proves_nothing(
    site: Site, browser: Browser, way: Way
) -> None:
    await site.link("amanda", way.identity)
    way.tokens.signs_with = "key-2"
    assert (await browser.sign_in(way.name)).status == 400
    assert await site.sessions() == []


async def test_a_key_that_was_withdrawn_is_not_believed_for_long(
    site: Site, browser: Browser, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.link("amanda", way.identity)
    assert (await browser.sign_in(way.name)).status == 200
    way.tokens.published = ["key-2"]
    monkeypatch.setattr("bot.sign_in.openid._KEYS_LAST_SECONDS", 0)
    assert (await browser.sign_in(way.name)).status == 400


async def test_another_key_under_a_known_name_proves_nothing(
    site: Site, browser: Browser, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.link("amanda", way.identity)
    assert (await browser.sign_in(way.name)).status == 200
    other = {"key-1": "key-2"}
    made = id_tokens.key
    monkeypatch.setattr(id_tokens, "key", lambda name: made(other.get(name, name)))
    assert (await browser.sign_in(way.name)).status == 400


async def test_organisations_that_are_not_listed_stay_outside(site: Site, browser: Browser, way: Way) -> None:
    await site.link("amanda", way.is_elsewhere())
    answer = await browser.sign_in(way.name)
    assert answer.status == 403
    assert "not one of this company" in await answer.text()
    assert await site.sessions() == []
    assert await _refused(site) == [("refusal", "unknown")]


async def test_who_is_not_linked_yet_is_told_what_to_do(site: Site, browser: Browser, way: Way) -> None:
    answer = await browser.sign_in(way.name)
    page = await answer.text()
    assert answer.status == 403
    assert way.identity in page
    assert "links you by your verified email address" in page
    assert await site.sessions() == []
    assert await _refused(site) == [("refusal", "unknown")]
    assert (await browser.get("/dashboard/plans")).url.path == "/sign-in"


async def test_who_has_left_stays_outside(site: Site, browser: Browser, way: Way) -> None:
    await site.link("amanda", way.identity)
    await site.leave("amanda")
    answer = await browser.sign_in(way.name)
    assert answer.status == 403
    assert "no longer active" in await answer.text()
    assert await site.sessions() == []


async def test_who_declines_is_not_signed_in(site: Site, browser: Browser, way: Way) -> None:
    way.declines()
    answer = await browser.sign_in(way.name)
    assert answer.status == 400
    assert "was not finished (access_denied)" in await answer.text()


async def test_a_provider_that_is_away_is_told(site: Site, browser: Browser, way: Way) -> None:
    back = await browser.begin(way.name)
    way.goes_away()
    answer = await browser.get(back)
    assert answer.status == 503
    assert f"{way.label} does not answer" in await answer.text()


async def test_a_way_that_is_away_at_the_start_is_told_too(
    site: Site, browser: Browser, entra: FakeEntra
) -> None:
    entra.is_down = True
    assert (await browser.get("/sign-in/entra")).status == 503


async def test_a_way_that_is_not_there_is_not_found(site: Site, browser: Browser) -> None:
    for path in ("/sign-in/other", "/sign-in/other/callback"):
        assert (await browser.get(path)).status == 404


async def test_slack_need_not_ask_which_workspace_where_there_is_one(
    site: Site, browser: Browser, slack: FakeSlack
) -> None:
    await browser.begin("slack")
    assert slack.openid.asked[-1]["team"] == "T0ACME"
    assert slack.openid.asked[-1]["redirect_uri"] == f"{site.address}/sign-in/slack/callback"


async def test_several_entra_tenants_sign_in_at_one_place(
    database: Database, company: str, entra: FakeEntra, site: Site
) -> None:
    given = entra.settings | {"entra_tenants": f"{TENANT},5-5-5"}
    async with serving(database, company, site.certificate, **given) as served:
        await served.link("amanda", f"teams:5-5-5/{AMANDA}")
        browser = await served.browser()
        entra.tenant = "5-5-5"
        assert (await browser.sign_in("entra")).status == 200
        entra.tenant = "6-6-6"
        assert (await browser.sign_in("entra")).status == 403
        entra.tenant = "5-5-5"
        entra.tokens.overrides = {"iss": f"{entra.url}/{TENANT}/v2.0"}
        assert (await browser.sign_in("entra")).status == 400


async def test_an_identity_that_moved_to_another_person_ends_the_session(site: Site, browser: Browser) -> None:
    await site.link("amanda")
    await browser.sign_in()
    async with site.database.transaction(site.tenant) as tx:
        await tx.execute(delete(IdentityRow).where(IdentityRow.identity == SLACK_AMANDA))
        tx.add(IdentityRow(identity=SLACK_AMANDA, person="david"))
    assert (await browser.get("/dashboard/approvals")).url.path == "/sign-in"
    assert await site.sessions() == []
