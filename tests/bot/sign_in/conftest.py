"""A served dashboard in production, providers to sign in with, and browsers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar, TCPConnector
from aiohttp.test_utils import TestServer, unused_port
from sqlalchemy import select, update

from bot.console.residents import read_residents
from bot.listener import Listener
from bot.settings import Settings
from bot.sign_in.tables import WebSessionRow
from bot.web import make_app
from governance.audit.keys import signer_for
from governance.tables import IdentityRow, PersonRow
from simulators import entra as fake_entra
from simulators.entra import FakeEntra, certificate
from simulators.slack import FakeSlack
from storage.database import Database
from tests.bot.console.conftest import AUDIT_KEY, company
from tests.bot.recorded import Recorded, recorded

__all__ = ["company"]

SLACK_AMANDA = "slack:T0ACME/UAMANDA"


@dataclass
class Browser:
    """A browser of its own: cookies, redirects, and the token that the last page gave it to post with."""

    site: str
    session: ClientSession
    csrf: str = ""

    async def get(self, path: str, **kwargs: Any) -> ClientResponse:
        headers = {"Accept": "text/html"} | kwargs.pop("headers", {})
        address = path if path.startswith("http") else f"{self.site}{path}"
        answer = await self.session.get(address, headers=headers, **kwargs)
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', await answer.text(errors="replace"))
        self.csrf = found[1] if found else self.csrf
        return answer

    async def page(self, path: str) -> str:
        return await (await self.get(path)).text()

    async def post(self, path: str, **kwargs: Any) -> ClientResponse:
        """Post as the last page would."""
        headers = {"Origin": self.site, "X-CSRF-Token": self.csrf} | kwargs.pop("headers", {})
        sent = {name: value for name, value in headers.items() if value is not None}
        return await self.session.post(f"{self.site}{path}", headers=sent, allow_redirects=False, **kwargs)

    async def begin(self, way: str, then: str = "") -> str:
        """Begin to sign in; where the provider sends the browser back to, not gone to yet."""
        answer = await self.get(f"/sign-in/{way}", params={"next": then}, allow_redirects=False)
        assert answer.status == 303, await answer.text()
        back = await self.get(answer.headers["Location"], allow_redirects=False)
        assert back.status == 302
        return back.headers["Location"]

    async def sign_in(self, way: str = "slack", then: str = "") -> ClientResponse:
        """Sign in, and go on to the page that comes then."""
        return await self.get(await self.begin(way, then))

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.key: cookie.value for cookie in self.session.cookie_jar}


@dataclass
class Site:
    """The dashboard as it is served."""

    address: str
    database: Database
    tenant: str
    certificate: Path
    open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def browser(self) -> Browser:
        connector = TCPConnector(ssl=certificate.trusting(self.certificate))
        session = ClientSession(cookie_jar=CookieJar(unsafe=True), connector=connector)
        return Browser(self.address, await self.open.enter_async_context(session))

    async def link(self, person: str, identity: str = SLACK_AMANDA) -> None:
        async with self.database.transaction(self.tenant) as tx:
            tx.add(IdentityRow(identity=identity, person=person))

    async def signed_in(self, person: str, slack: FakeSlack) -> Browser:
        """A browser in which somebody signed in with Slack."""
        slack.browser_user = person
        await self.link(person, f"slack:T0ACME/{slack.user(person).id}")
        browser = await self.browser()
        assert (await browser.sign_in()).status == 200
        return browser

    async def recorded(self, entry_type: str) -> list[Recorded]:
        async with self.database.transaction(self.tenant) as tx:
            return await recorded(tx, entry_type)

    async def sessions(self) -> list[WebSessionRow]:
        async with self.database.transaction(self.tenant) as tx:
            return list((await tx.execute(select(WebSessionRow))).scalars())

    async def change_session(self, **values: Any) -> None:
        async with self.database.transaction(self.tenant) as tx:
            await tx.execute(update(WebSessionRow).values(values))

    async def leave(self, person: str) -> None:
        """Somebody leaves the department."""
        async with self.database.transaction(self.tenant) as tx:
            await tx.execute(update(PersonRow).where(PersonRow.id == person).values(active=False))


@asynccontextmanager
async def serving(database: Database, tenant: str, trusted: Path, **settings: str) -> AsyncIterator[Site]:
    """The dashboard in production; `settings` are laid over those of an address of this machine's."""
    port = unused_port()
    address = f"http://127.0.0.1:{port}"
    given: dict[str, Any] = {"env": "production", "public_url": address} | settings
    app = make_app(
        database=database,
        listener=Listener("postgresql://unused"),
        settings=Settings(_env_file=None, **given),
        tenant=tenant,
        residents=read_residents,
        session_key=b"unused",
        log_key=signer_for(AUDIT_KEY, tenant).verifier,
        checkpoint_file=None,
    )
    async with TestServer(app, host="127.0.0.1", port=port):
        site = Site(address, database, tenant, trusted)
        async with site.open:
            yield site


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with await FakeSlack.start() as started:
        started.browser_user = "amanda"
        yield started


def slack_settings(slack: FakeSlack) -> dict[str, str]:
    """What signing in with this Slack takes."""
    return {
        "slack_api_url": slack.api_url,
        "slack_client_id": slack.client_id,
        "slack_client_secret": slack.client_secret,
        "slack_workspaces": "T0ACME",
    }


@pytest.fixture
async def entra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeEntra]:
    async with fake_entra.serving(tmp_path) as started:
        # How requests (msal's client) and OpenSSL are told of a company's own certificates, too.
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "entra.pem"))
        yield started


@pytest.fixture
async def site(
    database: Database, company: str, slack: FakeSlack, entra: FakeEntra, tmp_path: Path
) -> AsyncIterator[Site]:
    """The dashboard, with both ways to sign in."""
    given = slack_settings(slack) | entra.settings
    async with serving(database, company, tmp_path / "entra.pem", **given) as served:
        yield served


@pytest.fixture
async def browser(site: Site) -> Browser:
    return await site.browser()
