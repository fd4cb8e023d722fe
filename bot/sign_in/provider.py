"""A provider as we call it: its answers as JSON objects, or that it does not answer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp

from bot.sign_in.ways import ProviderAway
from governance.outside_text import storable_json

_PATIENCE = aiohttp.ClientTimeout(total=10)


class Provider:
    """One provider's server. `label` is what people call it."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._session: aiohttp.ClientSession | None = None

    async def get(self, address: str) -> dict[str, Any]:
        """What stands at an address. Raises ProviderAway."""
        return await self._ask("GET", address, None)

    async def post(self, address: str, form: Mapping[str, str]) -> dict[str, Any]:
        """What is answered to a form. Raises ProviderAway."""
        return await self._ask("POST", address, form)

    async def close(self) -> None:
        """Let go of open connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask(self, method: str, address: str, form: Mapping[str, str] | None) -> dict[str, Any]:
        session = await self._opened()
        try:
            async with session.request(method, address, data=form, raise_for_status=True) as answer:
                said = storable_json(await answer.json(content_type=None))
        except (aiohttp.ClientError, TimeoutError, ValueError, LookupError, RecursionError) as failed:
            raise ProviderAway(self.label) from failed
        if not isinstance(said, dict):
            raise ProviderAway(self.label)
        return said

    async def _opened(self) -> aiohttp.ClientSession:
        """Opened at first use. What it trusts is read then, off the loop, for that takes its time; the
        library's own is read when it is imported, and SSL_CERT_FILE may not be set yet."""
        if self._session is None:
            trust = await asyncio.to_thread(ssl.create_default_context)
            if self._session is None:
                connector = aiohttp.TCPConnector(ssl=trust)
                self._session = aiohttp.ClientSession(timeout=_PATIENCE, connector=connector)
        return self._session
