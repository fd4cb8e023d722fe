"""Slack's agent sessions: while work is under way its thread says so, with a Stop button of Slack's own.

https://docs.slack.dev/ai/agent-sessions: pressing it comes back as the event `agent_session_stopped`.
"""

from __future__ import annotations

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.addresses import Address
from bot.slack.errors import error_of
from handlers.conversation.cards import Progress, Reply

_log = structlog.get_logger()


async def show_state(client: AsyncWebClient, address: Address, thread: str, reply: Reply) -> None:
    """Tell Slack whether the work that a card shows goes on. Cards without progress say nothing of it.

    It is an ornament: where the workspace has no agent sessions the card alone tells.
    """
    states = {state for state, _ in _steps(reply)}
    if not states:
        return
    status = "processing" if states & {"doing", "waiting"} else "active"
    body = {"channel_id": address.id, "thread_ts": thread, "status": status}
    try:
        await client.api_call("agents.sessions.setStatus", json=body)
    except SlackApiError as refused:
        _log.info("slack_session_not_shown", why=error_of(refused))


def _steps(reply: Reply) -> list[tuple[str, str]]:
    return [
        step
        for card in reply.cards
        for block in card.blocks
        if isinstance(block, Progress)
        for step in block.steps
    ]
