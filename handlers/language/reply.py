"""What a reply in a thread may be about, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Decision(StrEnum):
    """What a reply decides. Only `approve` and `deny` are votes; `none` is a reply that decides nothing."""

    APPROVE = "approve"
    DENY = "deny"
    DEFER = "defer"
    CANCEL = "cancel"
    MODIFY = "modify"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class OpenProposal:
    """What a reply may be about: `kind` in a word or two (`deployment`, `epic`), `title` as the card has it,
    `items` the numbered lines (item 1 first), `buttons` the labels that the card offers."""

    kind: str
    title: str = ""
    items: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ("Approve", "Deny")


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a reply says about the open proposal.

    `items` are the chosen numbers, () for the whole. `conditions`, `notifications` ("blockers") and `changes`
    are in the writer's words; `remaining` are new requests, each to be handled as a turn of its own. A vote
    may be counted only if `unmistakable`.
    """

    decision: Decision
    items: tuple[int, ...] = ()
    conditions: tuple[str, ...] = ()
    notifications: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()
    unmistakable: bool = True
