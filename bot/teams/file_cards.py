"""The two cards that Teams has for files: may this be kept in your OneDrive, and here it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.teams.consents import Upload
from bot.teams.sizes import shortened

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
