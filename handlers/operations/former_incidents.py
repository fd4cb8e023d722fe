"""What former incidents teach, in sentences."""

from __future__ import annotations

from agents.operations.incident_learning import Alike, Record, Tried
from governance.moments import day_text
from handlers.conversation.wording import counted, listed

_DOES = {
    "deployments.roll_back": "Rolling back",
    "deployments.scale": "Starting more replicas",
    "deployments.open_breaker": "Opening a breaker",
}


def alike_text(one: Alike) -> str:
    """`INC-3 (orders, 2 Nov 2026), the same cause: “Roll orders back to 4.17.2” helped.`"""
    why = "the same cause" if one.same_cause else "the same service"
    known = [_tried(each) for each in one.tried]
    if one.said and not known:
        known.append(f"the last word on it was “{one.said}”")
    told = listed(known) or "nothing was tried that I know of"
    return f"{one.id} ({one.service}, {day_text(one.started.date())}), {why}: {told}."


def _tried(one: Tried) -> str:
    came = {True: "helped", False: "did not help", None: "was tried, and nobody looked whether it helped"}
    return f"“{one.what}” {came[one.helped]}"


def record_text(one: Record) -> str:
    """`Rolling back helped 3 of 4 times.`"""
    does = _DOES.get(one.kind) or one.kind.rpartition(".")[2].replace("_", " ").capitalize()
    return f"{does} helped {one.helped} of {counted(one.tried, 'time')}."
