"""In which order checkout asks the others: whose session it is and what the account ordered, at once."""

import asyncio


async def allowed_orders(account_of, orders_of, session: str, account: int) -> list[dict]:
    whose, orders = await asyncio.gather(account_of(session), orders_of(account))
    return orders if whose == account else []
