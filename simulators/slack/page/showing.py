"""What somebody sees, gathered for the templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, Undefined
from markupsafe import Markup

from simulators.slack.page.mrkdwn import EMOJI, markdown, mrkdwn
from simulators.slack.records import Channel, Json, Message

if TYPE_CHECKING:
    from simulators.slack.person import Person
    from simulators.slack.server import FakeSlack

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Shown:
    """A message in a list. `replies` is None inside a thread."""

    message: Message
    author: str
    is_app: bool
    time: str
    day: str
    replies: int | None
    last_reply: str


@lru_cache
def templates() -> Environment:
    """The page's templates."""
    found = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=Undefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"markdown": markdown, "emoji": EMOJI, "all_options": all_options}
    return found


def render(template: str, slack: FakeSlack, me: Person, **values: Any) -> str:
    """A template for somebody's eyes."""

    def marked(text: str) -> Markup:
        return mrkdwn(text, slack.state, me.user.tz)

    def said(text: Json) -> Markup:
        """A text object."""
        return marked(text["text"]) if text["type"] == "mrkdwn" else emoji_in(text["text"])

    return (
        templates()
        .get_template(template)
        .render(slack=slack, me=me, marked=marked, said=said, initials=initials, tint=tint, **values)
    )


def emoji_in(text: str) -> Markup:
    """Plain text: only emoji names and ends of lines are replaced."""
    for name, sign in EMOJI.items():
        text = text.replace(f":{name}:", sign)
    return Markup("<br>").join(text.split("\n"))


def channel_messages(slack: FakeSlack, me: Person, channel: Channel) -> list[Shown]:
    """What stands in a channel, threads folded, and what is shown to this person alone."""
    own = [m for m in slack.ephemerals(me) if m.channel == channel.id and m.thread_ts is None]
    first = [m for m in slack.state.in_channel(channel.id) if m.thread_ts in (None, m.ts)]
    return [show(slack, me, m, folded=True) for m in sorted([*first, *own], key=lambda m: m.ts)]


def thread_messages(slack: FakeSlack, me: Person, channel: Channel, ts: str) -> list[Shown]:
    """A thread, and what is shown in it to this person alone."""
    own = [m for m in slack.ephemerals(me) if m.channel == channel.id and m.thread_ts == ts]
    thread = slack.state.in_thread(channel.id, ts)
    return [show(slack, me, m, folded=False) for m in sorted([*thread, *own], key=lambda m: m.ts)]


def show(slack: FakeSlack, me: Person, message: Message, *, folded: bool) -> Shown:
    """One message."""
    author = slack.state.users[message.user]
    replies = slack.state.in_thread(message.channel, message.ts)[1:] if folded else []
    last = moment(replies[-1].ts, me) if replies else None
    at = moment(message.ts, me)
    return Shown(
        message=message,
        author=author.name,
        is_app=author.is_bot,
        time=f"{at:%H:%M}",
        day=f"{at:%A}, {at:%B} {at.day}",
        replies=len(replies) if folded else None,
        last_reply=f"{last:%H:%M}" if last else "",
    )


def moment(ts: str, me: Person) -> datetime:
    """A message's time where somebody is."""
    return datetime.fromtimestamp(float(ts), ZoneInfo(me.user.tz))


def all_options(element: Json) -> list[Json]:
    """The options of a menu, those in groups too."""
    grouped = [option for group in element.get("option_groups") or [] for option in group["options"]]
    return grouped + list(element.get("options") or [])


def tint(name: str) -> int:
    """Which of six colours a picture has."""
    return sum(map(ord, name)) % 6


def initials(name: str) -> str:
    """Two letters for a picture."""
    words = name.split()
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
