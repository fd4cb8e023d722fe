"""What is said of effects that a halt, freeze or window held back, once it has ended."""

from __future__ import annotations


def held_back(released: int) -> str:
    """A sentence about the `released` effects that had waited."""
    if not released:
        return "Nothing was held back."
    waited = "1 thing that was held back is" if released == 1 else f"{released} things that were held back are"
    return f"{waited} looked at anew now."
