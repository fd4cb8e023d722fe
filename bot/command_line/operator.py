"""Who runs a command, as the operating system knows them: no variable of the environment says so."""

from __future__ import annotations

import os
import pwd


def operator() -> str:
    """`os:NAME` of this process's user, or its number where the system has no name for it."""
    user = os.getuid()
    try:
        return f"os:{pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"os:{user}"
