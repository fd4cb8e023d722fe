"""What is said of a story that is added: that it is being made, is there already, or needs a team."""

from __future__ import annotations

from agents.backlog import WorkedOut
from agents.planning.draft import Estimate
from governance.facts import Fact, Source
from handlers.conversation.cards import Block, Bullets, Button, Buttons, Card, Code, Fields, Inline, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.wording import listed
from handlers.delivery.add_to_backlog.parse import StorySaid
from handlers.delivery.plans.formats import hours_text, team_name
from handlers.delivery.whereabouts.work_state import STATUS
from integrations.tracker import StoryDraft
from integrations.tracker.actions import NewStory


def being_made_reply(desk: Desk, effect: str, action: NewStory, worked: WorkedOut, note: str) -> Reply:
    """At once; edited when the tracker has it."""
    draft = action.draft
    pairs = story_pairs(desk, draft)
    blocks: list[Block] = [Fields(pairs), includes_text(worked.includes, draft.acceptance)]
    if note:
        blocks.append(Text((note.strip(),)))
    text = (
        f"Adding “{draft.title}” to the backlog: {draft.priority}, {team_name(desk.department, draft.team)}."
        f"{note} This message says when the tracker has it."
    )
    card = Card(f"Being added: {draft.title}", tuple(blocks), "waiting")
    return Reply(text=text, cards=(card,), facts=_facts(desk, worked), key=effect)


def story_pairs(desk: Desk, draft: StoryDraft) -> tuple[tuple[str, str], ...]:
    """What a new story has, at a glance."""
    product = next((p.name for p in desk.department.products if p.id == draft.product), draft.product)
    hours = hours_text(draft.estimate_hours) if draft.estimate_hours else "not enough history to say"
    return (
        ("Priority", draft.priority.value),
        ("Team", team_name(desk.department, draft.team)),
        ("Product", product),
        ("Work", draft.discipline),
        ("Estimate", hours),
    )


def includes_text(includes: tuple[str, ...], acceptance: tuple[str, ...]) -> Text:
    """Its acceptance criteria; those that the kind of work brought in are named first."""
    lead = f"Includes {listed(includes)}. " if includes else ""
    return Text((f"{lead}Accepted when: {' '.join(acceptance)}",))


def alike_reply(text: str, said: StorySaid, worked: WorkedOut) -> Reply:
    items: tuple[tuple[Inline, ...], ...] = tuple(
        (Code(n.story.id), f" {n.story.title} ({STATUS[n.story.status]}, {n.story.priority})")
        for n in worked.alike
    )
    first = worked.alike[0].story
    lead = f"There is already {first.id}: {first.title}. I added nothing."
    buttons = Buttons(
        (Button("Add anyway", "add_anyway", text), Button(f"Show {first.id}", "ask", f"status {first.id}"))
    )
    blocks = (Text((f"Before I add “{said.title}”, look at these:",)), Bullets(items), buttons)
    return Reply(text=lead, cards=(Card("There is something like it already", blocks, "warning"),))


def which_team_reply(text: str, said: StorySaid, worked: WorkedOut, desk: Desk) -> Reply:
    names = {team.id: team.name for team in desk.department.teams}
    offered = [names[team] for team in worked.likely if team in names][:5]
    buttons = tuple(Button(name, "add_anyway", f"{text} for team {_bare(name)}") for name in offered)
    lead = f"Which team is “{said.title}” for? It is like too little of what was done for me to tell."
    blocks = (Text((lead,)), Buttons(buttons))
    return Reply(text=f"{lead} For example {listed(offered, 'or')}.", cards=(Card("Which team?", blocks),))


def _bare(name: str) -> str:
    return " ".join(word for word in name.split() if word.casefold() not in ("team", "squad"))


def _facts(desk: Desk, worked: WorkedOut) -> tuple[Fact, ...]:
    if not isinstance(worked.hours, Estimate):
        return ()
    evidence = tuple(similar.story for similar in worked.hours.evidence)
    how = f"weighted median of the hours of done stories ({worked.hours.basis})"
    source = Source("computation", how, evidence)
    return (Fact("estimate", "Estimate", worked.hours.p50, "agent-hours", desk.now, source),)
