"""Which kinds of digest somebody means, where they did not say so."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.office.digests.kinds import SCHEDULED, DigestKind
from handlers.office.digests.said import Wish
from handlers.office.digests.settings import Setting

_SUMMARIES = (DigestKind.DAILY, DigestKind.WEEKLY)


def kinds_to_set(wish: Wish, settings: Mapping[DigestKind, Setting]) -> tuple[DigestKind, ...]:
    """The kinds that a wish to set something is about.

    Without a word of which: where and in which time zone concerns all that somebody gets; days alone
    those that come on several; one day of the week makes a weekly one; everything else the daily one, or
    the only one that there is to change.
    """
    if wish.kinds:
        return wish.kinds
    on = [kind for kind in DigestKind if settings[kind].is_on]
    if wish.at is None and wish.days is None and (wish.zone or wish.platforms is not None):
        return tuple(on) or (DigestKind.DAILY,)
    if wish.at is None and wish.days is not None and len(wish.days) != 1:
        return tuple(kind for kind in on if kind in (DigestKind.DAILY, DigestKind.APPROVALS))
    summaries = [kind for kind in _SUMMARIES if settings[kind].is_on]
    if wish.changes and len(summaries) == 1:
        return tuple(summaries)
    weekly = wish.days is not None and len(wish.days) == 1
    return (DigestKind.WEEKLY if weekly else DigestKind.DAILY,)


def kinds_to_end(wish: Wish, settings: Mapping[DigestKind, Setting]) -> tuple[DigestKind, ...]:
    """The kinds that somebody does not want any more, or not now: those named, those of the day that is
    said, or all that come at a time. Blocker alerts end when they are named."""
    if wish.kinds:
        return wish.kinds
    on = [kind for kind in SCHEDULED if settings[kind].is_on]
    of_that_day = [kind for kind in on if wish.days and settings[kind].days == wish.days]
    return tuple(of_that_day or on)


def kinds_to_show(wish: Wish, settings: Mapping[DigestKind, Setting]) -> tuple[DigestKind, ...]:
    """The kinds that somebody wants to see now: those named, or what they get."""
    named = tuple(kind for kind in wish.kinds if kind is not DigestKind.BLOCKERS)
    return named or tuple(kind for kind in SCHEDULED if settings[kind].is_on) or (DigestKind.DAILY,)
