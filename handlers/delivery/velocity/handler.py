"""`velocity`: how fast teams deliver, whether that changes, and what the next sprints will bring."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from agents.delivery.backtest import Backtest, backtests
from agents.delivery.sprint_history import History, TooManyStories, read_history
from agents.delivery.sprints import Past, Series, Today, together
from agents.delivery.trend import trend_of
from agents.delivery.velocity import Forecast, forecasts
from governance.blackouts import zone_of
from governance.people import Role
from governance.permissions import reads
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.turn import Turn
from handlers.conversation.wording import listed
from handlers.delivery.plans.formats import team_name
from handlers.delivery.velocity.card import velocity_reply
from handlers.delivery.velocity.figures import Velocity
from handlers.delivery.velocity.wish import UnknownTeam, Wish, read_wish, to_json
from integrations.tracker import TrackerError

_ASKED_LAST = "velocity"


async def answer(_turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """The teams that are named, or all; in a thread, what was asked for last as far as nothing else is said.
    Raises CannotAnswer."""
    wish = _wish(asked, desk)
    zone = ZoneInfo(zone_of(desk.department))
    today = Today(desk.now.astimezone(zone).date(), zone)
    teams = [team.id for team in desk.department.teams]
    try:
        history = await read_history(desk.ports.tracker, teams, wish.teams, wish.unit, today)
    except (TrackerError, TooManyStories) as refused:
        raise CannotAnswer(str(refused)) from refused
    if not history.series:
        raise CannotAnswer("No sprint with finished stories is over yet, so there is no velocity to tell.")
    shown, whole = await _velocities(desk, wish, history)
    desk.memory.about(**{_ASKED_LAST: to_json(replace(wish, csv=False))})
    return await velocity_reply(desk, wish, shown, whole, history)


def _wish(asked: Asked, desk: Desk) -> Wish:
    try:
        return read_wish(asked.text, desk.memory.topic.get(_ASKED_LAST), desk.department, desk.now)
    except UnknownTeam as unknown:
        teams = listed((team.name for team in desk.department.teams), "or")
        raise CannotAnswer(
            f"There is no team and no product “{unknown}”. Ask for the velocity of {teams}."
        ) from unknown


async def _velocities(desk: Desk, wish: Wish, history: History) -> tuple[list[Velocity], Velocity | None]:
    """Of each team that is asked for, and of them together where that can be said."""
    wanted = [one for one in history.series if not wish.teams or one.team in wish.teams]
    if not wanted:
        names = listed((team_name(desk.department, team) for team in wish.teams), "or")
        raise CannotAnswer(f"No sprint of {names} with finished stories is over yet, so there is no velocity.")
    whole = together(history.series)
    joint = whole if not wish.teams else together(wanted, wish.name) if wish.name else None
    # The same for whatever is asked of these teams, so that it is worked out once.
    learnt = (*history.series, *([whole] if whole is not None else ()))
    every = (*learnt, *([joint] if joint is not None and joint is not whole else ()))
    ahead = _ahead(wish, wanted)
    told = await asyncio.to_thread(forecasts, every, ahead)
    tested = await asyncio.to_thread(backtests, every)
    shown = [
        _velocity(one, team_name(desk.department, one.team), wish, told, tested)
        for one in sorted(wanted, key=lambda one: team_name(desk.department, one.team))
    ]
    if all(not one.past for one in shown):
        raise CannotAnswer(f"No sprint that I know lies in that time ({wish.period}). Ask for a later one.")
    name = f"{wish.name} (its teams together)" if wish.name else "All teams"
    return shown, None if joint is None else _velocity(joint, name, wish, told, tested)


def _ahead(wish: Wish, wanted: Sequence[Series]) -> int:
    if wish.ahead_to is None:
        return wish.ahead
    ends = wish.ahead_to
    return max(1, *(min(wish.ahead, sum(each.ends <= ends for each in one.coming)) for one in wanted))


def _velocity(
    one: Series, name: str, wish: Wish, told: Mapping[str, Forecast], tested: Mapping[str, Backtest]
) -> Velocity:
    past = tuple(each for each in one.ended if _within(each, wish))[-wish.back :]
    trend = trend_of([each.done for each in past])
    return Velocity(name, one, past, trend, told[one.team], tested.get(one.team))


def _within(past: Past, wish: Wish) -> bool:
    since, until = wish.since, wish.until
    return (since is None or past.sprint.ends > since) and (until is None or past.sprint.starts < until)


HANDLER = Handler(
    name="velocity",
    purpose="How fast we deliver, the trend and a forecast",
    example="Show me our velocity trends and predictions",
    group=Group.SEE,
    permission=reads(Role.PRODUCT_OWNER, Role.ENGINEERING_DIRECTOR, Role.SRE_LEAD, Role.ENGINEER),
    answer=answer,
)
