"""People, their roles, and who acts: the nouns that every ruling and every audit entry speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Role(StrEnum):
    """What somebody is in the department. Roles are data: they change only through `access`."""

    PRODUCT_OWNER = "product_owner"
    ENGINEERING_DIRECTOR = "engineering_director"
    COMPLIANCE_OFFICER = "compliance_officer"
    CUSTOMER_SUCCESS = "customer_success"
    SRE_LEAD = "sre_lead"
    ENGINEER = "engineer"
    ARCHITECT = "architect"
    EXECUTIVE = "executive"
    AUDITOR = "auditor"

    @property
    def label(self) -> str:
        """The role as people say it: `SRE lead`, `product owner`."""
        return self.value.replace("_", " ").replace("sre", "SRE")


@dataclass(frozen=True, slots=True)
class Person:
    """One human, whatever platforms they speak from.

    `accounts` are the customer accounts this person owns (customer success sees those in full).
    `time_zone` is an IANA name; expiries and digests are counted in it.
    """

    tenant: str
    id: str
    name: str
    roles: frozenset[Role]
    team: str | None = None
    time_zone: str = "UTC"
    accounts: frozenset[str] = frozenset()
    active: bool = True

    def holds(self, *roles: Role) -> bool:
        """Whether this person is active and holds at least one of `roles`."""
        return self.active and not self.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, for the record and for the ruling.

    A person speaks with `identity`, the chat identity the platform proved (`console:david`,
    `slack:E1/T1/U1`, `os:root`). An agent always acts for a person (`on_behalf_of`), and that
    person is its requester wherever a rule speaks of one. The system (clock, sweeps) acts for nobody.
    """

    kind: Literal["person", "agent", "system"]
    id: str
    on_behalf_of: str | None = None
    identity: str | None = None

    @property
    def requester(self) -> str | None:
        """The person id whose wish this is, or None when the system started it by itself."""
        return self.id if self.kind == "person" else self.on_behalf_of
