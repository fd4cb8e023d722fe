"""How well requests are understood: public intent sets, 10 examples an intent, and the catalogue's own.

Protocol: learn from `train_10`, accuracy on `test`, for
HWU64 and Banking77. The reference, TF-IDF with a linear SVM at scikit-learn's defaults, learns and answers in
the same run. As in the product, where a request is added, a label's own words count as one more example of
it; the validation parts are
not learnt from. The catalogue's own names, which the encoder was trained on, are tried on
`tests/handlers/language`.

    python -m bench.intents            # data from BENCH_DATA (intents/HWU64 and intents/BANKING77)
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.targets import Targets
from handlers.language.classifier import fit
from handlers.language.embedding import embed
from handlers.language.recogniser import Recogniser
from handlers.language.utterances import NONE

ROOT = Path(__file__).resolve().parent.parent
RIGHT = {"HWU64": 0.83, "BANKING77": 0.835}
SETS = tuple(RIGHT)
MILLISECONDS = 40.0

Labelled = list[tuple[str, str]]


def main() -> int:
    """Print the figures; 1 if a target was missed, 2 if data is missing."""
    data = Path(os.environ.get("BENCH_DATA", ROOT.parent / "shared" / "bench")) / "intents"
    needed = [data / name / part / file for name in SETS for part in ("train_10", "test") for file in _FILES]
    if missing := [str(path) for path in needed if not path.is_file()]:
        print("missing, so nothing was measured (set BENCH_DATA):", *missing, sep="\n  ", file=sys.stderr)
        return 2
    targets = Targets()
    for name in SETS:
        _public(name, _read(data / name / "train_10"), _read(data / name / "test"), targets)
    _catalogue(targets)
    return targets.status()


_FILES = ("seq.in", "label")


def _read(folder: Path) -> Labelled:
    texts, labels = ((folder / file).read_text("utf-8").splitlines() for file in _FILES)
    return list(zip(labels, texts, strict=True))


def _public(name: str, train: Labelled, test: Labelled, targets: Targets) -> None:
    began = time.perf_counter()
    classifier = fit(train, embed)
    fitted = time.perf_counter()
    answers, took = [], []
    for _, text in test:
        asked = time.perf_counter()
        answers.append(classifier.names[int(classifier.probabilities([text], embed)[0].argmax())])
        took.append(time.perf_counter() - asked)
    ours = float(np.mean([answer == label for answer, (label, _) in zip(answers, test, strict=True)]))
    reference = _reference(train, test)
    targets.at_least(name, ours, RIGHT[name])
    targets.below(f"{name}, ms a message", float(np.median(took)) * 1000, MILLISECONDS)
    print(
        f"{name:10}  {ours:.3f}  = {ours / reference:.3f} x TF-IDF + linear SVM ({reference:.3f})"
        f"   {_milliseconds(took)}, learnt in {fitted - began:.1f} s"
        f"   ({len(train)} examples, {len(test)} tried)"
    )


def _reference(train: Labelled, test: Labelled) -> float:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    labels, texts = zip(*train, strict=True)
    model = make_pipeline(TfidfVectorizer(), LinearSVC()).fit(texts, labels)
    wanted, tried = zip(*test, strict=True)
    return float(model.score(tried, wanted))


def _catalogue(targets: Targets) -> None:
    folder = ROOT / "tests" / "handlers" / "language" / "utterances"
    test = [
        (file.stem, line)
        for file in sorted(folder.glob("*.txt"))
        for line in file.read_text("utf-8").splitlines()
    ]
    with tempfile.TemporaryDirectory() as cache:
        began = time.perf_counter()
        recogniser = Recogniser.load(Path(cache))
        loaded = time.perf_counter()
    recogniser.warm()
    names, took = [], []
    for _, text in test:
        asked = time.perf_counter()
        names.append(recogniser.recognise_all([text])[0].name or NONE)
        took.append(time.perf_counter() - asked)
    inside = _right(names, test, within=True)
    outside = _right(names, test, within=False)
    targets.at_least("catalogue, in scope", inside, 0.85)
    targets.at_least("catalogue, refused out of scope", outside, 0.8)
    targets.below("catalogue, ms a message", float(np.median(took)) * 1000, MILLISECONDS)
    print(
        f"catalogue   {inside:.3f} right in scope, {outside:.3f} refused out of scope, "
        f"threshold {recogniser.heads.threshold:.2f}   {_milliseconds(took)}, "
        f"loaded in {loaded - began:.2f} s   ({len(test)} tried)"
    )


def _milliseconds(took: Sequence[float]) -> str:
    median, late = np.percentile(took, [50, 95]) * 1000
    return f"{median:.1f} ms a message (median; 95 % under {late:.1f})"


def _right(names: Sequence[str], test: Labelled, *, within: bool) -> float:
    pairs = [(name, label) for name, (label, _) in zip(names, test, strict=True) if (label != NONE) == within]
    return float(np.mean([name == label for name, label in pairs]))


if __name__ == "__main__":
    sys.exit(main())
