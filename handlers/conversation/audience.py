"""Who reads along decides where an answer goes."""

from __future__ import annotations

from governance.places import Audience, Place
from handlers.conversation.cards import Reply

FOR_ANYBODY = frozenset({"help", "whoami"})
"""Answers that say nothing of the department's work."""


def must_be_direct(place: Place, reply: Reply, intent: str | None) -> str | None:
    """Why a reply may not be given in this place, as the end of a sentence; None if it may.

    A public channel (guests, or nobody knows who reads) gets no answer about the department's work. A
    department channel gets none that only some of its readers may see, and no channel a personal one.
    """
    if place.audience is Audience.DIRECT:
        return None
    if reply.personal:
        return "it is a personal summary"
    if place.audience is Audience.RESTRICTED:
        return None
    if reply.restricted is not None:
        return reply.restricted
    if place.audience is Audience.PUBLIC and intent is not None and intent not in FOR_ANYBODY:
        return "people from outside the department may read along here"
    return None


def answered_directly(why: str) -> Reply:
    """What the channel is told instead."""
    return Reply(text=f"I answered in a direct message, because {why}.")
