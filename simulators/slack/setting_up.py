"""Workspaces made, and the app installed in them."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from simulators.slack import sample
from simulators.slack.records import Installation, User, Workspace
from simulators.slack.state import State

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack

TOKEN_LIFE = 43_200
"""Seconds that an access token lasts where tokens rotate."""


def workspace(state: State, made: Workspace, department: Path | None) -> Workspace:
    """Add a workspace, with a department's people and channels if a file is given."""
    if made.enterprise_id:
        made.enterprise_name = f"{made.name} Group"
    state.workspaces[made.id] = made
    if department is not None:
        sample.populate(state, made, department)
    return made


def install(slack: FakeSlack, account: str, installer: str, *, channels: bool, token: str) -> Installation:
    """Install the app in a workspace or an organisation, in place of what was installed there before."""
    state = slack.state
    for former in state.installations:
        former.is_removed = former.is_removed or former.account == account
    teams = [t.id for t in state.workspaces.values() if account in (t.id, t.enterprise_id)]
    bot = _bot(state, account, teams[0])
    token = token or f"xoxb-{secrets.token_hex(12)}"
    made = Installation(
        account=account,
        bot_user=bot.id,
        bot_id=bot.id.replace("U", "B", 1),
        tokens={token: None},
        scopes=frozenset(slack.all_scopes),
        installer=installer,
    )
    if slack.rotates_tokens:
        made.tokens = {f"xoxe.{token}": state.now() + TOKEN_LIFE}
        made.refresh_token = f"xoxe-1-{secrets.token_hex(12)}"
    state.installations.append(made)
    for channel in state.channels.values():
        if channels and channel.team_id in teams and channel.kind != "dm" and bot.id not in channel.members:
            channel.members.append(bot.id)
    return made


def _bot(state: State, account: str, team: str) -> User:
    for user in state.users.values():
        if user.is_bot and user.team_id == team:
            return user
    bot = User(state.fresh_id("U", f"BOT{account}"), team, "countersign", "Countersign", "", is_bot=True)
    state.users[bot.id] = bot
    return bot
