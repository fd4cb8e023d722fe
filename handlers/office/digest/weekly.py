"""The weekly executive dashboard: the week in figures and charts, what is blocked, when it may be done."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from statistics import mean
from zoneinfo import ZoneInfo

from agents.engineering.delivered import Delivered, delivered
from agents.planning.draft import Forecast, NotEnoughHistory
from agents.planning.outlook import WEEKS, finished_weekly, outlook
from agents.planning.working_days import working_days
from governance.facts import Fact, FactValue, Source
from governance.moments import day_text
from governance.people import Person
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Block, Card, Chart, Fields, Reply, Small, Text
from handlers.conversation.charts import Picture, draw_forecast, draw_states, draw_trend
from handlers.conversation.desk import Desk
from handlers.conversation.waiting import waiting
from handlers.conversation.wording import counted, listed, moment_text
from handlers.delivery.whereabouts.overview import PlanUnderWay, plan_line, plans_under_way
from handlers.delivery.whereabouts.work_state import STATUS
from handlers.office.digest.movement import (
    MOST,
    Movement,
    blocked_line,
    blocked_text,
    ending,
    facts,
    movement,
    section,
)
from integrations.pages import everything
from integrations.tracker import StoryQuery, StoryStatus

SHOWN_WEEKS = 12
"""Weeks of the throughput chart."""

NOT_FOR_ALL = "it is for those who lead the department"

_OPEN = (StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED, StoryStatus.SCHEDULED, StoryStatus.BACKLOG)
_TAKEN_ON = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED, StoryStatus.SCHEDULED})


@dataclass(frozen=True, slots=True)
class Week:
    """What the dashboard shows. `throughput` is stories a week, oldest first, by the week's Monday."""

    moved: Movement
    throughput: tuple[tuple[date, int], ...]
    states: tuple[tuple[str, int], ...]
    taken_on: int
    forecast: Forecast | NotEnoughHistory
    plans: tuple[PlanUnderWay, ...]
    agents: Delivered
    waits: tuple[str, ...]

    @property
    def usual(self) -> float:
        """Stories a week, the mean of the last four full weeks."""
        return mean(count for _, count in self.throughput[-4:])


async def weekly_reply(desk: Desk, person: Person | None, since: datetime) -> Reply | None:
    """The dashboard for a person or a channel; None where the department has neither work nor plans."""
    week = await _week(desk, person, since)
    standing = any(count for _, count in week.states) or week.plans or week.waits
    if not (week.moved.anything or standing or week.agents.anything):
        return None
    moved, blocked = week.moved, week.moved.blocked
    blocks: list[Block] = [
        Text((_summary(week),)),
        _figures(week),
        *_of_agents(week),
        *await _charts(desk, week),
    ]
    if isinstance(week.forecast, NotEnoughHistory):
        blocks.append(Small((_no_forecast(week),)))
    blocks += section(
        "Blocked",
        [blocked_line(desk, story, new=story.id in moved.newly_blocked) for story in blocked[:MOST]],
        len(blocked),
    )
    blocks += section("Plans", [plan_line(plan) for plan in week.plans])
    blocks += section("Waits for you", [(title,) for title in week.waits])
    blocks += ending(moved.since, waits=bool(week.waits), personal=person is not None)
    held = f" Blocked: {listed(blocked_text(story.id, story) for story in blocked[:MOST])}." if blocked else ""
    return Reply(
        text=f"Weekly executive dashboard. {_summary(week)}{held}",
        cards=(Card("Weekly executive dashboard", tuple(blocks), "warning" if blocked else "plain"),),
        facts=_facts(desk, week),
        restricted=NOT_FOR_ALL,
        personal=person is not None,
    )


async def _week(desk: Desk, person: Person | None, since: datetime) -> Week:
    tracker = desk.ports.tracker
    today = desk.now.astimezone(ZoneInfo(desk.department.calendar_of(None).time_zone)).date()
    stories = partial(tracker.stories, EVERYTHING)
    lately = desk.now - timedelta(weeks=WEEKS + 1)
    finished = await everything(stories, StoryQuery(finished_since=lately))
    taken_up = await everything(stories, StoryQuery(status=_TAKEN_ON))
    states = await tracker.count_by_status(EVERYTHING, StoryQuery(status=frozenset(_OPEN)))
    weekly = finished_weekly(finished, today)
    taken_on = Counter(story.team for story in taken_up)
    return Week(
        moved=await movement(tracker, EVERYTHING, since, desk.now),
        throughput=_by_week(weekly, today),
        states=tuple((STATUS[status], states[status]) for status in _OPEN),
        taken_on=taken_on.total(),
        forecast=await asyncio.to_thread(outlook, taken_on, weekly, today, working_days(desk.department)),
        plans=tuple(await plans_under_way(desk)),
        agents=await delivered(desk.tx, since),
        waits=tuple(row.title for row in (await waiting(person, desk))[0]) if person else (),
    )


def _by_week(weekly: Mapping[str, Sequence[int]], today: date) -> tuple[tuple[date, int], ...]:
    monday = today - timedelta(days=today.weekday())
    totals = [sum(counts) for counts in zip(*weekly.values(), strict=True)] or [0] * WEEKS
    weeks = [(monday - timedelta(weeks=ago + 1), totals[-1 - ago]) for ago in range(SHOWN_WEEKS)]
    return tuple(reversed(weeks))


def _summary(week: Week) -> str:
    moved, states = week.moved, dict(week.states)
    done = counted(len(moved.finished), "story was", "stories were")
    parts = [f"{done} finished; {week.usual:.1f} a week over the last four."]
    parts.append(
        f"{states[STATUS[StoryStatus.IN_PROGRESS]]} in progress, {len(moved.blocked)} blocked,"
        f" {counted(len(week.plans), 'plan')} under way."
    )
    if isinstance(week.forecast, Forecast):
        parts.append(
            f"What is taken on ({counted(week.taken_on, 'story', 'stories')}) is done by"
            f" {day_text(week.forecast.p50)} in half of the simulated runs, by {day_text(week.forecast.p85)}"
            " in 85 of 100."
        )
    if week.waits:
        parts.append(f"{counted(len(week.waits), 'decision waits', 'decisions wait')} for you.")
    return " ".join(parts)


def _figures(week: Week) -> Fields:
    moved = week.moved
    return Fields(
        (
            ("Finished", f"{len(moved.finished)}"),
            ("A week, last four", f"{week.usual:.1f}"),
            *((state.capitalize(), str(count)) for state, count in week.states),
            ("Newly blocked", str(len(moved.newly_blocked))),
            ("Plans under way", str(len(week.plans))),
        )
    )


def _of_agents(week: Week) -> tuple[Block, ...]:
    if not week.agents.anything:
        return ()
    return (Small(("What agents did:",)), Fields(tuple((name, said) for _, name, said, _ in _agents(week))))


def _agents(week: Week) -> Sequence[tuple[str, str, str, FactValue]]:
    """Each figure: its key, its name, how it is shown, and its value."""
    done = week.agents
    counts = (
        ("merged", "Merged", done.merged),
        ("staging", "Came to staging", done.staging),
        ("production", "Came to production", done.production),
    )
    # What is not known is not shown as nothing: the price of some models is not.
    cost = "not known" if done.used.cost is None else f"{done.used.cost:.2f} USD"
    return (
        *((key, name, str(count), count) for key, name, count in counts),
        ("models", "Models cost", cost, cost if done.used.cost is None else str(done.used.cost)),
    )


async def _charts(desk: Desk, week: Week) -> list[Chart]:
    """Drawn in a thread; one whose numbers are missing is left out."""
    pictures: list[tuple[str, Picture]] = []
    if any(count for _, count in week.throughput):
        points = [(day, float(count)) for day, count in week.throughput]
        drawn = await asyncio.to_thread(draw_trend, points, unit="stories a week", name="stories finished")
        pictures.append(("throughput.png", drawn))
    if any(count for _, count in week.states):
        pictures.append(("states.png", await asyncio.to_thread(draw_states, week.states)))
    if isinstance(found := week.forecast, Forecast):
        drawn = await asyncio.to_thread(
            draw_forecast,
            found.histogram,
            p50=found.p50,
            p85=found.p85,
            weeks_p50=found.weeks_p50,
            weeks_p85=found.weeks_p85,
        )
        pictures.append(("forecast.png", drawn))
    return [
        Chart(
            await desk.files.put(desk.tx, name, "image/png", picture.png, EVERYTHING),
            picture.alt,
            picture.summary,
        )
        for name, picture in pictures
    ]


def _no_forecast(week: Week) -> str:
    if not week.taken_on:
        return "No forecast: no story is taken on."
    return (
        f"No forecast: {counted(sum(count for _, count in week.throughput), 'story', 'stories')} finished in"
        f" {SHOWN_WEEKS} weeks are too little history, or a team with open stories finished none."
    )


def _facts(desk: Desk, week: Week) -> tuple[Fact, ...]:
    moved = week.moved
    tracker = Source("query", f"tracker: stories and their events since {moment_text(moved.since, None)}")
    now = Source("query", "tracker: open stories by state; plans under way; approvals that wait")
    pace = Source("computation", "mean of stories finished in the last four full weeks", ("Finished",))
    found = [
        *facts(desk, "weekly", tracker, (("finished", "Finished", len(moved.finished), "stories"),)),
        *facts(desk, "weekly", tracker, (("newly_blocked", "Newly blocked", len(moved.newly_blocked), ""),)),
        *facts(desk, "weekly", pace, (("pace", "Finished a week", round(week.usual, 1), "stories/week"),)),
        *facts(desk, "weekly", now, _standing(week)),
    ]
    if week.agents.anything:
        rows = Source("query", f"effects, releases and uses of models since {moment_text(moved.since, None)}")
        known = week.agents.used.cost is not None
        of_agents = [
            (key, name, value, "USD" if key == "models" and known else "")
            for key, name, _, value in _agents(week)
        ]
        found += facts(desk, "weekly", rows, of_agents)
    if isinstance(week.forecast, Forecast):
        how = f"{week.forecast.samples} simulated runs over {WEEKS} past weeks of each team"
        runs = Source("computation", how, ("In progress", "Blocked", "Scheduled"))
        days = (
            ("p50", "Half of the runs done by", week.forecast.p50.isoformat(), ""),
            ("p85", "85 of 100 runs done by", week.forecast.p85.isoformat(), ""),
        )
        found += facts(desk, "weekly", runs, days)
    return tuple(found)


def _standing(week: Week) -> list[tuple[str, str, FactValue, str]]:
    by_state: list[tuple[str, str, FactValue, str]] = [
        (status.value, state.capitalize(), count, "stories")
        for status, (state, count) in zip(_OPEN, week.states, strict=True)
    ]
    return [
        *by_state,
        ("plans", "Plans under way", len(week.plans), "plans"),
        ("waiting", "Waits for you", len(week.waits), "decisions"),
    ]
