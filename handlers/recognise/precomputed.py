"""Embeddings of the sample utterances, kept beside them, so that a first start does not wait for them.

`python -m handlers.recognise.precomputed` writes the file anew after utterances have changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handlers.recognise.embedding import DIMENSIONS, MODEL, Vectors, embed
from handlers.recognise.utterances import FOLDER, read_utterances

FILE = FOLDER / "embeddings.npz"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8")).digest()[:8]


def embed_known(texts: Sequence[str], file: Path = FILE) -> Vectors:
    """As `embed`, but takes from `file` what it holds for this very model; the rest is computed."""
    known = _read(file)
    missing = [text for text in dict.fromkeys(texts) if _digest(text) not in known]
    known |= dict(zip(map(_digest, missing), embed(missing), strict=True)) if missing else {}
    return np.asarray([known[_digest(text)] for text in texts], dtype=np.float32).reshape(-1, DIMENSIONS)


def write(texts: Sequence[str], file: Path = FILE) -> None:
    """Store the embeddings of `texts`, a byte a dimension: the largest absolute value of a row is 127."""
    unique = sorted(set(texts))
    rows = embed(unique)
    scale = np.abs(rows).max(axis=1) / 127
    np.savez_compressed(
        file,
        model=np.array(MODEL),
        digests=np.frombuffer(b"".join(map(_digest, unique)), dtype=np.uint8).reshape(-1, 8),
        rows=np.round(rows / scale[:, None]).astype(np.int8),
        scale=scale.astype(np.float32),
    )


def _read(file: Path) -> dict[bytes, Vectors]:
    if not file.exists():
        return {}
    with np.load(file, allow_pickle=False) as stored:
        if str(stored["model"]) != MODEL:
            return {}
        rows = stored["rows"].astype(np.float32) * stored["scale"][:, None]
        return {bytes(digest): row for digest, row in zip(stored["digests"], rows, strict=True)}


if __name__ == "__main__":
    write([text for lines in read_utterances().values() for text in lines])
