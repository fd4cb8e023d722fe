"""How a roadmap is said in words, wherever it is shown."""

from __future__ import annotations

from agents.roadmap.roadmap import Chosen, Roadmap, TeamPlan
from governance.department import Department
from governance.moments import day_text
from handlers.conversation.wording import counted, listed

LIKELY, EVEN = 0.85, 0.5
_SHOWN = 3


def lead_text(roadmap: Roadmap) -> str:
    """How much fits, and how surely."""
    if not roadmap.items:
        return f"There is nothing open to choose from for {roadmap.span.name}."
    hours = sum(item.hours for item in roadmap.chosen)
    said = (
        f"{len(roadmap.chosen)} of {counted(roadmap.items, 'item')} fit into {roadmap.span.name}:"
        f" {hours:,.0f} agent-hours."
    )
    sure = [item for item in roadmap.chosen if item.chance >= LIKELY]
    open_ended = [item for item in roadmap.chosen if item.chance < LIKELY]
    if sure:
        said += f" {len(sure)} are done in time in at least 85 of 100 simulated runs."
    if open_ended:
        worst = sorted(open_ended, key=lambda item: item.chance)[:_SHOWN]
        said += f" Least sure: {listed(f'{item.id} ({item.chance:.0%})' for item in worst)}."
    return said


def gap_text(roadmap: Roadmap) -> str:
    """How far from the best choice this may be."""
    if not roadmap.chosen or not roadmap.left:
        return ""
    if roadmap.gap < 0.0005:
        return "No other choice of these items is worth more in these hours."
    return f"No choice of these items can be worth more than {roadmap.gap:.1%} more in these hours."


def never_known(roadmap: Roadmap) -> tuple[str, ...]:
    """What is not known, or was not looked at, in sentences."""
    said = list(roadmap.notes)
    if roadmap.open_items > roadmap.items and roadmap.items >= 500:
        said.append(
            f"The backlog has {roadmap.open_items:,} items; the {roadmap.items:,} most urgent were looked at."
        )
    if roadmap.unread:
        said.append(f"{counted(roadmap.unread, 'open story', 'open stories')} were not looked at.")
    if roadmap.estimated:
        stories = counted(roadmap.estimated, "story", "stories")
        said.append(f"{stories} without an estimate: worked out from similar done work.")
    if roadmap.unestimated:
        stories = counted(roadmap.unestimated, "story", "stories")
        said.append(f"{stories} without an estimate, and not enough history for one.")
    if roadmap.overrun is None:
        said.append("Too few done stories have an estimate, so estimates are taken as they are.")
    plain = sum(one.worth.given is None for one in roadmap.chosen)
    plain += sum(one.worth.given is None for one in roadmap.left)
    if plain:
        said.append(f"{counted(plain, 'item')} without a RICE score or return: weighed by priority.")
    if roadmap.before >= 1:
        said.append(
            f"Until {day_text(roadmap.span.starts)} the teams have {roadmap.before:,.0f} more agent-hours free;"
            " what they do in these is not on this roadmap."
        )
    return tuple(said)


def absences_text(team: TeamPlan) -> str:
    """Who is away, and what that takes."""
    hours = team.hours
    if not hours.away:
        return f"Nobody of {counted(hours.people, 'person', 'people')} has a day off entered."
    return f"Away: {'; '.join(hours.absences)}; that takes {hours.lost:,.0f} agent-hours."


def product_name(department: Department, product: str) -> str:
    """A product as people call it."""
    return next((one.name for one in department.products if one.id == product), product)


def chance_word(chance: float) -> str:
    """A chance with a word for it, for whoever sees no colours."""
    word = "likely" if chance >= LIKELY else "may slip" if chance >= EVEN else "a stretch"
    return f"{chance:.0%}, {word}"


def changes_text(now: Roadmap, was: Roadmap) -> tuple[str, ...]:
    """What a what-if changes against the roadmap that it started from."""
    before = {item.id: item for item in was.chosen}
    after = {item.id: item for item in now.chosen}
    said = []
    if come := [item for id, item in after.items() if id not in before]:
        said.append(f"Comes in: {_named(come)}.")
    if gone := [item for id, item in before.items() if id not in after]:
        said.append(f"Goes out: {_named(gone)}.")
    moved = [
        (item, before[id].chance)
        for id, item in after.items()
        if id in before and abs(item.chance - before[id].chance) >= 0.05
    ]
    moved.sort(key=lambda pair: -abs(pair[0].chance - pair[1]))
    for item, chance in moved[:_SHOWN]:
        said.append(f"{item.id} {item.title}: {chance:.0%} → {item.chance:.0%}.")
    return tuple(said) or ("Nothing on the roadmap changes by that.",)


def _named(items: list[Chosen]) -> str:
    shown = ", ".join(f"{item.title} ({item.id})" for item in items[: _SHOWN + 2])
    rest = len(items) - _SHOWN - 2
    return f"{shown} and {rest} more" if rest > 0 else shown


def wishes_text(roadmap: Roadmap) -> str:
    """What was supposed, as it was said."""
    wishes = roadmap.wishes
    said = [f"without {listed(wishes.without, 'and')}"] if wishes.without else []
    said += [f"with {listed(wishes.include)} first"] if wishes.include else []
    for hands in wishes.more:
        more = "more" if hands.count > 0 else "fewer"
        kind = f" ({hands.discipline})" if hands.discipline else ""
        said.append(f"{abs(hands.count)} {more}{kind} in {roadmap.team_name(hands.team)}")
    said += [f"{wishes.share:.0%} of the capacity"] if wishes.share != 1.0 else []
    return "; ".join(said)
