"""views.*: modals and the App Home tab."""

from __future__ import annotations

from simulators.slack import limits
from simulators.slack.calling import ApiError, Call, method
from simulators.slack.records import Json, Trigger, View
from simulators.slack.rendered import view_json
from simulators.slack.state import TRIGGER_LIFE, new_hash, with_ids

MOST_STACKED = 3


@method("views.open")
async def open_view(call: Call) -> Json:
    trigger = exchange(call)
    content = checked(call, "modal")
    view = opened(call, trigger, content)
    if trigger.in_view is None:
        call.state.modals[trigger.user] = []
    stack(call, trigger.user, view)
    return {"view": view_json(call.state, view)}


@method("views.push")
async def push(call: Call) -> Json:
    trigger = exchange(call)
    view = opened(call, trigger, checked(call, "modal"))
    below = call.state.modals.get(trigger.user, [])
    if not below:
        raise ApiError("not_found")
    view.root_id, view.previous_id = below[0].id, below[-1].id
    stack(call, trigger.user, view)
    return {"view": view_json(call.state, view)}


@method("views.update")
async def update(call: Call) -> Json:
    content = checked(call, "modal")
    view = find(call)
    replace(call, view, content)
    return {"view": view_json(call.state, view)}


@method("views.publish")
async def publish(call: Call) -> Json:
    user = call.state.users.get(str(call.need("user_id")))
    if user is None or user.is_stranger:
        raise ApiError("not_found")
    content = checked(call, "home")
    view = call.state.homes.get(user.id)
    if view is None:
        view = View(call.state.fresh_id("V"), new_hash(call.state.now()), user.team_id, user.id, content)
        call.state.homes[user.id] = view
        call.state.put_view(view)
    else:
        replace(call, view, content)
    return {"view": view_json(call.state, view)}


def exchange(call: Call) -> Trigger:
    """The trigger that a call spends: it lives three seconds and works once. Raises ApiError."""
    trigger = call.state.triggers.get(str(call.need("trigger_id")))
    if trigger is None or trigger.team_id not in call.state.teams_of(call.bot):
        raise ApiError("invalid_trigger_id")
    if call.state.now() - trigger.at > TRIGGER_LIFE:
        raise ApiError("expired_trigger_id")
    if trigger.is_used:
        raise ApiError("exchanged_trigger_id")
    trigger.is_used = True
    return trigger


def checked(call: Call, kind: str) -> Json:
    """The view that a call brings, within Slack's limits. Raises ApiError."""
    view = call.need("view")
    limits.check_view(view, kind)
    return {**view, "blocks": with_ids(view["blocks"])}


def opened(call: Call, trigger: Trigger, content: Json) -> View:
    """A new view before the person whose trigger it was."""
    return View(call.state.fresh_id("V"), new_hash(call.state.now()), trigger.team_id, trigger.user, content)


def stack(call: Call, user: str, view: View) -> None:
    """Put a modal before somebody. Raises ApiError when three are open."""
    views = call.state.modals.setdefault(user, [])
    if len(views) >= MOST_STACKED:
        raise ApiError("push_limit_reached")
    views.append(view)
    call.state.put_view(view)


def find(call: Call) -> View:
    """The view that a call is about, still open. Raises ApiError."""
    wanted = call.args.get("view_id")
    external = call.args.get("external_id")
    for views in call.state.modals.values():
        for view in views:
            if view.id == wanted or (external and view.content.get("external_id") == external):
                return view
    raise ApiError("not_found")


def replace(call: Call, view: View, content: Json) -> None:
    """Put new content in a view. Raises ApiError if the caller's hash is of an older version."""
    known = call.args.get("hash")
    if known and known != view.hash:
        raise ApiError("hash_conflict")
    change(view, content, call.state.now())
    call.state.changed()


def change(view: View, content: Json, now: float) -> None:
    """New content makes a new version."""
    view.former.append(view.content)
    view.content = content
    view.hash = new_hash(now)
