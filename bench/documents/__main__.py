"""How well requirements documents are read: `python -m bench.documents`, with `BENCH_DATA`.

Printed twice: with the reader as it ships, and, as the judge of what it does on documents that nobody has seen,
with readers fitted anew, each without the documents that it reads. The last line is one JSON object.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any, cast

from agents.planning.foreign import numbered
from agents.planning.reading.judge import Reader, Sense, reader
from agents.planning.reading.outline import outline
from agents.planning.reading.statement import Told, key_of
from agents.planning.reading.titles import title_of
from agents.planning.requirements import requirements
from agents.planning.stories import sketch_stories
from bench.documents.fitting import fitted, prepared_all
from bench.documents.labelled import Labelled, NoDocuments, given, ours, scorer, senses
from bench.targets import Targets

_FOLDS = 6


def main() -> int:
    """Measure. 1 where a target is missed or the documents are missing."""
    try:
        score, documents = scorer(), given()
    except NoDocuments as missing:
        print(f"  cannot measure: {missing}", file=sys.stderr)
        return 1
    english = [each for each in documents if each.is_english]
    shipped = {each.name: score.score(each.gold, found(each, reader())) for each in english}
    apart = _left_out(english, score)
    for name, figures in shipped.items():
        _print(name, figures, apart[name])
    foreign = {each.name: _with_model(each, score) for each in documents if not each.is_english}
    for name, recall in foreign.items():
        print(f"  {name:24}recall {recall} with a model that answers by the labels")
    result = {
        **_means(shipped),
        "with_model": round(mean(foreign.values()), 3) if foreign else None,
        "cross_validated": _means(apart),
        "documents": _short(shipped),
    }
    targets = _targets(result)
    status = targets.status()
    print(json.dumps(result))
    return status


def found(document: Labelled, by: Reader) -> dict[str, Any]:
    """What the product finds in a document, as the scorer wants it."""
    taken = outline(document.text)
    wishes = requirements(taken, by=by)
    wanted = [
        {"text": w.unit.text, "polarity": "must_not" if w.forbids else "must", "scope": w.statement.sense}
        for w in wishes.whole.wanted
    ]
    titles = {
        a.requirement.id: title_of(a.requirement.text, a.heading, forbids=a.forbids) for a in wishes.asked
    }
    sketches = sketch_stories(wishes.asked, taken)
    depends = [
        [titles[before], titles[a.requirement.id]]
        for a in wishes.asked
        for before, _ in a.after
        if before in titles
    ]
    return {"requirements": wanted, "titles": [s.title for s in sketches], "depends": depends}


def _with_model(document: Labelled, score: Any) -> float:
    """Recall in another language where a model answers by the labels: what our taking apart loses on
    the way."""
    said = numbered(document.text)
    told = {
        key_of(unit.text): Told(cast(Sense, sense), "labels")
        for unit, sense in zip(said, senses(document, [u.text for u in said], score), strict=True)
        if sense is not None
    }
    wishes = requirements(outline(document.text), corrections=told)
    wanted = [{"text": w.unit.text, "scope": w.statement.sense} for w in wishes.whole.wanted]
    return float(score.score(document.gold, {"requirements": wanted})["recall"])


def _left_out(documents: Sequence[Labelled], score: Any) -> Mapping[str, Mapping[str, Any]]:
    """Each document read by a reader that has seen ours and the other documents given, not itself."""
    own = prepared_all([each for each in ours() if each.is_english], score)
    made = [prepared_all([each], score) for each in documents]
    figures: dict[str, Mapping[str, Any]] = {}
    for fold in range(_FOLDS):
        without = fitted([*own, *(p for n, ps in enumerate(made) if n % _FOLDS != fold for p in ps)])
        for each in documents[fold::_FOLDS]:
            figures[each.name] = score.score(each.gold, found(each, without))
    return figures


def _means(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    def of(key: str) -> list[float]:
        return [each[key] for each in figures.values() if each[key] is not None]

    return {
        "recall": round(mean(of("recall")), 3),
        "precision": round(mean(of("precision")), 3),
        "polarity_errors": sum(of("polarity_errors")),
        "scope_errors": sum(of("scope_errors")),
        "dependency_recall": round(mean(of("dependency_recall")), 3),
        "depends_found": sum(of("depends_found")),
        "titles_opposite": sum(of("titles_opposite")),
        "titles_cut": sum(of("titles_cut")),
        "titles_of_unbuilt": sum(of("titles_of_unbuilt")),
        "title_recall": round(mean(of("title_recall")), 3),
    }


def _short(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    keys = ("recall", "precision", "polarity_errors", "scope_errors", "dependency_recall")
    return {name: {key: each[key] for key in keys} for name, each in figures.items()}


def _print(name: str, shipped: Mapping[str, Any], apart: Mapping[str, Any]) -> None:
    keys = ("recall", "precision", "polarity_errors", "scope_errors", "dependency_recall")
    print(f"  {name:24}" + "  ".join(f"{key} {shipped[key]} ({apart[key]})" for key in keys))
    if "-v" in sys.argv:
        for kind, rows in apart["lists"].items():
            for row in rows:
                print(f"      {kind}: {row if isinstance(row, str) else ' | '.join(map(str, row))}")


def _targets(result: Mapping[str, Any]) -> Targets:
    targets, apart = Targets(), result["cross_validated"]
    targets.at_least("recall", result["recall"], 0.95)
    targets.at_least("precision", result["precision"], 0.9)
    targets.at_most("polarity errors", result["polarity_errors"], 0)
    targets.at_most("opposite titles", result["titles_opposite"], 0)
    targets.at_most("scope errors", result["scope_errors"], 3)
    targets.at_least("dependency recall", result["dependency_recall"], 0.8)
    if result["with_model"] is not None:
        targets.at_least("recall in other languages, with a model", result["with_model"], 0.9)
    targets.at_least("recall, cross-validated", apart["recall"], 0.85)
    targets.at_least("precision, cross-validated", apart["precision"], 0.85)
    return targets


if __name__ == "__main__":
    sys.exit(main())
