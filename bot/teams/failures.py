"""What a failed call to the connector means for the message: try again, and when, or never."""

from __future__ import annotations

from bot.platforms.adapter import PostFailed
from bot.teams.entra import EntraLost, NoToken
from bot.teams.sdk import ConnectorLost, ConnectorRefused

Failed = ConnectorRefused | ConnectorLost | NoToken | EntraLost

_SOON = 5.0
_SECONDS = {412: 2.0, 429: _SOON, 502: _SOON, 503: _SOON, 504: _SOON}
"""Answers after which trying again helps, and after how many seconds where the answer does not say."""

_NOT_TAKEN = frozenset({412, 429})
"""Answers after which the message was certainly not taken."""

_ADMINISTRATOR = 60.0
"""Seconds between tries while our own credentials are refused: an administrator has to see to that."""


def failure_of(failed: Failed) -> PostFailed:
    """The failure as the outbox understands it. 403 and 404 are final: blocked, uninstalled, deleted."""
    match failed:
        case ConnectorLost():
            return PostFailed(f"no answer: {failed}", _SOON, is_certain=not failed.was_sent)
        case EntraLost():
            return PostFailed(f"Entra does not answer: {failed}", _SOON)
        case NoToken():
            return PostFailed(f"Entra gives us no token: {failed}", _ADMINISTRATOR)
        case ConnectorRefused(status=401):
            return PostFailed("the connector does not take our token", _ADMINISTRATOR)
        case ConnectorRefused(status=status) if status in _SECONDS:
            wait = _SECONDS[status] if failed.retry_after is None else failed.retry_after
            return PostFailed(str(failed), wait, is_certain=status in _NOT_TAKEN)
        case _:
            return PostFailed(str(failed), None)
