"""Findings as a card: the answer in one sentence, ranked causes, what changed, what was looked at, a chart."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import isfinite

from agents.operations.burden import Metric
from agents.operations.findings import Explained, Findings
from agents.operations.incident_learning import alike
from agents.operations.suspect_changes import Suspect
from agents.sre import Suggested
from governance.visibility import EVERYTHING
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Chart,
    Reply,
    Small,
    Text,
    Tone,
)
from handlers.conversation.charts import Line, NothingToDraw, draw_lines
from handlers.conversation.desk import Desk
from handlers.conversation.wording import listed
from handlers.operations.explain_incident.wording import (
    cause_text,
    change_text,
    clock,
    lead,
    looked_at,
    next_step,
    seconds,
)
from handlers.operations.former_incidents import alike_text
from integrations.deployments import ChangeKind

_MOST_MARKS = 3
_MOST_ALIKE = 2


async def findings_card(
    desk: Desk, findings: Findings, zone: str, buttons: Sequence[Button], added: Suggested | None
) -> Reply:
    """The answer. The first metric with a cause leads; the other one is said below it, and what a model added
    after all that was computed."""
    first = findings.explained[0]
    sentences = [lead(findings, one, zone) for one in findings.explained]
    blocks: list[Block] = [Text((sentences[0],))]
    blocks += _ranked(first)
    blocks += _changes(findings, first)
    blocks += await _chart(desk, first)
    for one, sentence in zip(findings.explained[1:], sentences[1:], strict=True):
        blocks.append(Text((sentence,)))
        blocks += _ranked(one)
    if first.first is None and (advice := next_step(findings, first)):
        blocks.append(Text((Bold("Next: "), advice)))
    blocks += await _before(desk, findings, first)
    if added is not None:
        blocks += _suggestions(added)
    blocks.append(Small(("Looked at: ", " ".join(looked_at(findings)))))
    if buttons:
        blocks.append(Buttons(tuple(buttons)))
    tone: Tone = "bad" if first.first is not None else "warning" if first.began is not None else "plain"
    title = _title(findings, first)
    return Reply(" ".join(sentences), (Card(title, tuple(blocks), tone),), findings.facts)


def _title(findings: Findings, one: Explained) -> str:
    what = "latency" if one.explanation.metric is Metric.LATENCY else "errors"
    return f"{one.explanation.target} in {findings.question.stage}: {what}"


def _ranked(one: Explained) -> Iterator[Block]:
    causes = one.explanation.causes
    if causes:
        whose = "waiting" if one.explanation.metric is Metric.LATENCY else "failures"
        yield Text((Bold(f"Whose own part explains the added {whose}, computed:"),))
        yield Bullets(tuple((Bold(cause.service), f" {cause_text(cause)}.") for cause in causes))


def _changes(findings: Findings, one: Explained) -> Iterator[Block]:
    """What changed near the beginning: after the fact that it is a coincidence in time and no more."""
    if one.began is None:
        return
    shown = (*one.changes.before, *one.changes.afterwards)
    if not shown:
        yield Text(
            (
                Bold("What changed: "),
                f"nothing that I can see at {listed(one.changes.services)}, from an hour before on.",
            )
        )
        return
    yield Text((Bold("What changed near the beginning, in time and not by proof:"),))
    yield Bullets(tuple((f"{change_text(each, findings.step)}.",) for each in shown))


def _suggestions(added: Suggested) -> Iterator[Block]:
    yield Text((Bold("A model’s words and guesses, neither measured nor computed: "), added.narrative))
    if added.hypotheses:
        yield Bullets(tuple((one,) for one in added.hypotheses))


async def _chart(desk: Desk, one: Explained) -> list[Block]:
    scale, unit = (1000.0, "ms a request") if one.explanation.metric is Metric.LATENCY else (100.0, "% failed")
    target = one.explanation.target
    lines = [Line(target, one.times, [scale * value for value in one.level], accent=True)]
    marks = [(each.change.at, _mark(each)) for each in one.changes.before[:_MOST_MARKS]]
    if one.began is not None:
        marks.append((one.began, "it began"))
    title = f"{'Latency' if unit.startswith('ms') else 'Failed requests'} of {target}"
    try:
        png = await asyncio.to_thread(draw_lines, lines, title=title, unit=unit, marks=marks)
    except NothingToDraw:
        return []
    file = await desk.files.put(desk.tx, "incident.png", "image/png", png, EVERYTHING)
    summary = _summary(one)
    return [Chart(file, f"{title} over time, with what changed and when it began. {summary}", summary)]


async def _before(desk: Desk, findings: Findings, one: Explained) -> list[Block]:
    """Former incidents of the same service or cause, with what helped."""
    if one.began is None:
        return []
    causes = {cause.service for cause in one.explanation.causes}
    found = await alike(desk.tx, one.explanation.target, findings.question.stage, causes, _MOST_ALIKE)
    return [Text((Bold("Seen before: "), " ".join(map(alike_text, found))))] if found else []


def _mark(suspect: Suspect) -> str:
    change = suspect.change
    done = f"{change.replicas} replicas" if change.kind is ChangeKind.SCALED else change.version
    return f"{change.target.service} {done}"


def _summary(one: Explained) -> str:
    known = [value for value in one.level if isfinite(value)]
    text = seconds if one.explanation.metric is Metric.LATENCY else _percent
    target = one.explanation.target
    return f"{target}: between {text(min(known))} and {text(max(known))}."


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def not_measured(findings: Findings, names: Sequence[str], start: datetime, zone: str) -> str:
    """That nobody measures the targets, or anything at all, and what to do."""
    stage, since = findings.question.stage, clock(start, findings.as_of, zone)
    if not findings.measured:
        return (
            f"I do not know: there are no metrics of {stage} since {since}. `doctor` says what is scraped; a"
            " service is once it runs and serves its metrics."
        )
    return (
        f"I do not know: nobody measures {listed(names)} in {stage}. I have metrics of"
        f" {listed(findings.measured)}; name one of these, or let {listed(names)} serve its own."
    )
