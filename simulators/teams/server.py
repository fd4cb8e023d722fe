"""The server: Bot Framework, connector, Entra and Graph, on one port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web

from simulators.teams.connector import Connector
from simulators.teams.delivery import Delivery
from simulators.teams.driver import Someone
from simulators.teams.entra import Entra
from simulators.teams.faults import Faults, answer
from simulators.teams.files import OneDrive
from simulators.teams.graph import Graph
from simulators.teams.sample import populate
from simulators.teams.signing import ISSUER, Keys
from simulators.teams.world import Json, Message, World, object_id


class FakeTeams:
    """Start it with `await FakeTeams.start()`, point the bot's settings at it (`settings()`), tell it where the
    bot listens (`bot_url`), and let people speak: `await teams.person("david").says("status?")`."""

    app_id = object_id("countersign.apps")
    app_password = "a-secret-of-the-fake"
    bot_name = "Countersign"

    def __init__(self) -> None:
        self.world = World()
        self.keys = Keys()
        self.faults = Faults()
        self.entra = Entra(self)
        self.graph = Graph(self)
        self.connector = Connector(self)
        self.onedrive = OneDrive(self)
        self.bot_url = ""
        self.url = ""
        self._changed = asyncio.Condition()

    @classmethod
    async def start(cls, port: int = 0) -> FakeTeams:
        """A running one, with the sample department's people in it."""
        teams = cls()
        populate(teams.world)
        app = web.Application(client_max_size=4_000_000)
        app.add_routes(
            [
                web.get("/openid", teams._metadata),
                web.get("/keys", teams._key_document),
                *teams.entra.routes(),
                *teams.graph.routes(),
                *teams.connector.routes(),
                *teams.onedrive.routes(),
            ]
        )
        teams._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await teams._runner.setup()
        site = web.TCPSite(teams._runner, "127.0.0.1", port)
        await site.start()
        teams.url = f"http://127.0.0.1:{teams._runner.addresses[0][1]}"
        teams._http = aiohttp.ClientSession()
        return teams

    _runner: web.AppRunner
    _http: aiohttp.ClientSession

    async def stop(self) -> None:
        """Stop listening."""
        await self._http.close()
        await self._runner.cleanup()

    async def __aenter__(self) -> FakeTeams:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def service_url(self) -> str:
        """Where its connector is, as activities say it."""
        return f"{self.url}/connector/"

    @property
    def bot_id(self) -> str:
        """The bot's account."""
        return f"28:{self.app_id}"

    def settings(self) -> dict[str, str]:
        """The bot's environment."""
        return {
            "TEAMS_APP_ID": self.app_id,
            "TEAMS_APP_PASSWORD": self.app_password,
            "ENTRA_TENANTS": self.world.tenant,
            "TEAMS_OPENID_URL": f"{self.url}/openid",
            "ENTRA_AUTHORITY": f"{self.url}/entra",
            "GRAPH_URL": f"{self.url}/graph/v1.0",
        }

    def person(self, name: str) -> Someone:
        """Somebody at their client."""
        return Someone(self, self.world.people[name])

    def token(self, **claims: Any) -> str:
        """A token for an activity; `claims` replace what it would say, `key` what signs it."""
        return self.keys.sign(self.app_id, self.service_url, **claims)

    async def deliver(self, activity: Json, *, authorization: str | None = "") -> Delivery:
        """Post an activity to the bot. `authorization` is its header instead of a good one; None is none."""
        if authorization == "":
            authorization = f"Bearer {self.token()}"
        return await self.post(json.dumps(activity).encode(), authorization, activity)

    async def post(self, body: bytes, authorization: str | None, activity: Json | None = None) -> Delivery:
        """Post any bytes to the bot."""
        headers = {"Content-Type": "application/json"}
        if authorization is not None:
            headers["Authorization"] = authorization
        async with self._http.post(self.bot_url, data=body, headers=headers) as answered:
            return Delivery(activity or {}, answered.status, await answered.text())

    def messages(self) -> list[Message]:
        """Everything that was posted and still stands, oldest first."""
        every = [each for chat in self.world.conversations.values() for each in chat.messages]
        return sorted((each for each in every if not each.is_deleted), key=lambda each: int(each.id))

    async def wait_for(
        self, is_it: Callable[[Message], bool], *, after: Message | None = None, seconds: float = 60
    ) -> Message:
        """The bot's first message (after another one) of which this holds, also by an edit."""
        async with asyncio.timeout(seconds), self._changed:
            while True:
                for message in self.messages():
                    later = after is None or int(message.id) > int(after.id)
                    if later and message.author == "bot" and is_it(message):
                        return message
                await self._changed.wait()

    async def changed(self) -> None:
        """Wake whoever waits for a message."""
        async with self._changed:
            self._changed.notify_all()

    async def _metadata(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": ISSUER,
                "jwks_uri": f"{self.url}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def _key_document(self, request: web.Request) -> web.Response:
        if fault := self.faults.next("keys"):
            return answer(request, fault)
        return web.json_response(self.keys.document())
