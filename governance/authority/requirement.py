"""The requirements' matrix, cell for cell: what `authority.yaml` may explain and never change.

Source: REQUIREMENTS, "Decision Authority Matrix". The conditions are what its words mean here; the
limit itself counts as over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RequiredRow:
    """A row as the requirements have it, and what the words in its cells mean."""

    name: str
    title: str
    auto: str
    approval: str
    people_only: str
    where: Mapping[str, str] = field(default_factory=dict)
    elsewhere: str | None = None


REQUIRED = (
    RequiredRow("story_creation", "Story creation", "✅", "-", "-"),
    RequiredRow(
        "code_changes",
        "Code changes",
        "✅ (non-breaking)",
        "✅ (breaking)",
        "-",
        {"non-breaking": "breaking is false", "breaking": "breaking is true"},
    ),
    RequiredRow(
        "deployments",
        "Deployments",
        "✅ (staging)",
        "✅ (production)",
        "-",
        {"staging": "environment is staging", "production": "environment is production"},
    ),
    RequiredRow(
        "rollbacks",
        "Rollbacks",
        "✅ (incidents)",
        "-",
        "-",
        {"incidents": "in_incident is true"},
        elsewhere="rollback_outside_incident",
    ),
    RequiredRow("architecture_changes", "Architecture changes", "-", "✅", "-"),
    RequiredRow(
        "security_patches",
        "Security patches",
        "✅ (critical)",
        "✅ (others)",
        "-",
        {"critical": "severity is critical", "others": "severity is high|medium|low"},
    ),
    RequiredRow(
        "resource_scaling",
        "Resource scaling",
        "✅ (<$1000)",
        "✅ (>$1000)",
        "-",
        {"<$1000": "cost < 1000", ">$1000": "cost >= 1000"},
    ),
    RequiredRow("customer_communications", "Customer communications", "-", "✅", "-"),
    RequiredRow(
        "compliance_reports",
        "Compliance reports",
        "✅ (generate)",
        "-",
        "✅ (submit)",
        {"generate": "step is generate", "submit": "step is submit"},
    ),
    RequiredRow("team_assignments", "Team assignments", "-", "✅", "-"),
)
