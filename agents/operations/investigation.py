"""What caused it: the figures that are needed are looked up, the beginning is found, the causes are worked out,
and what changed near the beginning is put beside them.

Four questions to the metrics at most, over the whole stage, whatever the number of services: who calls whom is
counted by the callers themselves, and the catalogue speaks for those who do not count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from agents.operations.burden import Call, Mask, Metric, Service, System
from agents.operations.burden import Series as Values
from agents.operations.causes import Explanation, Unexplained, find_causes
from agents.operations.episodes import Episode, find_episode, normal_period
from agents.operations.findings import Explained, Findings, Lookup, Question
from agents.operations.suspect_changes import LOOKED_BACK, Changes, History, read_history
from integrations.metrics import Answer, Dimension, Measure, MetricsQuery, Resolution
from integrations.pages import Part
from integrations.ports import Ports
from integrations.services import ServiceCatalogue

LONGEST = timedelta(days=1)
"""Of what can be searched at once."""

_FINE, _COARSE, _OLD = timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=3)
_FINE_KEPT = timedelta(minutes=59)
"""How far back the embedded metrics keep every scrape; what is older than a day they keep once a minute."""
_MOST_CANDIDATES = 100
_ABOUT_AS_MUCH = 0.8
_LEVELS = {Metric.LATENCY: Measure.LATENCY_MEAN, Metric.AVAILABILITY: Measure.FAILED}


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """What was looked up: one column of `system` for each of `times`, which end their windows."""

    system: System
    times: tuple[datetime, ...]
    step: timedelta
    searched: Mask
    unmeasured: Mapping[str, frozenset[str]]
    answers: Mapping[Measure, Answer]


@dataclass(frozen=True, slots=True, eq=False)
class _Computed:
    explanation: Explanation
    episode: Episode | None


async def investigate(ports: Ports, question: Question, now: datetime) -> Findings:
    """Why the targets (or the worst of all services) were slower, or failed more often, in a time.

    Raises ValueError for a longer time than LONGEST, or one that has not begun; MetricsError and
    storage.look.Away as the ports do.
    """
    if question.end - question.start > LONGEST:
        raise ValueError("at most a day is searched at once")
    if question.start >= now:
        raise ValueError("that has not been yet")
    measured = await _look(ports, question, now)
    # All that is looked up comes before what takes a while: an act begins again after each look.
    history = await read_history(ports.deployments, question.stage, measured.times[0] - LOOKED_BACK)
    computed = await asyncio.to_thread(_explain, measured, question)
    explained = [_with_changes(history, measured, one) for one in computed]
    explained.sort(key=lambda one: (one.first is None, one.began is None))
    reached = {name for one in explained for name in one.explanation.looked_at.judged}
    missing = (measure for measure, answer in measured.answers.items() if not answer.series)
    return Findings(
        question,
        measured.step,
        tuple(explained),
        tuple(sorted(measured.system.services)),
        tuple(sorted({callee for name in reached for callee in measured.unmeasured.get(name, ())})),
        tuple(one for one in missing if one is not Measure.CALLS),
        tuple(
            Lookup(measure, len(answer.series), answer.as_of, answer.source)
            for measure, answer in measured.answers.items()
        ),
        tuple(dict.fromkeys(note for answer in measured.answers.values() for note in answer.notes)),
        now,
    )


def _times(question: Question, now: datetime, known: Resolution) -> tuple[datetime, datetime, timedelta]:
    """From when on, until when and in what windows figures are looked up: with a normal period before what is
    searched. None is shorter than what is known, for two windows running are evidence where they share nothing.
    """
    end = min(question.end, now)
    if question.start >= now - _FINE_KEPT * 3 / 4 and known.window(_FINE_KEPT) <= _FINE:
        return max(now - _FINE_KEPT, question.start - _FINE_KEPT), end, _FINE
    start = question.start - timedelta(hours=2)
    if now - start <= timedelta(days=1):
        return start, end, max(_COARSE, known.window(now - start))
    start = question.start - timedelta(hours=6)
    return start, end, max(_OLD, known.window(now - start))


async def _look(ports: Ports, question: Question, now: datetime) -> _Measured:
    start, end, step = _times(question, now, ports.metrics.resolution)
    by_service, by_callee = (Dimension.SERVICE,), (Dimension.SERVICE, Dimension.CALLEE)
    asked: dict[Measure, tuple[Dimension, ...]] = {
        Measure.REQUESTS: by_service,
        **{_LEVELS[metric]: by_service for metric in question.metrics},
    }
    asked[Measure.CALLS] = by_callee
    # So that the last window ends where the time ends.
    begin = end - (end - start) // step * step
    queries = [MetricsQuery(one, begin, end, step, stage=question.stage, by=by) for one, by in asked.items()]
    answers = {query.measure: await ports.metrics.series(query) for query in queries}
    times = queries[0].times
    seconds = step.total_seconds()
    requests = _by_service(answers[Measure.REQUESTS], seconds)
    latency = _by_service(answers.get(Measure.LATENCY_MEAN), 1.0)
    failed = _by_service(answers.get(Measure.FAILED), seconds)
    services = {name: Service(asks, latency.get(name), failed.get(name)) for name, asks in requests.items()}
    calls, unmeasured = await _calls(ports.services, answers[Measure.CALLS], services, seconds)
    searched: Mask = np.array([at > question.start for at in times])
    return _Measured(System(services, calls), times, step, searched, unmeasured, answers)


def _by_service(answer: Answer | None, times: float) -> dict[str, Values]:
    series = answer.series if answer is not None else ()
    return {one.labels[Dimension.SERVICE]: np.array(one.values) * times for one in series}


async def _calls(
    catalogue: ServiceCatalogue, answer: Answer, services: Mapping[str, Service], seconds: float
) -> tuple[tuple[Call, ...], Mapping[str, frozenset[str]]]:
    """Who calls whom, and whom of those that they call nobody measures: where calls are counted at all, what
    the catalogue says that a service needs is no evidence that it calls it."""
    counted = {
        (one.labels[Dimension.SERVICE], one.labels[Dimension.CALLEE]): np.array(one.values) * seconds
        for one in answer.series
    }
    calls = [Call(*pair, values) for pair, values in counted.items()]
    uncounted = services.keys() - {caller for caller, _ in counted}
    if uncounted:
        described = (await catalogue.services(Part())).items
        calls += [Call(one.id, other) for one in described if one.id in uncounted for other in one.depends_on]
    unmeasured: dict[str, frozenset[str]] = {}
    for call in calls:
        if counted and call.requests is None:
            continue
        if call.caller in services and call.callee not in services:
            unmeasured[call.caller] = unmeasured.get(call.caller, frozenset()) | {call.callee}
    return tuple(calls), unmeasured


def _explain(measured: _Measured, question: Question) -> list[_Computed]:
    """One explanation for each metric; none where no target is measured. Takes a while."""
    services = measured.system.services
    candidates = [name for name in question.targets if name in services]
    if not question.targets:
        candidates = sorted(services, key=lambda name: (-np.nansum(services[name].requests), name))
    candidates = candidates[:_MOST_CANDIDATES]
    return [_worst(measured, candidates, metric) for metric in question.metrics] if candidates else []


def _worst(measured: _Measured, candidates: Sequence[str], metric: Metric) -> _Computed:
    """Of the candidates the one that added the most, or who calls it and added about as much; where nothing was
    worse, the first one."""
    system, searched = measured.system, measured.searched
    tried = len(candidates)
    found = {name: find_episode(system, name, metric, searched, candidates=tried) for name in candidates}
    worse = {name: one for name, one in found.items() if one is not None}
    if not worse:
        normal = normal_period(system, candidates[0], metric, searched)
        found_out = find_causes(system, candidates[0], metric, normal, searched & ~normal)
        if found_out.unexplained is not Unexplained.NOT_MEASURED:  # nothing to have a cause
            found_out = replace(found_out, causes=(), unexplained=Unexplained.NOT_RAISED)
        return _Computed(found_out, None)
    most = max((one.lasts, one.added) for one in worse.values())
    near = {n for n, one in worse.items() if one.lasts == most[0] and one.added >= _ABOUT_AS_MUCH * most[1]}
    called = {call.callee for call in system.calls if call.caller in near}
    target = max(near - called or near, key=lambda name: worse[name].added)
    episode = worse[target]
    return _Computed(find_causes(system, target, metric, episode.normal, episode.windows), episode)


def _with_changes(history: History, measured: _Measured, one: _Computed) -> Explained:
    found, episode = one.explanation, one.episode
    level = _level(measured.system.services[found.target], found.metric)
    if episode is None:
        return Explained(found, None, None, measured.times, level, Changes((), (), ()))
    began = measured.times[episode.first] - measured.step
    is_over = episode.after < len(measured.times) - 1
    until = measured.times[episode.after - 1]
    changes = history.near(_suspected(measured.system, found), began, until, within=measured.step)
    return Explained(found, began, until if is_over else None, measured.times, level, changes)


def _suspected(system: System, found: Explanation) -> Sequence[str]:
    """The causes and those that they call, measured or not; without a cause the target and all that was looked
    at."""
    first = [cause.service for cause in found.causes] or [found.target, *found.looked_at.judged]
    callees = [call.callee for name in first for call in system.calls if call.caller == name]
    return tuple(dict.fromkeys([*first, *callees]))


def _level(service: Service, metric: Metric) -> tuple[float, ...]:
    if metric is Metric.LATENCY:
        values = service.latency
    else:
        values = None if service.failed is None else _share(service.failed, service.requests)
    return tuple(np.full(len(service.requests), np.nan) if values is None else values)


def _share(failed: Values, requests: Values) -> Values:
    return np.divide(failed, requests, out=np.full_like(failed, np.nan), where=requests > 0)
