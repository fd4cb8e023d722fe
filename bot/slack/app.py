"""The Bolt app: verifies what Slack sends, stores it, and acknowledges it only then.

`process_before_response` makes Bolt run the listener first: if it cannot store (the database is away),
Slack gets a 500 and delivers again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_internals import build_async_context
from slack_bolt.response import BoltResponse

from bot.platforms import channels, people
from bot.slack import ingest
from bot.slack.addresses import HOME, PLATFORM, Address
from bot.slack.directory import profile_of
from bot.slack.interactions import Presses, Shortcuts
from bot.slack.workspaces import NotInstalled, NotOurs, Workspaces
from governance.outside_text import storable_json
from governance.places import Audience, Place
from handlers.conversation.origin import place_json
from storage.database import Database
from storage.notices import notify


class StorableApp(AsyncApp):
    """Bolt's app, for requests whose bodies are made storable. Signatures are compared with the raw ones."""

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """See AsyncApp."""
        try:
            req.body = storable_json(req.body)
        except RecursionError:
            return BoltResponse(status=400, body="This is nested too deeply to be read.")
        # Whose request it is has been read of the body already.
        req.context = build_async_context(req.context, req.body)
        return await super().async_dispatch(req)


_log = structlog.get_logger()

Body = dict[str, Any]


def make_app(
    database: Database,
    tenant: str,
    workspaces: Workspaces,
    *,
    signing_secret: str,
) -> AsyncApp:
    """The app, with every listener."""
    with _only_what_it_is_given():
        app = StorableApp(
            signing_secret=signing_secret,
            client=workspaces.slack.client(None),
            authorize=_authorize(workspaces),
            process_before_response=True,
            # Our own messages are told apart by their author, below; Bolt would ask Slack for its id first.
            ignoring_self_events_enabled=False,
        )
    listeners = _Listeners(database, tenant, workspaces)
    app.event("message")(listeners.message)
    app.event("app_mention")(listeners.message)
    app.event("app_home_opened")(listeners.home_opened)
    app.event("agent_session_stopped")(listeners.stopped)
    app.event("app_uninstalled")(listeners.uninstalled)
    app.event("tokens_revoked")(listeners.uninstalled)
    app.event("user_change")(listeners.user_changed)
    for changed in ("member_joined_channel", "channel_rename", "group_rename", "channel_shared"):
        app.event(changed)(listeners.channel_changed)
    app.command("/eng")(listeners.command)
    Presses(database, tenant, workspaces).listen(app)
    Shortcuts(database, tenant, workspaces).listen(app)
    return app


@contextmanager
def _only_what_it_is_given() -> Iterator[None]:
    """Bolt would read SLACK_BOT_TOKEN, SLACK_CLIENT_ID and their like by itself: it then warns that there is a
    client beside the token, and keeps installations in files of its own."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("SLACK_")}
    for name in kept:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(kept)


def _authorize(workspaces: Workspaces) -> Any:
    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        try:
            bot = await workspaces.bot(enterprise_id, team_id)
        except (NotInstalled, NotOurs) as refused:
            _log.warning("slack_workspace_refused", team=team_id, why=str(refused))
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_user_id=bot.bot_user_id,
            bot_id=bot.bot_id,
            bot_token=bot.bot_token,
        )

    return authorize


class _Listeners:
    """One method for each kind of event that is no press."""

    def __init__(self, database: Database, tenant: str, workspaces: Workspaces) -> None:
        self._database = database
        self._tenant = tenant
        self._workspaces = workspaces

    async def message(self, body: Body, event: Body) -> None:
        """Something said to us, or in a thread of ours."""
        team = team_of(body)
        bot = await self._workspaces.bot(team.enterprise, team.team)
        async with self._database.transaction(self._tenant) as tx:
            await ingest.take_message(tx, event, team, bot.bot_user_id)

    async def command(self, ack: AsyncAck, command: Body) -> None:
        """`/eng …`: said without being seen, so what was asked is repeated to the one who asked."""
        team = Address(command.get("enterprise_id") or None, str(command["team_id"]), "")
        bot = await self._workspaces.bot(team.enterprise, team.team)
        async with self._database.transaction(self._tenant) as tx:
            await ingest.take_command(tx, command, bot.bot_user_id)
        asked = str(command.get("text") or "").strip()
        await ack(f"You asked: {asked[:2000]}" if asked else "Here is what you can ask.")

    async def home_opened(self, body: Body, event: Body) -> None:
        """Somebody looks at the App Home: it is published as it is now."""
        if event.get("tab") != "home":
            return
        user = team_of(body).beside(str(event["user"]))
        place = Place(PLATFORM, str(user), HOME, Audience.DIRECT)
        async with self._database.transaction(self._tenant) as tx:
            ids = {"identity": user.identity, "key": HOME}
            await notify(tx, "home", ids, place=place_json(place))

    async def stopped(self, body: Body, event: Body) -> None:
        """Slack's own Stop button: the same as saying so in that thread."""
        team = team_of(body)
        said = {
            "type": "message",
            "user": event["user"],
            "channel": event["channel"],
            "ts": f"{event.get('event_ts')}:stop",
            "thread_ts": event.get("thread_ts"),
            "text": "/plan pause it",
        }
        bot = await self._workspaces.bot(team.enterprise, team.team)
        async with self._database.transaction(self._tenant) as tx:
            await ingest.take_message(tx, {**said, "type": "app_mention"}, team, bot.bot_user_id)

    async def uninstalled(self, body: Body) -> None:
        """The app was taken out of a workspace: nothing is posted there any more."""
        if (body.get("event") or {}).get("type") == "tokens_revoked" and not _bot_tokens(body):
            return
        for account in await self._workspaces.remove(body.get("enterprise_id"), body.get("team_id")):
            _log.warning("slack_uninstalled", account=account)

    async def user_changed(self, body: Body, event: Body) -> None:
        """Somebody was renamed, deactivated, made a guest: known at once for those who spoke to us."""
        address = team_of(body).beside(str(event["user"]["id"]))
        async with self._database.transaction(self._tenant) as tx:
            for identity in await people.seen(tx, address.everywhere, f"/{address.id}"):
                profile = profile_of(event["user"], Address.of_identity(identity))
                await people.take_note_of(tx, profile, datetime.now(UTC))

    async def channel_changed(self, body: Body, event: Body) -> None:
        """Who reads along may have changed: it is asked for anew with the next message."""
        named = event.get("channel")
        channel = str(named["id"]) if isinstance(named, dict) else str(named)
        async with self._database.transaction(self._tenant) as tx:
            await channels.forget(tx, PLATFORM, str(team_of(body).beside(channel)))


def team_of(body: Body) -> Address:
    """The workspace for which an event came. With Slack Connect it is the one that installed the app."""
    authorised = (body.get("authorizations") or [{}])[0]
    team = authorised.get("team_id") or body.get("team_id")
    return Address(authorised.get("enterprise_id") or body.get("enterprise_id") or None, str(team), "")


def _bot_tokens(body: Body) -> list[str]:
    return list(((body.get("event") or {}).get("tokens") or {}).get("bot") or ())
