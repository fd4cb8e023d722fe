"""An incident as a document: what happened when, what explains it, and how long each part took."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from agents.operations.incident_tables import IncidentEventRow, IncidentRow
from handlers.operations.incident.card import Alerts, event_text


def took(incident: IncidentRow) -> str:
    """How long it lasted, and its parts: until it was seen, until somebody took it, until it was mitigated."""
    ended = incident.mitigated or incident.resolved
    if ended is None:
        return "It goes on."
    parts = [f"seen after {_lasting(incident.detected - incident.started)}"]
    if incident.acknowledged is not None:
        parts.append(f"taken over after {_lasting(incident.acknowledged - incident.started)}")
    if incident.mitigated is not None:
        parts.append(f"mitigated after {_lasting(incident.mitigated - incident.started)}")
    return f"It lasted {_lasting(ended - incident.started)}: {', '.join(parts)}."


def _lasting(length: timedelta) -> str:
    """`45 s`, `12 min`, `3.5 h`."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"


def incident_report(incident: IncidentRow, alerts: Alerts, events: Sequence[IncidentEventRow]) -> str:
    """The document, in Markdown. Times are UTC."""
    lines = [
        f"# {incident.id}: {incident.service} in {incident.stage}",
        "",
        took(incident),
        "",
        "| | UTC |",
        "|---|---|",
        *(
            f"| {name} | {_time(at)} |"
            for name, at in (
                ("began", incident.started),
                ("detected", incident.detected),
                ("taken over", incident.acknowledged),
                ("mitigated", incident.mitigated),
                ("over", incident.resolved),
            )
        ),
        "",
        "## What happened",
        "",
        *(f"- {_time(event.at)} {event_text(event)}" for event in events),
        "",
        "## Alerts",
        "",
        *(f"- {_plain(member.name)} of {member.service} ({member.source})" for member, _ in alerts),
    ]
    return "\n".join(lines) + "\n"


def _time(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def _plain(words: str) -> str:
    """An alert's own words, in which nothing is markup."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", words)
