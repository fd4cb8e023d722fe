"""A small Bolt app at the other end, served over real HTTP: it records what it gets and answers simply."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import FakeSlack

MODAL = {
    "type": "modal",
    "callback_id": "reason",
    "notify_on_close": True,
    "title": {"type": "plain_text", "text": "Reason"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": {"type": "plain_text", "text": "Why?"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        },
        {
            "type": "input",
            "block_id": "where",
            "optional": True,
            "label": {"type": "plain_text", "text": "Where?"},
            "element": {
                "type": "static_select",
                "action_id": "choice",
                "options": [
                    {"text": {"type": "plain_text", "text": "Staging"}, "value": "staging"},
                    {"text": {"type": "plain_text", "text": "Production"}, "value": "production"},
                ],
            },
        },
    ],
}


ONLY_RECORDED = (
    "agent_session_stopped", "app_home_opened", "app_uninstalled", "channel_rename", "channel_shared",
    "member_joined_channel", "reaction_added", "tokens_revoked", "user_change",
)  # fmt: skip


def approval(decided: bool = False) -> list[dict[str, Any]]:
    """A message with two buttons, or without them once it is decided."""
    words = {"type": "section", "text": {"type": "mrkdwn", "text": "Deploy orders 2.4?"}}
    if decided:
        return [words]
    labels = (("Approve", "tok-yes"), ("Why", "tok-why"))
    elements = [
        {"type": "button", "text": {"type": "plain_text", "text": label}, "action_id": token, "value": token}
        for label, token in labels
    ]
    return [words, {"type": "actions", "elements": elements}]


@dataclass
class BoltEnd:
    """The app: what reached it, and its address."""

    app: AsyncApp
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    refusals: int = 0

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Events of a type, in the order in which they came."""
        return [body["event"] for body in self.bodies if body.get("event", {}).get("type") == kind]

    async def handle(self, request: web.Request) -> web.Response:
        """One request of Slack's, given to Bolt; the first `refusals` get a 503."""
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=503)
        self.headers.append(dict(request.headers))
        bolt = AsyncBoltRequest(
            body=await request.text(), query=request.query_string, headers=dict(request.headers)
        )
        answer = await self.app.async_dispatch(bolt)
        headers = {name: values[0] for name, values in answer.headers.items()}
        content = headers.pop("content-type", "text/plain").split(";")[0]
        return web.Response(status=answer.status, text=answer.body, content_type=content)


def listeners(end: BoltEnd) -> None:
    """What the app does."""
    app = end.app

    @app.middleware
    async def record(body: dict[str, Any], next: Any) -> None:
        end.bodies.append(body)
        await next()

    @app.event("message")
    async def on_message(event: dict[str, Any], say: Any) -> None:
        if "subtype" not in event and "deploy" in event["text"]:
            await say(
                text="Deploy orders 2.4?", blocks=approval(), thread_ts=event.get("thread_ts") or event["ts"]
            )

    @app.event("app_mention")
    async def on_mention(event: dict[str, Any], say: Any) -> None:
        await say(text="You called?", thread_ts=event["ts"])

    @app.action("tok-yes")
    async def approve(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        where, ts = body["channel"]["id"], body["message"]["ts"]
        await client.chat_update(channel=where, ts=ts, text="Approved", blocks=approval(decided=True))

    @app.action("tok-why")
    async def ask_why(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.view("reason")
    async def take_reason(ack: Any, view: dict[str, Any]) -> None:
        words = view["state"]["values"]["why"]["text"]["value"]
        await (ack(response_action="errors", errors={"why": "Say more"}) if len(words) < 5 else ack())

    @app.view_closed("reason")
    async def closed(ack: Any) -> None:
        await ack()

    @app.command("/eng")
    async def command(ack: Any, command: dict[str, str]) -> None:
        await ack(f"heard: {command['text']}")

    @app.shortcut("new_request")
    async def new_request(ack: Any, shortcut: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=shortcut["trigger_id"], view=MODAL)

    @app.shortcut("ask_about")
    async def ask_about(ack: Any, shortcut: dict[str, Any], respond: Any) -> None:
        await ack()
        await respond(f"about: {shortcut['message']['text']}")

    for event in ONLY_RECORDED:
        app.event(event)(_nothing)


async def _nothing(event: dict[str, Any]) -> None:
    """Recorded by the middleware already."""


def bolt_end(slack: FakeSlack) -> BoltEnd:
    """The app, knowing its Slack."""
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    app = AsyncApp(client=client, signing_secret=slack.signing_secret, process_before_response=True)
    end = BoltEnd(app)
    listeners(end)
    return end


@asynccontextmanager
async def served(slack: FakeSlack) -> AsyncIterator[BoltEnd]:
    """The app on a port of this machine, with Slack told of it."""
    end = bolt_end(slack)
    application = web.Application(client_max_size=4_000_000)
    application.router.add_post("/slack/events", end.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    end.url = slack.events_url = f"http://127.0.0.1:{port}/slack/events"
    try:
        yield end
    finally:
        await runner.cleanup()
