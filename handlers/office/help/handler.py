"""`help`: what the person who asks can ask for, in examples rather than commands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from governance.people import Person, Role
from governance.permissions import ANYONE, Refused
from handlers.catalogue import catalogue, may_request, request_of
from handlers.conversation.cards import Block, Bold, Bullets, Button, Buttons, Card, Inline, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, Group, Handler, Request
from handlers.conversation.turn import Turn
from handlers.language.words import plain

MOST_EXAMPLES = 8

_EVERYTHING = re.compile(r"\b(?:more|else|all|everything|(?:whole|full) list)\b")

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
    allowed = [
        entry
        for entry in catalogue().values()
        if not isinstance(may_request(turn.person, entry.name, desk.modes), Refused)
    ]
    now = [entry for entry in allowed if isinstance(entry, Handler)]
    if _EVERYTHING.search(plain(asked.text)):
        return _whole(now, [entry for entry in allowed if not isinstance(entry, Handler)])
    shown = _most_used(turn.person, now)
    blocks: list[Block] = [Text(("Say it in your own words, for example:",)), *_grouped(shown)]
    if len(shown) < len(now):
        blocks.append(Buttons((Button("More", "ask", "help more"),)))
    examples = ", ".join(f"“{entry.example}”" for entry in shown)
    text = f"Say it in your own words, for example {examples}. Ask “what else can you do?” for more."
    return Reply(text=text, cards=(Card("What you can ask me", tuple(blocks)),))


def _most_used(person: Person | None, now: Sequence[Request]) -> list[Request]:
    names = [name for role in Role if person and role in person.roles for name in _OFTEN.get(role, ())]
    usual = [name for name in names if request_of(name) in now]
    rest = [entry.name for entry in now if entry.name not in ("help", "feedback")] or [
        entry.name for entry in now
    ]
    return [request_of(name) for name in list(dict.fromkeys((*usual, *rest)))[:MOST_EXAMPLES]]


def _grouped(entries: Iterable[Request]) -> list[Block]:
    """Entries under what they are for, the group of the first one first."""
    groups: dict[Group, list[Request]] = {}
    for entry in entries:
        groups.setdefault(entry.group, []).append(entry)
    blocks: list[Block] = []
    for title, members in groups.items():
        blocks += [Text((Bold(title),)), Bullets(tuple(map(_line, members)))]
    return blocks


def _whole(now: Sequence[Request], later: Sequence[Request]) -> Reply:
    blocks = _grouped(now)
    if later:
        wanted = "; ".join(entry.purpose for entry in later)
        blocks.append(Small((f"Understood, but not there yet: {wanted}.",)))
    blocks.append(Small(("What I do by myself and what people decide: “show me the authority matrix”.",)))
    text = f"You can ask for: {'; '.join(entry.purpose for entry in now)}."
    return Reply(text=text, cards=(Card("All that you can ask me", tuple(blocks)),))


def _line(entry: Request) -> tuple[Inline, ...]:
    return (f"“{entry.example}”: {entry.purpose[0].lower()}{entry.purpose[1:]}",)


HANDLER = Handler(
    name="help",
    purpose="What you can ask, as the person you are",
    example="what can you do?",
    group=Group.US,
    permission=ANYONE,
    answer=answer,
)
