"""The data engineer: writes stories about pipelines, schemas, migrations and queries."""

from __future__ import annotations

from agents.engineering.by_rule.skeleton import by_rule as by_rule
from agents.engineering.engineer import engineer

ROLE = engineer("data_engineer", "Data Engineer", "pipelines, schemas, migrations and queries")
