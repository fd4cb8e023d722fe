"""What a document says about time and hours: dates to be met, a start, and a limit in agent-hours.

Read from the text line by line, whatever its markup. A date counts where it stands under a key (`Target`), in
a section about time (`Milestones`), or in a sentence that says what is to be there then (`goes live on …`).
Dates of the document itself, of what happened before, of other people's promises, of later releases and of
questions do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from agents.planning.reading.sections import role_of
from agents.planning.written_dates import Written, written_dates

_KEYS = re.compile(
    r"^\W*(?:target(?: (?:date|release|launch))?|due(?: date)?|deadline|launch(?: date)?|release(?: date)?|end|"
    r"go[- ]?live|delivery|pilot|beta|wanted(?: by)?|needed by|finish|completion|termin|frist|"
    r"fecha(?: límite)?)\W*[:|]\s*",
    re.IGNORECASE,
)
_START = re.compile(r"(?:^|[·|,;]\s*)\W*(?:start(?: date)?|kick-?off|beginn|inicio)\W*[:|]\W*$", re.IGNORECASE)
_TIME_HEADING = re.compile(
    r"\b(?:dates?|milestones?|timeline|roll[- ]?out|release plan|when|phases?|how we get there|schedule|"
    r"termine|zeitplan|fechas|plazos|calendario|jalons)\b|^\W*plan\W*$|时间|计划|里程碑",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"\b(?:by|until|till|due|live|launch\w*|pilot|deadline|wanted|deliver\w*|releas\w*|phase|production|everywhere|"
    r"open(?:ed)? to|first|from|go[- ]live|bis|ab|probebetrieb|abnahme|lieferung|prueba|toda|entrega|"
    r"greenhouse|in (?:one|all))\b|试点|推广|上线|交付",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:version|(?:first )?draft of|last[- ]?(?:updated?|changed?|modified)|updated|modified|"
    r"reviewed|created|as of|since|promised|planned for|put off|taken up|starts? with|stand|frühestens|"
    r"follows? in|season|measured|trial of|renewal)\b|^\W*(?:date|status|datum|fecha)\W*[:|]|版本|"
    r"\d{1,2}:\d{2}",
    re.IGNORECASE,
)
_PASSED_OVER = frozenset(
    {"out_of_scope", "later", "questions", "goals", "metadata", "actions", "example", "prohibitions"}
)
_HOURS = re.compile(
    r"(?P<hours>\d[\d.,]*)\s*(?:agent[- ]?hours?\b|agentenstunden|horas de agente|heures d.agent|个?代理工时)",
    re.I,
)
_GUESS = re.compile(r"\b(?:about|guess|roughly|approximately|estimate[sd]?|around|circa|ca)\b|~", re.IGNORECASE)
_BREAK = re.compile(r"[.;!?](?:\s|$)|,\s(?!20\d\d)|[,。;](?=[^\x00-\x7f])|[,。;、]")
_LEADING = re.compile(
    r"(?:\s*\b(?:on|by|until|before|from|the|at|is due|ab|bis|am|el|para))+\s*$", re.IGNORECASE
)
_TAGS = re.compile(r"<[^>]+>")
_WORKED = re.compile(r"[*_`#>|]+")
_LONGEST = 90


@dataclass(frozen=True, slots=True)
class Stated:
    """A date that the document wants something by: `what`, in its own words."""

    what: str
    when: Written
    line: int
    quote: str


@dataclass(frozen=True, slots=True)
class Limit:
    """Agent-hours that the document allows."""

    hours: float
    line: int
    quote: str


@dataclass(frozen=True, slots=True)
class Milestones:
    """All that a document says about time and hours; `start` is the day on which it wants work to begin."""

    dates: tuple[Stated, ...] = ()
    limit: Limit | None = None
    start: date | None = None


def milestones(text: str, today: date) -> Milestones:
    """Read a document's dates and limit. Every text gives a reading, mostly an empty one."""
    dates: list[Stated] = []
    limit: Limit | None = None
    start: date | None = None
    for number, line, role, about_time in _lines(text):
        if role in _PASSED_OVER:
            continue
        if limit is None and (hours := _HOURS.search(line)) and not _GUESS.search(line[: hours.start()]):
            value = float(hours["hours"].replace(",", "").rstrip("."))
            limit = Limit(value, number, _plain(line)) if value > 0 else None
        follows = False
        for when in written_dates(line, today):
            before = line[: when.at]
            if _START.search(before):
                start = start or when.day
            elif _counts(line, when, about_time, follows):
                follows = True
                dates.append(Stated(_what(line, when), when, number, _plain(line)))
    return Milestones(tuple(_each_once(dates)), limit, start)


def _lines(text: str) -> Iterator[tuple[int, str, str, bool]]:
    """Number, text, the section's role, and whether its heading is about time."""
    lines = text.split("\n")
    role, about_time, in_code = "", False, False
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith(("```", "~~~")):
            in_code = not in_code
        heading = _heading(line, lines[number] if number < len(lines) else "")
        if heading:
            found = role_of(heading) or ""
            about_time = found == "timeline" or bool(_TIME_HEADING.search(heading))
            role = "timeline" if about_time else found
        if not in_code and (not heading or _CUE.search(heading)):
            yield number, _TAGS.sub(" ", line), role if not heading else "", about_time


def _heading(line: str, below: str) -> str:
    if match := re.match(r"\s*#{1,6}\s+(.*)", line) or re.match(
        r"\s*<h\d[^>]*>(.*?)</h\d>", line, re.IGNORECASE
    ):
        return match[1].strip()
    if line.strip() and re.fullmatch(r"\s*([=~^\-])\1{2,}\s*", below) and "|" not in line:
        return line.strip()
    bold = re.fullmatch(r"\s*\*\*([^*]{2,60})\*\*\s*", line)
    return bold[1] if bold else ""


def _counts(line: str, when: Written, about_time: bool, follows: bool) -> bool:
    """Whether this time is one to be met; one that follows another such one in its line is."""
    clause = _clause(_cell(line, when), when)
    if _NOT.search(clause) or re.match(r"\W*\d+(?:\.\d+)+\W*\|\s*20\d\d-", line):
        return False
    if _KEYS.match(line):
        return True
    return when.sprint is None and (about_time or follows or bool(_CUE.search(clause)))


def _cell(line: str, when: Written) -> str:
    """The cell of a table's row in which the time stands, or the line; the others where it says no more."""
    if not line.lstrip().startswith("|"):
        return line
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    own = next((cell for cell in cells if when.text in cell), line)
    rest = [cell for cell in cells if cell != own and re.search(r"[^\W\d]{2}", cell)]
    return own if own.strip(" *_") != when.text else f"{when.text} {', '.join(rest)}"


def _clause(text: str, when: Written) -> str:
    """The part of the sentence that the time stands in."""
    at = text.find(when.text)
    to = at + len(when.text)
    starts = max((m.end() for m in _BREAK.finditer(text[:at])), default=0)
    ends = _BREAK.search(text[to:])
    return text[starts : to + ends.start() if ends else len(text)]


def _what(line: str, when: Written) -> str:
    """What is to be there then: the clause without the time and the words that lead to it."""
    cell = _cell(line, when)
    clause = cell if cell.startswith(f"{when.text} ") and line.lstrip().startswith("|") else _clause(cell, when)
    rest = _WORKED.sub(" ", _KEYS.sub("", clause.replace(when.text, " ", 1)))
    rest = re.sub(r"^\W*(?:#?\d+(?:\.\d+)*[.)]?|[-*])\s+", "", rest)
    rest = _LEADING.sub("", rest.strip(" .,;:()–—-"))
    return " ".join(rest.split())[:_LONGEST].strip(" .,;:()–—-")


def _plain(line: str) -> str:
    return " ".join(_WORKED.sub(" ", line).split())[:240]


def _each_once(dates: list[Stated]) -> Iterator[Stated]:
    """Each day or week once, with the most words: a head often says what a table says again."""
    found: dict[tuple[date | None, int | None], Stated] = {}
    for stated in sorted(dates, key=lambda one: one.line):
        key = (stated.when.day, stated.when.weeks)
        if key not in found or (len(found[key].what.split()) < 2 < len(stated.what.split())):
            found[key] = stated
    yield from found.values()
