"""Teams, put together: one HTTP client, one set of tokens and keys, and what is built on them."""

from __future__ import annotations

from functools import cached_property

import httpx

from bot.platforms.budgets import Budgets
from bot.teams.adapter import TeamsAdapter
from bot.teams.configuration import TeamsConfiguration
from bot.teams.connector import Connector
from bot.teams.endpoint import Endpoint
from bot.teams.entra import CONNECTOR, EntraTokens
from bot.teams.graph import Graph
from bot.teams.ingest import Ingest
from bot.teams.sdk import Authentication, BotAdapter
from bot.teams.signing_keys import SigningKeys
from storage.database import Database

_PATIENCE_SECONDS = 10.0


class TeamsApplication:
    """The bot's application in one process."""

    def __init__(self, configuration: TeamsConfiguration, budgets: Budgets) -> None:
        self._configuration = configuration
        self._budgets = budgets
        self._http = httpx.AsyncClient(timeout=_PATIENCE_SECONDS)
        self._tokens = EntraTokens(configuration)

    @cached_property
    def adapter(self) -> TeamsAdapter:
        """What posts and introduces."""
        connector = Connector(self._bot, self._configuration.app_id)
        graph = Graph(self._configuration.graph_url, self._http, self._tokens)
        return TeamsAdapter(self._configuration, connector, graph, self._budgets)

    def endpoint(self, database: Database, tenant: str) -> Endpoint:
        """What takes what Teams sends, for one company."""
        keys = SigningKeys(self._configuration.openid_url, self._http)
        return Endpoint(self._configuration, keys, self._bot, Ingest(database, tenant))

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    @cached_property
    def _bot(self) -> BotAdapter:
        return BotAdapter(Authentication(self._http, self._connector_token))

    async def _connector_token(self) -> str:
        return await self._tokens.token(self._configuration.app_tenant, CONNECTOR)
