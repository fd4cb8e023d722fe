"""What a question of where something is, is about: by id, by name, or what the thread is about."""

from __future__ import annotations

import re

from governance.visibility import Scope
from handlers.conversation.desk import Desk
from handlers.language.kinds import Thing, find_kinds, written_id
from handlers.language.matching import Resolved, find, find_places
from handlers.language.resolver import Found, Meant, resolve
from handlers.language.words import tokens

WORK = ("epic", "plan", "account", "story", "request")
"""Kinds of things that are somewhere: what can be asked after, watched and put first."""

_MOST_PARTS = 8
_QUESTION = frozenset(
    tokens(
        "status overview update updates progress latest quick check overall current currently right now"
        " today what which is are was the a an of on in at to for with and or do does did have has had been"
        " be get give show tell see please how far where when who any there it this that i we us you me my"
        " our your they them thing stand run running work works worked working going flight happening doing"
        " up moment yet still done ready finished shipped live long left finish started begun begin hows"
        " whats wheres can could"
    )
)
_GENERAL = frozenset(
    tokens(
        "anything everything something all agents agent department team teams plans plan features feature"
        " stories story epics epic requests request item items customers customer account accounts runs"
    )
)
_IT = re.compile(r"\b(?:it|this|that|they|one)\b", re.IGNORECASE)


async def subject_of(
    desk: Desk, text: str, scope: Scope, *, besides: frozenset[str] = frozenset()
) -> Meant | None:
    """What the text asks about, among what the scope reaches; None where it names nothing.

    `besides` are words of the request itself ("raise", "priority"), which name nothing.
    """
    if not names_an_id(desk, text) and not named_in(text, besides):
        about = desk.memory.topic.get("item") if _IT.search(text) else None
        return None if about is None else await resolve(desk, about, WORK, scope)
    return await resolve(desk, text, WORK, scope, besides=_QUESTION | besides)


def named_in(text: str, besides: frozenset[str] = frozenset()) -> str:
    """The words of a question that are not words of every such question; empty where it names nothing."""
    words = [word for word in tokens(text) if any(map(str.isalpha, word))]
    return " ".join(word for word in words if word not in _QUESTION | _GENERAL | besides)


async def subjects_of(
    desk: Desk, text: str, scope: Scope, *, besides: frozenset[str] = frozenset()
) -> tuple[Found, ...]:
    """Every feature that the text calls by name, in the order in which they are said."""
    features = [name for name in WORK if not find_kinds()[name].crowded]
    parts = re.split(r",|;|\b(?:or|and|than|before|ahead of|then)\b", text)[:_MOST_PARTS]
    kind_of: dict[Thing, str] = {}
    for name in features:
        for part in (text, *parts):  # of a name in one part there may be so many that another's is not found
            kind_of |= dict.fromkeys(await find_kinds()[name].find(desk, scope, part), name)
    whole = [Found(kind_of[place[0]], place[0]) for place in find_places(text, tuple(kind_of))]
    near = []
    for part in parts:
        telling = " ".join(word for word in tokens(part) if word not in _QUESTION | besides)
        match find(telling, tuple(kind_of)):
            case Resolved(thing):
                near.append(Found(kind_of[thing], thing))
    return tuple({found.id: found for found in (*near, *whole)}.values())


def names_an_id(desk: Desk, text: str) -> bool:
    """Whether a thing's id is written out, so that nothing else can be meant."""
    return written_id(desk, text, *WORK) is not None
