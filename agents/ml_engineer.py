"""The ML engineer: writes stories about models: their features, training, evaluation and serving."""

from __future__ import annotations

from agents.engineering.by_rule.skeleton import by_rule as by_rule
from agents.engineering.engineer import engineer

ROLE = engineer("ml_engineer", "ML Engineer", "models: their features, training, evaluation and serving")
