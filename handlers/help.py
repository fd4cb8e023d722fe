"""`help`: what the person who asks can ask for, in examples rather than commands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from governance.people import Person, Role
from governance.permissions import Refused, may_ask
from handlers.catalogue import CATALOGUE, Entry, entry_of
from handlers.conversation.cards import Block, Bold, Bullets, Button, Buttons, Card, Inline, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, Handler, find_handlers
from handlers.conversation.turn import Turn
from handlers.language.words import plain

MOST_EXAMPLES = 8

_EVERYTHING = re.compile(r"\b(?:more|else|all|everything|(?:whole|full) list)\b")

_GROUPS: Mapping[str, Sequence[str]] = {
    "Plan and build": (
        "build_feature",
        "plan",
        "roadmap",
        "prioritise",
        "feature_request",
        "add_to_backlog",
        "allocate_agents",
        "customer",
        "notify_customer",
        "schedule_meeting",
    ),
    "See where things stand": (
        "status",
        "blockers",
        "velocity",
        "risks",
        "metrics",
        "costs",
        "test_coverage",
        "service",
        "explain_incident",
        "digest",
        "subscribe",
    ),
    "Decide, and see what was decided": ("approvals", "delegate", "audit", "authority", "access"),
    "Stop, change and hurry things": (
        "freeze",
        "unfreeze",
        "emergency_deploy",
        "window",
        "halt_agents",
        "resume_agents",
        "overrule_agent",
        "deploy",
        "rollback",
        "scale",
        "capacity_plan",
        "simulate_load",
        "incident",
        "configure_agent",
    ),
    "Check and prove": (
        "compliance_report",
        "pii_changes",
        "missing_reviews",
        "require_review",
        "vulnerabilities",
        "standards",
        "architecture_review",
        "optimisation_report",
    ),
    "You and me": ("whoami", "help", "feedback"),
}
_OFTEN: Mapping[Role, Sequence[str]] = {
    Role.PRODUCT_OWNER: (
        "build_feature",
        "status",
        "approvals",
        "roadmap",
        "blockers",
        "prioritise",
        "velocity",
        "plan",
        "audit",
    ),
    Role.ENGINEERING_DIRECTOR: (
        "status",
        "approvals",
        "blockers",
        "build_feature",
        "allocate_agents",
        "halt_agents",
        "overrule_agent",
        "window",
        "authority",
    ),
    Role.COMPLIANCE_OFFICER: (
        "audit",
        "compliance_report",
        "approvals",
        "freeze",
        "authority",
        "access",
        "window",
        "status",
    ),
    Role.CUSTOMER_SUCCESS: (
        "status",
        "feature_request",
        "prioritise",
        "customer",
        "notify_customer",
        "approvals",
    ),
    Role.SRE_LEAD: (
        "deploy",
        "explain_incident",
        "capacity_plan",
        "status",
        "add_to_backlog",
        "emergency_deploy",
        "freeze",
        "window",
        "audit",
    ),
    Role.EXECUTIVE: (
        "status",
        "metrics",
        "halt_agents",
        "approvals",
        "authority",
    ),
    Role.AUDITOR: (
        "audit",
        "authority",
        "status",
    ),
}
"""What people in a role ask for most, most first; the rest follows in the catalogue's order."""


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """A few examples of what works for this person now; all of it, and what is to come, if they want more."""
    built = find_handlers()
    allowed = [
        entry for entry in CATALOGUE if not isinstance(may_ask(turn.person, entry.name, desk.modes), Refused)
    ]
    now = [entry for entry in allowed if entry.name in built]
    if _EVERYTHING.search(plain(asked.text)):
        return _whole(now, [entry for entry in allowed if entry.name not in built])
    shown = _most_used(turn.person, now)
    blocks: list[Block] = [Text(("Say it in your own words, for example:",)), *_grouped(shown)]
    if len(shown) < len(now):
        blocks.append(Buttons((Button("More", "ask", "help more"),)))
    examples = ", ".join(f"“{entry.example}”" for entry in shown)
    text = f"Say it in your own words, for example {examples}. Ask “what else can you do?” for more."
    return Reply(text=text, cards=(Card("What you can ask me", tuple(blocks)),))


def _most_used(person: Person | None, now: Sequence[Entry]) -> list[Entry]:
    names = [name for role in Role if person and role in person.roles for name in _OFTEN.get(role, ())]
    usual = [name for name in names if entry_of(name) in now]
    rest = [entry.name for entry in now if entry.name not in ("help", "feedback")] or [
        entry.name for entry in now
    ]
    return [entry_of(name) for name in list(dict.fromkeys((*usual, *rest)))[:MOST_EXAMPLES]]


def _grouped(entries: Iterable[Entry]) -> list[Block]:
    """Entries under what they are for, the group of the first one first."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        title = next(title for title, names in _GROUPS.items() if entry.name in names)
        groups.setdefault(title, []).append(entry)
    blocks: list[Block] = []
    for title, members in groups.items():
        blocks += [Text((Bold(title),)), Bullets(tuple(map(_line, members)))]
    return blocks


def _whole(now: Sequence[Entry], later: Sequence[Entry]) -> Reply:
    blocks = _grouped(now)
    if later:
        wanted = "; ".join(entry.purpose for entry in later)
        blocks.append(Small((f"Understood, but not there yet: {wanted}.",)))
    blocks.append(Small(("What I do by myself and what people decide: “show me the authority matrix”.",)))
    text = f"You can ask for: {'; '.join(entry.purpose for entry in now)}."
    return Reply(text=text, cards=(Card("All that you can ask me", tuple(blocks)),))


def _line(entry: Entry) -> tuple[Inline, ...]:
    return (f"“{entry.example}”: {entry.purpose[0].lower()}{entry.purpose[1:]}",)


HANDLER = Handler("help", answer)
