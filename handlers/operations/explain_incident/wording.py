"""What was found, in sentences: what is computed is said as such, and a change as a coincidence in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agents.operations.burden import LEAST_NORMAL, Metric
from agents.operations.causes import Cause, Unexplained
from agents.operations.findings import Explained, Findings
from agents.operations.suspect_changes import Suspect
from governance.moments import day_text
from handlers.conversation.wording import capital, counted, listed
from handlers.operations.targets import release_text
from integrations.deployments import ChangeKind, Release

_DONE = {
    ChangeKind.DEPLOYED: "{version} was deployed",
    ChangeKind.ROLLED_BACK: "it was rolled back to {version}",
    ChangeKind.SCALED: "it was scaled to {replicas}",
    ChangeKind.CANARY_BEGUN: "a canary of {canary} began ({share} of the traffic)",
    ChangeKind.CANARY_STEP: "the canary of {canary} got {share} of the traffic",
    ChangeKind.PROMOTED: "{version} was promoted to all traffic",
    ChangeKind.RETURNED: "the canary of {canary} gave its traffic back",
    ChangeKind.BREAKER_OPENED: "its breaker was opened",
    ChangeKind.BREAKER_CLOSED: "its breaker was closed",
}


def lead(findings: Findings, one: Explained, zone: str) -> str:
    """The answer in one sentence: the greatest cause, or that there is none."""
    cause, stage = one.first, findings.question.stage
    if cause is None:
        return why_not(findings, one, zone)
    where = f"{one.explanation.target} in {stage}"
    verb = "explains" if cause.metric is Metric.LATENCY else "explain"
    said = f"{capital(cause.subject)} {verb} {_percent(cause.share)} of {cause.explained} of {where}"
    said += f", {_lasted(one, findings.as_of, zone)}"
    suspect = one.suspect
    if suspect is None:
        return f"{said}; nothing is known to have changed there in the hour before."
    target = suspect.change.target.service
    there = "there" if target == cause.service else f"at {target}, which it calls,"
    return f"{said}; {_done(suspect)} {there} {_apart(suspect, findings.step)}{_from(suspect.release)}."


def _lasted(one: Explained, now: datetime, zone: str) -> str:
    if one.began is None:
        return ""
    if one.ended is None:
        return f"since {clock(one.began, now, zone)}"
    same_day = _local(one.began, zone).date() == _local(one.ended, zone).date()
    ended = f"{_local(one.ended, zone):%H:%M}" if same_day else clock(one.ended, now, zone)
    return f"from {clock(one.began, now, zone)} to {ended}"


def clock(at: datetime, now: datetime, zone: str) -> str:
    """`03:02` of today, `03:02 on 24 Nov 2026` of another day: in the reader's time zone."""
    local = _local(at, zone)
    day = "" if local.date() == _local(now, zone).date() else f" on {day_text(local.date())}"
    return f"{local:%H:%M}{day}"


def _local(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _done(suspect: Suspect) -> str:
    change = suspect.change
    return _DONE[change.kind].format(
        version=change.version,
        canary=change.version,
        replicas=counted(change.replicas, "replica"),
        share=_percent(change.share),
    )


def _apart(suspect: Suspect, step: timedelta) -> str:
    """`40 s before`; what fell into the window in which it began came within so many seconds of it."""
    if suspect.before == timedelta(0):
        return f"in the {step.total_seconds():g} s in which it began"
    return f"{_length(abs(suspect.before))} {'before' if suspect.is_before else 'after it had begun'}"


def _length(length: timedelta) -> str:
    seconds = round(length.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"


def _from(release: Release | None) -> str:
    known = release_text(release) if release is not None else ""
    return f" ({known})" if known else ""


def why_not(findings: Findings, one: Explained, zone: str) -> str:
    """That no cause is named, why, and no more than is known."""
    found, stage = one.explanation, findings.question.stage
    target, metric = f"{found.target} in {stage}", _worse(found.metric)
    searched = _searched(findings, zone)
    match found.unexplained:
        case Unexplained.NOT_RAISED:
            who = target
            if not findings.question.targets:
                who = f"None of {counted(len(findings.measured), 'measured service')} in {stage}"
                return f"{who} {metric} than usual at its traffic {searched}."
            return f"{who} was not worse than usual {searched}: at its traffic it never {metric}."
        case Unexplained.ONE_WINDOW:
            when = "" if one.began is None else f" at {clock(one.began, findings.as_of, zone)}"
            return (
                f"I do not know: {target} {metric} than usual in one window of"
                f" {findings.step.total_seconds():g} s alone{when}, which may be chance."
            )
        case Unexplained.NOBODY:
            return (
                f"I do not know: {target} {metric} than usual, {_lasted(one, findings.as_of, zone)}, and no"
                " service stands out by its own part."
            )
        case _:
            normal, during = found.looked_at.normal_windows, found.looked_at.incident_windows
            if normal < LEAST_NORMAL:
                return (
                    f"I do not know: of {target} only {counted(normal, 'normal window')} of"
                    f" {findings.step.total_seconds():g} s {'is' if normal == 1 else 'are'} known, and it takes"
                    f" {LEAST_NORMAL} to compare with."
                )
            known = f"{counted(during, 'window')} of it {'is' if during == 1 else 'are'} known"
            return f"I do not know: {target} was not measured {searched} ({known})."


def _searched(findings: Findings, zone: str) -> str:
    start, end = findings.question.start, findings.question.end
    return f"from {clock(start, findings.as_of, zone)} to {clock(end, findings.as_of, zone)}"


def _worse(metric: Metric) -> str:
    return "took longer" if metric is Metric.LATENCY else "failed more often"


def cause_text(cause: Cause) -> str:
    """A cause in the ranked list: its share, what it was like before and then, what it calls more often."""
    if cause.metric is Metric.LATENCY:
        levels = f"a request took {seconds(cause.during)} there, usually {seconds(cause.usual)}"
    else:
        levels = f"{_share_text(cause.during)} of the requests failed there, usually {_share_text(cause.usual)}"
    more = (
        f"it called {one.callee} {one.during:.3g} times in one request, {one.usual:.3g} before"
        if one.usual
        else f"it called {one.callee} {one.during:.3g} times in one request, and never before"
        for one in cause.more_calls
    )
    return "; ".join((f"{_percent(cause.share)}: {levels}", *more))


def seconds(value: float) -> str:
    """A time in milliseconds or seconds."""
    return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.3g} s"


def _share_text(share: float) -> str:
    return f"{100 * share:.2g} %"


def change_text(suspect: Suspect, step: timedelta) -> str:
    """A change in the list of them, from which service on."""
    what = f"{suspect.change.target.service}: {_done(suspect)} {_apart(suspect, step)}"
    late = "" if suspect.is_before else ", so it did not begin it"
    return f"{what}{_from(suspect.release)}{late}"


def looked_at(findings: Findings) -> Iterator[str]:
    """What the answer rests on, and what it could not see."""
    for one in findings.explained:
        seen = one.explanation.looked_at
        what = "latency" if one.explanation.metric is Metric.LATENCY else "failed requests"
        yield (
            f"{capital(what)} of {one.explanation.target}: {counted(seen.incident_windows, 'window')} of"
            f" {findings.step.total_seconds():g} s against {seen.normal_windows} normal ones; compared"
            f" {listed(seen.judged) or 'nobody'}."
        )
        if seen.without_normal and one.began is not None:
            yield f"Without a normal period, so that its time is its callers': {listed(seen.without_normal)}."
        if seen.silent:
            yield f"Silent meanwhile, so that its callers are not judged: {listed(seen.silent)}."
        if one.changes.services:
            yield f"Changes were looked up of {listed(one.changes.services)}."
    if findings.unmeasured:
        yield f"Called and not measured, so that its time is its callers': {listed(findings.unmeasured)}."
    if findings.missing:
        yield f"Nobody measures {listed(findings.missing)}."
    yield from findings.notes


def next_step(findings: Findings, one: Explained) -> str:
    """What a person may do where no cause is named; empty where one is, or nothing was worse."""
    match one.explanation.unexplained:
        case Unexplained.ONE_WINDOW:
            return "If it comes back, ask again then; two windows running are evidence."
        case Unexplained.NOBODY if findings.unmeasured or one.explanation.looked_at.silent:
            blind = listed(dict.fromkeys([*one.explanation.looked_at.silent, *findings.unmeasured]))
            return f"Look at {blind} first: I cannot see into what does not report."
        case Unexplained.NOBODY:
            return "Look at what all of them share: a database, the network, the machines."
        case Unexplained.NOT_MEASURED if one.explanation.looked_at.normal_windows < LEAST_NORMAL:
            return "Name an earlier time, or ask again when more of its normal work has been measured."
        case Unexplained.NOT_MEASURED:
            return f"See whether {one.explanation.target} answered its scrapes then."
    return ""
