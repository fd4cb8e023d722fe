"""The embedded tracker: kept in our own database."""

from integrations.integration import Integration
from integrations.tracker.vendors.local.tracker import LocalTracker

INTEGRATION = Integration(
    kind="tracker",
    name="local",
    title="Countersign's own tracker",
    open=lambda around: LocalTracker(around.database, around.tenant),
)
