"""The fake's own server: its addresses, and being down for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.slack import authorising, responding, web_api
from simulators.slack.calling import SLACK
from simulators.slack.methods import files
from simulators.slack.page.routes import Page

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack


@dataclass
class Listening:
    """A port of 127.0.0.1. While `down`, connections are refused and those that were open are cut."""

    slack: FakeSlack
    port: int = 0
    runner: web.AppRunner | None = field(default=None, repr=False)
    site: web.TCPSite | None = field(default=None, repr=False)

    async def open(self, port: int, *, page: bool = False) -> None:
        """Listen; port 0 takes a free one."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app[SLACK] = self.slack
        self._route(app)
        if page:
            Page(self.slack).mount(app)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self.runner.setup()
        self.port = port
        await self.up()
        self.slack.url = self.slack.state.url = f"http://127.0.0.1:{self.port}"
        self.slack.openid.issuer = self.slack.url

    def _route(self, app: web.Application) -> None:
        async def api(request: web.Request) -> web.StreamResponse:
            return await web_api.serve(self.slack, request)

        app.router.add_route("*", "/api/{method}", api)
        app.router.add_post("/upload/{file}", files.take_upload)
        app.router.add_get("/files-pri/{file}/{name}", files.give_file)
        app.router.add_post("/respond/{name}", responding.take)
        app.router.add_get("/oauth/v2/authorize", authorising.install)
        app.router.add_get("/openid/connect/authorize", authorising.sign_in)
        app.router.add_get("/openid/connect/keys", authorising.keys)
        app.router.add_get("/.well-known/openid-configuration", authorising.configuration)
        app.router.add_get("/link/", self.slack.sockets.serve)

    async def up(self) -> None:
        """Listen (again)."""
        assert self.runner is not None, "open() comes first"
        self.site = web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True)
        await self.site.start()
        self.port = self.site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def down(self) -> None:
        """Refuse every connection, and cut those that are open."""
        assert self.site is not None, "open() comes first"
        await self.site.stop()
        self.site = None
        assert self.runner is not None, "open() comes first"
        assert self.runner.server is not None, "the runner was set up"
        for connection in list(self.runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()

    async def close(self) -> None:
        """Stop for good."""
        self.slack.sockets.drop()
        if self.runner is not None:
            await self.runner.cleanup()
