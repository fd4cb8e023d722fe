"""Governance's own actions: roles, agents' settings, delegation, overrides, windows, the policy itself.

Each is a change of the department's own rows, performed in the ruling's transaction.
"""

from __future__ import annotations

from governance.actions import (
    access,
    agents,
    delegation,
    department,
    emergencies,
    freezing,
    halting,
    overruling,
    policy,
    windows,
)
from governance.authority.policy import Policy
from governance.registry import ActionSpec


def specs(installed: Policy) -> tuple[ActionSpec, ...]:
    """All of them, for the registry; `installed` is the policy of the file."""
    return (
        *access.specs(installed),
        *agents.SPECS,
        *delegation.SPECS,
        *department.SPECS,
        *emergencies.SPECS,
        *freezing.SPECS,
        *halting.SPECS,
        *overruling.SPECS,
        *policy.specs(installed),
        *windows.SPECS,
    )
