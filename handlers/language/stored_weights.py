"""Fitted weights on disk, so that a start reads them instead of fitting."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from handlers.language.classifier import Classifier, Vocabulary
from handlers.language.embedding import MODEL

_SOURCES = tuple(f"{module}.py" for module in ("classifier", "embedding", "recogniser"))


def key_of(utterances: Mapping[str, Sequence[str]]) -> str:
    """What the weights depend on, hashed: the utterances, this package's code, numpy and the model."""
    digest = hashlib.sha256(f"{MODEL} numpy {np.__version__}".encode())
    for source in _SOURCES:
        digest.update((Path(__file__).parent / source).read_bytes())
    for name in sorted(utterances):
        digest.update("\0".join(("", name, *utterances[name])).encode())
    return digest.hexdigest()[:24]


def read(folder: Path, key: str) -> Classifier | None:
    """The classifier stored under `key`; None if there is none or it is damaged."""
    try:
        with np.load(folder / f"recogniser-{key}.npz", allow_pickle=False) as stored:
            words, characters = (bytes(stored[part]).decode().split("\n") for part in ("words", "characters"))
            vocabulary = Vocabulary(
                {gram: at for at, gram in enumerate(words)},
                {gram: at + len(words) for at, gram in enumerate(characters)},
                stored["idf"].tolist(),
            )
            return Classifier(
                tuple(bytes(stored["names"]).decode().split("\n")),
                stored["mean"],
                stored["support"].astype(np.float32),
                stored["dual"],
                vocabulary,
                stored["surface"].astype(np.float32),
                float(stored["temperature"]),
            )
    except (FileNotFoundError, zipfile.BadZipFile, EOFError, KeyError, ValueError):
        return None


def write(folder: Path, key: str, classifier: Classifier) -> None:
    """Store under `key`, whole or not at all. Other keys' files go. Raises OSError if it cannot."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"recogniser-{key}.npz"
    descriptor, partial = tempfile.mkstemp(dir=folder, prefix="recogniser-", suffix=".partial")
    with os.fdopen(descriptor, "wb") as file:
        np.savez(
            file,
            names=_lines(classifier.names),
            mean=classifier.mean,
            support=classifier.support.astype(np.float16),
            dual=classifier.dual,
            words=_lines(classifier.vocabulary.words),
            characters=_lines(classifier.vocabulary.characters),
            idf=np.array(classifier.vocabulary.idf),
            surface=classifier.surface.astype(np.float16),
            temperature=np.array(classifier.temperature),
        )
        file.flush()
        os.fsync(file.fileno())
    Path(partial).replace(target)
    for other in folder.glob("recogniser-*.npz"):
        if other != target:
            other.unlink(missing_ok=True)


def _lines(texts: Sequence[str] | Mapping[str, int]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer("\n".join(texts).encode(), dtype=np.uint8)
