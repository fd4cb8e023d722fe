"""A provider as we call it: its answers as JSON, or that it does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bot.sign_in.ways import ProviderAway

if TYPE_CHECKING:
    import httpx

_PATIENCE_SECONDS = 10.0


class Provider:
    """One provider's server. `label` is what people call it."""

    def __init__(self, label: str) -> None:
        self.label = label

    async def get(self, address: str) -> Any:
        """What stands at an address. Raises ProviderAway."""
        return await self._ask("GET", address, None)

    async def post(self, address: str, form: Mapping[str, str]) -> Any:
        """What is answered to a form. Raises ProviderAway."""
        return await self._ask("POST", address, form)

    async def close(self) -> None:
        """Let go of open connections."""
        if "_client" in self.__dict__:
            await self._client.aclose()

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        import httpx  # a tenth of a second that only those who sign in wait for

        return httpx.AsyncClient(timeout=_PATIENCE_SECONDS)

    async def _ask(self, method: str, address: str, form: Mapping[str, str] | None) -> Any:
        import httpx

        try:
            answer = await self._client.request(method, address, data=form)
            answer.raise_for_status()
            return answer.json()
        except (httpx.HTTPError, ValueError) as failed:
            raise ProviderAway(self.label) from failed
