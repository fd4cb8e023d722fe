"""How vendors speak over HTTP: tried again where that is safe, left alone when it fails, no secret in words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from limits import parse

from integrations.web_service import Manners, Refused, Unsure, WebService
from storage.look import Away

TOKEN = "t0p-s3cret"


class Fake:
    """Somebody's service, which answers what it is told to, one after the other, and then well."""

    def __init__(self) -> None:
        self.answers: list[web.Response | float | str] = []
        self.asked: list[tuple[str, str | None]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.headers.get("Idempotency-Key")))
        told = self.answers.pop(0) if self.answers else web.json_response({"ok": True})
        if isinstance(told, float):
            await asyncio.sleep(told)
            return web.json_response({"ok": True})
        if told == "lost" and request.transport is not None:
            request.transport.close()
            return web.Response()
        return told if isinstance(told, web.Response) else web.Response()


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    made = Fake()
    app = web.Application()
    app.router.add_route("*", "/{path}", made.answer)
    server = TestServer(app)
    await server.start_server()
    made.url = str(server.make_url("/"))
    yield made
    await server.close()


@pytest.fixture
async def service(fake: Fake) -> AsyncIterator[WebService]:
    async with httpx.AsyncClient(base_url=fake.url, headers={"Authorization": TOKEN}) as client:
        yield WebService("Jirala", client, Manners(seconds=0.3, failures=2), (TOKEN,))


def _fails(status: int = 503, **headers: str) -> web.Response:
    return web.Response(status=status, headers={key.replace("_", "-"): value for key, value in headers.items()})


async def test_what_may_come_twice_is_tried_again(fake: Fake, service: WebService) -> None:
    fake.answers = [_fails(), "lost"]
    assert await service.call("GET", "stories") == {"ok": True}
    assert len(fake.asked) == 3


async def test_an_effect_is_sent_again_only_with_its_key(fake: Fake, service: WebService) -> None:
    fake.answers = [_fails()]
    assert await service.call("POST", "stories", body={}, key="gr_1") == {"ok": True}
    assert fake.asked == [("POST", "gr_1"), ("POST", "gr_1")]
    fake.answers = ["lost"]
    with pytest.raises(Unsure):
        await service.call("POST", "stories", body={})
    assert len(fake.asked) == 3, "it was sent once and no more"


async def test_who_does_not_answer_is_away_by_their_name(fake: Fake, service: WebService) -> None:
    fake.answers = [1.0, 1.0, 1.0]
    with pytest.raises(Away, match=r"Jirala did not answer within 0\.3 seconds"):
        await service.call("GET", "stories")


async def test_a_service_that_fails_again_and_again_is_left_alone_for_a_while(
    fake: Fake, service: WebService
) -> None:
    now = 0.0
    service.clock = lambda: now
    for _ in range(2):
        fake.answers = [_fails(), _fails(), _fails()]
        with pytest.raises(Away):
            await service.call("GET", "stories")
    asked = len(fake.asked)
    with pytest.raises(Away, match="has not answered for a while"):
        await service.call("GET", "stories")
    assert len(fake.asked) == asked, "nobody waits for it"
    now = 31.0
    assert await service.call("GET", "stories") == {"ok": True}


async def test_a_no_is_a_no_and_is_not_tried_again(fake: Fake, service: WebService) -> None:
    fake.answers = [web.Response(status=403, text=f"the token {TOKEN} may not")]
    with pytest.raises(Refused) as refused:
        await service.call("GET", "stories")
    assert (refused.value.status, len(fake.asked)) == (403, 1)
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize("rubbish", [web.Response(text="<html>"), web.Response(body=b"\xff\xfe")])
async def test_rubbish_is_no_answer(fake: Fake, service: WebService, rubbish: Any) -> None:
    fake.answers = [rubbish]
    assert await service.call("GET", "stories") == {"ok": True}


async def test_the_pause_that_it_asks_for_is_kept(fake: Fake, service: WebService) -> None:
    fake.answers = [_fails(429, Retry_After="0"), _fails(429, Retry_After="0")]
    assert await service.call("GET", "stories") == {"ok": True}


async def test_it_is_asked_no_more_often_than_it_allows(fake: Fake) -> None:
    async with httpx.AsyncClient(base_url=fake.url) as client:
        service = WebService("Jirala", client, Manners(rate=parse("2/minute")))
        for _ in range(2):
            await service.call("GET", "stories")
        with pytest.raises(Away, match="as often as it allows"):
            await service.call("GET", "stories")
    assert len(fake.asked) == 2
