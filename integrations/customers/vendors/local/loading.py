"""Writing what `customers.yaml` holds into the embedded customer system."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.customers.vendors.local.customers_file import CustomersFile
from integrations.customers.vendors.local.tables import AccountRow, CommitmentRow, RequestRow


async def write_customers(tx: AsyncSession, customers: CustomersFile) -> None:
    """Write accounts, requests and commitments that are not there yet.

    Raises sqlalchemy.exc.IntegrityError for an id that is.
    """
    tx.add_all(AccountRow(**asdict(account)) for account in customers.accounts)
    await tx.flush()
    tx.add_all(RequestRow(**asdict(request)) for request in customers.requests)
    tx.add_all(CommitmentRow(**asdict(commitment)) for commitment in customers.commitments)
    await tx.flush()
