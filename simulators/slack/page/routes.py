"""The page's addresses. Who one is stands in the address, so that two tabs can be two people."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.slack.page import posts
from simulators.slack.page.showing import FOLDER, channel_messages, render, thread_messages
from simulators.slack.person import Person
from simulators.slack.records import Channel

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack

PATIENCE = 20.0
"""Seconds after which a page that waits for a change asks anew."""

MARK = FOLDER.parents[2] / "bot" / "console" / "static" / "mark.svg"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


@dataclass
class Page:
    """The page. `seen` holds how far each person has read each channel."""

    slack: FakeSlack
    seen: dict[tuple[str, str], str] = field(default_factory=dict)

    def mount(self, app: web.Application) -> None:
        """Add the page's addresses to the server."""
        app.router.add_get("/", self.start)
        app.router.add_get("/as/{me}", self.start)
        app.router.add_get("/as/{me}/c/{channel}", self.channel)
        app.router.add_get("/as/{me}/home", self.home)
        app.router.add_get("/as/{me}/log", self.log)
        app.router.add_get("/page/changes", self.changes)
        app.router.add_get("/page/files/{file}", self.file)
        app.router.add_static("/page/static", FOLDER / "static")
        app.router.add_get("/page/mark.svg", self.mark)
        for name, post in posts.BY_NAME.items():
            app.router.add_post(f"/as/{{me}}/{name}", self._posting(post))

    def me(self, request: web.Request) -> Person:
        """Whose eyes the page is seen with."""
        try:
            return self.slack.user(request.match_info["me"])
        except LookupError as error:
            raise web.HTTPNotFound(text=str(error)) from error

    async def start(self, request: web.Request) -> web.Response:
        """The conversation with the app."""
        handle = request.match_info.get("me") or next(iter(self.people())).user.handle
        me = self.slack.user(handle)
        raise web.HTTPSeeOther(f"/as/{handle}/c/{me.dm.id}")

    def people(self) -> list[Person]:
        """Whom one can be, those with a say first (the department file's order)."""
        everybody = [u for u in self.slack.state.users.values() if not (u.is_bot or u.deleted or u.is_stranger)]
        return [Person(self.slack, user) for user in everybody]

    async def channel(self, request: web.Request) -> web.Response:
        """A channel or direct conversation, a thread beside it."""
        me = self.me(request)
        channel = self.slack.state.channels.get(request.match_info["channel"])
        if channel is None or me.id not in channel.members:
            raise web.HTTPNotFound(text="This person is in no such channel.")
        thread = request.query.get("thread")
        messages = channel_messages(self.slack, me, channel)
        said = self.slack.state.in_channel(channel.id)
        self.seen[me.id, channel.id] = said[-1].ts if said else "0"
        values = {
            "channel": channel,
            "messages": messages,
            "thread": thread,
            "replies": thread_messages(self.slack, me, channel, thread) if thread else [],
            "status": self.slack.state.thread_status.get((channel.id, thread or ""), ""),
            "session": self.slack.state.sessions.get((channel.id, thread or ""), ""),
            "prompts": self.slack.state.suggested.get((channel.id, ""), self.slack.prompts),
        }
        return self._answer("channel.html", me, **values)

    async def home(self, request: web.Request) -> web.Response:
        """The app's home tab."""
        return self._answer("home.html", self.me(request), channel=None, home=True)

    async def log(self, request: web.Request) -> web.Response:
        """What went over the wire, latest first, and the settings."""
        deliveries = self.slack.courier.made[-60:][::-1]
        calls = self.slack.calls[-120:][::-1]
        values = {"deliveries": deliveries, "calls": calls, "pretty": lambda value: json.dumps(value, indent=2)}
        return self._answer("log.html", self.me(request), channel=None, home=False, **values)

    async def changes(self, request: web.Request) -> web.Response:
        """Answers when something changed since a version, or after a while."""
        since = int(request.query.get("since", "0"))
        if self.slack.state.version <= since:
            await self.slack.state.change(PATIENCE)
            await asyncio.sleep(0.03)
        return web.json_response({"version": self.slack.state.version})

    async def file(self, request: web.Request) -> web.Response:
        """A file's content, for whoever sits at this machine."""
        file = self.slack.state.files.get(request.match_info["file"])
        if file is None:
            raise web.HTTPNotFound(text="There is no such file.")
        disposition = "inline" if file.mimetype.startswith("image/") else "attachment"
        name = file.name.replace('"', "")
        headers = {"Content-Disposition": f'{disposition}; filename="{name}"', **HEADERS}
        return web.Response(body=file.content, content_type=file.mimetype, headers=headers)

    async def mark(self, request: web.Request) -> web.FileResponse:
        """The app's picture: Countersign's own mark."""
        return web.FileResponse(MARK)

    def unread(self, me: Person, channel: Channel) -> int:
        """How many of others' messages somebody has not seen."""
        seen = self.seen.get((me.id, channel.id), "0")
        return sum(m.ts > seen and m.user != me.id for m in self.slack.state.in_channel(channel.id))

    def _posting(self, post: posts.Post) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            return web.json_response(await post(self.slack, self.me(request), request))

        return handle

    def _answer(self, template: str, me: Person, **values: object) -> web.Response:
        made = self.slack.courier.made
        last = made[-1] if made else None
        trouble = last if last is not None and last.attempts and not last.is_taken else None
        shown = {"home": False, "thread": None, "trouble": trouble, "page": self, "modal": me.view, **values}
        body = render(template, self.slack, me, **shown)
        return web.Response(text=body, content_type="text/html", headers=HEADERS)
