"""Signing in with Slack (OpenID Connect): who says yes, and with which claims."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulators.id_tokens import IdTokens
from simulators.slack.records import Json, User
from simulators.slack.state import State


@dataclass
class OpenId(IdTokens):
    """Slack as an identity provider. With `error`, its page sends people back with that and no code.

    `asked` are the queries that its page was opened with; `signed_in` are the users behind access tokens.
    """

    error: str | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    signed_in: dict[str, str] = field(default_factory=dict)

    def claims(self, state: State, user: User) -> Json:
        """Who somebody is."""
        workspace = state.workspaces[user.team_id]
        found = {
            "sub": user.id,
            "https://slack.com/user_id": user.id,
            "https://slack.com/team_id": user.team_id,
            "https://slack.com/team_name": workspace.name,
            "email": user.email,
            "email_verified": user.is_email_confirmed,
            "name": user.name,
            "locale": "en-US",
        }
        if workspace.enterprise_id:
            found["https://slack.com/enterprise_id"] = workspace.enterprise_id
            found["https://slack.com/enterprise_name"] = workspace.enterprise_name or ""
        return found

    def id_token(self, state: State, user: User, nonce: str | None) -> str:
        """A signed id token."""
        now = int(state.now())
        return self.token(now=now, auth_time=now, nonce=nonce, **self.claims(state, user))
