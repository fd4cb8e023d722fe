"""In which order checkout asks the others: whose session it is, then what the account ordered."""


async def allowed_orders(account_of, orders_of, session: str, account: int) -> list[dict]:
    return await orders_of(account) if await account_of(session) == account else []
