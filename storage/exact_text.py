"""Text that the database cannot keep exactly as it is, found before anything is written or asked."""

from __future__ import annotations

from dataclasses import fields, is_dataclass


def is_exact(value: object) -> bool:
    """Whether every string in `value`, or in any nesting of sequences and dataclasses, can be kept as it is.

    PostgreSQL's text holds all strings but those with NUL characters or lone surrogates.
    """
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    if is_dataclass(value):
        return all(is_exact(getattr(value, part.name)) for part in fields(value))
    if isinstance(value, tuple | list | frozenset):
        return all(is_exact(item) for item in value)
    return True
