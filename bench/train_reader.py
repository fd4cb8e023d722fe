"""How the reader of documents was fitted, to repeat it: writes `agents/planning/reading/weights.json`.

On the project's own labelled documents and the half of `BENCH_DATA` that is handed out. A minute.
"""

from __future__ import annotations

import json
import sys

from agents.planning.reading.judge import WEIGHTS
from bench.documents.fitting import fitted, kept, prepared_all
from bench.documents.labelled import NoDocuments, given, ours, scorer


def train() -> int:
    """Fit and write. 1 where the documents are missing."""
    try:
        score = scorer()
        documents = prepared_all([each for each in (*ours(), *given()) if each.is_english], score)
    except NoDocuments as missing:
        print(missing, file=sys.stderr)
        return 1
    reader = fitted(documents)
    found = {"bias": reader.bias, "first": kept(reader.first), "second": kept(reader.second)}
    WEIGHTS.write_text(json.dumps(found, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(documents)} documents, {sum(len(d.units) for d in documents)} statements: {WEIGHTS}")
    return 0


if __name__ == "__main__":
    sys.exit(train())
