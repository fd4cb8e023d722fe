"""Fitting the reader of documents: two logistic regressions, the second beside what the first says around."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from agents.planning.reading.judge import SENSES, Linear, Matrix, Reader, rows_of, with_neighbours
from agents.planning.reading.outline import Outline, outline
from agents.planning.reading.units import Unit, document_ids, units
from bench.documents.labelled import Labelled, senses

REGULARITY = 0.3
BIAS = 1.15
"""Asked for a little sooner than not: what is read too much is seen at once, what is overlooked is not."""
_LONG = 90
_WEIGHT_OF_LONG = 0.4
"""Statements of a long document, in which the same sentences return, count less."""
_EXCERPT = " (excerpt)"
_WEIGHT_OF_EXCERPT = 0.15
_INNER = 4
_DOCUMENTS_OF_A_WORD = 8


@dataclass(frozen=True)
class Prepared:
    """A document with its statements, their features and what they are by the gold."""

    document: Labelled
    outline: Outline
    units: tuple[Unit, ...]
    rows: list[Any]
    senses: list[str | None]

    @property
    def weight(self) -> float:
        """Of each of its statements."""
        if self.document.name.endswith(_EXCERPT):
            return _WEIGHT_OF_EXCERPT
        return _WEIGHT_OF_LONG if len(self.units) > _LONG else 1.0


def prepared(document: Labelled, score: Any) -> Prepared:
    """Take a document apart for fitting."""
    taken = outline(document.text)
    said = units(taken, document_ids(taken))
    return Prepared(
        document, taken, said, rows_of(taken, said), senses(document, [u.text for u in said], score)
    )


def prepared_all(documents: Sequence[Labelled], score: Any) -> list[Prepared]:
    """Documents with their excerpts, taken apart."""
    return [prepared(each, score) for document in documents for each in (document, *excerpts(document))]


def excerpts(document: Labelled) -> tuple[Labelled, ...]:
    """Its sections as documents of their own, so that short ones are learnt from as well."""
    lines = document.text.split("\n")
    starts = [h.line - 1 for h in outline(document.text).headings if h.level <= 3] or [0]
    pieces = [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]
    texts = ["\n".join(piece) for piece in pieces if sum(bool(line.strip()) for line in piece) > 1]
    return tuple(replace(document, name=document.name + _EXCERPT, text=text) for text in texts)


def fitted(documents: Sequence[Prepared]) -> Reader:
    """The reader fitted on these. What the first model says of a document is learnt without that document."""
    documents = _with_known_words(documents)
    whole = [d.document.name for d in documents if not d.document.name.endswith(_EXCERPT)]
    fold_of = {name: place % _INNER for place, name in enumerate(dict.fromkeys(whole))}
    aware: dict[int, list[Any]] = {}
    for fold in range(_INNER):
        left = [n for n, d in enumerate(documents) if fold_of[d.document.name.removesuffix(_EXCERPT)] == fold]
        first = _linear([documents[n] for n in range(len(documents)) if n not in left])
        for n in left:
            each = documents[n]
            aware[n] = with_neighbours(each.rows, first.chances(each.rows), each.outline, each.units)
    second = _linear(documents, [aware[n] for n in range(len(documents))])
    return Reader(_linear(documents), second, BIAS)


def _with_known_words(documents: Sequence[Prepared]) -> list[Prepared]:
    """Only words of several documents: others name what one product is about."""
    counted = Counter(
        name for d in documents for name in {n for row in d.rows for n in row if n.startswith("word: ")}
    )
    rare = {name for name, count in counted.items() if count < _DOCUMENTS_OF_A_WORD}
    return [
        replace(d, rows=[{name: v for name, v in row.items() if name not in rare} for row in d.rows])
        for d in documents
    ]


def _linear(documents: Sequence[Prepared], rows: Sequence[list[Any]] | None = None) -> Linear:
    taken = rows if rows is not None else [d.rows for d in documents]
    given = [
        (row, sense, d.weight)
        for d, of_it in zip(documents, taken, strict=True)
        for row, sense in zip(of_it, d.senses, strict=True)
        if sense is not None
    ]
    vectors = DictVectorizer(sparse=True)
    matrix = vectors.fit_transform([row for row, _, _ in given])
    model = LogisticRegression(C=REGULARITY, max_iter=400, tol=1e-3)
    model.fit(matrix, [sense for _, sense, _ in given], sample_weight=[weight for _, _, weight in given])
    order = [list(model.classes_).index(sense) for sense in SENSES]
    weights: Matrix = model.coef_[order]
    names = vectors.get_feature_names_out()
    return Linear(
        {str(name): weights[:, n] for n, name in enumerate(names)}, np.asarray(model.intercept_[order])
    )


def kept(linear: Linear) -> dict[str, Any]:
    """A model as JSON keeps it; weights that weigh nothing are left out."""
    return {
        "intercept": [round(float(x), 4) for x in linear.intercept],
        "weights": {
            name: [round(float(x), 3) for x in found]
            for name, found in sorted(linear.weights.items())
            if float(np.abs(found).max()) > 0.02
        },
    }
