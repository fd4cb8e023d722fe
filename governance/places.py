"""Where something is said, and who reads along there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Audience(StrEnum):
    """Who reads a channel. Unknown channels and channels with guests are public."""

    PUBLIC = "public"
    DEPARTMENT = "department"
    RESTRICTED = "restricted"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Place:
    """A thread in a channel of a platform.

    `thread` is the platform's id of the thread's first message (the platform's own, opaque to us);
    replies to a turn go there, and follow-ups are understood within it.
    """

    platform: str
    channel: str
    thread: str
    audience: Audience

    @property
    def key(self) -> str:
        """The thread's name across platforms: one job at a time runs per key."""
        return f"{self.platform}:{self.channel}:{self.thread}"
