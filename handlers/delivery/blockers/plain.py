"""For those who speak with customers: a plain reason and a date, of their customers' items alone."""

from __future__ import annotations

from collections.abc import Mapping

from agents.delivery_causes.evidence import Evidence
from agents.delivery_causes.findings import Diagnosis, Finding, Kind
from governance.moments import day_text
from handlers.conversation.cards import Block, Bold, Bullets, Card, Inline, Reply, Text
from handlers.delivery.blockers.card import facts_of
from integrations.tracker import StoryStatus

_MOST = 5
_REASONS: Mapping[Kind, str] = {
    Kind.BLOCKED: "it waits for something that the team cannot do alone",
    Kind.DEPENDENCY: "other work has to be finished first",
    Kind.DOCUMENTS: "another team's description of its interface is still missing",
    Kind.CHECKS: "its tests do not pass yet",
    Kind.CONFLICTS: "it has to be fitted to what changed meanwhile",
    Kind.REVIEW: "it is written, and waits to be checked by a colleague",
    Kind.STALE: "the work on it has paused",
    Kind.BREAKING: "a change in another part of the product has to be fitted first",
    Kind.APPROVAL: "a decision about it is still open",
    Kind.ABSENCE: "whoever works on it is away for some days",
    Kind.INCIDENT: "a disturbance in production is dealt with first",
    Kind.UNRELEASED: "it is finished, and not released yet",
    Kind.AGENTS: "somebody has to look at it before it goes on",
}


def plain_reply(title: str, seen: Evidence, found: Diagnosis) -> Reply:
    """Why it takes longer, and by when it is done in 85 of 100 simulated runs: no teams, people or systems."""
    outlook = found.outlook
    day = outlook.most or outlook.scheduled
    when = f"It is expected by {day_text(day)}." if day else "There is no date yet that I could stand by."
    if not found.roots:
        text = f"Nothing holds {title} up that I can find. {when}"
        return _reply(title, text, [Text((text,))], seen, found)
    first = _REASONS[found.roots[0].kind]
    text = f"{title}: it takes longer, because {first}. {when}"
    items: list[tuple[Inline, ...]] = []
    for story in seen.stories:
        reason = _reason_of(story.id, found) if story.id in seen.own else None
        if reason is not None and story.status not in (StoryStatus.DONE, StoryStatus.CANCELLED):
            items.append((Bold(story.title), f": {reason}."))
    blocks: list[Block] = [Text((text,))]
    if items:
        blocks.append(Bullets(tuple(items[:_MOST])))
    return _reply(title, text, blocks, seen, found)


def _reason_of(story: str, found: Diagnosis) -> str | None:
    """The root cause that holds this story, itself or by what follows from it."""
    for root in found.roots:
        everything: tuple[Finding, ...] = (root, *found.follows.get(root.key, ()))
        if any(story in one.holds for one in everything):
            return _REASONS[root.kind]
    return None


def _reply(title: str, text: str, blocks: list[Block], seen: Evidence, found: Diagnosis) -> Reply:
    shown = facts_of(found, found.outlook, seen)
    # What a fact of a cause says names other work; the dates are theirs to know.
    dates = tuple(fact for fact in shown if fact.id in ("scheduled", "p50", "p85"))
    card = Card(
        f"{title[:1].upper()}{title[1:]}: why, and by when",
        tuple(blocks),
        "warning" if found.roots else "plain",
    )
    return Reply(text, (card,), dates, restricted="it is about single customers' items")
