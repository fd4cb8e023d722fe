"""Actions, rulings, grants and outcomes: an effect on the world before, while and after it happens."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Self

import rfc8785
from pydantic import BaseModel, ConfigDict, Field


class Action(BaseModel, ABC):
    """One effect on the world, as frozen data.

    A subclass sets `type` (unique, `tracker.create_story`) and `decision_type` (its row of the
    authority matrix), and adds its arguments as fields. The five fields here are demanded of every
    effect, for the audit log records them. Money is Decimal and travels as a string.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]
    decision_type: ClassVar[str]

    rationale: str = Field(min_length=1)
    impact: str = Field(min_length=1)
    rollback_plan: str = Field(min_length=1)
    cost: Decimal = Field(default=Decimal(0), ge=0)
    artifacts: tuple[str, ...] = ()

    @abstractmethod
    def summary(self) -> str:
        """One line that people read on a card: what will be done, to what."""

    def described(self, names: Mapping[str, str]) -> str:
        """The summary as people talk: whoever is in it by name. `names` has one for every id it is asked for.

        A type with people among its fields says so here; what is stored and bound names them by id.
        """
        return self.summary()

    def body(self) -> dict[str, Any]:
        """The action as JSON values, with its type; what is stored, hashed and decoded again."""
        return {"type": self.type, "decision_type": self.decision_type, **self.model_dump(mode="json")}

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Self:
        """The action that `body()` gave. Raises ValueError for one of another type, ValidationError (which is
        one) for arguments that this type does not have."""
        if body.get("type") != cls.type:
            raise ValueError(f"{body.get('type')} is not {cls.type}")
        return cls.model_validate({k: v for k, v in body.items() if k not in ("type", "decision_type")})

    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON (RFC 8785) of `body()`: what an approval binds."""
        return hashlib.sha256(rfc8785.dumps(self.body())).hexdigest()


@dataclass(frozen=True, slots=True)
class Subject:
    """What an action touches, for freezes, pins and emergency deployments.

    `process` is what a freeze can stop (`deployments`, `planning`, …); `service` and `plan` are ids
    where the action has one. `decides` names what exactly is decided, the same for any two actions that
    would do the same (`orders 2.3.1 to production`); None where nobody could overrule it.
    """

    process: str
    service: str | None = None
    plan: str | None = None
    decides: str | None = None


class Verdict(StrEnum):
    """What the authority matrix can say of an action."""

    EXECUTE = "execute"
    APPROVE_FIRST = "approve_first"
    PEOPLE_ONLY = "people_only"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Slot:
    """One vote that an approval needs: from a person who holds one of `roles`."""

    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class ApprovalTerms:
    """How an approval is given: who votes, for how long it stands open, who is asked next.

    Every slot takes a different person. `working_days` is the expiry in the asked persons' working time.
    `then` are those of the slots' roles that are asked later, in order, when a holder does not answer
    or is absent; the others are asked at once. `as_list`: several such actions may be approved as one
    list of exact actions.
    """

    slots: tuple[Slot, ...]
    requester_may_vote: bool = False
    working_days: Decimal = Decimal(1)
    then: tuple[str, ...] = ()
    as_list: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the matrix says of one action, by which rule, and why in a sentence people can read.

    `rule` is stable (`deployments.approval`, `halt`, `window.incident`). `terms` stands for
    `approve_first`; for `people_only` its one slot names the people who may do it themselves; else None.
    `until` is when a refusal ends by itself (a window's end): what waits may be ruled on again then.
    """

    verdict: Verdict
    rule: str
    why: str
    policy_version: str
    terms: ApprovalTerms | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """Single-use leave to perform one exact action. Only the gate mints it.

    `id` is the idempotency key downstream; `digest` the action's; `epoch` the fence's at the claim.
    """

    id: str
    tenant: str
    effect: str
    digest: str
    epoch: int
    minted_at: datetime


class OutcomeState(StrEnum):
    """How an effect ended. `unknown` is never repeated: a person decides."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an effect did: the reference it left (a story id, a URL), and a line for people."""

    state: OutcomeState
    detail: str
    reference: str | None = None
