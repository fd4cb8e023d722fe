"""`Retry-After`: how long a platform asks to be left alone (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import math
from collections.abc import Mapping

LONGEST_SECONDS = 3600.0
"""So long we let anybody make us wait at a time."""


def seconds_asked(headers: Mapping[str, str]) -> float | None:
    """The seconds that an answer's headers ask for, within bounds; None where they say nothing of use."""
    told = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        seconds = float(told)
    except ValueError:
        return None
    return min(max(seconds, 0.0), LONGEST_SECONDS) if math.isfinite(seconds) else None
