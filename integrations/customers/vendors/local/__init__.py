"""The embedded customers: kept in our own database."""

from integrations.customers.vendors.local.customers import LocalCustomers
from integrations.integration import Integration

INTEGRATION = Integration(
    kind="customers",
    name="local",
    title="Countersign's own customers",
    open=lambda around: LocalCustomers(around.database, around.tenant),
)
