"""The Teams app package: what an administrator uploads to make the bot known to Teams."""

from __future__ import annotations

import io
import json
import re
import zipfile
from urllib.parse import urlsplit

from bot.settings import Settings
from bot.teams.icons import color_icon, outline_icon
from bot.teams.manifest import COLOR_ICON, OUTLINE_ICON, manifest

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WHEN = (2026, 1, 1, 0, 0, 0)


class CannotPackage(Exception):
    """Settings that the package needs are missing or wrong. The text says which, and what they are."""


def teams_package(settings: Settings) -> bytes:
    """The package as a zip file; the same settings make the same bytes. Raises CannotPackage."""
    app_id, public_url = settings.teams_app_id or "", settings.public_url or ""
    problems = [
        *([] if _GUID.fullmatch(app_id) else [_APP_ID.format(_state(app_id))]),
        *([] if _is_https(public_url) else [_PUBLIC_URL.format(_state(public_url))]),
    ]
    if problems:
        raise CannotPackage("\n".join(problems))
    written = json.dumps(manifest(app_id, public_url), indent=2, ensure_ascii=False) + "\n"
    return _zip({"manifest.json": written.encode(), COLOR_ICON: color_icon(), OUTLINE_ICON: outline_icon()})


_APP_ID = "TEAMS_APP_ID {}: it is the bot's Entra application (client) id, a GUID."
_PUBLIC_URL = "PUBLIC_URL {}: it is the https address under which people reach the dashboard."


def _state(value: str) -> str:
    return f"is “{value}”" if value else "is not set"


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def _zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
