"""What no browser sends: every address, cursor, form and token is answered with a sentence, never with 500."""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.console import pages
from bot.console.adapter import ConsoleAdapter
from bot.outbox import post_thread, put
from governance.places import Audience, Place
from tests.bot.console.conftest import Served
from tests.bot.console.sample_cards import plan_reply
from tests.bot.console.sample_rows import add_approval

PRODUCT = Place("console", "product", "cm_1", Audience.DEPARTMENT)


async def _said(served: Served, path: str, **kwargs: Any) -> tuple[int, str]:
    answer = await served.client.get(path, **kwargs)
    return answer.status, (await answer.json())["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/console/in/%00",
        "/console/in/dm-david/%00",
        "/console/forms/%00",
        "/files/%00",
        "/dashboard/plans/%00",
        "/dashboard/audit/%00",
        "/static/%00",
        "/nowhere/%00",
        "/?thread=%00",
        "/?%00=1",
        "/console/in/product?before=%00",
        "/console/events?since=%00",
        "/dashboard/audit?actor=%00&about=a",
    ],
)
async def test_an_address_with_nul_is_refused(served: Served, path: str) -> None:
    await served.is_("david")
    assert await _said(served, path) == (400, "This address holds characters that no address here has.")


async def test_bytes_that_are_no_text_are_refused(served: Served) -> None:
    head, _ = await _raw(served, b"GET /console/in/\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert head.split()[1] == "400"


@pytest.mark.parametrize("name", ["x" * 251, "x" * 4000, "x/" * 2000, "%F0%9F%9A%80" * 70])
@pytest.mark.parametrize("where", ["/static/", "/files/", "/console/in/product/"])
async def test_an_address_that_is_longer_than_any_is_not_looked_up(
    served: Served, where: str, name: str
) -> None:
    await served.is_("david")
    assert await _said(served, where + name) == (404, "There is nothing at this address.")


@pytest.mark.parametrize(
    "since",
    [
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:59-23:00",
        "0000-00-00",
        "1e400",
        "",
        "x" * 5000,
        "２０２６",
    ],
)
async def test_a_cursor_out_of_range_is_refused_or_taken(served: Served, since: str) -> None:
    await served.is_("david")
    for where in ({"params": {"since": since}}, {"headers": {"Last-Event-ID": since}}):
        async with served.client.get("/console/events", **where) as stream:
            assert stream.status in (200, 400)
            if stream.status == 400:
                assert "`since` is a time" in (await stream.json())["error"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "-1", "9" * 190])
async def test_days_out_of_range_find_nothing_or_are_named(served: Served, day: str) -> None:
    await served.is_("carlos")
    for name in ("since", "until"):
        answer = await served.client.get("/dashboard/audit", params={name: day})
        assert answer.status == 200


async def test_a_thread_and_a_token_that_no_row_can_hold_are_nobodys(served: Served) -> None:
    await served.is_("david")
    said = {"key": str(uuid.uuid4()), "channel": "product", "thread": "cm_\0", "text": "Hello"}
    assert (await served.post("/console/say", json=said)).status == 404
    assert (await served.post("/console/say", json=said | {"channel": "\0"})).status == 404
    pressed = {"key": str(uuid.uuid4()), "token": "b_\0", "values": {}}
    assert (await served.post("/console/click", json=pressed)).status == 404


async def test_what_is_written_into_a_form_is_cleaned_as_words_are(served: Served) -> None:
    await served.is_("david")
    async with served.database.transaction(served.tenant) as tx:
        asked: dict[str, Any] = {"asked": ("david",), "roles": ("product_owner",)}
        add_approval(tx, "ap_1", "Carry out the plan", requester="amanda", **asked)
        await put(tx, PRODUCT, plan_reply(None), turn=None)
    await post_thread(served.database, served.tenant, PRODUCT.key, {"console": ConsoleAdapter()})
    pane = await served.page("/console/in/product/cm_1")
    token = re.findall(r'data-token="([^"]+)" data-form', pane)[0]
    body = {"key": str(uuid.uuid4()), "token": token}
    values = {"team": "delta", "budget": "1\u200b", "why": "too\0 \u202edear\x07 "}
    assert (await served.post("/console/click", json=body | {"values": values})).status == 200
    async with served.database.transaction(served.tenant) as tx:
        stored = (await tx.execute(text("SELECT what->'values' FROM inbox"))).scalars().all()
    assert stored == [{"team": "delta", "budget": "1", "why": "too dear"}]
    values = {"team": "delta", "budget": "\0 \u200b", "why": ""}
    answer = await served.post("/console/click", json=body | {"values": values})
    assert (await answer.json())["error"] == "“Budget in agent-hours” is needed."


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"person=david"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n"),
        ("application/x-www-form-urlencoded; charset=nosuch", b"person=david"),
        ("application/x-www-form-urlencoded", b"person=\xff"),
        ("application/x-www-form-urlencoded", b"person=%00"),
        ("text/plain", b"person=david"),
    ],
)
async def test_a_form_that_is_none_is_refused(served: Served, kind: str, body: bytes) -> None:
    answer = await served.post("/console/persona", data=body, headers={"Content-Type": kind})
    assert answer.status == 400
    assert (await answer.json())["error"]


async def test_a_cookie_that_is_no_text_is_nobodys(served: Served) -> None:
    asked = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n"
    asked += b"Cookie: countersign_persona=\xff\xfe\r\n\r\n"
    head, body = await _raw(served, asked)
    assert head.startswith("HTTP/1.1 200")
    assert b"Who is speaking?" in body


@pytest.mark.parametrize("expected", [b"\xed\xa0\x80", b"200-ok", b"\xff"])
async def test_what_cannot_be_expected_is_refused(served: Served, expected: bytes) -> None:
    asked = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: " + expected + b"\r\n\r\n"
    head, body = await _raw(served, asked)
    assert head.startswith("HTTP/1.1 417")
    assert b"Only 100-continue" in body


@pytest.mark.parametrize(
    "asked", [b"\0\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
async def test_what_is_no_http_is_answered_and_no_version_is_named(served: Served, asked: bytes) -> None:
    head, _ = await _raw(served, asked)
    assert head.startswith(("HTTP/1.1 400", "HTTP/1.0 400"))
    assert "\r\nServer: Countersign\r\n" in head
    assert "Python" not in head


@pytest.mark.parametrize(
    ("failure", "status", "says", "logged"),
    [
        (RuntimeError("a fault\nof two lines"), 500, "Something went wrong on our side", "request_failed"),
        (OperationalError("", {}, psycopg.errors.DiskFull("no room")), 503, "disk is full", "disk_full"),
        (OperationalError("", {}, psycopg.OperationalError("gone")), 503, "does not answer", "database_away"),
    ],
)
async def test_a_fault_is_a_sentence_and_a_line_of_the_log(
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    status: int,
    says: str,
    logged: str,
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise failure

    await served.is_("david")
    monkeypatch.setattr(pages, "threads", fails)
    with capture_logs() as logs:
        for accept in ("text/html", "*/*"):
            answer = await served.client.get("/console/in/product", headers={"Accept": accept})
            assert answer.status == status
            assert says in await answer.text()
    assert [line["event"] for line in logs if line["event"] != "request"] == [logged, logged]


async def test_a_value_that_the_database_refuses_is_the_askers_fault(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def overflows(tx: Any, *_: object, **__: object) -> None:
        await tx.execute(text("SELECT 2147483647::int + 1"))

    await served.is_("david")
    monkeypatch.setattr(pages, "threads", overflows)
    assert (await _said(served, "/console/in/product"))[0] == 400


async def _raw(served: Served, asked: bytes) -> tuple[str, bytes]:
    """An answer to bytes that no client library would send."""
    async with asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.client.port)
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        writer.close()
    return head.decode("latin-1"), body
