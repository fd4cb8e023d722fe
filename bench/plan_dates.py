"""Plans' dates: do all surfaces say the same, do they come true, and how long does a large plan take?

Every sample document and every labelled one (BENCH_DATA, folder `documents`) is planned, and what the card,
the document, the dashboard, the picture, the chart, the facts and the status say is compared. 200 plans of
real stories are forecast from what was done before them and carried out with the hours that they took. The
last line is one JSON object: `inconsistent` is how many plans have a date that disagrees, `under_p85` and
`under_p50` the shares of outcomes by then, `coverage` the share of stories not yet done that fell within
their estimate's range (80 of 100 are meant to).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from time import perf_counter

from agents.planning.capacity import free_hours
from agents.planning.draft import Forecast
from agents.planning.estimates import past_accuracy
from agents.planning.forecast import forecast
from agents.planning.plan import plan
from agents.planning.requirements import UnplannableDocument
from agents.planning.schedule import schedule
from bench.plan_department import ACME, given
from bench.plan_outcomes import large_plan, outcomes, without_commitments
from bench.plan_surfaces import disagreements, unchanged
from bench.targets import Targets
from integrations.documents import Document, DocumentError
from integrations.documents.vendors.local import LocalFolder
from integrations.pages import Part

LABELLED = Path(os.environ.get("BENCH_DATA", "../shared/bench")) / "documents"
SECONDS = 5.0
"""How long a plan of 200 stories, 8 teams and 400 dependencies may take."""


def main() -> int:
    """Measure; 1 if a target is missed."""
    inconsistent, planned, not_planned = _surfaces()
    seen = _came_true()
    seconds, gap = _large()
    figures = {
        "inconsistent": inconsistent,
        "planned": planned,
        "not_planned": not_planned,
        **seen,
        "seconds_200_stories": round(seconds, 2),
        "gap_working_days": gap,
    }
    targets = Targets()
    targets.at_most("plans whose dates disagree", inconsistent, 0)
    targets.at_least("plans compared", planned, 1)
    targets.at_least("outcomes under P85", seen["under_p85"], 0.80)
    targets.at_most("outcomes under P85", seen["under_p85"], 0.90)
    targets.at_least("outcomes under P50", seen["under_p50"], 0.42)
    targets.at_most("outcomes under P50", seen["under_p50"], 0.58)
    targets.at_most("seconds for 200 stories", seconds, SECONDS)
    status = targets.status()
    print(json.dumps(figures))
    return status


def _surfaces() -> tuple[int, int, int]:
    """Plans with a date that disagrees, plans compared, and documents that could not be planned."""
    inconsistent = planned = not_planned = 0
    for folder in (ACME / "documents", LABELLED):
        if not folder.is_dir():
            print(f"{folder} is not there; set BENCH_DATA to the folder of the public data")
            continue
        for document in asyncio.run(_documents(folder)):
            if isinstance(document, str):
                print(f"  {document}")
                not_planned += 1
                continue
            asked = given(document)
            try:
                draft = plan(asked)
            except (UnplannableDocument, ValueError) as cannot:
                print(f"  {document.name}: not planned ({cannot})")
                not_planned += 1
                continue
            found = [*disagreements(draft, asked), *unchanged(draft, asked)]
            planned += 1
            inconsistent += bool(found)
            missed = f"{len(draft.misses)} of {len(draft.targets)} targets missed"
            same = "; ".join(found) or "all the same"
            print(f"  {document.name}: scheduled to {draft.scheduled_to}, {missed}; {same}")
    return inconsistent, planned, not_planned


async def _documents(folder: Path) -> list[Document | str]:
    reader = LocalFolder(folder)
    found: list[Document | str] = []
    for name in (await reader.names(Part())).items:
        if name.casefold() == "readme":
            continue
        try:
            found.append(await reader.read(name))
        except DocumentError as cannot:
            found.append(f"{name}: not read ({cannot})")
    return found


def _came_true() -> dict[str, float]:
    asked = without_commitments(given(Document("plan", "", "0" * 16, "plan")))
    found, covered = outcomes(asked)
    count = len(found)
    shares = {
        "plans": count,
        "under_p85": round(sum(one.done <= one.p85 for one in found) / count, 3),
        "under_p50": round(sum(one.done <= one.p50 for one in found) / count, 3),
        "under_schedule": round(sum(one.done <= one.scheduled for one in found) / count, 3),
        "coverage": round(covered.within / covered.tested, 3),
        "under_median": round(covered.under_median / covered.tested, 3),
    }
    print("  " + ", ".join(f"{name} {value:g}" for name, value in shares.items()))
    return shares


def _large() -> tuple[float, int]:
    """Seconds for schedule and forecast of the large plan, and the schedule's gap in working days."""
    asked = without_commitments(given(Document("plan", "", "0" * 16, "plan")))
    stories, links = large_plan(asked)
    known = past_accuracy(asked.work())
    started = perf_counter()
    table = schedule(stories, links, free_hours(asked), asked)
    coming = forecast(table, stories, known, asked.document.digest)
    seconds = perf_counter() - started
    if table.unscheduled or not isinstance(coming, Forecast):
        raise SystemExit(f"{len(table.unscheduled)} stories of the large plan have no place")
    length = len(asked.days.between(asked.starts, table.ends)) if table.ends else 0
    print(
        f"  200 stories, 8 teams, 400 dependencies: {seconds:.1f} s, at most {table.gap_days} of {length}"
        " working days longer than the shortest possible"
    )
    return seconds, table.gap_days


if __name__ == "__main__":
    sys.exit(main())
