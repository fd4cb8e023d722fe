"""What presses, shortcuts and forms have in common: who and where it was, and opening a form for it."""

from __future__ import annotations

from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.addresses import Address
from bot.slack.errors import error_of

_log = structlog.get_logger()

Body = dict[str, Any]


def presser(body: Body) -> Address:
    """Who pressed: Slack says it, the card does not."""
    user = body["user"]
    team = str(user.get("team_id") or (body.get("team") or {}).get("id"))
    enterprise = (body.get("enterprise") or {}).get("id") or user.get("enterprise_id")
    return Address(enterprise or None, team, str(user["id"]))


def container_of(body: Body) -> Address:
    """Where it was: the channel in the workspace that it came for, or the presser's own App Home.

    Whoever presses may be at home in another workspace. An organisation's app is not told which it came
    for: then it is theirs.
    """
    user = presser(body)
    team = str((body.get("team") or {}).get("id") or user.team)
    channel = (body.get("container") or {}).get("channel_id") or (body.get("channel") or {}).get("id")
    return Address(user.enterprise, team, str(channel or user.id))


async def open_view(client: AsyncWebClient, body: Body, view: Body, container: Address) -> None:
    """Show a form. Slack gives three seconds from the press; a press that comes too late is told so."""
    try:
        await client.views_open(trigger_id=body["trigger_id"], view=view)
    except SlackApiError as refused:
        _log.warning("slack_form_not_opened", why=error_of(refused))
        if error_of(refused) not in ("expired_trigger_id", "trigger_expired") or container.is_person:
            return
        late = "That took too long, and Slack did not let me open the form. Please press again."
        await client.chat_postEphemeral(channel=container.id, user=body["user"]["id"], text=late)
