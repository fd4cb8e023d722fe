"""The two cookies of signing in: which browser began it, and which session it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie out of scripts' reach, sent along when somebody follows a link to us and never with a post
    from elsewhere. On https it cannot be set by a neighbouring host either (`__Host-`)."""

    name: str
    lasts: timedelta
    is_https: bool

    def read(self, request: web.Request) -> str | None:
        """What the browser sent."""
        return request.cookies.get(self._full_name) or None

    def give(self, response: web.StreamResponse, value: str) -> None:
        """Let the browser keep `value`."""
        response.set_cookie(
            self._full_name,
            value,
            max_age=int(self.lasts.total_seconds()),
            path="/",
            secure=self.is_https,
            httponly=True,
            samesite="Lax",
        )

    def take_back(self, response: web.StreamResponse) -> None:
        """Let the browser forget it."""
        response.del_cookie(self._full_name, path="/", secure=self.is_https, httponly=True, samesite="Lax")

    @property
    def _full_name(self) -> str:
        return f"__Host-countersign_{self.name}" if self.is_https else f"countersign_{self.name}"
