"""Checkpoints by webhook: delivered as signed, and a failure is said so that it is tried again."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.checkpoints import webhook
from governance.audit.publication import NotPublished

NOTE = "countersign/acme\n12\nq83vEjRWeJA=\n\n— countersign/acme Az3grl…\n"


async def serving(status: int, seen: list[tuple[str, str | None]]) -> TestServer:
    async def take(request: web.Request) -> web.Response:
        seen.append((await request.text(), request.headers.get("x-countersign-tenant")))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/notes", take)
    server = TestServer(app)
    await server.start_server()
    return server


async def test_a_note_arrives_as_it_was_signed() -> None:
    seen: list[tuple[str, str | None]] = []
    server = await serving(204, seen)
    await webhook(str(server.make_url("/notes")))("acme", NOTE)
    await server.close()
    assert seen == [(NOTE, "acme")]


async def test_a_refusal_and_a_dead_server_are_said() -> None:
    seen: list[tuple[str, str | None]] = []
    server = await serving(503, seen)
    address = str(server.make_url("/notes"))
    with pytest.raises(NotPublished, match="503"):
        await webhook(address)("acme", NOTE)
    await server.close()
    with pytest.raises(NotPublished, match="ConnectError"):
        await webhook(address)("acme", NOTE)
