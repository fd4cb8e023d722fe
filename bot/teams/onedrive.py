"""OneDrive, as far as files are put there that somebody wants to keep.

The address comes with the answer to an offer, and a client may be made to name any. So bytes go only to
SharePoint, which is where OneDrive for work keeps files in every Microsoft cloud, by https and its usual port.
Nothing of ours goes along that would open anything: the address itself is the leave to write there.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx

from bot.platforms.adapter import PlatformAway

LARGEST = 60 * 1024 * 1024
"""Bytes that OneDrive takes in one request."""

_SHAREPOINT = re.compile(
    r"https://(?:[a-z0-9-]+\.)+sharepoint(?:\.com|\.us|-mil\.us|\.cn)(?::443)?/[^\\\x00-\x20\x7f]*",
    re.IGNORECASE,
)

_PATIENCE_SECONDS = 60.0


class OneDriveLost(PlatformAway):
    """OneDrive does not answer just now, or answers that it cannot."""


class OneDriveRefused(Exception):
    """OneDrive does not take the file: the address has been used, or has expired."""

    def __init__(self, status: int) -> None:
        super().__init__(f"OneDrive answered {status}")


class OneDrive:
    """Puts files. `stand_in` (`http://127.0.0.1:8398`) is what stands in for Microsoft's servers on this
    machine, where something does: then its addresses are OneDrive's too."""

    def __init__(self, http: httpx.AsyncClient, stand_in: str | None) -> None:
        self._http = http
        self._stand_in = stand_in

    def is_address(self, url: str) -> bool:
        """Whether an address is OneDrive's."""
        if _SHAREPOINT.fullmatch(url):
            return True
        return self._stand_in is not None and url.startswith(f"{self._stand_in}/")

    async def put(self, url: str, content: bytes) -> None:
        """Put a whole file (1 to LARGEST bytes). Raises OneDriveLost and OneDriveRefused."""
        if not self.is_address(url):
            raise ValueError(f"{urlsplit(url).netloc} is not OneDrive")
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}",
        }
        try:
            answer = await self._http.put(url, content=content, headers=headers, timeout=_PATIENCE_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL) as failed:
            raise OneDriveLost(type(failed).__name__) from failed
        if answer.status_code in (408, 429) or answer.is_server_error:
            raise OneDriveLost(f"status {answer.status_code}")
        if answer.status_code not in (200, 201):  # 202 is a part taken, and a redirection leads elsewhere
            raise OneDriveRefused(answer.status_code)
