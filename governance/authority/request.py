"""What the evaluator is asked: one action, who asks, the facts that code established, what stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from governance.action import Subject
from governance.authority.vocabulary import Given
from governance.people import Actor, Role
from governance.standing import Standing


@dataclass(frozen=True, slots=True)
class Request:
    """One action as the matrix looks at it.

    `requester_roles` are the roles that the requester (the person, or whom the agent acts for) holds
    now: empty for nobody, for unknown people and for those who left. `facts` come from code alone:
    never from an argument of the proposal. `known_types` says which decision type each registered
    action type belongs to. `approved` is set by the gate at execution, and only when the votes fill the
    slots of the terms as they are ruled now. `in_flight`: its work began before what stands now came
    to stand. `audit_writable`: an entry can be recorded now. `is_agents`: if an agent acts, such actions are
    among those that its role proposes.
    """

    decision_type: str
    action_type: str
    actor: Actor
    requester_roles: frozenset[Role]
    moment: datetime
    known_types: Mapping[str, str]
    subject: Subject
    facts: Mapping[str, Given] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    approved: bool = False
    in_flight: bool = False
    audit_writable: bool = True
    is_agents: bool = True

    @property
    def automation(self) -> bool:
        """An agent or the system acts, for whomever it may be."""
        return self.actor.kind != "person"

    @property
    def self_started(self) -> bool:
        """An agent or the system acts, and nobody asked for it."""
        return self.automation and self.actor.requester is None

    @property
    def asked_by(self) -> frozenset[str]:
        """The roles of the person who asks in person: conditions and people-only rows look at these."""
        return frozenset() if self.automation else frozenset(self.requester_roles)
