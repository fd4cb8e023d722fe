"""Which person or service a message means; where that is not clear, an answer that asks."""

from __future__ import annotations

from collections.abc import Collection

from governance.directory import people
from governance.people import Person
from governance.permissions import Refused, may_ask
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.wording import listed
from handlers.language.kinds import Known, Thing
from handlers.language.matching import Ambiguous, Resolution, Resolved, Unknown, find_all
from handlers.language.resolver import read_person, read_service


class SeveralMeant(CannotAnswer):
    """A name that fits several things. The text asks which one."""


async def person_meant(desk: Desk, text: str, *, but: Collection[str] = ()) -> Person | None:
    """The one person whom the words name, apart from those in `but`; None if they name nobody.

    Raises CannotAnswer when several may be meant.
    """
    everybody = {one.id: one for one in await people(desk.tx) if one.active and one.id not in but}
    known = Known(people=tuple(Thing(one.id, one.name) for one in everybody.values()))
    found = _the_one(read_person(text, known))
    return None if found is None else everybody[found.id]


async def demand_whole_name(desk: Desk, text: str, *, but: Collection[str] = ()) -> None:
    """Raises CannotAnswer when nobody is named, but somebody of a similar name may be meant: where much
    depends on it, a likeness is asked about and never acted on."""
    alike = await person_meant(desk, text, but=but)
    if alike is not None:
        raise CannotAnswer(f"Did you mean {alike.name}? Say it again with that name.")


async def people_named(desk: Desk, text: str) -> tuple[Person, ...]:
    """Everybody whose whole name or first name is said, in that order."""
    everybody = {one.id: one for one in await people(desk.tx) if one.active}
    things = tuple(Thing(one.id, one.name, (one.name.split()[0],)) for one in everybody.values())
    return tuple(everybody[thing.id] for thing in find_all(text, things))


async def service_meant(desk: Desk, text: str) -> str | None:
    """The id of the service that the words name; None if they name none. Raises CannotAnswer if unclear."""
    found = await service_named(desk, text)
    return None if found is None else found.id


async def service_named(desk: Desk, text: str) -> Thing | None:
    """The service that the words name. Raises SeveralMeant if several fit, CannotAnswer if none does."""
    services = tuple(Thing(one.id, one.name) for one in await desk.ports.services.services())
    return _the_one(read_service(text, Known(services=services)))


def demand_to_act(person: Person, name: str, desk: Desk) -> None:
    """Raises CannotAnswer for somebody who may look at this, and change nothing."""
    allowed = may_ask(person, name, desk.modes)
    if isinstance(allowed, Refused) or not allowed.acts:
        raise CannotAnswer("You may look at this, and change nothing here.")


def _the_one(found: Resolution | None) -> Thing | None:
    match found:
        case Resolved(thing):
            return thing
        case Ambiguous(candidates):
            names = listed((one.name for one in candidates), "or")
            raise SeveralMeant(f"Did you mean {names}? Say it again with the whole name.")
        case Unknown(text, nearest):
            like = f" Did you mean {listed((one.name for one in nearest), 'or')}?" if nearest else ""
            raise CannotAnswer(f"I know nothing called “{text}”.{like}")
        case None:
            return None
