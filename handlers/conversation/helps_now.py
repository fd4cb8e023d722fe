"""What helps today with a request that is understood and not there yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from governance.permissions import Refused
from handlers.catalogue import may_request
from handlers.conversation.cards import Button
from handlers.conversation.desk import Desk
from handlers.conversation.turn import Turn
from handlers.language.kinds import Thing
from handlers.language.matching import find_all

_FREEZE, _WINDOW, _STATUS, _WAITS, _BACKLOG, _LOG = (
    ("Freeze deployments", "freeze", "freeze all deployments"),
    ("Open an incident window", "window", "open an incident window for two hours"),
    ("Where does everything stand?", "status", "what is the status of the department?"),
    ("What waits for my approval?", "approvals", "what waits for me?"),
    ("Add it to the backlog", "add_to_backlog", "{text}"),
    ("Search the record", "audit", "what was done this week?"),
)
_FREEZE_SERVICE = ("Freeze {service}", "freeze", "freeze the {service} service")

_TO_STATUS, _TO_BACKLOG = (_STATUS, _WAITS), (_STATUS, _BACKLOG)
_INSTEAD: Mapping[str, Sequence[tuple[str, str, str]]] = {
    **dict.fromkeys(("blockers", "metrics"), _TO_STATUS),
    # What is there but for a part of it, as that part.
    "incident": (_FREEZE_SERVICE, _FREEZE, _WINDOW),
    **dict.fromkeys(("costs",), _TO_BACKLOG),
    **dict.fromkeys(
        ("compliance_report", "pii_changes", "missing_reviews", "require_review", "vulnerabilities"),
        (_LOG, _FREEZE_SERVICE, _BACKLOG),
    ),
    **dict.fromkeys(("standards", "architecture_review", "optimisation_report"), (_BACKLOG, _STATUS)),
}

_MOST_SERVICES = 50


async def helps_now(turn: Turn, desk: Desk, request: str, text: str) -> tuple[Button, ...]:
    """Buttons for what this person may ask for instead, about the service that the words name."""
    services = tuple(Thing(one.id, one.name) for one in await desk.ports.services.find(text, _MOST_SERVICES))
    named = find_all(text, services)
    service = named[0].id if named else ""
    buttons = []
    for label, name, words in _INSTEAD.get(request, ()):
        if "{service}" in words and not service:
            continue
        if isinstance(may_request(turn.person, name, desk.modes), Refused):
            continue
        shown = label.format(service=service)
        buttons.append(Button(shown, "ask", f"{name} {words.format(service=service, text=text[:500])}"))
    return tuple(buttons[:3])
