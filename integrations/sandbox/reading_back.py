"""Files that a command left in its tree, read by the trusted side: results of tests, coverage, lockfiles.

A command may have put a link to a file of this machine in their place, a pipe that nobody writes to, or a file
without an end. No part of the path is followed where it is a link, nothing is waited for, and no more is read
than was asked for.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotPlain(Exception):
    """What stands there is no plain file, cannot be read, or is larger than what is read: the text says it."""


def read_back(tree: Path, path: str, most: int) -> bytes | None:
    """A plain file of at most so many bytes, by its path in a tree; None where nothing stands there. Blocking.
    Raises NotPlain."""
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or parts[0] == "/":
        raise ValueError(f"{path} is no path in a tree")
    folder = os.open(tree, _FOLDER)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        descriptor = os.open(parts[-1], _FILE, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as refused:  # a link, a folder or a socket; or its owner keeps us out
        raise NotPlain(f"{path} is no plain file ({refused.strerror}).") from None
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotPlain(f"{path} is no plain file.")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise NotPlain(f"{path} is larger than {most:,} bytes.")
    return content
