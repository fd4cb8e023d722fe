"""The cards of risks: of one feature with evidence, and of all, the likeliest to be late first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agents.delivery.lateness import RUNS
from agents.delivery.scoring import ENOUGH, Score
from governance.facts import Fact, Source
from governance.moments import day_text
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Inline,
    Reply,
    Small,
    Table,
    Text,
    Tone,
)
from handlers.conversation.wording import capital, counted
from handlers.delivery.risks.feature import FeatureRisks, Risky
from handlers.delivery.risks.words import days_text, per_cent

MOST_SHOWN = 5
_MOST_CAUSES, _MOST_OF_PLAN = 3, 3
_HOW = f"{RUNS:,} simulated runs of all that its teams have taken on"


def feature_reply(found: FeatureRisks, score: Score | None, now: datetime) -> Reply:
    """One feature: how likely it misses its day, and what could make it so."""
    lead = _lead(found, now)
    blocks: list[Block] = [Text((lead,))]
    if found.risky:
        shown = found.risky[:MOST_SHOWN]
        blocks.append(Bullets(tuple(_item(one, found) for one in shown), numbered=True))
        if len(found.risky) > MOST_SHOWN:
            more = len(found.risky) - MOST_SHOWN
            blocks.append(
                Small((f"{counted(more, 'more story', 'more stories')} may be late; those cost less.",))
            )
    if found.unnumbered:
        blocks.append(Text((Bold("Known, but without a likelihood"),)))
        lines = [(f"{capital(one.text)}. {one.remedy}",) for one in found.unnumbered[:MOST_SHOWN]]
        blocks.append(Bullets(tuple(lines)))
    if found.of_plan:
        blocks.append(Text((Bold("From its plan"),)))
        blocks.append(Bullets(tuple(_of_plan(found))))
    blocks.append(Small((f"{_how(found)} {score_text(score)}",)))
    title = f"Risks: {found.epic.title}"
    tone: Tone = "warning" if found.outcome is not None and found.outcome.likelihood >= 0.5 else "plain"
    return Reply(
        text=f"{lead} {_first_cause(found)}".strip(),
        cards=(Card(title, tuple(blocks), tone),),
        facts=(*_facts("r", found, now), *_score_facts(score, now)),
    )


def overview_reply(every: Sequence[FeatureRisks], left: int, score: Score | None, now: datetime) -> Reply:
    """Features side by side."""
    dated = [one for one in every if one.outcome is not None]
    likely = [one for one in dated if one.outcome is not None and one.outcome.likelihood >= 0.5]
    lead = (
        f"{len(likely)} of {counted(len(every), 'feature')} under way will more likely than not miss their day."
        if dated
        else "No feature under way has a day to be missed: give their stories sprints, and ask again."
    )
    if likely:
        lead += f" Most at risk: {likely[0].epic.title}. {_first_cause(likely[0])}"
    buttons = [
        Button(one.epic.title[:60], "ask", f"risks what could go wrong with {one.epic.id}") for one in every[:4]
    ]
    blocks: list[Block] = [
        Text((lead,)),
        Table(
            ("Feature", "Its day", "Misses it", "Half / 85 of 100 runs by", "First of the reasons"),
            tuple(_row(one) for one in every),
            "llrll",
        ),
        Buttons(tuple(buttons)),
    ]
    more = f" {counted(left, 'more feature')} under way are not looked at." if left else ""
    blocks.append(Small((f"From {_HOW}.{more} {score_text(score)}",)))
    facts = [fact for number, one in enumerate(every, 1) for fact in _outcome_facts(f"e{number}", one, now)]
    counting = Source("computation", f"likelihood of 50 % or more, from {_HOW}")
    facts.append(Fact("late", "Features likelier late than not", len(likely), "features", now, counting))
    for number, one in enumerate(every, 1):
        facts += [fact for risky in one.risky[:1] for fact in _cause_facts(f"e{number}", risky, now)]
    return Reply(
        text=lead,
        cards=(Card("What could go wrong", tuple(blocks), "warning" if likely else "plain"),),
        facts=(*facts, *_score_facts(score, now)),
    )


def _lead(found: FeatureRisks, now: datetime) -> str:
    outcome, target = found.outcome, found.target
    if not found.work.open:
        return f"{found.epic.title} has no open story, so nothing of it can be late."
    if outcome is None or target is None:
        return (
            f"No open story of {found.epic.title} has a sprint, and nobody was promised a day: there is no date"
            " to miss. Give them sprints, and ask again."
        )
    if outcome.due < now.date():
        return (
            f"{found.epic.title} was to be done by {day_text(outcome.due)} ({target.why}) and is not. Half of"
            f" the runs are done by {day_text(outcome.p50)}, 85 of 100 by {day_text(outcome.p85)}."
        )
    return (
        f"{found.epic.title} misses {day_text(outcome.due)} ({target.why}) with {per_cent(outcome.likelihood)}."
        f" Half of the runs are done by {day_text(outcome.p50)}, 85 of 100 by {day_text(outcome.p85)}."
    )


def _first_cause(found: FeatureRisks) -> str:
    if not found.risky:
        return ""
    first = found.risky[0]
    why = f": {first.causes[0].text}" if first.causes else ""
    return f"First of the reasons: {first.late.work.story.id} {first.late.work.story.title}{why}."


def _item(one: Risky, found: FeatureRisks) -> tuple[Inline, ...]:
    late, story = one.late, one.late.work.story
    said = (
        f" is not done by {day_text(late.due)}: {per_cent(late.likelihood)}; then it costs the feature"
        f" {days_text(late.days)}. "
    )
    why = ". ".join(capital(cause.text) for cause in one.causes[:_MOST_CAUSES])
    why = f"{why}. " if why else "Nothing but the spread of estimates is known of it. "
    remedy = one.causes[0].remedy if one.causes else "Begin it earlier."
    then = ""
    if found.outcome is not None and found.outcome.likelihood - late.feature_then >= 0.02:
        then = f" Done first and not held up, the feature misses its day with {per_cent(late.feature_then)}."
    return (Bold(f"{story.id} {story.title}"), said, why, f"{remedy}{then}")


def _of_plan(found: FeatureRisks) -> list[tuple[Inline, ...]]:
    return [
        (
            Bold(risk.title),
            f": likelihood {risk.likelihood}, impact {risk.impact}."
            f" {'; '.join(one.text for one in risk.evidence[:1])}. {risk.mitigation}",
        )
        for risk in found.of_plan[:_MOST_OF_PLAN]
    ]


def _row(one: FeatureRisks) -> tuple[str, ...]:
    name = f"{one.epic.title} ({one.epic.id})"
    if one.outcome is None:
        return name, "none", "", "", "no sprint, and nothing promised"
    first = one.risky[0] if one.risky else None
    cause = first.causes[0].text if first is not None and first.causes else "spread of estimates"
    why = f"{first.late.work.story.id}: {cause}" if first is not None else ""
    spans = f"{day_text(one.outcome.p50)} / {day_text(one.outcome.p85)}"
    return name, day_text(one.outcome.due), per_cent(one.outcome.likelihood), spans, why[:140]


def _how(found: FeatureRisks) -> str:
    cut = " Of its open stories only the first are looked at." if found.work.cut else ""
    return (
        f"From {_HOW}: what is under way first, then by sprint and priority. How far a story is, nobody keeps;"
        f" a blocked one is taken to stay so as long again.{cut}"
    )


def score_text(score: Score | None) -> str:
    """How well what was told came true."""
    if score is None:
        return "Nothing that I told before is due yet, so how well I tell is not known."
    if score.judged < ENOUGH:
        return f"{counted(score.judged, 'earlier statement')} judged so far, too few to say how well I tell."
    return (
        f"Of {score.judged} earlier statements {score.came_true} came true, {score.expected:.0f} were to: Brier"
        f" {score.brier:.2f} (0 is perfect, always saying 50 % gives .25)."
    )


def _outcome_facts(id: str, one: FeatureRisks, now: datetime) -> list[Fact]:
    if one.outcome is None or one.target is None:
        return []
    name, outcome = one.epic.title, one.outcome
    source = Source("computation", _HOW)
    return [
        Fact(f"{id}due", f"{name}, its day", outcome.due.isoformat(), "", now, Source("query", one.target.why)),
        Fact(f"{id}p", f"{name} misses its day", round(outcome.likelihood, 3), "", now, source),
        Fact(f"{id}50", f"{name}, half of the runs by", outcome.p50.isoformat(), "", now, source),
        Fact(f"{id}85", f"{name}, 85 of 100 runs by", outcome.p85.isoformat(), "", now, source),
    ]


def _facts(id: str, found: FeatureRisks, now: datetime) -> list[Fact]:
    facts = _outcome_facts(id, found, now)
    source = Source("computation", _HOW)
    for number, one in enumerate(found.risky[:MOST_SHOWN], 1):
        story, late = one.late.work.story.id, one.late
        facts += [
            Fact(f"{id}{number}p", f"{story} late", round(late.likelihood, 3), "", now, source),
            Fact(f"{id}{number}d", f"{story} then costs", round(late.days, 1), "working days", now, source),
            Fact(
                f"{id}{number}w",
                f"feature late if {story} is not",
                round(late.feature_then, 3),
                "",
                now,
                source,
            ),
        ]
        facts += _cause_facts(f"{id}{number}", one, now)
    return facts


def _cause_facts(id: str, one: Risky, now: datetime) -> list[Fact]:
    story = one.late.work.story.id
    return [
        Fact(f"{id}c{at}", f"{story}, reason {at}", cause.text, "", now, Source("query", cause.source))
        for at, cause in enumerate(one.causes[:_MOST_CAUSES], 1)
    ]


def _score_facts(score: Score | None, now: datetime) -> list[Fact]:
    if score is None:
        return []
    source = Source("query", "earlier statements about lateness, judged by the tracker")
    return [
        Fact("judged", "Earlier statements judged", score.judged, "statements", now, source),
        Fact("true", "Earlier statements that came true", score.came_true, "statements", now, source),
        Fact("brier", "Brier score of them", round(score.brier, 3), "", now, source),
    ]
