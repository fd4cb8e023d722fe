"""What people say in chat: messages, dialogues and written conditions, through the product itself.

    python -m bench.conversations             # data from BENCH_DATA (its folder conversations/)
    python -m bench.conversations --aside     # the product's own lines that it does not learn from

The data's README says what is right. A message goes in as a turn of its speaker, and what changed in the
database is looked at; of names that nothing is built for yet the decision to act, to offer or to ask counts.
The last line is one JSON object. What happened at each message and turn is written to files in
var/conversations, for a person to read whether the answers say what they must.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import monotonic

import structlog

from bench.conversations import aside, conditions, dialogues, messages
from bench.conversations.data import (
    FILES,
    DataError,
    read_conditions,
    read_dialogues,
    read_messages,
)
from bench.conversations.department import ROOT, opened
from bench.conversations.heard import Listening
from bench.targets import Targets
from handlers.language.mood import Mood

WRITTEN = ROOT / "var" / "conversations"
LINES = ROOT / "handlers" / "language" / "lines"

Figures = dict[str, float | int]


def main() -> int:
    """Print the figures; 1 if a target was missed, 2 if data is missing or is not as it is described."""
    parser = argparse.ArgumentParser(prog="python -m bench.conversations", description="Measure.")
    parser.add_argument("--aside", action="store_true", help="the product's own lines that are kept aside")
    asked = parser.parse_args()
    try:
        return asyncio.run(_aside() if asked.aside else _measure(_data()))
    except (DataError, OSError) as fault:
        print(f"nothing was measured: {fault}", file=sys.stderr)
        return 2


def _data() -> Path:
    folder = Path(os.environ.get("BENCH_DATA", ROOT.parent / "shared" / "bench")) / "conversations"
    if missing := [str(folder / name) for name in FILES if not (folder / name).is_file()]:
        raise DataError(f"missing (set BENCH_DATA): {', '.join(missing)}")
    return folder


async def _measure(folder: Path) -> int:
    said, talked, written = read_messages(folder), read_dialogues(folder), read_conditions(folder)
    if not (said and talked and written):
        raise DataError(f"{folder}: messages, dialogues and conditions are wanted")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    targets = Targets()
    figures = _of_conditions(conditions.read_all(written), targets)
    async with opened(messages.NOW.date()) as department:
        began = monotonic()
        turns = [each async for each in dialogues.judge_all(department, talked)]
        between = monotonic()
        each = [one async for one in messages.judge_all(department, said)]
        print(f"{between - began:.0f} s for the dialogues, {monotonic() - between:.0f} s for the messages")
    figures = _of_messages(each, targets) | _of_dialogues(turns, targets) | figures
    status = targets.status()
    print(json.dumps(figures))
    return status


def _of_messages(judged: Sequence[messages.Judged], targets: Targets) -> Figures:
    _write("messages.txt", messages.report(judged))
    should = [one for one in judged if one.message.may_act]
    corrections = [one for one in judged if one.message.mood is Mood.CORRECTION]
    right = sum(one.rightly if one.message.may_act else one.did is None for one in corrections)
    acted = sum(one.rightly for one in should)
    one_click = sum(one.rightly or one.one_click for one in should)
    figures: Figures = {
        "intent": _share(sum(one.intent for one in judged), len(judged)),
        "nearest3": _share(sum(one.nearest for one in judged), len(judged)),
        "mood": _share(sum(one.mood for one in judged), len(judged)),
        "wrongly_acted": sum(one.wrongly for one in judged),
        "must_not": len(judged) - len(should),
        "dangerous": sum(one.dangerous for one in judged),
        "acted": acted,
        "one_click": one_click,
        "should": len(should),
    }
    targets.at_least("intent", figures["intent"], 0.88)
    targets.at_least("among the nearest three", figures["nearest3"], 0.96)
    targets.at_least("mood", figures["mood"], 0.90)
    targets.at_most("wrongly acted", figures["wrongly_acted"], 1)
    targets.at_most("of these dangerous", figures["dangerous"], 0)
    targets.at_least("acted, of those that should", _share(acted, len(should)), 45 / 68)
    targets.at_least("acted or one click away", _share(one_click, len(should)), 62 / 68)
    targets.at_least("corrections", _share(right, len(corrections)), 8 / 10)
    print(
        f"messages: {acted} of {len(should)} acted on, {one_click} that or one click away,"
        f" {sum(one.asked_back for one in should)} understood and then asked about or refused;"
        f" {figures['wrongly_acted']} wrongly acted on ({figures['dangerous']} dangerous), and"
        f" {sum(one.nearly for one in judged)} read as orders that came to nothing;"
        f" corrections {right} of {len(corrections)};"
        f" {sum(one.heard.fault is not None for one in judged)} faults,"
        f" {sum(one.unprepared is not None for one in judged)} that could not be prepared"
    )
    return figures


def _of_dialogues(judged: Sequence[dialogues.Judged], targets: Targets) -> Figures:
    _write("dialogues.txt", dialogues.report(judged))
    right, forbidden = sum(one.is_right for one in judged), sum(bool(one.forbidden) for one in judged)
    whole = {one.dialogue.id for one in judged} - {one.dialogue.id for one in judged if not one.is_right}
    acting = [one for one in judged if one.turn.expect.acts.strip() != "none"]
    targets.at_least("turns right", _share(right, len(judged)), 0.85)
    targets.at_most("turns with something forbidden", forbidden, 0)
    print(
        f"dialogues: {right} of {len(judged)} turns right, {sum(one.is_right for one in acting)} of the"
        f" {len(acting)} that change something; {forbidden} forbidden; {len(whole)} dialogues whole;"
        f" {sum(one.heard.fault is not None for one in judged)} faults"
    )
    return {"turns_right": right, "turns": len(judged), "forbidden": forbidden}


def _of_conditions(read: Sequence[conditions.Read], targets: Targets) -> Figures:
    _write("conditions.txt", conditions.report(read))
    misread, right = sum(one.is_misread for one in read), sum(one.is_right for one in read)
    targets.at_most("conditions misread", misread, 0)
    asked = [one.asked_back for one in read]
    with_meaning = sum(one.condition.meaning is not None for one in read)
    print(
        f"conditions: {right} of {with_meaning} read, {misread} misread;"
        f" asked back {asked.count('rightly')} times rightly, {asked.count('wrongly')} wrongly"
    )
    return {"conditions_misread": misread, "conditions_read": right, "conditions": len(read)}


async def _aside() -> int:
    kept = aside.kept_aside(aside.read_lines(LINES))
    scores = await aside.score(Listening(ROOT / "var" / "recogniser"), kept)
    print(
        json.dumps({"aside": scores.lines} | {name: round(value, 3) for name, value in scores.shares().items()})
    )
    return 0


def _share(part: int, of: int) -> float:
    return round(part / of, 4) if of else 0.0


def _write(name: str, lines: Iterable[str]) -> None:
    WRITTEN.mkdir(parents=True, exist_ok=True)
    (WRITTEN / name).write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
