"""The frontend engineer: writes stories about what people see in the browser."""

from __future__ import annotations

from agents.engineering.by_rule.skeleton import by_rule as by_rule
from agents.engineering.engineer import engineer

ROLE = engineer(
    "frontend_engineer",
    "Frontend Engineer",
    "what people see in the browser: pages, components, their state and their tests",
)
