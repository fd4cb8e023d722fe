"""Text that the tracker refuses, for it could not be kept as it is."""

from __future__ import annotations

from integrations.tracker import UnacceptableText
from storage.exact_text import is_exact


def require_exact(value: object) -> None:
    """Raise UnacceptableText where `is_exact` does not hold: no text is ever kept changed or cut."""
    if not is_exact(value):
        raise UnacceptableText("The text holds characters that cannot be stored (NUL or half a character).")
