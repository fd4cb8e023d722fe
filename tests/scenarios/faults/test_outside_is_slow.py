"""A tracker that is somebody else's service: it is asked over the wire, may hang, and holds nothing up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from integrations.ports import Ports
from tests.scenarios.browser import Browser


class RemoteTracker:
    """The department's tracker behind a service that is asked by HTTP before each answer."""

    title = "Jirala"

    def __init__(self, tracker: Any, address: str, http: aiohttp.ClientSession) -> None:
        self._tracker, self._address, self._http = tracker, address, http

    def __getattr__(self, name: str) -> Any:
        own = getattr(self._tracker, name)
        if not callable(own):  # how its ids are written is known here
            return own

        async def asked(*args: Any, **named: Any) -> Any:
            async with self._http.get(f"{self._address}/{name}") as answer:
                answer.raise_for_status()
            return await own(*args, **named)

        return asked


class Service:
    """Somebody else's service. It hangs unless `answers` is set."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers = asyncio.Event()
        self.answers.set()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.match_info["name"])
        await self.answers.wait()
        return web.Response(text="ok")


@pytest.fixture
async def service(browser: Browser) -> AsyncIterator[Service]:
    """The office's tracker is Jirala from now on."""
    made = Service()
    app = web.Application()
    app.router.add_get("/{name}", made.answer)
    server = TestServer(app)
    await server.start_server()
    installation = browser.office.installation
    local = installation.ports
    async with aiohttp.ClientSession() as http:
        address = str(server.make_url("/")).rstrip("/")

        def remote(tenant: str) -> Ports:
            ports = local(tenant)
            there = RemoteTracker(ports.tracker, address, http)
            return replace(ports, tracker=there)  # type: ignore[arg-type]

        object.__setattr__(installation.desks, "ports", remote)
        yield made
        made.answers.set()
        object.__setattr__(installation.desks, "ports", local)
    await server.close()


async def _said(browser: Browser, words: str, holds: Callable[[str], bool]) -> str:
    status, place = await browser.post("/console/say", channel="dm-david", text=words)
    assert status == 200
    return await browser.until(f"/console/in/dm-david?thread={place['thread']}", holds)


async def test_a_tracker_over_the_wire_is_asked_before_the_turn_acts(
    browser: Browser, service: Service
) -> None:
    await browser.is_("david")
    page = await _said(browser, "/status", lambda page: "What runs now" in page or "under way" in page)
    assert "did not answer" not in page
    await browser.office.settled()
    assert "count_by_status" in service.asked
    await _said(browser, "/add_to_backlog Add zebra striped lists for Team Delta", lambda page: "P2" in page)
    await browser.office.settled()
    made = await browser.office.rows("SELECT count(*) FROM tracker_stories WHERE title ILIKE '%zebra striped%'")
    assert made == [(1,)], "once, however often the turn began again"


async def test_one_that_hangs_is_named_and_nothing_else_waits(browser: Browser, service: Service) -> None:
    object.__setattr__(browser.office.installation.turns, "_look_seconds", 0.5)
    service.answers.clear()
    await browser.is_("david")
    status, place = await browser.post("/console/say", channel="dm-david", text="/status")
    assert status == 200
    await _said(browser, "/whoami", lambda page: "product owner" in page)
    page = await browser.until(
        f"/console/in/dm-david?thread={place['thread']}", lambda html: "did not answer" in html
    )
    assert "Jirala did not answer within 0.5 seconds" in page
    assert "Try again" in page
    held = await browser.office.rows(
        "SELECT query FROM pg_stat_activity"
        " WHERE state = 'idle in transaction' AND now() - xact_start > interval '0.3 s'"
    )
    assert held == []
