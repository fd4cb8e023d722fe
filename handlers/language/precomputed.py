"""Embeddings of the sample utterances, kept beside them, so that a first start does not wait for them.

`python -m handlers.language.precomputed` writes the file anew after utterances have changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handlers.language.embedding import DIMENSIONS, MODEL, Vectors, embed
from handlers.language.utterances import read_utterances

FILE = Path(__file__).parent / "embeddings.npz"


def digest(text: str) -> bytes:
    """What a text is found by."""
    return hashlib.sha256(text.encode("utf-8")).digest()[:8]


def embed_known(texts: Sequence[str], file: Path = FILE) -> Vectors:
    """As `embed`, but takes from `file` what it holds for this very model; the rest is computed."""
    known = stored(file)
    missing = [text for text in dict.fromkeys(texts) if digest(text) not in known]
    known |= dict(zip(map(digest, missing), embed(missing), strict=True)) if missing else {}
    return np.asarray([known[digest(text)] for text in texts], dtype=np.float32).reshape(-1, DIMENSIONS)


def write(texts: Sequence[str], file: Path = FILE) -> None:
    """Store the embeddings of `texts`, a byte a dimension: the largest absolute value of a row is 127.

    What `file` holds already for this model is kept; the rest is computed.
    """
    unique = sorted(set(texts))
    rows = embed_known(unique, file)
    scale = np.abs(rows).max(axis=1) / 127
    np.savez_compressed(
        file,
        model=np.array(MODEL),
        digests=np.frombuffer(b"".join(map(digest, unique)), dtype=np.uint8).reshape(-1, 8),
        rows=np.round(rows / scale[:, None]).astype(np.int8),
        scale=scale.astype(np.float32),
    )


def stored(file: Path = FILE) -> dict[bytes, Vectors]:
    """What `file` holds, by digest; nothing if it is of another model."""
    if not file.exists():
        return {}
    with np.load(file, allow_pickle=False) as kept:
        if str(kept["model"]) != MODEL:
            return {}
        rows = kept["rows"].astype(np.float32) * kept["scale"][:, None]
        return {bytes(key): row for key, row in zip(kept["digests"], rows, strict=True)}


if __name__ == "__main__":
    write([text for lines in read_utterances().values() for text in lines])
