"""Entries to test with, and the department that writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.action import Action, Outcome, OutcomeState, Ruling, Verdict
from governance.audit import effect_entries
from governance.audit.entries import Absence, EffectEntry, Entry, EntryKind, NotApplicable
from governance.people import Actor

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DAVID = Actor("person", "david", identity="console:david")
AGENT = Actor("agent", "product_owner", on_behalf_of="david")
AUTO = effect_entries.chain_of(Ruling(Verdict.EXECUTE, "stories.auto", "Stories are automatic.", "p1"))
NOTHING_CHANGES = NotApplicable(not_applicable=Absence.NOTHING_CHANGES)


class CreateStory(Action):
    type: ClassVar[str] = "tracker.create_story"
    decision_type: ClassVar[str] = "story_creation"

    title: str

    def summary(self) -> str:
        return f"Create the story {self.title}"


STORY = CreateStory(
    title="Show revenue by region",
    rationale="The PRD asks for it.",
    impact="One story more in the backlog.",
    rollback_plan="Close the story.",
    cost=Decimal("12.50"),
    artifacts=("prd:PRD-2025-Q1-Dashboard",),
)


def said(words: str = "How is the dashboard going?", **parts: Any) -> Entry:
    """A turn."""
    values: dict[str, Any] = {
        "kind": EntryKind.TURN,
        "type": "turn.said",
        "actor": DAVID,
        "details": {"text": words},
        "rationale": NOTHING_CHANGES,
        "approvals": NOTHING_CHANGES,
        "impact": NOTHING_CHANGES,
        "rollback_plan": NOTHING_CHANGES,
        "artifacts": NOTHING_CHANGES,
    }
    return Entry(**{**values, **parts})


def intent(effect: str = "effect-1", **parts: Any) -> EffectEntry:
    """The intent to create a story."""
    return effect_entries.intent(STORY, AGENT, effect, AUTO, cost=STORY.cost, **parts)


def outcome(effect: str = "effect-1", **parts: Any) -> EffectEntry:
    """Its outcome."""
    ended = Outcome(OutcomeState.DONE, "Created DASH-7", "DASH-7")
    return effect_entries.outcome(STORY, AGENT, effect, AUTO, ended, cost=STORY.cost, **parts)


def at(second: int) -> datetime:
    """A moment in the test's day."""
    return datetime(2026, 11, 23, 9, 0, second, 123456, tzinfo=UTC)
