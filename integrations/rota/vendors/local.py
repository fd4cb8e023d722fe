"""No rota elsewhere: who is on call is worked out from the department's file."""

from __future__ import annotations

from integrations.integration import Integration, Surroundings


def _open(_around: Surroundings) -> None:
    return None


INTEGRATION = Integration("rota", "local", "The department's file", _open)
