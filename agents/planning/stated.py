"""What the document itself states of each story: its team, what it comes after, and its section.

What is stated wins over whatever is worked out. A team may stand in a column, in brackets, in a sentence
("Team Beta does it"), under "Team: Beta" or in a heading that is a team's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.planning.draft import DraftStory
from agents.planning.reading.outline import Outline, Passage
from agents.planning.request import PlanningInput
from agents.planning.spelled import place_of
from agents.planning.stories import Sketch
from governance.department import Team
from integrations.tracker.lines import plain_line

_TEAM_COLUMN = re.compile(
    r"^\W*(?:teams?|squads?|owners?|owned by|who|responsible|assigned(?: to)?)\b", re.IGNORECASE
)
_SURE_COLUMN = re.compile(r"\b(?:team|squad)s?\b", re.IGNORECASE)
_LABELLED = re.compile(
    r"\b(?:team|squad|owner|owned by|responsible)\s*:\s*(?P<name>[^.;,|()\n]{2,40})", re.IGNORECASE
)
_BRACKETS = re.compile(r"[\[(](?P<name>[^\])]{2,40})[\])]")
_DOES_IT = (
    r"{name}\s+(?:does|builds?|makes?|takes?|owns?|implements?|delivers?|is responsible"
    r"|will (?:do|build|make|take|own|implement|deliver))\b"
    r"|\b(?:built|done|made|owned|taken|implemented|delivered) by\s+(?:the\s+)?{name}"
    r"|\b(?:for|to)\s+(?:the\s+)?{name}\s*(?:to (?:do|build|make)|$|[.;])"
)


_MONEY = re.compile(
    r"[$€£¥₹]\s*\d|\d\s*(?:[$€£¥₹]|[kKmM]?\s*(?:[A-Z]{3}|euros?|dollars?|pounds?|francs?)\b)|\b[A-Z]{3}\s*\d"
)
_IN_HOURS = re.compile(r"hours?\b|\bh\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stated:
    """`team` is a team's id, or empty; `unknown` the name of one that the department does not have. `after`
    are requirements' ids, in capitals, as the reading found them (`reading/orders.py`)."""

    team: str = ""
    unknown: str = ""
    line: int = 0
    after: tuple[str, ...] = ()
    section: str = ""


NOTHING = Stated()


def stated(
    outline: Outline, stories: Sequence[tuple[str, Sketch]], given: PlanningInput
) -> Mapping[str, Stated]:
    """By story, what the document states of it."""
    by_line: dict[int, Passage] = {}
    for passage in outline.passages:
        by_line.setdefault(passage.line, passage)
    for passage in outline.passages:  # what is called by its heading's id stands at the heading's line
        for heading in passage.sections[-1:]:
            by_line.setdefault(heading.line, passage)
    return {key: _of(sketch, by_line.get(sketch.line), given.teams) for key, sketch in stories}


def team_called(name: str, teams: Sequence[Team]) -> Team | None:
    """The team of this name or id, with or without the word "team"; None for no team's."""
    wanted = _short(name)
    return next((t for t in teams if wanted and wanted in (_short(t.name), _short(t.id))), None)


def money_stated(outline: Outline) -> tuple[str, ...]:
    """A sentence for a budget in money, whatever the currency: it is compared with nothing."""
    return tuple(
        f"Line {meta.line} states a budget of “{plain_line(meta.value, 60)}”. I plan in agent-hours, so nothing"
        " was held against it; give a limit in agent-hours with Modify."
        for meta in outline.meta
        if "budget" in meta.key and _MONEY.search(meta.value) and not _IN_HOURS.search(meta.value)
    )


def unknown_teams(
    stories: Sequence[DraftStory], said: Mapping[str, Stated], given: PlanningInput
) -> tuple[str, ...]:
    """A sentence for each story that the document gives to a team which the department does not have."""
    names = {team.id: team.name for team in given.teams}
    return tuple(
        f"Line {said[story.key].line} gives {story.key} to “{plain_line(said[story.key].unknown, 60)}”, which"
        f" is no team of the department; it would go to {names.get(story.team, 'no team')}. Modify moves it."
        for story in stories
        if said[story.key].unknown
    )


def _of(sketch: Sketch, passage: Passage | None, teams: Sequence[Team]) -> Stated:
    cells = passage.cells if passage is not None else ()
    team, unknown = _team(sketch, passage, cells, teams)
    own = {name.upper() for name in sketch.requirements}
    return Stated(
        team,
        unknown,
        sketch.line,
        tuple(dict.fromkeys(name.upper() for name, _ in sketch.after if name.upper() not in own)),
        passage.section if passage is not None else "",
    )


def _team(
    sketch: Sketch, passage: Passage | None, cells: Sequence[tuple[str, str]], teams: Sequence[Team]
) -> tuple[str, str]:
    """The team's id, and what a column calls a team that is none."""
    for column, cell in cells:
        if not _TEAM_COLUMN.search(column) or not cell.strip(" -–—"):
            continue
        for part in re.split(r",|/|;|&|\band\b", cell):
            if (team := team_called(part, teams)) is not None:
                return team.id, ""
        if _SURE_COLUMN.search(column):
            return "", cell.strip()
    for said in _spoken(" ".join((sketch.about, *sketch.notes)), teams):
        return said.id, ""
    for heading in reversed(passage.sections if passage is not None else ()):
        if (team := team_called(heading.text, teams)) is not None:
            return team.id, ""
    return "", ""


def _spoken(text: str, teams: Sequence[Team]) -> Iterator[Team]:
    for pattern in (_LABELLED, _BRACKETS):
        for match in pattern.finditer(text):
            if (team := team_called(match["name"], teams)) is not None:
                yield team
    for team in teams:
        if place_of(text, team.name) and re.search(
            _DOES_IT.format(name=re.escape(team.name)), text, re.IGNORECASE
        ):
            yield team


def _short(name: str) -> str:
    return re.sub(r"\b(?:the|team|squad)\b|[^\w]+", " ", name.casefold()).strip()
