"""While all agents are halted nothing is begun, and whoever asks hears why."""

from __future__ import annotations

from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer


def demand_agents(desk: Desk, then: str) -> None:
    """Raises CannotAnswer while all agents are halted: what they would begin now would end at once. `then` says
    how things stand, and what to do when the agents go on."""
    halt = desk.standing.halt
    if halt is not None:
        raise CannotAnswer(f"All agents are halted by {halt.name or halt.by} ({halt.reason}). {then}")
