"""What somebody types, as Slack stores it: escaped, with names and addresses made into links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulators.slack.records import Json, User

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack


def as_stored(slack: FakeSlack, text: str, author: User) -> str:
    """`@bot`, `@david`, `#product` and addresses become `<…>`; `&`, `<` and `>` are escaped."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    installed = slack.state.installation(author.team_id) or next(iter(slack.state.installations), None)
    people = {u.handle: u.id for u in slack.state.users.values() if not u.is_bot}
    if installed is not None:
        people |= dict.fromkeys(("bot", slack.state.users[installed.bot_user].handle), installed.bot_user)
    channels = {c.name: c.id for c in slack.state.channels.values() if c.name}

    def person(found: re.Match[str]) -> str:
        name = found.group(1).rstrip(".")
        rest = found.group(1)[len(name) :]
        return f"<@{people[name]}>{rest}" if name in people else found.group(0)

    def channel(found: re.Match[str]) -> str:
        name = found.group(1)
        return f"<#{channels[name]}|{name}>" if name in channels else found.group(0)

    linked = re.sub(r"https?://[^\s<>]+[^\s<>.,;:!?)]", lambda found: f"<{found.group(0)}>", escaped)
    return re.sub(r"(?<![\w/&])#([\w-]+)", channel, re.sub(r"(?<!\w)@([\w.-]+)", person, linked))


def as_blocks(text: str) -> list[Json]:
    """The rich text that Slack makes of a typed message."""
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "block_id": "typed", "elements": [section]}]
