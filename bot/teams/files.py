"""Files as Teams has them: the cards that offer one and show it, the answer, and putting it in OneDrive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from bot.platforms.adapter import PlatformAway
from bot.teams.packing import shortened

FILE_CONSENT = "fileConsent/invoke"
"""The name of the invoke that brings it."""

_Address = Annotated[str, Field(max_length=8_000, pattern=r"^[^\x00-\x20\x7f]+$")]
_Word = Annotated[str, Field(max_length=400, pattern=r"^[^\x00-\x1f\x7f\ufffd]+$")]


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Upload(_Read):
    """Where a file is to go, and what it will be called there. Nothing of it is proved: a client names it."""

    upload_url: _Address
    content_url: _Address
    unique_id: _Word
    name: _Word
    file_type: _Word = "file"


class _Context(_Read):
    offer: _Word


class _Value(_Read):
    action: Literal["accept", "decline"]
    context: _Context
    upload_info: Upload | None = None


@dataclass(frozen=True, slots=True)
class FileConsent:
    """An answer to the offer of this id: where the file is to go, or None where it is declined."""

    offer: str
    upload: Upload | None


def consent_of(value: Any) -> FileConsent | None:
    """The answer in an invoke's value; None for what is none."""
    try:
        said = _Value.model_validate(value)
    except ValidationError:
        return None
    if said.action == "decline":
        return FileConsent(said.context.offer, None)
    return None if said.upload_info is None else FileConsent(said.context.offer, said.upload_info)


CONSENT = "application/vnd.microsoft.teams.card.file.consent"
INFO = "application/vnd.microsoft.teams.card.file.info"

_DESCRIPTION = 200


@dataclass(frozen=True, slots=True)
class FileCard:
    """One of them. `summary` is what the notification says."""

    content_type: str
    name: str
    content: dict[str, Any]
    summary: str
    content_url: str | None = None


def consent_card(offer: str, name: str, description: str, size: int) -> FileCard:
    """Asks whether a file of `size` bytes is to be kept. The answer carries the offer's id and nothing else."""
    context = {"offer": offer}
    said = shortened(description, _DESCRIPTION) or "From Countersign"
    content = {
        "description": said,
        "sizeInBytes": size,
        "acceptContext": context,
        "declineContext": context,
    }
    return FileCard(CONSENT, name, content, f"Keep {name} in your OneDrive?")


def info_card(upload: Upload) -> FileCard:
    """Shows a file that was put where `upload` says."""
    content = {"uniqueId": upload.unique_id, "fileType": upload.file_type}
    return FileCard(INFO, upload.name, content, f"{upload.name} is in your OneDrive.", upload.content_url)


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
