"""What a message says of a meeting: book, move, cancel or ask; what kind, how long, about what. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from governance.people import Role
from handlers.language.calendar_words import in_calendar_words
from handlers.language.days import names_a_date
from handlers.language.durations import read_length
from handlers.language.local_time import WEEKDAYS
from handlers.language.words import in_digits, plain


class Wish(Enum):
    """What is wanted of a meeting."""

    BOOK = "book"
    MOVE = "move"
    CANCEL = "cancel"
    INVITE = "invite"
    ASK = "ask"


_LEAD = r"^\W*(?:(?:please|pls|can you|could you|would you|let's|and|then|also|ok|so|hey|hi)[ ,]+)*"
_CANCEL = re.compile(rf"{_LEAD}(?:cancel|call off|drop|scrap|delete|take .{{1,40}} off)\b")
_MOVE = re.compile(rf"{_LEAD}(?:move|reschedule|re-schedule|postpone|push|shift|bring forward|put off|delay)\b")
_INVITE = re.compile(
    rf"{_LEAD}(?:add|invite|include)\b.*\bto (?:the |my |our |this |that |\w+day|tomorrow|today|it\b)"
)
_WHOSE = r"\W*(?:(?:the|my|our|this|that|next|today|tomorrow|\w+day)(?:['’]?s)?\W+)*"
_ASK = re.compile(
    r"^\W*(?:when|who|is|are|does|do|what times?|which)\b.*\b(?:free|available|time|meet|slot)\b|\bfree slot\b"
)
_AT_A_TIME = re.compile(r"\b\d{4}-\d\d-\d\d[ t]\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class MeetingKind:
    """`words` are how it is said (a pattern), `name` what it is called, `length` how long it lasts unless that
    is said, `role` whom it is with where nobody is named."""

    words: str
    name: str
    length: timedelta
    role: Role | None = None


_HOUR, _HALF_HOUR = timedelta(hours=1), timedelta(minutes=30)
_KINDS = (
    MeetingKind(r"design reviews?", "Design review", _HOUR, Role.ARCHITECT),
    MeetingKind(
        r"architecture (?:review )?meeting|architecture reviews?", "Architecture review", _HOUR, Role.ARCHITECT
    ),
    MeetingKind(r"security reviews?", "Security review", _HOUR, Role.COMPLIANCE_OFFICER),
    MeetingKind(r"incident reviews?", "Incident review", _HOUR, Role.SRE_LEAD),
    MeetingKind(r"threat[- ]modell?ing(?: session)?", "Threat modelling", _HOUR, Role.COMPLIANCE_OFFICER),
    MeetingKind(r"code reviews?", "Code review", _HALF_HOUR),
    MeetingKind(r"(?:quarterly|sprint|release) planning", "Planning", _HOUR),
    MeetingKind(r"post-?mortems?(?: meeting)?", "Postmortem", _HOUR, Role.SRE_LEAD),
    MeetingKind(r"retro(?:spective)?s?", "Retrospective", _HOUR),
    MeetingKind(r"kick-?off", "Kickoff", _HOUR),
    MeetingKind(r"workshops?", "Workshop", timedelta(minutes=90)),
    MeetingKind(r"demos?", "Demo", _HALF_HOUR),
    MeetingKind(r"stand-?ups?", "Stand-up", timedelta(minutes=15)),
    MeetingKind(r"1:1|one[- ]on[- ]one|1-on-1", "1:1", _HALF_HOUR),
    MeetingKind(r"sync", "Sync", _HALF_HOUR),
    MeetingKind(r"trainings?", "Training", _HOUR),
    MeetingKind(r"design (?:session|discussion)", "Design discussion", _HOUR, Role.ARCHITECT),
    MeetingKind(r"reviews?(?: (?:session|meeting))?", "Review", _HOUR),
    MeetingKind(r"calls?", "Call", _HALF_HOUR),
    MeetingKind(r"planning", "Planning", _HOUR),
)
_ANY = "Meeting"

_AMOUNT = r"(?:\d+(?:\.\d+)?|an?|half an?|half)"
_LENGTH = re.compile(
    r"(?<!\bin )(?<!within )(?<!\bnext )(?<!\blast )(?<!\bby )"
    rf"\b(?P<length>\d+ ?h ?\d\d\b|{_AMOUNT}[ -]?(?:minutes?|mins?|hours?|hrs?|h)\b"
    r"(?: and (?:a half|\d+ ?min\w*))?|(?:a )?half hour\b|(?:a )?quarter (?:of an )?hour\b)"
)
_BY = re.compile(rf"\b(?:by (?P<by>{_AMOUNT}[ -]?\w+)|(?P<later>{_AMOUNT}[ -]?\w+) (?P<way>later|earlier))\b")
_STOP = (
    r"(?= (?:with|next|this|on|at|tomorrow|today|tonight|before|by|from|between|in|until|after|asap|please|for"
    r"|about|into|pls)\b| and (?:invite|attach|find)\b|[,;.?!]|$)"
)
_ABOUT = re.compile(
    rf"\b(?P<word>about|regarding|re|on|for|of|over)[: ]+(?P<what>\S.{{0,118}}?){_STOP}", re.IGNORECASE
)
_HOLLOW = re.compile(
    r"^(?:us|me|them|it|that|this|all|everyone|everybody|the team|(?:my |the )?calendar|a|an|the)$",
    re.IGNORECASE,
)
_DAY_HOUR = re.compile(
    r"\b(?P<day>(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|today),? (?P<hour>\d{1,2})"
    r"(?P<min>[:.]\d\d)?(?![\w:.-]|,\d)(?! ?(?:am|pm|a\.m|p\.m|h|o'clock|to|until|st|nd|rd|th)\b)",
    re.IGNORECASE,
)
_TIME_WORDS = re.compile(
    rf"\b(?:{'|'.join(WEEKDAYS)}|weeks?|months?|quarter|today|tomorrow|morning|afternoon|evening|noon"
    r"|\d{1,2} ?(?:am|pm|:\d\d))\b"
)
_PEOPLE = re.compile(r"\b(?:teams?|leads?|architects|engineers|everyone|everybody|to meet)$", re.IGNORECASE)
_LONGEST = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class MeetingSaid:
    """What a message says. `when` is the text in which times are looked for: without how long it lasts and
    what it is about. `length` is what is said, or usual for the kind; `about` is as it was written, empty where
    nothing is."""

    wish: Wish
    kind: str
    length: timedelta
    about: str
    when: str

    @property
    def title(self) -> str:
        """What it is called."""
        return f"{self.kind}: {self.about}" if self.about else self.kind


def read_meeting(text: str) -> MeetingSaid:
    """What is said of a meeting."""
    kind = _kind(text)
    length, rest = _length(text)
    about = about_in(rest)
    name, usual = (_ANY, _HALF_HOUR) if kind is None else (kind.name, kind.length)
    return MeetingSaid(wish_in(text), name, length or usual, about, with_hours(_cut(rest, about)))


def kind_in(text: str) -> str | None:
    """What kind of meeting is said; None for one of no kind."""
    kind = _kind(text)
    return None if kind is None else kind.name


def usual_role(kind: str) -> Role | None:
    """Whom a meeting of this kind is with where nobody is named."""
    return next((one.role for one in _KINDS if one.name == kind), None)


def _kind(text: str) -> MeetingKind | None:
    said = plain(text)
    return next((one for one in _KINDS if re.search(rf"\b(?:{one.words})\b", said)), None)


def wish_in(text: str) -> Wish:
    """What is wanted."""
    said = plain(text)
    for wish, words in ((Wish.CANCEL, _CANCEL), (Wish.MOVE, _MOVE), (Wish.INVITE, _INVITE)):
        if words.search(said):
            return wish
    return Wish.ASK if _ASK.search(said) and not _AT_A_TIME.search(said) else Wish.BOOK


def kind_changed(text: str) -> str | None:
    """The kind of meeting that is to be moved, called off, or widened, where it stands right behind that word:
    `call off the retro`, `add Tom to Monday's review`; None where something else stands there."""
    said = plain(text)
    if _INVITE.search(said):
        what = said.rpartition(" to ")[2]
    elif found := _CANCEL.search(said) or _MOVE.search(said):
        what = said[found.end() :]
    else:
        return None
    kinds = (*_KINDS, MeetingKind(r"meetings?", _ANY, _HALF_HOUR))
    return next((one.name for one in kinds if re.match(rf"{_WHOSE}(?:{one.words})\b", what)), None)


def about_in(text: str) -> str:
    """What it is about, as it is written; empty where nothing of it is said."""
    for what in _candidates(text):
        said = in_calendar_words(what)
        is_when = names_a_date(said) or _TIME_WORDS.search(said)
        is_people = _PEOPLE.search(what) or any(re.fullmatch(one.words, what.casefold()) for one in _KINDS)
        is_length = re.match(rf"{_AMOUNT}[ -]?(?:min|hour|hr|h\b)", said)
        if not (is_when or is_length or is_people) and not _HOLLOW.match(what) and re.search(r"[^\W\d]", what):
            return what
    return ""


def says_day(text: str) -> bool:
    """Whether a day is named, beside an hour or alone."""
    said = in_calendar_words(text)
    return (
        names_a_date(said)
        or re.search(rf"\b(?:{'|'.join(WEEKDAYS)}|today|\w*tomorrow|overmorrow)\b", said) is not None
    )


def with_hours(text: str) -> str:
    """`Thursday 10` as `Thursday at 10`: an hour right behind a day is one."""
    return _DAY_HOUR.sub(lambda found: f"{found['day']} at {found['hour']}{found['min'] or ''}", text)


def split_move(text: str) -> tuple[str, str]:
    """Which meeting is to be moved, and to when, in words; the second empty where no time is said."""
    which, joint, when = text.rpartition(" to ")
    if not joint:
        which, joint, when = text.rpartition(" by ")
        return (which, f"by {when}") if joint else (text, "")
    when = re.sub(r"^(\d{1,2}(?:[:.]\d\d)?)(?= ?$|[ ,.])(?! ?(?:am|pm)\b)", r"at \1", when)
    return which, with_hours(when)


def shift_in(text: str) -> timedelta | None:
    """By how much it is to be moved: `by an hour`, `30 minutes later`, `an hour earlier` (less than
    nothing)."""
    found = _BY.search(in_digits(text))
    length = read_length(found["by"] or found["later"]) if found else None
    if found is None or length is None or length.months:
        return None
    by = timedelta(days=length.days, seconds=length.seconds)
    return -by if found["way"] == "earlier" else by


def _length(text: str) -> tuple[timedelta | None, str]:
    said = in_digits(text)
    found = _LENGTH.search(said)
    length = read_length(found["length"]) if found else None
    if found is None or length is None or not 0 < length.seconds <= _LONGEST.total_seconds():
        return None, text
    # Cut out where it is written the same way; words for numbers stay, for they name no time.
    return timedelta(seconds=length.seconds), re.sub(
        re.escape(found["length"]), " ", text, count=1, flags=re.IGNORECASE
    )


def _candidates(text: str) -> Iterator[str]:
    found = list(_ABOUT.finditer(text))
    for word in ("about", "regarding", "re", "for", "on", "of", "over"):
        for one in found:
            if one["word"].casefold() == word:
                yield re.sub(r"^(?:the|a|an|our)\s+", "", one["what"].strip(" \"“”'"), flags=re.IGNORECASE)


def _cut(text: str, about: str) -> str:
    return text.replace(about, " ", 1) if about else text
