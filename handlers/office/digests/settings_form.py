"""The form of somebody's digest settings, and its answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time

from handlers.conversation.cards import Form, Input
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.wording import capital, listed
from handlers.language.local_time import WEEKDAYS
from handlers.language.words import plain
from handlers.office.digests.parse import read_quiet, read_time, read_zone
from handlers.office.digests.quiet_hours import LONGEST, QuietHours
from handlers.office.digests.settings import PLATFORMS, DigestKind, Recipient, Setting, kind_text

_DAYS = tuple((str(number), name.capitalize()) for number, name in enumerate(WEEKDAYS))

Answers = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a form asks for: the settings that shall be other than they are, and the quiet hours."""

    settings: tuple[Setting, ...]
    hours: QuietHours | None


def settings_form(recipient: Recipient, hours: QuietHours | None, kinds: Sequence[DigestKind]) -> Form:
    """Everything that can be set of `kinds`, filled in as it stands."""
    settings = recipient.settings
    daily, weekly = settings[DigestKind.DAILY], settings[DigestKind.WEEKLY]
    on = tuple(kind.value for kind in kinds if settings[kind].is_on)
    options = tuple((kind.value, capital(kind_text(kind, recipient))) for kind in kinds)
    inputs = [
        Input("on", "What you get", "choices", on, options, required=False),
        Input("daily_at", "Daily summary and approvals at", "line", f"{daily.at:%H:%M}", hint="such as 8:30"),
        Input(
            "daily_days",
            "Daily summary on",
            "choices",
            tuple(str(day) for day in sorted(daily.days)),
            _DAYS,
            required=False,
            hint="none: on your working days",
        ),
    ]
    if DigestKind.WEEKLY in kinds:
        inputs += [
            Input("weekly_at", "Weekly dashboard at", "line", f"{weekly.at:%H:%M}", hint="such as 8:30"),
            Input("weekly_day", "Weekly dashboard on", "choice", _weekly_day(weekly), _DAYS),
        ]
    return Form("Your summaries", "Save", (*inputs, *_where(recipient, hours)))


def _where(recipient: Recipient, hours: QuietHours | None) -> tuple[Input, ...]:
    first = recipient.settings[DigestKind.DAILY]
    platforms = tuple((name, capital(label)) for name, label in PLATFORMS.items())
    pierce = (("no", "Wait until they end"), ("yes", "Come through, as incidents do"))
    return (
        Input(
            "platforms", "Where", "choices", first.platforms, platforms, required=False, hint="none: everywhere"
        ),
        Input("zone", "Time zone", "line", _zone_of(recipient), hint="such as Europe/Dublin"),
        Input("quiet", "Quiet hours", "line", _hours_text(hours), required=False, hint="such as 20:00 to 7:00"),
        Input("pierce", "Blockers in quiet hours", "choice", _pierce(hours), pierce),
    )


def read_form(
    recipient: Recipient, hours: QuietHours | None, answers: Answers, known_on: Collection[str]
) -> Wanted:
    """What was entered. `known_on` are the platforms on which the person is known.

    What was left as the form had it stays as it is for each kind. Raises CannotAnswer.
    """
    on = frozenset(_several(answers, "on"))
    daily = recipient.settings[DigestKind.DAILY]
    zone = _entered_zone(answers, recipient)
    platforms = _several(answers, "platforms")
    demand_known_on(platforms, known_on)
    changed: list[Setting] = []
    for kind, setting in recipient.settings.items():
        new = replace(setting, is_on=kind.value in on)
        if zone != _zone_of(recipient):
            new = replace(new, time_zone=zone)
        if platforms != daily.platforms:
            new = replace(new, platforms=platforms)
        changed.append(_with_times(new, recipient, answers))
    settings = tuple(new for new in changed if new != recipient.settings[new.kind])
    return Wanted(settings, _entered_hours(answers, hours, recipient))


def demand_known_on(platforms: Collection[str], known_on: Collection[str]) -> None:
    """Raises CannotAnswer for a platform on which the person cannot be told anything."""
    if unknown := [PLATFORMS[name] for name in platforms if name not in known_on]:
        raise CannotAnswer(
            f"I do not know you on {listed(unknown, 'or')} yet, so nothing was changed. Write to me there once;"
            " then I can send your summaries there."
        )


def quiet_hours(both: tuple[time, time], zone: str, *, blockers_pierce: bool) -> QuietHours:
    """Quiet hours that somebody may mean. Raises CannotAnswer."""
    hours = QuietHours(*both, zone, blockers_pierce=blockers_pierce)
    if not hours.length:
        raise CannotAnswer("Quiet hours end at another time than they begin. Say “quiet hours 20:00 to 7:00”.")
    if hours.length > LONGEST:
        long = hours.length.total_seconds() / 3600
        raise CannotAnswer(
            f"From {hours.starts:%H:%M} to {hours.ends:%H:%M} is {long:g} hours, and I think that you mean"
            " others. Say them with am and pm or by 24 hours: “quiet hours 20:00 to 7:00”."
        )
    return hours


def _with_times(setting: Setting, recipient: Recipient, answers: Answers) -> Setting:
    settings = recipient.settings
    match setting.kind:
        case DigestKind.DAILY:
            days = frozenset(map(int, _several(answers, "daily_days")))
            return replace(setting, at=_time(answers, "daily_at", setting.at), days=days)
        case DigestKind.APPROVALS:
            standing = settings[DigestKind.DAILY].at
            at = _time(answers, "daily_at", standing)
            return setting if at == standing else replace(setting, at=at)
        case DigestKind.WEEKLY if "weekly_day" in answers:
            day = str(answers["weekly_day"])
            days = setting.days if day == _weekly_day(setting) else frozenset({int(day)})
            return replace(setting, at=_time(answers, "weekly_at", setting.at), days=days)
        case _:
            return setting


def _several(answers: Answers, name: str) -> tuple[str, ...]:
    answer = answers.get(name, ())
    return answer if isinstance(answer, tuple) else tuple(filter(None, [answer]))


def _time(answers: Answers, name: str, standing: time) -> time:
    entered = plain(str(answers.get(name, "")))
    if not entered:
        return standing
    at = read_time(f"at {entered}")
    if at is None:
        raise CannotAnswer(f"“{entered}” is no time of day. Write it as 8:30 or 5 pm. Nothing was changed.")
    return at


def _entered_zone(answers: Answers, recipient: Recipient) -> str:
    entered = plain(str(answers.get("zone", "")))
    zone = read_zone(f"time zone {entered}") if entered else _zone_of(recipient)
    if zone is None:
        raise CannotAnswer(f"I know no time zone “{entered}”. Write it as Europe/Dublin. Nothing was changed.")
    return zone


def _entered_hours(answers: Answers, hours: QuietHours | None, recipient: Recipient) -> QuietHours | None:
    if "quiet" not in answers:
        return hours
    entered = plain(str(answers["quiet"]))
    if not entered:
        return None
    both = read_quiet(entered)
    if both is None:
        raise CannotAnswer(f"“{entered}” are no hours. Write them as 20:00 to 7:00. Nothing was changed.")
    zone = hours.zone if hours else recipient.zone
    return quiet_hours(both, zone, blockers_pierce=answers.get("pierce") == "yes")


def _weekly_day(weekly: Setting) -> str:
    return str(min(weekly.days, default=0))


def _zone_of(recipient: Recipient) -> str:
    return recipient.settings[DigestKind.DAILY].time_zone or recipient.zone


def _hours_text(hours: QuietHours | None) -> str:
    return f"{hours.starts:%H:%M} to {hours.ends:%H:%M}" if hours else ""


def _pierce(hours: QuietHours | None) -> str:
    return "yes" if hours and hours.blockers_pierce else "no"
