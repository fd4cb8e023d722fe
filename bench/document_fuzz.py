"""Broken documents, and a very long one, through the reading: `python -m bench.document_fuzz [--inputs N]
[--seed N]`.

Documents that `bench.document_mutations` makes of ours and of those of `BENCH_DATA` (if they are there) are
read as the product reads them, in worker processes. A document may be refused with a sentence; an exception of
another kind is a fault, and so is reading for longer than LIMIT. Then a document of 200 pages is read in a
process of its own, without the limits on a document's length and on its requirements: within PAGES_SECONDS and
PAGES_MEGABYTES.

Exits with 1 if there was a fault, the long document missed its targets, or nothing was read.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import resource
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from time import monotonic, process_time

from agents.planning import plan
from agents.planning.flags.instructions import instructing
from agents.planning.long_sentences import demand_sentences
from agents.planning.reading.language import language_of
from agents.planning.reading.outline import outline
from agents.planning.reading.statement import Told
from agents.planning.request import PlanningInput
from agents.planning.requirements import UnplannableDocument, requirements
from bench.document_mutations import Mutations
from bench.documents.labelled import GIVEN, labelled, ours
from bench.targets import Targets
from integrations.documents import Document
from integrations.documents.formats import FORMATS, NotText

INPUTS = 10_000
SEED = 2026
AT_ONCE = 2
LIMIT, PATIENCE = 10.0, 120.0
"""Seconds of one processor that a document may take; seconds after which a worker is given up. A busy machine
is no fault."""
PAGES_WORDS, PAGES_SECONDS, PAGES_MEGABYTES = 100_000, 10.0, 400.0
"""200 pages, the seconds of one processor and the megabytes within which they are read."""

_SPAWN = multiprocessing.get_context("spawn")
_NOTHING_TOLD = {"\0": Told("none", "nobody")}
"""Is about no statement, and lets other languages be read."""
_AT = datetime(2026, 11, 23, 9, tzinfo=UTC)

Reading = Callable[[str], str]
"""Reads a text and says what came of it in a word; raises what it raises."""


@dataclass
class Found:
    """What was seen: how many documents ended how, the slowest, and what must not be."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, str]] = field(default_factory=list)
    slowest: float = 0.0


def product_reading(text: str) -> str:
    """Read a text as an uploaded Markdown file is read."""
    try:
        clean = FORMATS[".md"](text.encode("utf-8"))
        digest = sha256(clean.encode()).hexdigest()
        document = Document("mutated", clean, digest, "mutated.md")
        plan.read(PlanningInput(document, (), (), (), (), (), (), _AT.date(), _AT, told=_NOTHING_TOLD))
    except (UnplannableDocument, NotText) as refused:
        return type(refused).__name__
    return "read"


def work(told: Connection, reading: Reading) -> None:
    """A worker: reads each text that comes, and answers with the outcome, the fault and the seconds it took."""
    while True:
        try:
            text = told.recv()
        except EOFError:
            return
        began = process_time()
        try:
            outcome, fault = reading(text), ""
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            outcome, fault = "failed", _told_of(error)
        told.send((outcome, fault, process_time() - began))


def _told_of(error: Exception) -> str:
    """What was raised, and where, the last three places."""
    places = traceback.extract_tb(error.__traceback__)[-3:]
    where = " > ".join(f"{Path(place.filename).name}:{place.lineno} {place.name}" for place in places)
    return f"{type(error).__name__}: {str(error)[:200]} ({where})"


class Worker:
    """A process that reads documents. One that takes too long is ended, and another started."""

    def __init__(self, reading: Reading, limit: float, patience: float) -> None:
        self._reading, self._limit, self._patience = reading, limit, patience
        self._start()

    def read(self, text: str) -> tuple[str, str, float]:
        """The outcome, the fault or empty, and the seconds of one processor."""
        self._told.send(text)
        if not self._told.poll(self._patience):
            self.stop()
            self._start()
            return "hung", f"not read within {self._patience:g} s", self._patience
        try:
            outcome, fault, seconds = self._told.recv()
        except EOFError:
            self.stop()
            self._start()
            return "died", "the process ended", 0.0
        if not fault and seconds > self._limit:
            return "slow", f"took {seconds:.1f} s", seconds
        return outcome, fault, seconds

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._told.close()

    def _start(self) -> None:
        self._told, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=work, args=(theirs, self._reading), daemon=True)
        self._process.start()
        theirs.close()


def fuzz(
    texts: Iterator[str], reading: Reading = product_reading, limit: float = LIMIT, patience: float = PATIENCE
) -> Found:
    """Read all of these texts, several at a time."""
    found, lock = Found(), threading.Lock()

    def stream() -> None:
        worker = Worker(reading, limit, patience)
        try:
            while True:
                with lock:
                    text = next(texts, None)
                if text is None:
                    return
                outcome, fault, seconds = worker.read(text)
                with lock:
                    found.counts[outcome] += 1
                    found.slowest = max(found.slowest, seconds)
                    if fault:
                        found.faults.append((fault, text))
        finally:
            worker.stop()

    threads = [threading.Thread(target=stream) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def long_document(documents: list[str], seed: int) -> str:
    """A document of PAGES_WORDS words: sections of all documents, shuffled, as often as it takes."""
    sections = [part for text in documents for part in re.split(r"\n(?=#{1,4} )", text)]
    drawn, words, taken = Random(seed), 0, ["# A long document\n"]
    while words < PAGES_WORDS:
        drawn.shuffle(sections)
        for section in sections:
            if words < PAGES_WORDS:
                taken.append(section)
                words += len(section.split())
    return "\n\n".join(taken)


def read_pages(told: Connection) -> None:
    """Read one long text in a process of its own; answers with what it took."""
    text, began, clock = told.recv(), process_time(), monotonic()
    language_of(text)
    taken = outline(text)
    demand_sentences(taken, "long")
    wishes = requirements(taken, instructing(taken))
    told.send(
        {
            "words": len(text.split()),
            "statements": len(wishes.whole.statements),
            "asked": len(wishes.asked),
            "processor seconds": round(process_time() - began, 2),
            "seconds": round(monotonic() - clock, 2),
            "megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        }
    )


def pages(documents: list[str], seed: int) -> dict[str, float]:
    """What a long document takes; empty if it could not be read."""
    mine, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=read_pages, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        mine.send(long_document(documents, seed))
        figures: dict[str, float] = mine.recv() if mine.poll(PATIENCE) else {}
    except EOFError:
        figures = {}
    process.kill()
    process.join()
    return figures


def report(found: Found, folder: Path) -> None:
    """Print the faults, and keep the documents that brought them about."""
    for number, (fault, text) in enumerate(found.faults[:20], 1):
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"{number}.md"
        kept.write_text(text, encoding="utf-8", errors="surrogatepass")
        print(f"  {kept}: {fault}")


def main() -> int:
    """Read broken documents and a long one, and print what became of them; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--inputs", type=int, default=INPUTS)
    parser.add_argument("--seed", type=int, default=SEED)
    wanted = parser.parse_args()
    began = monotonic()
    labels = [*ours(), *(labelled(GIVEN) if GIVEN.is_dir() else ())]
    long = pages([each.text for each in labels if each.is_english], wanted.seed)
    drawn = Mutations(wanted.seed, [each.text for each in labels])
    found = fuzz(drawn.document() for _ in range(wanted.inputs))
    report(found, Path("var") / "document_fuzz")
    targets = Targets()
    targets.at_least("inputs", sum(found.counts.values()), max(1, wanted.inputs))
    targets.at_least("documents read", found.counts["read"], 1)
    targets.below("faults", len(found.faults), 1)
    targets.at_least("words of the long document", long.get("words", 0), PAGES_WORDS)
    targets.below("seconds for 200 pages", long.get("processor seconds", PATIENCE), PAGES_SECONDS)
    targets.below("megabytes for 200 pages", long.get("megabytes", float("inf")), PAGES_MEGABYTES)
    status = targets.status()
    figures = {
        "inputs": sum(found.counts.values()), "seed": wanted.seed, "outcomes": dict(found.counts),
        "faults": len(found.faults), "slowest s": round(found.slowest, 2), "pages": long,
        "seconds": round(monotonic() - began),
    }  # fmt: skip
    print(json.dumps(figures))
    return status


if __name__ == "__main__":
    sys.exit(main())
