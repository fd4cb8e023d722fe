"""Pieces of a page as HTML, for pages that are already open."""

from __future__ import annotations

from typing import Any

from bot.console.render import Shown, ShownThread, template_module


class Fragments:
    """Messages as one reader sees them, in their time zone."""

    def __init__(self, zone: str) -> None:
        self._templates: Any = template_module("messages.html", zone=zone)

    def message(self, message: Shown) -> str:
        """One message, as it stands in a thread."""
        return str(self._templates.message(message))

    def thread(self, thread: ShownThread) -> str:
        """A thread, as its channel lists it."""
        return str(self._templates.thread(thread))
