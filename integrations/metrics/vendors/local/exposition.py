"""What a replica exports, read: Prometheus' text format and OpenMetrics, whose lines of samples are alike.

https://prometheus.io/docs/instrumenting/exposition_formats/. A replica is somebody else's code: what it says is
bounded in length and number, and only what a measure is made of is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

MOST_BYTES = 2_000_000
"""Of one answer."""

MOST_SERIES = 2_000
"""Of one replica, over all its life."""

LONGEST_LINE = 1_000
MOST_LABELS = 12
LONGEST_VALUE = 200
"""Of a label, in characters."""

_HISTOGRAMS = ("http_request_duration_seconds", "http_client_request_duration_seconds")
GAUGES = frozenset({"db_pool_in_use", "db_pool_size"})
COUNTERS = frozenset(
    {
        "http_requests_total",
        "http_client_requests_total",
        *(f"{one}_{part}" for one in _HISTOGRAMS for part in ("bucket", "sum", "count")),
    }
)
_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")

Key = tuple[str, tuple[tuple[str, str], ...]]
"""A series: its name, and its labels in the order of their names."""


class ExpositionError(ValueError):
    """What a replica answered is no exposition."""


@dataclass(frozen=True, slots=True)
class Exposed:
    """The samples of one answer by series, and how many more there were than are kept."""

    samples: Mapping[Key, float]
    left_out: int


def parse(text: str) -> Exposed:
    """The samples that measures are made of. Raises ExpositionError."""
    samples: dict[Key, float] = {}
    left_out = 0
    for line in _wanted_lines(text):
        if len(line) > LONGEST_LINE:  # the parser's time is quadratic in it
            left_out += 1
            continue
        key, value = _sample(line)
        is_long = len(key[1]) > MOST_LABELS or any(len(label) > LONGEST_VALUE for _, label in key[1])
        if is_long or (key not in samples and len(samples) >= MOST_SERIES):
            left_out += 1
            continue
        samples[key] = value
    return Exposed(samples, left_out)


def _wanted_lines(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        named = _NAME.match(line)
        if named is not None and (named[0] in COUNTERS or named[0] in GAUGES):
            yield line
        elif named is None and line.strip() and not line.startswith("#"):
            raise ExpositionError("a line begins with no name of a metric")


def _sample(line: str) -> tuple[Key, float]:
    try:
        family = next(iter(text_string_to_metric_families(line)))
        sample = family.samples[0]
        # PostgreSQL’s JSON holds no NUL.
        labels = tuple(sorted((name, label.replace("\0", "")) for name, label in sample.labels.items()))
        return (sample.name, labels), float(sample.value)
    except (ValueError, OverflowError) as wrong:
        raise ExpositionError("a sample cannot be read") from wrong
