"""Small words of risks: likelihoods and days, as people read them."""

from __future__ import annotations

from handlers.conversation.wording import counted


def per_cent(likelihood: float) -> str:
    """`64 %`; near the ends no false precision, for the simulation knows no more than what it was told."""
    if likelihood >= 0.95:
        return "over 95 %"
    if likelihood < 0.05:
        return "under 5 %"
    return f"{100 * likelihood:.0f} %"


def days_text(days: float) -> str:
    """`4 working days`."""
    if days < 0.5:
        return "less than a day"
    return counted(round(days), "working day")
