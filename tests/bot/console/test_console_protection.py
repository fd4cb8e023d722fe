"""The console is this machine's alone: by host, by origin, by size, by policy, by setting."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from bot.console.personas import Session, session_key
from bot.console.protection import ConsoleRefused, demand_local
from bot.console.residents import read_residents
from bot.listener import Listener
from bot.settings import Settings
from bot.tables import InboxRow
from bot.web import make_app
from governance.audit.keys import signer_for
from governance.tables import PersonRow
from storage.database import Database
from tests.bot.console.conftest import AUDIT_KEY, Served


def _body(**parts: object) -> dict[str, object]:
    return {"key": str(uuid.uuid4()), "channel": "product", "thread": None, "text": "Hello"} | parts


async def _nothing_stored(served: Served) -> bool:
    async with served.database.transaction(served.tenant) as tx:
        return (await tx.execute(select(InboxRow))).first() is None


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8300", "127.0.0.1.evil.example", "10.0.0.1:80", "[::2]"]
)
async def test_a_foreign_name_for_this_machine_is_refused(served: Served, host: str) -> None:
    await served.is_("david")
    for path in ("/", "/console/events", "/dashboard/audit"):
        answer = await served.client.get(path, headers={"Host": host})
        assert answer.status == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost", None]
)
async def test_a_foreign_page_posts_nothing(served: Served, origin: str | None) -> None:
    await served.is_("david")
    headers = {"Origin": origin} if origin else {}
    for path in ("/console/say", "/console/click", "/console/persona", "/dashboard/audit/verify"):
        answer = await served.client.post(path, json=_body(), headers=headers)
        assert answer.status == 403
        assert "another site" in (await answer.json())["error"]
    assert await _nothing_stored(served)


async def test_localhost_is_this_machine_too(served: Served) -> None:
    port = served.client.port
    answer = await served.client.get("/", headers={"Host": f"localhost:{port}", "Accept": "text/html"})
    assert answer.status == 200


@pytest.mark.parametrize(
    "rubbish",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"key": 1}', b"[" * 100_000, b'{"text": "a"}'],
)
async def test_rubbish_is_told_that_it_cannot_be_read(served: Served, rubbish: bytes) -> None:
    await served.is_("david")
    for path in ("/console/say", "/console/click"):
        answer = await served.post(path, data=rubbish, headers={"Content-Type": "application/json"})
        assert answer.status == 400
        assert (await answer.json())["error"].startswith("This cannot be read")
    assert await _nothing_stored(served)


@pytest.mark.parametrize(
    "parts",
    [{"key": "1"}, {"key": "A" * 36}, {"person": "amanda"}, {"text": 3}, {"channel": ""}, {"thread": ""}],
)
async def test_fields_are_what_they_should_be(served: Served, parts: dict[str, object]) -> None:
    await served.is_("david")
    assert (await served.post("/console/say", json=_body(**parts))).status == 400
    assert await _nothing_stored(served)


async def test_other_content_types_are_not_read(served: Served) -> None:
    await served.is_("david")
    answer = await served.post("/console/say", data={"text": "Hello"})
    assert answer.status == 415


async def test_too_much_is_answered_with_a_sentence(served: Served) -> None:
    await served.is_("david")
    for size, says in ((1_100_000, "one megabyte"), (12_001, "12,000 are the most")):
        answer = await served.post("/console/say", json=_body(text="a" * size))
        assert answer.status == 413
        assert says in (await answer.json())["error"]
    assert await _nothing_stored(served)


async def test_pages_forbid_inline_script_and_framing(served: Served) -> None:
    await served.is_("david")
    for path in ("/", "/console/in/product", "/dashboard/approvals"):
        answer = await served.client.get(path, headers={"Accept": "text/html"})
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        html = await answer.text()
        assert "style=" not in html
        assert "onclick" not in html
        assert "<script>" not in html


async def test_the_cookie_is_kept_from_scripts_and_other_sites(served: Served) -> None:
    answer = await served.post("/console/persona", data={"person": "david"}, allow_redirects=False)
    cookie = answer.cookies["countersign_persona"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert "david" not in cookie.value


async def test_somebody_who_left_is_nobody(served: Served) -> None:
    await served.is_("david")
    async with served.database.transaction(served.tenant) as tx:
        row = (await tx.execute(select(PersonRow).where(PersonRow.id == "david"))).scalar_one()
        row.active = False
    assert "Who is speaking?" in await served.page("/")
    answer = await served.post("/console/say", json=_body())
    assert answer.status == 401
    assert await _nothing_stored(served)


def test_a_session_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = session_key(tmp_path / "var")
    assert session_key(tmp_path / "var") == first
    assert (tmp_path / "var" / "console.key").stat().st_mode & 0o077 == 0
    response = web.Response()
    Session(first).choose(response, "david")
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["console.key"]


def test_a_console_is_refused_wherever_others_could_reach_it() -> None:
    demand_local(Settings(_env_file=None))
    with pytest.raises(ConsoleRefused, match="ENV=production"):
        demand_local(Settings(_env_file=None, env="production"))
    with pytest.raises(ConsoleRefused, match=r"HOST=0\.0\.0\.0"):
        demand_local(Settings(_env_file=None, host="0.0.0.0"))


async def test_in_production_the_console_says_why_it_is_not_there(database: Database, company: str) -> None:
    app = make_app(
        database=database,
        listener=Listener("postgresql://unused"),
        settings=Settings(_env_file=None, env="production", host="0.0.0.0"),
        tenant=company,
        residents=read_residents,
        session_key=b"unused",
        log_key=signer_for(AUDIT_KEY, company).verifier,
        checkpoint_file=None,
    )
    async with TestClient(TestServer(app)) as client:
        for path in ("/console/people", "/console/in/product"):
            answer = await client.get(path)
            assert answer.status == 403
            assert "ENV=production" in (await answer.json())["error"]
        assert (await client.get("/")).status == 503
        assert (await client.post("/console/persona", data={"person": "amanda"})).status == 403
        assert (await client.get("/healthz")).status == 200
