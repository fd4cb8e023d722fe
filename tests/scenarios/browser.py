"""Somebody who reads and presses in the console and the dashboard of a whole installation, by HTTP alone."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.workplace import Workplace

EXPECTED_WITHIN = 60.0
"""Seconds within which a page shows what is waited for."""


@dataclass
class Browser:
    """Somebody at the console, by HTTP alone."""

    office: Workplace
    http: aiohttp.ClientSession

    async def is_(self, person: str) -> None:
        data = {"person": person}
        async with self.http.post(self._at("/console/persona"), data=data, headers=self._ours) as answer:
            assert answer.ok

    async def post(self, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        body = {"key": str(uuid.uuid4()), **body}
        async with self.http.post(self._at(path), json=body, headers=self._ours) as answer:
            return answer.status, await answer.json()

    async def page(self, path: str) -> str:
        async with self.http.get(self._at(path), headers={"Accept": "text/html"}) as answer:
            return await answer.text()

    async def until(self, path: str, holds: Callable[[str], bool]) -> str:
        """The page once it shows what is waited for."""
        async with asyncio.timeout(EXPECTED_WITHIN):
            while not holds(page := await self.page(path)):  # noqa: ASYNC110 — a page is all that tells
                await asyncio.sleep(0.1)
            return page

    def _at(self, path: str) -> str:
        return f"{self.office.address}{path}"

    @property
    def _ours(self) -> dict[str, str]:
        return {"Origin": self.office.address}
