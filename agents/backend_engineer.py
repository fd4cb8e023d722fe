"""The backend engineer: writes stories about the services: their APIs, their data and the work behind them."""

from __future__ import annotations

from agents.engineering.by_rule.skeleton import by_rule as by_rule
from agents.engineering.engineer import engineer

ROLE = engineer(
    "backend_engineer", "Backend Engineer", "the services: their APIs, their data and the work behind them"
)
