"""Who and what the console shows of a department: its people to choose from, and who reads which channel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.adapter import direct_channel
from governance.department_rows import read_department
from governance.directory import people
from governance.people import Person, Role
from governance.places import Audience

PERSONA_ROLES = (
    Role.PRODUCT_OWNER,
    Role.ENGINEERING_DIRECTOR,
    Role.COMPLIANCE_OFFICER,
    Role.CUSTOMER_SUCCESS,
    Role.SRE_LEAD,
)
"""The console offers one person of each of these first."""


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody whom the console lets you speak as. `title` is what the department file calls their job."""

    person: Person
    title: str

    @property
    def identity(self) -> str:
        """Who the console proves this person to be."""
        return f"console:{self.person.id}"


@dataclass(frozen=True, slots=True)
class ConsoleChannel:
    """A channel. `members` are the only readers of a restricted one, by person id."""

    name: str
    purpose: str
    audience: Audience
    members: frozenset[str] = frozenset()

    def is_read_by(self, person: Person) -> bool:
        """Whether this person reads along: restricted channels open for their members alone."""
        if not person.active:
            return False
        return self.audience is not Audience.RESTRICTED or person.id in self.members


@dataclass(frozen=True, slots=True)
class Residents:
    """The department as the console shows it; `is_sample` marks every page."""

    name: str
    is_sample: bool
    people: tuple[Resident, ...]
    channels: tuple[ConsoleChannel, ...]

    def find(self, person: str) -> Resident | None:
        """The resident with this id."""
        return next((known for known in self.people if known.person.id == person), None)

    @property
    def personas(self) -> tuple[Resident, ...]:
        """One person for each of the five personas, in their order."""
        chosen: list[Resident] = []
        for role in PERSONA_ROLES:
            holders = (known for known in self.people if known.person.holds(role) and known not in chosen)
            chosen.extend(list(holders)[:1])
        return tuple(chosen)

    def channels_of(self, person: Person) -> tuple[ConsoleChannel, ...]:
        """What this person reads: their own direct messages first, then channels."""
        direct = ConsoleChannel(direct_channel(person.id), "Just you and Countersign", Audience.DIRECT)
        return (direct, *(channel for channel in self.channels if channel.is_read_by(person)))

    def channel_for(self, person: Person, name: str) -> ConsoleChannel | None:
        """The channel of this name, if this person reads it."""
        return next((channel for channel in self.channels_of(person) if channel.name == name), None)


ReadResidents = Callable[[AsyncSession], Awaitable[Residents]]
"""Reads the residents anew for each request, for roles change."""


async def read_residents(tx: AsyncSession) -> Residents:
    """The tenant's department: people and their roles as they are now, channels as its file has them."""
    department = await read_department(tx)
    titles = {entry.id: entry.title for entry in department.people}
    order = list(titles)
    active = [person for person in await people(tx) if person.active]
    active.sort(key=lambda person: order.index(person.id) if person.id in titles else len(order))
    return Residents(
        name=department.name,
        is_sample=department.sample,
        people=tuple(Resident(person, titles.get(person.id, "")) for person in active),
        channels=tuple(
            ConsoleChannel(channel.name, channel.purpose, channel.audience, frozenset(channel.members))
            for channel in department.channels
        ),
    )
