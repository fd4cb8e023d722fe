"""Where what a turn submits comes from, so that its thread hears how it ends."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from governance.effects import Origin
from governance.people import Person
from governance.places import Place
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.turn import Turn

_PLACE: TypeAdapter[Place] = TypeAdapter(Place)


def origin_of(turn: Turn) -> Origin:
    """The turn and its place, as the gate stores them."""
    return Origin(turn.id, place_json(turn.place))


def place_json(place: Place) -> dict[str, Any]:
    """A place as JSON values."""
    dumped: dict[str, Any] = _PLACE.dump_python(place, mode="json")
    return dumped


def known(turn: Turn) -> Person:
    """The person who asks. Raises CannotAnswer for somebody whom the department does not know."""
    if turn.person is None:
        raise CannotAnswer(
            "The department does not know you yet; a director and the compliance officer can add you."
        )
    return turn.person
