"""Activities on their way to the bot, signed as the Bot Framework signs them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from simulators.teams.world import Json


@dataclass(frozen=True)
class Delivery:
    """What the bot answered to an activity."""

    activity: Json
    status: int
    body: str

    @property
    def is_taken(self) -> bool:
        """Whether Teams would be content with it."""
        return 200 <= self.status < 300

    @property
    def answer(self) -> Any:
        """The body as JSON, None for an empty one."""
        return json.loads(self.body) if self.body else None
