"""The Teams app's manifest: who we are, where we speak, and the commands that the menu offers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from bot.teams.icons import ACCENT
from handlers.catalogue import request_of

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
