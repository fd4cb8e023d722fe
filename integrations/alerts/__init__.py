"""Alerts: what monitoring tells us by itself. The port of everything that sends some.

An alert only says *look here*. Its words are its sender's: they are shown as such, and grant, approve and order
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

SEVERAL = True
"""A department may have several vendors of this kind at once."""

MOST_ALERTS = 1_000
"""Alerts of one delivery; more are refused, for a sender that is told so can send fewer at a time."""

LONGEST_NAME = 200
"""Characters of a name, an id or a label's name. A longer one is cut off."""

LONGEST_WORDS = 2_000
"""Characters of a label's or an annotation's value, and of a link. Longer words are cut off; a longer link is
left out."""

MOST_LABELS = 50
"""Labels, and annotations, of one alert that are kept: the first by name."""


class AlertStatus(StrEnum):
    """Whether what an alert tells of goes on."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as it came in, all of its text bounded and storable.

    `source` is the vendor's name. `key` is unique for what is told: the same thing told again has the same one.
    `fingerprint` names the alert itself, from its beginning to its end and when it fires anew. `service` is as
    the sender calls it, empty where it does not say; `stage` is `production` unless the sender says otherwise.
    `severity` and `name` are the sender's words. `ended` is there once it is resolved; `link` is an http
    address at the sender, or empty. `told` is when the sender said this, by which what overtook what is known.

    With `repeats` the sender tells the same again while it lasts, with the same key: then that is news (*still
    so*), and otherwise a replay. `left_out` counts alerts that the sender left out of the same delivery.
    """

    source: str
    key: str
    fingerprint: str
    name: str
    service: str
    stage: str
    status: AlertStatus
    told: datetime
    started: datetime
    ended: datetime | None
    severity: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    link: str
    repeats: bool = False
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was posted to a vendor's address, at the moment `at`. `headers` are found in any case."""

    headers: Mapping[str, str]
    body: bytes
    at: datetime


class SwitchedOff(Exception):
    """This vendor has no secret here, so nobody can prove to be it."""


class NotProved(Exception):
    """A delivery does not prove that it comes from the vendor, or not from now. The text says what is missing,
    and nothing of the secret."""


class Unreadable(ValueError):
    """A delivery is the vendor's and cannot be read. The text says what of it."""


class TooMany(ValueError):
    """A delivery holds more than MOST_ALERTS."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count:,} alerts at once: at most {MOST_ALERTS:,} are taken. Nothing of it was.")


class AlertSource(Protocol):
    """Reads what one vendor sends. Pure: what was sent before is the caller's to know."""

    def receive(self, delivery: Delivery) -> tuple[Alert, ...]:
        """The alerts of a delivery that proves where it comes from; none where it tells of something else.

        Raises SwitchedOff, NotProved, Unreadable, TooMany.
        """
