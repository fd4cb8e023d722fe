"""The cards of a feature and of a story: where it stands, to the department and in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from agents.planning.working_days import working_days
from governance.facts import Fact, Source
from governance.visibility import Scope
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Card,
    Code,
    Fields,
    Inline,
    Reply,
    Small,
    Text,
    Tone,
)
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted, listed, names_of_people
from handlers.delivery.plans.formats import hours_text, team_name
from handlers.delivery.whereabouts.work_state import (
    FINAL,
    PLAIN,
    STATUS,
    Expected,
    expected,
    expected_text,
    others_text,
    planned,
    reason_text,
    sprints_of,
)
from integrations.pages import everything
from integrations.tracker import Epic, Sprint, Story, StoryQuery, StoryStatus

_MOST = 5


@dataclass(frozen=True, slots=True)
class _Feature:
    """An epic with what the asker may see of its stories; `others` counts the rest."""

    epic: Epic
    stories: Sequence[Story]
    others: int
    sprints: Mapping[str, Sprint]
    expected: Expected

    @property
    def wanted(self) -> list[Story]:
        return [story for story in self.stories if story.status is not StoryStatus.CANCELLED]

    def having(self, *statuses: StoryStatus) -> list[Story]:
        return [story for story in self.stories if story.status in statuses]


async def feature_reply(desk: Desk, epic_id: str, scope: Scope) -> Reply:
    """One epic as the asker may see it."""
    epic = await desk.ports.tracker.epic(scope, epic_id)
    query = StoryQuery(epic=epic_id)
    stories = await everything(partial(desk.ports.tracker.stories, scope), query)
    others = 0 if scope.everything else await desk.ports.tracker.count_others(scope, query)
    sprints = await sprints_of(desk, stories)
    plan = await planned(desk, epic_id)
    found = _Feature(
        epic,
        stories,
        others,
        sprints,
        expected(stories, sprints, desk.now, working_days(desk.department), plan),
    )
    desk.memory.about(item=epic_id, epic=epic_id)
    return _for_department(desk, found) if scope.everything else _plainly(found)


def _for_department(desk: Desk, found: _Feature) -> Reply:
    epic, wanted = found.epic, found.wanted
    done = found.having(StoryStatus.DONE)
    blocked = found.having(StoryStatus.BLOCKED)
    working = found.having(StoryStatus.IN_PROGRESS)
    pairs = [
        ("Status", STATUS[epic.status]),
        ("Done", f"{len(done)} of {counted(len(wanted), 'story', 'stories')}"),
        ("Now", _now(desk, found)),
        ("Expected by", expected_text(found.expected) if wanted and len(done) < len(wanted) else "done"),
    ]
    blocks: list[Block] = [Fields(tuple(pairs))]
    blocks += _stories("Blocked", blocked, desk)
    blocks += _stories("In progress", working, desk)
    left = [story for story in wanted if story.status in (StoryStatus.BACKLOG, StoryStatus.SCHEDULED)]
    if left:
        unplaced = sum(story.sprint is None for story in left)
        rest = f"; {unplaced} of them have no sprint" if unplaced else ""
        blocks.append(Text((f"Not begun: {counted(len(left), 'story', 'stories')}{rest}.",)))
    blocks.append(Small((Code(epic.id), f" · {epic.priority}", *_from(epic))))
    held = (
        f", {len(blocked)} blocked ({listed(f'{s.id}: {s.blocked_reason}' for s in blocked)})"
        if blocked
        else ""
    )
    text = (
        f"{epic.title} ({epic.id}) is {STATUS[epic.status]}: {len(done)} of"
        f" {counted(len(wanted), 'story', 'stories')} done, {len(working)} in progress{held}."
        f" Expected by: {pairs[3][1]}."
    )
    title = f"{epic.title}: {STATUS[epic.status]}{', with blocked stories' if blocked else ''}"
    tone: Tone = "warning" if blocked else "good" if epic.status is StoryStatus.DONE else "plain"
    return Reply(text=text, cards=(Card(title, tuple(blocks), tone),), facts=_facts(desk, found))


def _plainly(found: _Feature) -> Reply:
    """For those who speak with customers: no teams, sprints or hours."""
    epic, wanted = found.epic, found.wanted
    done = len(found.having(StoryStatus.DONE))
    blocked = found.having(StoryStatus.BLOCKED)
    parts = [f"{epic.title} is {PLAIN[epic.status]}."]
    if wanted:
        parts.append(f"{done} of the {counted(len(wanted), 'piece')} of work for your customers are finished.")
    if any(story.status not in FINAL for story in wanted):
        parts.append(f"Expected by: {expected_text(found.expected)}.")
    items: list[tuple[Inline, ...]] = [
        (Bold(story.title), f": held up. {story.blocked_reason or 'The reason is not noted.'}")
        for story in blocked
    ]
    items += [(story.title, f": {PLAIN[story.status]}") for story in wanted if story not in blocked][:_MOST]
    blocks: list[Block] = [Text((" ".join(parts),))]
    if items:
        blocks.append(Bullets(tuple(items)))
    if found.others:
        blocks.append(Small((others_text(found.others),)))
    held = f" Held up: {listed(f'{s.title} ({s.blocked_reason})' for s in blocked)}." if blocked else ""
    facts = (found.expected.fact,) if found.expected.fact else ()
    return Reply(
        text=" ".join(parts) + held,
        cards=(Card(f"{epic.title}: {PLAIN[epic.status]}", tuple(blocks), "warning" if blocked else "plain"),),
        facts=facts,
        restricted="it is about single customers' items",
    )


def _now(desk: Desk, found: _Feature) -> str:
    today = desk.now.date()
    placed = (found.sprints.get(story.sprint or "") for story in found.stories)
    current = {sprint.name for sprint in placed if sprint and sprint.starts <= today < sprint.ends}
    return listed(sorted(current)) or "nothing of it is in a sprint that runs"


def _stories(title: str, stories: Sequence[Story], desk: Desk) -> list[Block]:
    if not stories:
        return []
    items: list[tuple[Inline, ...]] = [_line(story, desk) for story in stories[:_MOST]]
    if len(stories) > _MOST:
        items.append((f"and {len(stories) - _MOST} more",))
    return [Text((Bold(title),)), Bullets(tuple(items))]


def _line(story: Story, desk: Desk) -> tuple[Inline, ...]:
    why = f": {story.blocked_reason or 'no reason is noted'}" if story.status is StoryStatus.BLOCKED else ""
    return (Code(story.id), f" {story.title} ({team_name(desk.department, story.team)}){why}")


def _from(epic: Epic) -> tuple[Inline, ...]:
    return (f" · from {epic.document}",) if epic.document else ()


def _facts(desk: Desk, found: _Feature) -> tuple[Fact, ...]:
    source = Source("query", f"tracker: stories of {found.epic.id}, cancelled ones aside")
    counts = (
        ("done", "Stories done", len(found.having(StoryStatus.DONE))),
        ("total", "Stories", len(found.wanted)),
        ("in_progress", "In progress", len(found.having(StoryStatus.IN_PROGRESS))),
        ("blocked", "Blocked", len(found.having(StoryStatus.BLOCKED))),
    )
    facts = tuple(Fact(id, name, count, "stories", desk.now, source) for id, name, count in counts)
    return (*facts, found.expected.fact) if found.expected.fact else facts


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
