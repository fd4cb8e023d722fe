"""Canonical JSON (RFC 8785): one sequence of bytes for one value, so that it can be hashed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import rfc8785

Plain = bool | int | str | float | None | list["Plain"] | dict[str, "Plain"]
"""A value in JSON's own types."""

_LARGEST_INTEGER = 2**53 - 1
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class NotCanonical(ValueError):
    """A value that has no canonical JSON form: not finite, naive in time, or of an unknown type."""


def canonical(value: object) -> bytes:
    """The canonical JSON of a value, in UTF-8.

    Decimals become strings without exponent, datetimes UTC with six digits of a second and `Z`, dates
    ISO 8601; everything else must be JSON already. Raises `NotCanonical`.
    """
    plain, simple = _plain(value)
    if simple:
        # Five times faster than the library; a property test holds the two together.
        return canonical_of_ours(plain)
    try:
        return rfc8785.dumps(plain)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise NotCanonical(str(error)) from error


def canonical_of_ours(value: Plain) -> bytes:
    """The same for a value that we put together ourselves: ASCII keys, no floats. Saves looking.

    The standard encoder then writes the bytes that RFC 8785 demands. Raises `NotCanonical`.
    """
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError as error:
        raise NotCanonical(str(error)) from error


def moment(at: datetime) -> str:
    """A point in time as the log writes it: UTC, microseconds, `2026-11-23T08:00:00.000000Z`."""
    if at.tzinfo is None:
        raise NotCanonical("a time without a zone")
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return in_utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def amount(value: Decimal) -> str:
    """A decimal as the log writes it: a string without exponent, `1000`, `0.10`."""
    if not value.is_finite():
        raise NotCanonical(f"{value} is not a finite number")
    return format(value, "f")


def _plain(value: object) -> tuple[Plain, bool]:
    """The value in JSON's own types, and whether it holds neither floats nor non-ASCII keys."""
    if value is None or type(value) is str or type(value) is bool:
        return value, True
    match value:
        case str():
            return str(value), True
        case int():
            if abs(value) > _LARGEST_INTEGER:
                raise NotCanonical(f"{value} is beyond the whole numbers that JSON carries exactly")
            return int(value), True
        case Mapping():
            return _plain_mapping(value)
        case list() | tuple():
            items = [_plain(item) for item in value]
            return [item for item, _ in items], all(simple for _, simple in items)
        case float():
            return value, False
        case Decimal():
            return amount(value), True
        case datetime():
            return moment(value), True
        case date():
            return value.isoformat(), True
        case _:
            raise NotCanonical(f"{type(value).__name__} has no canonical form")


def _plain_mapping(value: Mapping[object, object]) -> tuple[dict[str, Plain], bool]:
    members: dict[str, Plain] = {}
    all_simple = True
    for key, item in value.items():
        if not isinstance(key, str):
            raise NotCanonical(f"the key {key!r} is not a string")
        members[str(key)], simple = _plain(item)
        all_simple = all_simple and simple and key.isascii()
    return members, all_simple
