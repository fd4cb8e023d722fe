"""Every figure that an explanation shows is a Fact, with how it was worked out."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from agents.operations.burden import Metric
from agents.operations.findings import Findings, Question
from agents.operations.investigation import investigate
from handlers.operations.explain_incident.card import _summary
from handlers.operations.explain_incident.wording import cause_text, change_text, lead, looked_at
from integrations.deployments import ChangeKind, Stage
from tests.agents.operations.recorded_stage import BEGAN, NOW, RecordedStage, seconds

_NO_FIGURE = re.compile(
    r"\b\d\d:\d\d\b|\b\d{1,2} [A-Z][a-z]{2} \d{4}\b|\b\d+\.\d+\.\d+\b|\bCARD-\d+|\bc0ffee\d+|\bcommit \w+"
)
"""Times of day, dates, versions and names."""
_FIGURE = re.compile(r"(\d[\d,.]*\d|\d)(?: (ms|%|min))?")
_SCALES = {"ms": 1000.0, "%": 100.0, "min": 1 / 60, "": 1.0}


def unfounded(said: str, findings: Findings) -> list[str]:
    """Figures of a text that are no fact's value, in any unit that it may be shown in."""
    known = [float(one.value) for one in findings.facts if isinstance(one.value, int | float)]
    found = []
    for written, unit in _FIGURE.findall(_NO_FIGURE.sub(" ", said)):
        value = float(written.replace(",", ""))
        decimals = len(written.partition(".")[2])
        scales = {_SCALES[unit], 1.0}
        if not any(abs(scale * one - value) <= 0.501 * 10**-decimals for one in known for scale in scales):
            found.append(f"{written} {unit}")
    return found


@pytest.mark.parametrize(
    "stage",
    [
        RecordedStage(slower={"payments": 6.0}),
        RecordedStage(failing={"orders": 0.2}),
        RecordedStage(calls={"orders": 12.0}),
        RecordedStage(traffic=3.0),
        RecordedStage(slower={"payments": 8.0}, ended=BEGAN + timedelta(minutes=1)),
        RecordedStage(slower={"payments": 6.0}, since=NOW - timedelta(hours=7)),
    ],
)
@pytest.mark.parametrize("targets", [(), ("checkout",)])
async def test_each_figure_that_is_shown_is_a_fact(stage: RecordedStage, targets: tuple[str, ...]) -> None:
    stage.changes.clear()
    for service in ("payments", "orders", "checkout"):
        stage.deployed(service, "1.43.1", BEGAN - seconds(400))
        stage.deployed(service, "1.43.1", BEGAN - seconds(95), ChangeKind.SCALED)
    when = (NOW.replace(hour=2, minute=0), NOW.replace(hour=4, minute=30))
    findings = await investigate(stage.ports, Question(targets, Stage.PRODUCTION, tuple(Metric), *when), NOW)
    said = list(looked_at(findings))
    for one in findings.explained:
        said += [lead(findings, one, "UTC"), _summary(one), *map(cause_text, one.explanation.causes)]
        said += [change_text(each, findings.step) for each in one.changes.before]
    assert {text: wrong for text in said if (wrong := unfounded(text, findings))} == {}
    assert all(one.source.detail for one in findings.facts)
    computed = [one for one in findings.facts if one.source.kind == "computation" and one.id != "window"]
    assert all(one.source.inputs for one in computed), "what was worked out says from what"


async def test_a_figure_of_ones_own_would_be_found() -> None:
    stage = RecordedStage(slower={"payments": 6.0})
    when = (NOW.replace(hour=2, minute=0), NOW.replace(hour=4, minute=30))
    findings = await investigate(stage.ports, Question((), Stage.PRODUCTION, tuple(Metric), *when), NOW)
    assert unfounded("It took 123.4 s at 03:02 on 24 Nov 2026, by 1.43.1.", findings) == ["123.4 "]
