"""The page that says why there is no page."""

from __future__ import annotations

from bot.console.frame import static_url
from bot.console.render import render


def error_page(status: int, sentence: str) -> str:
    """A refusal as a page of its own."""
    return render("error.html", status=status, sentence=sentence, static=static_url)
