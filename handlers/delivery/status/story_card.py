"""Where one story is."""

from __future__ import annotations

from agents.planning.working_days import working_days
from governance.visibility import Scope
from handlers.conversation.cards import Block, Card, Code, Fields, Reply, Small, Text, Tone
from handlers.conversation.desk import Desk
from handlers.conversation.wording import listed, names_of_people
from handlers.delivery.plans.words import hours_text, team_name
from handlers.delivery.whereabouts.expected import FINAL, expected
from handlers.delivery.whereabouts.sprints import planned, sprints_of
from handlers.delivery.whereabouts.words import PLAIN, STATUS, expected_text, reason_text
from integrations.tracker import Story, StoryStatus


async def story_reply(desk: Desk, story_id: str, scope: Scope) -> Reply:
    """One story as the asker may see it. Raises NoSuchItem."""
    story = await desk.ports.tracker.story(scope, story_id)
    sprints = await sprints_of(desk, (story,))
    plan = await planned(desk, story.epic)
    coming = expected((story,), sprints, desk.now, working_days(desk.department), plan)
    desk.memory.about(item=story.id, story=story.id)
    facts = (coming.fact,) if coming.fact else ()
    when = "" if story.status in FINAL else f" Expected by: {expected_text(coming)}."
    held = f" {reason_text(story.blocked_reason)}" if story.status is StoryStatus.BLOCKED else ""
    if not scope.everything:
        text = f"{story.title} is {PLAIN[story.status]}.{held}{when}"
        card = Card(f"{story.title}: {PLAIN[story.status]}", (Text((text,)),), "warning" if held else "plain")
        return Reply(text=text, cards=(card,), facts=facts, restricted="it is about single customers' items")
    names = await names_of_people(desk.tx)
    placed = sprints.get(story.sprint or "")
    sprint = placed.name if placed else story.sprint or "none"
    pairs = [
        ("Status", STATUS[story.status]),
        ("Priority", story.priority.value),
        ("Team", team_name(desk.department, story.team)),
        ("Sprint", sprint),
        ("Held by", names[story.assignee] if story.assignee else "nobody yet"),
        ("Hours", _hours(story)),
    ]
    blocks: list[Block] = [Fields(tuple(pairs))]
    if held or when:
        blocks.append(Text(((held + when).strip(),)))
    if story.depends_on:
        blocks.append(Text((f"It comes after {listed(story.depends_on)}.",)))
    blocks.append(Small((Code(story.id), f" · {story.epic}" if story.epic else "")))
    text = f"{story.id} {story.title} is {STATUS[story.status]} ({story.priority}, {pairs[2][1]}).{held}{when}"
    tone: Tone = "warning" if held else "good" if story.status is StoryStatus.DONE else "plain"
    return Reply(
        text=text, cards=(Card(f"{story.title}: {STATUS[story.status]}", tuple(blocks), tone),), facts=facts
    )


def _hours(story: Story) -> str:
    if story.actual_hours is not None:
        return f"{hours_text(story.actual_hours)} used"
    return (
        f"{hours_text(story.estimate_hours)} estimated" if story.estimate_hours is not None else "not estimated"
    )
