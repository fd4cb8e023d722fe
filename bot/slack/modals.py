"""Forms as modals, what was entered in them, and what is said where it cannot be taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.platforms.forms import FormIncomplete
from bot.slack.card_blocks import heading_blocks, small_blocks
from bot.slack.limits import Json, length, shortened, size
from bot.slack.modal_inputs import answer_of, block_id, input_blocks
from bot.slack.rich_text import elements, paragraphs
from bot.slack.texts import plain
from handlers.conversation.cards import Form

CALLBACK = "form"
"""The `callback_id` of every modal that asks for something."""

_TITLE = 24
_BLOCKS = 100
_ROOM = 250_000
"""Bytes of JSON."""


def modal(form: Form, *, token: str, private_metadata: str) -> dict[str, Any]:
    """A form as a view for `views.open` or `views.update`.

    `token`, the button's, is the `action_id` of each of its inputs: what somebody typed into one form
    never turns up in another that replaces it. `private_metadata` comes back as it is given, with the
    submission; it has up to 3000 characters. A form that Slack would not open (over 100 blocks, or over
    250 kB) is answered with an `error_modal`.
    """
    asked = [block for entry in form.inputs for block in input_blocks(entry, token)]
    submit = shortened(form.submit, _TITLE)
    whole = small_blocks((f"“{submit}” in full: {form.submit}",), None) if submit != form.submit else []
    view = {
        **_view(form.title, [*paragraphs(elements((form.intro,), None)), *asked, *whole]),
        "callback_id": CALLBACK,
        "submit": plain(submit),
        "close": plain("Back"),
        "private_metadata": private_metadata,
    }
    if len(view["blocks"]) > _BLOCKS or size(view) > _ROOM:
        return error_modal(form.title, "This asks for more than Slack shows. Tell me in words what you want.")
    return view


def loading_modal(title: str) -> dict[str, Any]:
    """What stands for a moment until the form is ready: Slack gives three seconds to open a modal."""
    return {**_view(title, paragraphs(elements(("One moment…",), None))), "close": plain("Back")}


def error_modal(title: str, sentence: str) -> dict[str, Any]:
    """Why there is no form, or why it was not taken."""
    return {**_view(title, paragraphs(elements((sentence,), None))), "close": plain("Close")}


def values_of(form: Form, state: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """What was entered, by input name, from the view's `state`: as `check_values` takes it.

    An input without an answer is "" or []. A choice that the form does not offer stays, to be refused.
    """
    answers = state.get("values", {})
    return {entry.name: answer_of(entry, answers) for entry in form.inputs}


def errors_for(form: Form, incomplete: FormIncomplete) -> dict[str, str]:
    """Why the answers cannot be taken, for `response_action: errors`: at the input that it is about.

    Without one, at the first. Empty if the form asks for nothing: there `error_modal` says it.
    """
    names = [entry.name for entry in form.inputs if entry.options or entry.type not in ("choice", "choices")]
    at = incomplete.input if incomplete.input in names else next(iter(names), None)
    return {block_id(at): str(incomplete)} if at is not None else {}


def _view(title: str, blocks: list[Json]) -> Json:
    heading = heading_blocks(title) if length(title) > _TITLE else []
    return {"type": "modal", "title": plain(shortened(title, _TITLE)), "blocks": [*heading, *blocks]}
