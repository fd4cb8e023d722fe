"""What a document asks for, as planning takes it up: requirements with their details and priority."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.planning.draft import Requirement
from agents.planning.reading.judge import Reader, Sense
from agents.planning.reading.orders import StatedOrder, stated_orders
from agents.planning.reading.outline import Heading, Outline, Passage
from agents.planning.reading.read import Read, read
from agents.planning.reading.statement import Corrections
from agents.planning.reading.wanted import Wanted
from integrations.tracker import Priority

MOST_REQUIREMENTS = 400
"""More than these are not one feature; see TooManyRequirements."""

LONGEST = 400_000
"""Characters; a document of that length takes seconds to read, and no feature's PRD has them."""

_PREFIX = r"(?!PRD)(?:FR|NFR|REQ|RQ|BR|UC|US|SR|PR|UR|TR|QR|DR|CR|ST|F|R|S|N)"
_ID = _PREFIX + r"[-_ ]?(?:[A-Z]{1,6}[-_])?\d+(?:\.\d+)*[a-z]?"
_OWN_PREFIX = r"(?!PRD|UTF|SHA|ISO|TLS|AES|RFC|RSA|MD|IPV|HTTP|GDPR|WCAG|Q|P|V|H)[A-Z]{1,6}-\d+(?:\.\d+)*[a-z]?"
ID_ANYWHERE = re.compile(rf"\b(?:{_ID}|{_OWN_PREFIX})\b")
MODAL = re.compile(
    r"\b(?:must|shall|should|will|needs? to|ha(?:s|ve) to|can(?:not|'t)?|may|is able to|are able to|"
    r"is required to|are required to|ought to|is expected to)\b",
    re.IGNORECASE,
)
_ACCEPTANCE_COLUMNS = re.compile(
    r"^(?:[^:]*(?:accept|criteri|measure|target|test|verif|threshold|figure|value)[^:]*): ", re.IGNORECASE
)
_PRIORITY_WORDS: tuple[tuple[str, Priority], ...] = (
    (r"\bP0\b|\bcritical\b", Priority.P0),
    (r"\bP1\b|\bm(?:ust(?:[- ]haves?)?)?\b|\bhigh\b|\bmandatory\b", Priority.P1),
    (r"\bP2\b|\bs(?:hould(?:[- ]haves?)?)?\b|\bmedium\b", Priority.P2),
    (
        r"\bP3\b|\bc(?:ould(?:[- ]haves?)?)?\b|\bnice[- ]to[- ]haves?\b|\blow\b|\boptional\b|\bmay\b",
        Priority.P3,
    ),
)
_QUALITY_ID = re.compile(r"\bNFR|^Q[A-Z]?R?[-_]?\d", re.IGNORECASE)
_QUALITY = re.compile(
    r"non[- ]?functional|qualit|\bperformance\b|availability|reliability|scalability|"
    r"security\b|privacy|complian|"
    r"accessib|usability|observab|\bnfrs?\b|service levels?|how (?:well|good|fast)|latency|data protection",
    re.IGNORECASE,
)
_RANK_NOTE = re.compile(r"^[^:]*(?:priorit|moscow|rank|importance|^p)[^:]*: ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A requirement as found, with what stands around it.

    `heading` is a title that the document gives it, `called` a name in one or two words; `details` are
    sub-items, later sentences and an acceptance column, as (text, line). `quality` marks qualities of the whole
    (performance, security); `constraint` what binds how it is built; `forbids` what must not happen. `after`
    are ids of requirements that the document puts before this one, with its words; `notes` what stands beside
    it and is none of it; `statement` is what corrections know it by.
    """

    requirement: Requirement
    heading: str
    details: tuple[tuple[str, int], ...]
    quality: bool
    priority: Priority | None
    constraint: bool = False
    forbids: bool = False
    called: str = ""
    after: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    statement: str = ""


class UnplannableDocument(Exception):
    """This document cannot be planned from; the message is a sentence for people."""


class NothingAsked(UnplannableDocument):
    """The document is empty, or has headings and prose in which nothing is asked for."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"I found nothing to build in {name}: {why}.")


class NotEnglish(UnplannableDocument):
    """The document is in another language, and no model reads it: there is none, or it `failed`, and why."""

    def __init__(self, name: str, language: str, failed: str = "") -> None:
        none = "none is configured. Hand me the document in English, or have a model set up (OPENAI_API_KEY)."
        could_not = f"that failed: {failed}. Try again, or hand me the document in English."
        super().__init__(
            f"{name} is in {language}. By rule I read English only; other languages I read with a model, and"
            f" {could_not if failed else none}"
        )
        self.language = language


class TooManyRequirements(UnplannableDocument):
    """The document asks for more than MOST_REQUIREMENTS things."""

    def __init__(self, name: str, found: int) -> None:
        super().__init__(
            f"{name} holds {found:,} requirements; I plan features of up to {MOST_REQUIREMENTS}. Split it."
        )
        self.found = found


class TooLong(UnplannableDocument):
    """The document has more than LONGEST characters."""

    def __init__(self, name: str, length: int) -> None:
        super().__init__(f"{name} has {length:,} characters; I plan from up to {LONGEST:,}. Split it.")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a document wants: now (`asked`), later, and not at all; and what each statement was read as."""

    asked: tuple[Asked, ...]
    later: tuple[Requirement, ...]
    ruled_out: tuple[Requirement, ...]
    whole: Read
    ids: Mapping[tuple[int, int], str]
    """By passage and statement, the id of what is wanted there."""


def requirements(
    outline: Outline,
    ignored: frozenset[int] = frozenset(),
    corrections: Corrections | None = None,
    by: Reader | None = None,
) -> Wishes:
    """Everything that the document wants, in its order. `ignored` passages (orders to the reader) ask for
    nothing; it is read `by` the reader that ships, unless another is given."""
    whole = read(outline, ignored, corrections, by)
    named = _named(whole.wanted, outline)
    now = [(place, w) for place, w in enumerate(whole.wanted) if w.statement.sense in ("in", "constraint")]
    beside = [s.unit.quote for s in whole.statements if s.sense == "none"]
    orders = stated_orders(whole.wanted, whole.ids, beside)
    asked = tuple(_asked(place, w, named, orders, outline) for place, w in now)
    ids = {(w.unit.passage, w.unit.number): name.id for w, name in zip(whole.wanted, named, strict=True)}
    return Wishes(asked, _of(whole, named, "later"), _of(whole, named, "out"), whole, ids)


def _of(whole: Read, named: Sequence[Requirement], sense: Sense) -> tuple[Requirement, ...]:
    return tuple(name for name, w in zip(named, whole.wanted, strict=True) if w.statement.sense == sense)


def _named(wanted: Sequence[Wanted], outline: Outline) -> list[Requirement]:
    """Each with its own id, or one that counts; where one id comes twice, both keep it (a flag says so)."""
    return [
        Requirement(
            w.unit.id or f"R{number}",
            _text(w),
            w.unit.line,
            outline.passages[w.unit.passage].section,
        )
        for number, w in enumerate(wanted, 1)
    ]


def _text(wanted: Wanted) -> str:
    """What it says; a row under `The controller …` is said of the controller."""
    column = wanted.unit.column
    begun = re.match(r"^(?P<subject>.+?)\s*(?:…|\.\.\.)$", column)
    return f"{begun['subject']} {wanted.unit.text}" if begun else wanted.unit.text


def _asked(
    place: int, wanted: Wanted, named: Sequence[Requirement], orders: Sequence[StatedOrder], outline: Outline
) -> Asked:
    unit, passage = wanted.unit, outline.passages[wanted.unit.passage]
    requirement = named[place]
    details = [(d.quote, d.line) for d in wanted.details]
    details += [(_criterion(note), unit.line) for note in wanted.notes if _ACCEPTANCE_COLUMNS.match(note)]
    return Asked(
        requirement,
        _heading(wanted, passage),
        tuple(details),
        _is_quality(requirement.id, passage),
        _priority(wanted, passage),
        wanted.statement.sense == "constraint",
        wanted.forbids,
        wanted.unit.lead,
        tuple((named[o.earlier].id, o.because) for o in orders if o.later == place and o.earlier != place),
        wanted.notes,
        wanted.statement.key,
    )


def _is_quality(id: str, passage: Passage) -> bool:
    """Whether it says how well the whole works: by its id, or by a heading that says so plainly."""
    if id.upper().startswith(("FR", "US")):
        return False
    headings = passage.sections[1:] or passage.sections
    return bool(_QUALITY_ID.search(id)) or any(_QUALITY.search(heading.text) for heading in headings)


def _criterion(note: str) -> str:
    column, _, cell = note.partition(": ")
    return f"{column}: {cell}" if len(cell.split()) < 4 else cell


def _heading(wanted: Wanted, passage: Passage) -> str:
    """A title that the document gives: bold words before it, or the heading of its own section with its id."""
    if len(wanted.unit.lead.split()) > 1:
        return wanted.unit.lead
    own = next((h for h in reversed(passage.sections) if _is_own(h, wanted)), None)
    return re.sub(rf"^\W*{re.escape(wanted.unit.id)}\W*", "", own.text).strip(" `") if own else ""


def _is_own(heading: Heading, wanted: Wanted) -> bool:
    return bool(wanted.unit.id) and re.match(rf"\W*{re.escape(wanted.unit.id)}\b", heading.text) is not None


def _priority(wanted: Wanted, passage: Passage) -> Priority | None:
    """From the row's own column, a `(P1)` in the text, or headings such as "Must have"."""
    ranks = [_RANK_NOTE.sub("", note) for note in wanted.notes if _RANK_NOTE.match(note)]
    tags = " ".join(re.findall(r"[\[(]([^\])]{1,20})[\])]", wanted.unit.quote))
    where = " ".join(h.text for h in passage.sections)
    heads = " ".join(re.findall(r"P[0-3]\b|(?:must|should|could|nice[- ]to)[- ]haves?", where, re.IGNORECASE))
    for written in (*ranks, tags if re.search(r"P[0-3]|must|should|could", tags, re.I) else "", heads):
        for pattern, priority in _PRIORITY_WORDS:
            if written and re.search(pattern, written, re.IGNORECASE):
                return priority
    return None
