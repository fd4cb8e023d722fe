"""Who takes payments, and how long that takes in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Acquirer:
    name: str
    answers_within: float


ACQUIRERS = (
    Acquirer("north", 0.008),
    Acquirer("harbour", 0.009),
    Acquirer("meridian", 0.008),
    Acquirer("lakeside", 0.009),
)
