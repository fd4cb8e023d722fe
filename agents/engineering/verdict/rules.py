"""Every rule that looks at the two trees alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agents.engineering.verdict.agent_rules import agent_rules
from agents.engineering.verdict.changes import ChangeSet, Finding
from agents.engineering.verdict.ci import ci
from agents.engineering.verdict.data_files import data_files
from agents.engineering.verdict.dependencies import dependencies
from agents.engineering.verdict.exposure import exposure
from agents.engineering.verdict.guards import lost_guards
from agents.engineering.verdict.harm import harm
from agents.engineering.verdict.literals import literals
from agents.engineering.verdict.migrations import migrations
from agents.engineering.verdict.python_api import python_api
from agents.engineering.verdict.settings_of_checks import settings_of_checks
from agents.engineering.verdict.small_edits import small_edits
from agents.engineering.verdict.tampering import tampering

Rule = Callable[[ChangeSet], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    python_api,
    literals,
    small_edits,
    data_files,
    migrations,
    tampering,
    settings_of_checks,
    ci,
    harm,
    lost_guards,
    exposure,
    dependencies,
    agent_rules,
)


def findings_of(change: ChangeSet) -> tuple[Finding, ...]:
    """What every rule finds, each once, in the order of the rules."""
    return tuple(dict.fromkeys(finding for rule in RULES for finding in rule(change)))
