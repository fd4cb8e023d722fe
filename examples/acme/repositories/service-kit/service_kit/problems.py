"""Answers that say what was wrong (RFC 9457)."""

from __future__ import annotations

import json
from http import HTTPStatus


class Problem(Exception):
    """What a request is refused with. `detail` is for whoever sent it."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail

    def body(self) -> bytes:
        """As `application/problem+json`."""
        said = {"title": self.status.phrase, "status": self.status.value, "detail": self.detail}
        return json.dumps(said).encode()
