"""What a project manager may say about a plan's stories before they are scheduled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agents.planning.draft import Precedence
from integrations.tracker import Priority


@dataclass(frozen=True, slots=True)
class Advice:
    """Priorities by story key, and links beyond those found by rule, unless they close a circle."""

    priorities: Mapping[str, Priority] = field(default_factory=dict)
    links: tuple[Precedence, ...] = ()


NO_ADVICE = Advice()
