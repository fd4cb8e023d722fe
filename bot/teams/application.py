"""Teams, put together: one HTTP client, one set of tokens and keys, and what is built on them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import httpx

from bot.teams.adapter import TeamsAdapter
from bot.teams.authentication import SigningKeys
from bot.teams.configuration import TeamsConfiguration
from bot.teams.connector import Connector
from bot.teams.dialogs import SHOW, FormsInChat
from bot.teams.endpoint import Endpoint
from bot.teams.entra import CONNECTOR, EntraTokens
from bot.teams.file_offers import ADVANCE, FileDelivery
from bot.teams.files import OneDrive
from bot.teams.graph import Graph
from bot.teams.ingest import Ingest
from bot.teams.posting import Posting
from bot.teams.sdk import Authentication, BotAdapter
from bot.worker import JobFunction
from integrations.budgets import Budgets
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
        graph = Graph(self._configuration.graph_url, self._http, self._tokens)
        return TeamsAdapter(self._configuration, self._connector, graph, self._posting)

    def jobs(self, database: Database) -> Mapping[str, JobFunction]:
        """What workers do for Teams beside posting, by name."""
        file_delivery = FileDelivery(database, self._posting, self._onedrive, self.adapter.introduce)
        return {ADVANCE: file_delivery.advance, SHOW: FormsInChat(database, self._posting).show}

    def endpoint(self, database: Database, tenant: str) -> Endpoint:
        """What takes what Teams sends, for one company."""
        keys = SigningKeys(self._configuration.openid_url, self._http)
        return Endpoint(self._configuration, keys, self._bot, Ingest(database, tenant, self._onedrive))

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    @cached_property
    def _connector(self) -> Connector:
        return Connector(self._bot, self._configuration.app_id)

    @cached_property
    def _posting(self) -> Posting:
        return Posting(self._connector, self._budgets)

    @cached_property
    def _onedrive(self) -> OneDrive:
        return OneDrive(self._http, self._configuration.stand_in)

    @cached_property
    def _bot(self) -> BotAdapter:
        return BotAdapter(Authentication(self._http, self._connector_token))

    async def _connector_token(self) -> str:
        return await self._tokens.token(self._configuration.app_tenant, CONNECTOR)
