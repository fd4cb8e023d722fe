"""What somebody does on the page. Each answers with `{}`, or with what is wrong in words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.slack import reading
from simulators.slack.filling import NotFilledIn, filled
from simulators.slack.records import Json, Message, View

if TYPE_CHECKING:
    from simulators.slack.person import Person
    from simulators.slack.server import FakeSlack

Post = Callable[["FakeSlack", "Person", web.Request], Awaitable[Json]]


async def say(slack: FakeSlack, me: Person, request: web.Request) -> Json:
    """Send what was typed, with files; a `/command` is run."""
    form = await request.post()
    text, channel = str(form.get("text", "")).strip(), str(form["channel"])
    if text.startswith("/") and not form.get("thread"):
        await me.runs(text, channel=channel)
        return {}
    files = tuple(
        (field.filename, field.file.read())
        for field in form.getall("files", [])
        if isinstance(field, web.FileField) and field.filename
    )
    if not text and not files:
        return {}
    thread = str(form.get("thread") or "") or None
    said = await me.says(text, channel=channel, thread=thread, files=files)
    return {"said": said.ts}


async def press(slack: FakeSlack, me: Person, request: web.Request) -> Json:
    """Press a button, or choose in a menu that stands in a message."""
    wanted = await request.json()
    on = _thing(slack, me, wanted)
    if on is None:
        return {"error": "That message is gone."}
    choices = wanted.get("answer")
    offered = reading.pressable(on.blocks) if choices is None else reading.fields(on.blocks)
    for block, element in offered:
        if (block.get("block_id"), element.get("action_id")) != (wanted["block"], wanted["action"]):
            continue
        value = element.get("selected_option", element).get("value", "")
        if choices is not None or value == wanted["value"]:
            entered = filled(element, choices) if choices is not None else {}
            await me.acts(block, element, on=on, entered=entered)
            return {}
    return {"error": "That button is no longer there."}


async def submit(slack: FakeSlack, me: Person, request: web.Request) -> Json:
    """Send the modal that is open."""
    if me.view is None:
        return {"error": "That window is closed already."}
    try:
        sent = await me.submits(me.view, await request.json())
    except NotFilledIn as error:
        return {"error": str(error)}
    if not sent.delivery.is_taken:
        return {"error": "The app did not answer. Try again."}
    return {"errors": sent.errors}


async def close(slack: FakeSlack, me: Person, request: web.Request) -> Json:
    """Close the modal that is open."""
    if me.view is not None:
        await me.closes(me.view)
    return {}


async def shortcut(slack: FakeSlack, me: Person, request: web.Request) -> Json:
    """Use a shortcut, global or of a message."""
    wanted = await request.json()
    on = _thing(slack, me, wanted)
    await me.uses_shortcut(wanted["callback"], on=on if isinstance(on, Message) else None)
    return {}


async def stop(slack: FakeSlack, me: Person, request: web.Request) -> Json:
    """Press Stop in a thread."""
    on = _thing(slack, me, await request.json())
    if isinstance(on, Message):
        await me.stops(on)
    return {}


async def open_home(slack: FakeSlack, me: Person, request: web.Request) -> Json:
    """Tell the app that its home tab is looked at."""
    await me.opens_home()
    return {}


def _thing(slack: FakeSlack, me: Person, wanted: Json) -> Message | View | None:
    """The message, modal or tab that is meant, if this person sees it."""
    if wanted.get("view"):
        view = slack.state.views.get(wanted["view"])
        return view if view is not None and view.user == me.id else None
    key = (str(wanted.get("channel")), str(wanted.get("ts")))
    mine = [m for m in slack.ephemerals(me) if (m.channel, m.ts) == key]
    return slack.state.messages.get(key) or (mine[0] if mine else None)


BY_NAME: dict[str, Post] = {
    "say": say,
    "press": press,
    "submit": submit,
    "close": close,
    "shortcut": shortcut,
    "stop": stop,
    "open-home": open_home,
}
