"""A plan worked out again with changes, its stories kept as they were written."""

from __future__ import annotations

from dataclasses import replace

from agents.planning.advice import Advice
from agents.planning.document_reading import Reading, read
from agents.planning.draft import DraftStory, PlanDraft
from agents.planning.foreign import told_before
from agents.planning.plan import plan, plan_from
from agents.planning.reading.statement import corrected
from agents.planning.request import PlanningInput
from agents.planning.stories import Sketch


def revise(original: PlanDraft, given: PlanningInput) -> PlanDraft:
    """The plan with `given.changes`, the keys and words of `original` standing. CPU-bound, as `plan` is.

    `original` is the plan as first drafted: stories that it lacks do not come back. A plan worked out
    by rule is simply worked out again. Raises as `plan` does; a document that has changed since is
    planned from anew, by rule.
    """
    given = replace(given, told=corrected(told_before(original.readings), given.told))
    if original.worked_out == "rules" or original.document_digest != given.document.digest:
        return replace(plan(given), worked_out_why=original.worked_out_why)
    by_rule = read(given)
    sketches = tuple((story.key, _sketch(story, by_rule)) for story in original.stories)
    reading = Reading(by_rule.outline, original.requirements, original.flags, sketches, by_rule.readings)
    advice = Advice({story.key: story.priority for story in original.stories}, original.precedences)
    return replace(
        plan_from(reading, given, advice), worked_out="model", worked_out_why=original.worked_out_why
    )


def _sketch(story: DraftStory, by_rule: Reading) -> Sketch:
    asked = {r.id: r for r in by_rule.requirements}
    own = [asked[name] for name in story.requirements if name in asked]
    origins = [sketch for _, sketch in by_rule.sketches if set(sketch.requirements) & set(story.requirements)]
    words = ". ".join((story.title, story.i_want, *story.acceptance))
    return Sketch(
        title=story.title,
        as_a=story.as_a,
        i_want=story.i_want,
        so_that=story.so_that,
        acceptance=story.acceptance,
        requirements=story.requirements,
        line=min((r.line for r in own), default=1),
        about=" ".join((words, *(r.text for r in own))),
        priority=story.priority,
        quality=bool(origins) and all(sketch.quality for sketch in origins),
    )
