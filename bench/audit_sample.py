"""Entries of the usual size and mix, for measuring the audit log with."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.action import Verdict
from governance.audit.entries import (
    Absence,
    ApprovalChain,
    EffectEntry,
    Entry,
    EntryKind,
    Measure,
    NotApplicable,
)
from governance.audit.keys import signer_for
from governance.audit.sequencer import Sequencer
from governance.people import Actor
from storage.database import Database

TENANT = "bench"
SIGNER = signer_for(Ed25519PrivateKey.from_private_bytes(bytes(32)), TENANT)
AGENT = Actor("agent", "product_owner", on_behalf_of="david")
NONE = NotApplicable(not_applicable=Absence.NOTHING_CHANGES)
CHAIN = ApprovalChain(rule="stories.auto", policy_version="p1", verdict=Verdict.EXECUTE)


class CannotRun(Exception):
    """The benchmark has nothing to say, and must not look as if it had."""


def effect(n: int) -> EffectEntry:
    """An intent with everything that an effect must say."""
    return EffectEntry(
        kind=EntryKind.INTENT,
        type="tracker.create_story",
        actor=AGENT,
        effect=f"effect-{n}",
        subject=f"DASH-{n}",
        turn=f"turn-{n}",
        details={"type": "tracker.create_story", "title": f"Story {n}", "points": 5, "team": "insights"},
        rationale="The document asks for it in its third section.",
        approvals=CHAIN,
        impact="One story more in the backlog of the team that takes it.",
        rollback_plan="Close the story; nothing else refers to it yet.",
        artifacts=("prd:dashboard", "story:draft"),
        measures={Measure.COST: 12},
    )


def turn(n: int) -> Entry:
    """The commonest entry."""
    return Entry(
        kind=EntryKind.TURN,
        type="turn.said",
        actor=Actor("person", f"person-{n % 40}", identity=f"console:person-{n % 40}"),
        turn=f"turn-{n}",
        details={"text": "How is the dashboard going, and who holds it up?"},
        rationale=NONE,
        approvals=NONE,
        impact=NONE,
        rollback_plan=NONE,
        artifacts=NONE,
    )


def sequencer(database: Database) -> Sequencer:
    """A sequencer of the bench's log."""
    return Sequencer(database, lambda _tenant: SIGNER)
