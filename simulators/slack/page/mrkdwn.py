"""Slack's own markup, and standard markdown, as HTML."""

from __future__ import annotations

import html
import re
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from markdown_it import MarkdownIt
from markupsafe import Markup

if TYPE_CHECKING:
    from simulators.slack.state import State

EMOJI = {
    "eyes": "👀", "white_check_mark": "✅", "x": "❌", "warning": "⚠️", "hourglass_flowing_sand": "⏳",
    "tada": "🎉", "rotating_light": "🚨", "octagonal_sign": "🛑", "thumbsup": "👍", "thumbsdown": "👎",
    "+1": "👍", "-1": "👎", "large_green_circle": "🟢", "red_circle": "🔴", "arrow_right": "➡️",
    "bar_chart": "📊", "memo": "📝", "lock": "🔒", "no_entry": "⛔", "wave": "👋", "heavy_check_mark": "✔️",
    "information_source": "ℹ️", "calendar": "📅", "mag": "🔍", "construction": "🚧", "bell": "🔔",
}  # fmt: skip
STYLES = (
    (r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])", r"<strong>\1</strong>"),
    (r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])", r"<em>\1</em>"),
    (r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])", r"<s>\1</s>"),
)


def mrkdwn(text: str, state: State, zone: str) -> Markup:
    """Slack's markup: links, mentions, dates, code and emphasis; everything else escaped."""
    kept: list[str] = []

    def keep(markup: str) -> str:
        kept.append(markup)
        return f"\0{len(kept) - 1}\0"

    text = text.replace("\0", "")
    text = re.sub(
        r"```\n?(.+?)\n?```", lambda m: keep(f"<pre>{_plain(m.group(1))}</pre>"), text, flags=re.DOTALL
    )
    text = re.sub(r"`([^`\n]+)`", lambda m: keep(f"<code>{_plain(m.group(1))}</code>"), text)
    text = re.sub(r"<([^<>\n]+)>", lambda m: keep(_linked(m.group(1), state, zone)), text)
    escaped = _plain(text)
    for pattern, markup in STYLES:
        escaped = re.sub(pattern, markup, escaped)
    escaped = re.sub(r":([a-z0-9_+-]+):", lambda m: EMOJI.get(m.group(1), m.group(0)), escaped)
    lines = "<br>".join(
        f'<span class="quoted">{line[4:].lstrip()}</span>' if line.startswith("&gt;") else line
        for line in escaped.split("\n")
    )
    found = lines.replace("</span><br>", "</span>").replace("</pre><br>", "</pre>")
    return Markup(re.sub("\0(\\d+)\0", lambda m: kept[int(m.group(1))], found))


def _plain(text: str) -> str:
    """Text in which Slack's three escapes may stand, escaped for HTML."""
    for written, meant in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(written, meant)
    return html.escape(text, quote=False)


def _linked(inside: str, state: State, zone: str) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        user = state.users.get(target[1:])
        return f'<span class="mention">@{_plain(user.name if user else label or target[1:])}</span>'
    if target.startswith("#"):
        channel = state.channels.get(target[1:])
        return f'<span class="mention">#{_plain(channel.name if channel else label or target[1:])}</span>'
    if target.startswith("!date^"):
        return _date(target, label, zone)
    if target.startswith("!"):
        return f'<span class="mention ping">@{_plain(target[1:])}</span>'
    if re.match(r"(https?|mailto):", target):
        return f'<a href="{html.escape(target)}" target="_blank" rel="noreferrer">{_plain(label or target)}</a>'
    return _plain(f"<{inside}>")


def _date(target: str, fallback: str, zone: str) -> str:
    _, seconds, written, *_rest = target.split("^")
    at = datetime.fromtimestamp(int(seconds), ZoneInfo(zone))
    day, clock = f"{at:%b} {at.day}, {at.year}", f"{at:%H:%M}"
    parts = {
        "date_num": f"{at:%Y-%m-%d}", "date_short_pretty": day, "date_long_pretty": day, "date_pretty": day,
        "date_short": day, "date_long": f"{at:%A}, {day}", "date": day, "time_secs": f"{at:%H:%M:%S}",
        "time": clock,
    }  # fmt: skip
    words = re.sub(r"\{(\w+)\}", lambda m: parts.get(m.group(1), m.group(0)), written)
    return f'<time title="{html.escape(fallback)}">{_plain(words)}</time>'


@lru_cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").enable("strikethrough").disable("image")


def markdown(text: str) -> Markup:
    """Standard markdown, as `markdown` blocks and streams have it."""
    return Markup(_reader().render(text))
