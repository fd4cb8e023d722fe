"""An incident as a document: what it cost, what explains it, what helped, what happened when, what follows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from agents.operations.incident_learning import tried_in
from agents.operations.incident_tables import IncidentRow
from handlers.operations.former_incidents import alike_text, record_text
from handlers.operations.incident.card import event_text
from handlers.operations.incident.impact_words import impact_text
from handlers.operations.incident.response_words import response_event
from handlers.operations.incident.seen import Seen


def took(seen: Seen) -> str:
    """How long it lasted, and its parts: until it was seen, taken over, explained, remedied, mitigated."""
    incident = seen.incident
    ended = incident.mitigated or incident.resolved
    if ended is None:
        return "It goes on."
    moments = (
        ("seen", incident.detected),
        ("taken over", incident.acknowledged),
        ("explained", _first(seen, "cause")),
        ("a remedy begun", _first(seen, "remedy")),
        ("mitigated", incident.mitigated),
    )
    parts = [f"{what} after {_lasting(at - incident.started)}" for what, at in moments if at is not None]
    return f"It lasted {_lasting(ended - incident.started)}: {', '.join(parts)}."


def _first(seen: Seen, kind: str) -> datetime | None:
    return next((one.at for one in seen.events if one.kind == kind), None)


def _lasting(length: timedelta) -> str:
    """`45 s`, `12 min`, `3.5 h`."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"


def incident_report(seen: Seen) -> str:
    """The document, in Markdown. Times are UTC."""
    incident = seen.incident
    lines = [
        f"# {incident.id}: {incident.service} in {incident.stage}",
        "",
        took(seen),
        *_section("Impact", [] if seen.impact is None else [_plain(impact_text(seen.impact))], "Not measured."),
        *_section("Cause", _causes(seen), "Nobody knows it: none was computed."),
        *_section("What helped", _helped(seen), "Nothing was tried that was looked at afterwards."),
        *_section("How long it took", _table(incident), ""),
        *_section(
            "What happened",
            (f"- {_time(one.at)} {_plain(event_text(one, seen.names))}" for one in seen.events),
            "-",
        ),
        *_section(
            "Alerts",
            (f"- {_plain(one.name)} of {one.service} ({one.source})" for one, _ in seen.alerts),
            "None.",
        ),
        *_section("What follows", _stories(seen), "No story yet."),
        *_section("Seen before", (f"- {_plain(alike_text(one))}" for one in seen.alike), "Never."),
    ]
    return "\n".join(lines) + "\n"


def _section(title: str, lines: Iterable[str], otherwise: str) -> list[str]:
    return ["", f"## {title}", "", *(list(lines) or [otherwise])]


def _causes(seen: Seen) -> list[str]:
    return [f"- {_plain(response_event(one.kind, one.detail))}" for one in seen.events if one.kind == "cause"]


def _helped(seen: Seen) -> list[str]:
    came = {True: "it helped", False: "it had no effect", None: "nobody looked whether it helped"}
    tried = [f"- {_plain(one.what)}: {came[one.helped]}." for one in tried_in(seen.events)]
    return [*tried, *(f"- {record_text(one)} (all incidents)" for one in seen.records if tried)]


def _table(incident: IncidentRow) -> list[str]:
    moments = (
        ("began", incident.started),
        ("detected", incident.detected),
        ("taken over", incident.acknowledged),
        ("mitigated", incident.mitigated),
        ("over", incident.resolved),
    )
    return ["| | UTC |", "|---|---|", *(f"| {name} | {_time(at)} |" for name, at in moments)]


def _stories(seen: Seen) -> list[str]:
    made = {"done": "", "parked": ", waits for approval", "refused": ", refused"}
    return [
        f"- {_plain(one.title)} as {one.priority}"
        f"{f' ({one.id})' if one.id else made.get(one.state, ', being made')}"
        for one in seen.stories
    ]


def _time(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def _plain(words: str) -> str:
    """Other people's words, in which nothing is markup."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", words)
