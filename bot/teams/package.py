"""The Teams app package: what an administrator uploads to make the bot known to Teams."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from bot.settings import Settings
from handlers.catalogue import request_of

Point = tuple[float, float]
_Grid = NDArray[np.float64]

ACCENT = "#2F4AB8"
"""The mark's ground."""

# The signature and the line below it, in a square of 32 by 32, as cubic Bézier curves end to end.
_SIGNATURE: tuple[tuple[Point, Point, Point, Point], ...] = (
    ((8, 17.5), (10.5, 21.5), (12, 23), (13.2, 23)),
    ((13.2, 23), (16, 23), (18, 9), (21.5, 9)),
    ((21.5, 9), (23.7, 9), (22.7, 15.5), (19.5, 18.5)),
)
_LINE: tuple[Point, Point] = ((17.5, 22.5), (24, 22.5))
_STROKE = 2.4
_SQUARE = 32


def color_icon() -> bytes:
    """A PNG of 192 by 192: the mark in white on our colour."""
    ground = np.array([int(ACCENT[place : place + 2], 16) for place in (1, 3, 5)], dtype=np.float64)
    ink = _ink(192)[..., np.newaxis]
    mixed = ground * (1 - ink) + 255 * ink
    opaque = np.full((192, 192, 1), 255.0)
    return _png(np.concatenate([mixed, opaque], axis=2))


def outline_icon() -> bytes:
    """A PNG of 32 by 32: the mark in white on transparent."""
    white = np.full((32, 32, 3), 255.0)
    return _png(np.concatenate([white, 255 * _ink(32)[..., np.newaxis]], axis=2))


def _ink(side: int) -> _Grid:
    """How much of each pixel the mark's strokes cover, 0 to 1."""
    pixel = _SQUARE / side
    centres = (np.arange(side) + 0.5) * pixel
    x, y = np.meshgrid(centres, centres)
    distance = np.full((side, side), np.inf)
    for points in ([point for curve in _SIGNATURE for point in _along(curve)], _LINE):
        for start, end in pairwise(points):
            distance = np.minimum(distance, _distance(x, y, start, end))
    covered: _Grid = np.clip((_STROKE / 2 - distance) / pixel + 0.5, 0, 1)
    return covered


def _along(curve: Sequence[Point], steps: int = 24) -> list[Point]:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve
    points = []
    for step in range(steps + 1):
        t = step / steps
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
        points.append((a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy))
    return points


def _distance(x: _Grid, y: _Grid, start: Point, end: Point) -> _Grid:
    """From each pixel to the nearest point between `start` and `end`, which differ or are one point."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = across**2 + down**2 or 1.0
    along = np.clip(((x - start[0]) * across + (y - start[1]) * down) / length, 0, 1)
    distance: _Grid = np.hypot(x - start[0] - along * across, y - start[1] - along * down)
    return distance


def _png(pixels: _Grid) -> bytes:
    """Red, green, blue and alpha, 0 to 255, as a PNG."""
    height, width, _ = pixels.shape
    rows = np.rint(pixels).astype(np.uint8)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


SCHEMA_VERSION = "1.30"

APP_VERSION = "0.1.0"
"""Teams takes an uploaded package for an update only if this is higher than before."""

COLOR_ICON = "color.png"
OUTLINE_ICON = "outline.png"

_ALONE = (
    "help",
    "approvals",
    "status",
    "build_feature",
    "add_to_backlog",
    "prioritise",
    "delegate",
    "audit",
    "halt_agents",
    "resume_agents",
)
_TOGETHER = (
    "help",
    "status",
    "build_feature",
    "plan",
    "add_to_backlog",
    "prioritise",
    "freeze",
    "unfreeze",
    "emergency_deploy",
    "halt_agents",
)
_DESCRIPTION = 128


def manifest(app_id: str, public_url: str) -> dict[str, Any]:
    """The manifest for the bot `app_id` (its Entra application id), whose pages are at `public_url`."""
    url = public_url.rstrip("/")
    schema = f"https://developer.microsoft.com/json-schemas/teams/v{SCHEMA_VERSION}/MicrosoftTeams.schema.json"
    return {
        "$schema": schema,
        "manifestVersion": SCHEMA_VERSION,
        "version": APP_VERSION,
        "id": app_id,
        "developer": {
            "name": "Countersign",
            "websiteUrl": url,
            "privacyUrl": url,
            "termsOfUseUrl": url,
        },
        "name": {"short": "Countersign", "full": "Countersign: an engineering department in your chat"},
        "description": {
            "short": "An engineering department in your chat. Agents do the work; you countersign.",
            "full": (
                "Say what you need: a feature, a status, a plan, a rollback. Agents look things up, work "
                "them out and propose; people with the right to decide approve or refuse with a button. "
                "Every step is recorded with who decided and why. Say “help” to see what you can ask."
            ),
        },
        "icons": {"color": COLOR_ICON, "outline": OUTLINE_ICON},
        "accentColor": ACCENT,
        "bots": [_bot(app_id)],
        "permissions": ["identity", "messageTeamMembers"],
        "validDomains": [urlsplit(url).netloc],
        # Installing itself for a person is allowed to the Entra application that is named here alone. Nobody
        # signs in by it, but Teams wants the address at which that would be asked for.
        "webApplicationInfo": {"id": app_id, "resource": f"api://botid-{app_id}"},
        "defaultInstallScope": "personal",
    }


def _bot(app_id: str) -> dict[str, Any]:
    lists = {"personal": _ALONE, "team": _TOGETHER, "groupChat": _TOGETHER}
    return {
        "botId": app_id,
        "scopes": list(lists),
        "supportsFiles": True,
        "isNotificationOnly": False,
        "commandLists": [
            {"scopes": [scope], "commands": [_command(name) for name in names]}
            for scope, names in lists.items()
        ],
    }


def _command(name: str) -> dict[str, str]:
    """A choice in the menu. Its title is what is then said to us."""
    entry = request_of(name)
    example = f"{entry.purpose}. For example: {entry.example}"
    description = example if len(example) <= _DESCRIPTION else entry.purpose
    return {"title": name.replace("_", " "), "description": description}


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
