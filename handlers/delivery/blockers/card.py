"""The card of what holds something up: short; every finding with its evidence is a press away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agents.delivery_causes.evidence import Evidence
from agents.delivery_causes.findings import Cost, Diagnosis, Finding, Outlook
from agents.delivery_causes.remedies import Remedy
from governance.action import Ruling, Verdict
from governance.department import Department
from governance.facts import Fact, Source
from governance.moments import day_text
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Fields,
    Inline,
    Reply,
    Small,
    Text,
    Tone,
)
from handlers.conversation.wording import counted, listed, role_labels
from integrations.tracker import StoryStatus

DO, DETAILS = "do_remedy", "delay_details"
_MOST_ROOTS, _MOST_TEAMS = 3, 6
_OVER = (StoryStatus.DONE, StoryStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a card is made of. `rulings` are by the remedies' numbers from 0, None for what another request
    rules on; `report` is where it is kept, empty where nothing can be carried out."""

    title: str
    seen: Evidence
    diagnosis: Diagnosis
    remedies: tuple[Remedy, ...]
    rulings: tuple[Ruling | None, ...]
    names: Mapping[str, str]
    department: Department
    report: str = ""
    cannot: tuple[str, ...] = ()


def blockers_reply(shown: Shown) -> Reply:
    """The short card, with its facts."""
    found, outlook = shown.diagnosis, shown.diagnosis.outlook
    if not found.roots:
        return _nothing(shown)
    lead = _lead(shown)
    blocks: list[Block] = [Text((lead,))]
    items = tuple(_line(one, shown) for one in found.roots[:_MOST_ROOTS])
    blocks.append(Bullets(items))
    if len(found.roots) > _MOST_ROOTS:
        blocks.append(Text((f"And {len(found.roots) - _MOST_ROOTS} more that cost no more than these.",)))
    if teams := _teams(shown):
        blocks.append(Fields(teams))
    if shown.remedies:
        blocks.append(Text((Bold("Recommended:"),)))
        told = zip(shown.remedies, shown.rulings, strict=True)
        blocks.append(Bullets(tuple(_remedy(one, ruling) for one, ruling in told), numbered=True))
    if unknown := (*found.unknown, *shown.cannot):
        blocks.append(Small(("Not found out: ", " ".join(map(_ended, unknown[:3])))))
    blocks.append(Buttons(tuple(_buttons(shown))))
    tone: Tone = "bad" if any(cost.days for cost in found.costs.values()) else "warning"
    title = f"{_capital(shown.title)}: {counted(len(found.roots), 'root cause')} of delay"
    said = " ".join(
        f"{_ended(one.what)} {_cost_text(found.costs.get(one.key))}" for one in found.roots[:_MOST_ROOTS]
    )
    if shown.remedies:
        said += " Recommended: " + " ".join(f"{n}. {one.title}." for n, one in enumerate(shown.remedies, 1))
    return Reply(f"{lead} {said}", (Card(title, tuple(blocks), tone),), facts_of(found, outlook, shown.seen))


def _nothing(shown: Shown) -> Reply:
    left = [one for one in shown.seen.stories if one.id in shown.seen.own and one.status not in _OVER]
    when = outlook_text(shown.diagnosis.outlook)
    if not left:
        text = f"Nothing of {shown.title} is open, so nothing holds it up."
    else:
        count = counted(len(left), "open story", "open stories")
        text = f"I find nothing that holds {shown.title} up: {count}. {when}"
    missing = " ".join(map(_ended, shown.diagnosis.unknown))
    unknown = f" Not found out: {missing}" if missing else ""
    card = Card(f"{_capital(shown.title)}: nothing found", (Text((text + unknown,)),))
    facts = facts_of(shown.diagnosis, shown.diagnosis.outlook, shown.seen)
    return Reply(text + unknown, (card,), facts)


def _lead(shown: Shown) -> str:
    found = shown.diagnosis
    worst = max((cost.days for cost in found.costs.values()), default=0)
    first = f"{counted(len(found.roots), 'root cause')} {'holds' if len(found.roots) == 1 else 'hold'} it up"
    days = f"; the costliest takes {counted(worst, 'working day')} of the critical path" if worst else ""
    return f"{first}{days}. {outlook_text(found.outlook)}"


def outlook_text(outlook: Outlook) -> str:
    """When it is done, with its interval; why that cannot be told."""
    if outlook.scheduled is None:
        return (
            "When it is done cannot be told: no open story of it has a place in the sprints that are planned."
        )
    text = f"Expected by {day_text(outlook.scheduled)}"
    if outlook.half is not None and outlook.most is not None:
        text = (
            f"Expected by {day_text(outlook.half)}, and by {day_text(outlook.most)} in 85 of 100 simulated runs"
        )
    if outlook.unplaced:
        text += f"; {counted(len(outlook.unplaced), 'story', 'stories')} without a place in a sprint aside"
    return f"{text}."


def _line(one: Finding, shown: Shown) -> tuple[Inline, ...]:
    since = f" since {_day(one.since)}" if one.since else ""
    who = _whose(one, shown)
    follows = len(shown.diagnosis.follows.get(one.key, ()))
    then = f" {counted(follows, 'consequence')} of it." if follows else ""
    return (Bold(one.what), f"{since}{who}. {_cost_text(shown.diagnosis.costs.get(one.key))}{then}")


def _whose(one: Finding, shown: Shown) -> str:
    team = next((team.name for team in shown.department.teams if team.id == one.team), "")
    person = shown.names.get(one.whose, "an agent" if "/" in one.whose else one.whose)
    said = ", ".join(filter(None, (person, team)))
    return f" ({said})" if said else ""


def _cost_text(cost: Cost | None) -> str:
    if cost is None:
        return "What it costs was not worked out."
    waits = f"{counted(cost.held, 'story waits', 'stories wait')} for it"
    if not cost.days:
        return f"It is not on the critical path; {waits}."
    return f"It costs {counted(cost.days, 'working day')}; {waits}."


def _teams(shown: Shown) -> tuple[tuple[str, str], ...]:
    """What each team's part is, where several have one."""
    own = [one for one in shown.seen.stories if one.id in shown.seen.own]
    teams = sorted({one.team for one in own})
    if not 1 < len(teams) <= _MOST_TEAMS:
        return ()
    pairs = []
    for team in teams:
        left = [one for one in own if one.team == team and one.status not in _OVER]
        blocked = sum(one.status is StoryStatus.BLOCKED for one in left)
        causes = sum(one.team == team for one in shown.diagnosis.roots)
        told = "ready" if not left else f"{len(left)} open"
        told += f", {blocked} blocked" if blocked else ""
        told += f"; {counted(causes, 'root cause')}" if causes else ""
        pairs.append((next((t.name for t in shown.department.teams if t.id == team), team), told))
    return tuple(pairs)


def _remedy(one: Remedy, ruling: Ruling | None) -> tuple[Inline, ...]:
    return (Bold(one.title), f": {ruling_text(ruling)}")


def ruling_text(ruling: Ruling | None) -> str:
    """What the rules say of it, in a few words."""
    if ruling is None:
        return "done at once, once a time suits everybody"
    match ruling.verdict:
        case Verdict.EXECUTE:
            return "done at once"
        case Verdict.APPROVE_FIRST:
            roles = {role for slot in (ruling.terms.slots if ruling.terms else ()) for role in slot.roles}
            return f"needs the approval of the {role_labels(sorted(roles))}"
        case Verdict.PEOPLE_ONLY:
            return f"people do this themselves. {ruling.why}"
        case _:
            return f"not possible now. {ruling.why}"


def _buttons(shown: Shown) -> list[Button]:
    buttons = []
    if shown.report:
        for number, one in enumerate(shown.remedies, 1):
            if one.action is None:
                buttons.append(Button(f"{number}: schedule it", "ask", f"schedule_meeting {one.words}"))
            else:
                buttons.append(Button(f"Execute {number}", DO, f"{shown.report} {number}", "primary"))
        buttons.append(Button("Details", DETAILS, shown.report))
    return buttons


def details_reply(shown: Shown) -> Reply:
    """Every finding with its evidence and what follows from it, and what was assumed."""
    found = shown.diagnosis
    blocks: list[Block] = []
    for one in found.roots[:12]:
        since = f"Since {_day(one.since)}. " if one.since else ""
        seen = "; ".join(one.evidence) or "the tracker"
        told = f"{since}{_cost_text(found.costs.get(one.key))} Seen in: {seen}."
        blocks.append(Text((Bold(one.what), f"{_whose(one, shown)}. {told}")))
        follows = found.follows.get(one.key, ())
        if follows:
            items = tuple((f"{each.what}.",) for each in follows[:6])
            blocks += [Text(("It follows from this:",)), Bullets(items)]
    if found.ready:
        names = [team.name for team in shown.department.teams if team.id in found.ready]
        blocks.append(Text((f"Nothing of {listed(names)} stands in the way.",)))
    unknown = (*found.unknown, *shown.cannot)
    missing = " ".join(map(_ended, unknown)) or "nothing that was looked for."
    blocks.append(Text((Bold("Not found out: "), missing)))
    blocks.append(Small(("Assumed: ", " ".join(found.assumptions), " Worked out without a model.")))
    text = f"Everything found about {shown.title}: " + " ".join(_ended(one.what) for one in found.roots)
    facts = facts_of(found, found.outlook, shown.seen)
    return Reply(text, (Card(f"{_capital(shown.title)}: in detail", tuple(blocks)),), facts)


def facts_of(found: Diagnosis, outlook: Outlook, seen: Evidence) -> tuple[Fact, ...]:
    """The numbers of a card, each with its source."""
    run = Source("computation", "; ".join(found.assumptions) or "the schedule", ())
    facts = [Fact("roots", "Root causes", len(found.roots), "causes", seen.now, run)]
    for number, one in enumerate(found.roots, 1):
        facts += _facts_of_root(number, one, found, seen)
    facts += outlook_facts(outlook, seen.now, run)
    return tuple(facts)


def _facts_of_root(number: int, one: Finding, found: Diagnosis, seen: Evidence) -> list[Fact]:
    cost = found.costs.get(one.key)
    if cost is None:
        return []
    how = "the schedule's end as things stand less its end without this and what follows from it alone"
    source = Source("computation", f"{how}: {one.what}; seen in {'; '.join(one.evidence)}", one.holds)
    follows = len(found.follows.get(one.key, ()))
    told: tuple[tuple[str, str, int, str], ...] = (
        ("cost", "Cost of", cost.days, "working days"),
        ("held", "Held up by", cost.held, "stories"),
        ("follows", "Follows from", follows, "findings"),
    )
    return [
        Fact(f"{id}{number}", f"{name} {one.key}", value, unit, seen.now, source)
        for id, name, value, unit in told
    ]


def outlook_facts(outlook: Outlook, now: datetime, source: Source) -> list[Fact]:
    """The days of an outlook."""
    days = (
        ("scheduled", "Done by the schedule", outlook.scheduled),
        ("p50", "Done in half of the simulated runs", outlook.half),
        ("p85", "Done in 85 of 100 simulated runs", outlook.most),
    )
    return [Fact(id, name, day.isoformat(), "", now, source) for id, name, day in days if day is not None]


def _day(moment: datetime | None) -> str:
    return day_text(moment.date()) if moment is not None else ""


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
