"""Slack's ids, joined: `E1/T1/C1` is a channel (or a person) of a workspace of an organisation."""

from __future__ import annotations

from dataclasses import dataclass

from governance.places import Place

PLATFORM = "slack"

HOME = "home"
"""The thread of a place that is somebody's App Home: posting there publishes it."""

_IDENTITY = f"{PLATFORM}:"


@dataclass(frozen=True, slots=True)
class Address:
    """A channel or a person (`id`) in a workspace (`team`), which may be part of an organisation."""

    enterprise: str | None
    team: str
    id: str

    @classmethod
    def of(cls, written: str) -> Address:
        """Read a place's channel. Raises ValueError for what is none of ours."""
        parts = written.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise ValueError(f"{written!r} is no address in Slack")
        return cls(parts[0] if len(parts) == 3 else None, parts[-2], parts[-1])

    @classmethod
    def of_identity(cls, identity: str) -> Address:
        """Read an identity (`slack:E1/T1/U1`). Raises ValueError for another platform's."""
        if not identity.startswith(_IDENTITY):
            raise ValueError(f"{identity!r} is no identity in Slack")
        return cls.of(identity.removeprefix(_IDENTITY))

    def __str__(self) -> str:
        return "/".join(filter(None, (self.enterprise, self.team, self.id)))

    @property
    def identity(self) -> str:
        """This person, as Slack proves them."""
        return f"{_IDENTITY}{self}"

    @property
    def everywhere(self) -> str:
        """What identities begin with that this person may have: one for each workspace of the organisation."""
        return f"{_IDENTITY}{self.enterprise or self.team}/"

    @property
    def is_direct(self) -> bool:
        """Whether this is a direct message, or a person with whom one is still to be opened."""
        return self.id.startswith(("D", "U", "W"))

    @property
    def is_person(self) -> bool:
        """Whether this is a person, not a channel."""
        return self.id.startswith(("U", "W"))

    def is_same(self, other: Address) -> bool:
        """Whether this is the same channel or person, though the two may name another workspace of one
        organisation: within it ids are unique, and whoever is in one workspace sees channels of others."""
        at = (self.enterprise, other.enterprise) if self.enterprise else (self.team, other.team)
        return self.id == other.id and at[0] == at[1]

    def beside(self, id: str) -> Address:
        """Another channel or person of the same workspace."""
        return Address(self.enterprise, self.team, id)


def address_of(place: Place) -> Address:
    """Where in Slack a place is."""
    return Address.of(place.channel)
