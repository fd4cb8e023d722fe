"""What people did about an incident, and what stopped the agents meanwhile, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.operations.incident_command import Part
from agents.operations.incident_showing import RotaNow

PEOPLE = frozenset(
    {
        "declared",
        "declared again",
        "acknowledged",
        "part",
        "update",
        "severity",
        "mitigated",
        "resolved",
        "story",
        "reviewed",
        "stopped",
        "goes on",
    }
)
"""Kinds of events."""

_MOST_UNKNOWN = 5

DOES = {Part.COMMANDER: "command", Part.COMMUNICATIONS: "communications", Part.SCRIBE: "the scribe’s part"}


def people_event(kind: str, detail: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What happened, in a sentence. People's words are set in quotes: they order nothing."""
    by = names[detail["by"]] if detail.get("by") else "nobody"
    match kind:
        case "declared":
            return f"{by} declared it: “{detail['words']}”"
        case "declared again":
            return f"{by} reported it as well: “{detail['words']}”"
        case "acknowledged":
            given = detail.get("given_by")
            return f"{by} has seen it and takes command{_given(given, detail['by'], names)}."
        case "part":
            person = detail["person"]
            given = _given(detail["by"], person, names)
            return f"{names[person]} takes {DOES[Part(detail['part'])]}{given}."
        case "update":
            return f"{by}: “{detail['words']}”"
        case "severity":
            before = f", {detail['from']} before" if detail["from"] else ""
            return f"{by} calls it {detail['to']}{before}."
        case "mitigated":
            return f"{by} says that it is mitigated."
        case "resolved":
            return f"{by} ended it."
        case "story":
            return f"{by} asked for a story: “{detail['title']}” as {detail['priority']}."
        case "reviewed":
            return f"{by} approved the review."
        case "stopped" if detail["what"] == "halt":
            return f"{by} halted the agents, so that they do nothing about it: “{detail['reason']}”"
        case "stopped":
            return f"{by} froze {detail['what']}: “{detail['reason']}”"
        case "goes on":
            what = "the halt" if detail["what"] == "halt" else f"the freeze of {detail['what']}"
            return f"{what} ended{f', by {by}' if detail.get('by') else ''}."
        case other:
            raise ValueError(f"nobody does {other}")


def rota_text(rota: RotaNow | None, names: Mapping[str, str]) -> str | None:
    """Who is on call by a rota elsewhere, and what is wrong with it; None where there is none."""
    if rota is None:
        return None
    stands_in = "The department's own rota stands in."
    if rota.why is not None:
        return f"On call: {rota.title} says nothing of now ({rota.why}). {stands_in}"
    said = [f"On call by {rota.title}: {', '.join(names[one] for one in rota.people)}."] if rota.people else []
    if rota.unknown:
        listed = ", ".join(rota.unknown[:_MOST_UNKNOWN])
        more = f" and {len(rota.unknown) - _MOST_UNKNOWN} more" if len(rota.unknown) > _MOST_UNKNOWN else ""
        said.append(f"Nobody here has the mail address of: {listed}{more}.")
    if not rota.people:
        said.append(f"{rota.title} names nobody who is known here. {stands_in}")
    return " ".join(said)


def _given(by: str | None, to: str, names: Mapping[str, str]) -> str:
    return f", as {names[by]} asked" if by is not None and by != to else ""
