"""What each activity of Teams' means to us. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.teams.activities import Account, Activity, Mention
from bot.teams.files import FILE_CONSENT, FileConsent, consent_of
from bot.teams.render import WORKING

PRESS = "press"
FORM = "form"
"""Verbs of our own buttons and forms."""

_OURS = re.compile(r"[A-Za-z0-9_-]{1,100}")
"""What we name buttons and messages by."""

_ANY_MENTION = re.compile(r"<at\b[^>]*>(.*?)</at>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Words:
    """Something said to the bot."""

    text: str


@dataclass(frozen=True, slots=True)
class Press:
    """A button pressed, by its token. With `by_invoke` an answer is waited for."""

    token: str
    by_invoke: bool


@dataclass(frozen=True, slots=True)
class FormOpening:
    """A button pressed whose form is to be shown."""

    token: str


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """A form sent in: what was entered, as it came. With `by_invoke` it stood in a dialog, else in the chat."""

    token: str
    data: Mapping[str, Any]
    by_invoke: bool


@dataclass(frozen=True, slots=True)
class WorkingAsked:
    """The facts behind a message of ours are to be shown, from `page` on; with `by_invoke` in a dialog."""

    message: str
    page: int
    by_invoke: bool


@dataclass(frozen=True, slots=True)
class Membership:
    """The bot came into a conversation, left it, or something else changed there (`changed`)."""

    what: Literal["came", "left", "changed"]


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing that concerns us; with `is_unknown_invoke` somebody waits for an answer nevertheless."""

    is_unknown_invoke: bool = False


Meaning = Words | Press | FormOpening | FormAnswer | WorkingAsked | FileConsent | Membership | Nothing


def meaning_of(activity: Activity) -> Meaning:
    """What an activity means to us. Edits and deletions of messages mean nothing: what was said was said."""
    match activity.type:
        case "message":
            return _message(activity)
        case "invoke":
            return _invoke(activity)
        case "conversationUpdate":
            return _conversation_update(activity)
        case "installationUpdate":
            return Membership("left" if (activity.action or "").startswith("remove") else "came")
        case _:
            return Nothing()


def _message(activity: Activity) -> Meaning:
    sent = _sent(activity.value) if not activity.text and isinstance(activity.value, dict) else None
    if sent is not None:
        return sent
    if activity.kind != "personal" and not _mentions_us(activity):
        return Nothing()
    return Words(words_of(activity))


def _sent(data: Mapping[str, Any]) -> Meaning | None:
    """What a button sends as a message: from an old client, from one that opens no dialogs, or from a form
    that stands in the chat."""
    asked, token = _working(data, by_invoke=False), _token(data)
    if asked is not None or token is None:
        return asked
    match data.get("verb"):
        case verb if verb in (PRESS, None):  # without a verb: a button with a form
            return Press(token, by_invoke=False)
        case verb if verb == FORM:
            return FormAnswer(token, data, by_invoke=False)
    return None


def _token(data: Mapping[str, Any]) -> str | None:
    token = data.get("token")
    return token if isinstance(token, str) and _OURS.fullmatch(token) else None


def _working(data: Mapping[str, Any], *, by_invoke: bool) -> WorkingAsked | None:
    message, page = data.get(WORKING), data.get("page")
    if not isinstance(message, str) or not _OURS.fullmatch(message) or type(page) is not int:
        return None
    return WorkingAsked(message, page, by_invoke)


def _mentions_us(activity: Activity) -> bool:
    return any(_is_us(activity, entity) for entity in activity.entities or ())


def _is_us(activity: Activity, entity: Mention) -> bool:
    return entity.mentioned is not None and entity.mentioned.id == activity.recipient.id


def words_of(activity: Activity) -> str:
    """The text as its author meant it: without the bot's own mention, others' as their names."""
    text = activity.text or ""
    for entity in activity.entities or ():
        if _is_us(activity, entity) and entity.mentioned:
            # Teams leaves a mention's text out where the name has an ampersand in it.
            text = text.replace(entity.text or f"<at>{entity.mentioned.name}</at>", " ", 1)
    named = _ANY_MENTION.sub(lambda mention: mention.group(1), text)
    return re.sub(r"(?:[ \t\xa0]|&nbsp;)+", " ", named).strip()


def _invoke(activity: Activity) -> Meaning:
    if activity.name == FILE_CONSENT:
        return consent_of(activity.value) or Nothing(is_unknown_invoke=True)
    value = activity.value if isinstance(activity.value, dict) else {}
    holder = value.get("action") if activity.name == "adaptiveCard/action" else value
    given = holder.get("data") if isinstance(holder, dict) else None
    data: dict[str, Any] = given if isinstance(given, dict) else {}
    asked, token = _working(data, by_invoke=True), _token(data)
    if asked is not None and activity.name in ("task/fetch", "task/submit"):
        return asked
    if token is None:
        return Nothing(is_unknown_invoke=True)
    match activity.name:
        case "adaptiveCard/action" if value["action"].get("verb") == PRESS:
            return Press(token, by_invoke=True)
        case "task/fetch":
            return FormOpening(token)
        case "task/submit" if data.get("verb") == FORM:
            return FormAnswer(token, data, by_invoke=True)
        case _:
            return Nothing(is_unknown_invoke=True)


def _conversation_update(activity: Activity) -> Meaning:
    def has_us(accounts: tuple[Account, ...] | None) -> bool:
        return any(account.id == activity.recipient.id for account in accounts or ())

    if has_us(activity.members_removed):
        return Membership("left")
    return Membership("came" if has_us(activity.members_added) else "changed")
