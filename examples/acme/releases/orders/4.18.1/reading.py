"""How orders are read: the orders, all of their items, and what was refunded."""

from answers import by_order, item_of, order_of

_ORDERS = "SELECT id, placed, state, total FROM orders"
_ITEMS = "SELECT order_id, id, product, quantity, unit_price FROM items WHERE order_id = ANY(%s) ORDER BY id"
_REFUNDED = "SELECT coalesce(sum(amount), 0) FROM refunds WHERE item_id = %s"


async def order(ask, number: int) -> dict | None:
    found = await _with_items(ask, await ask(f"{_ORDERS} WHERE id = %s", number))
    return found[0] if found else None


async def history(ask, account: int, most: int) -> list[dict]:
    newest = f"{_ORDERS} WHERE account = %s ORDER BY placed DESC LIMIT %s"
    return await _with_items(ask, await ask(newest, account, most))


async def _with_items(ask, orders: list[tuple]) -> list[dict]:
    items = by_order(await ask(_ITEMS, [one[0] for one in orders]))
    return [await _whole(ask, one, items.get(one[0], [])) for one in orders]


async def _whole(ask, row: tuple, items: list[tuple]) -> dict:
    number, placed, state, total = row
    lines = [item_of(*rest, refunded=await _refunded(ask, item)) for item, *rest in items]
    return order_of(number, placed, state, str(total), lines) | {
        "pieces": sum(one["quantity"] for one in lines)
    }


async def _refunded(ask, item: int) -> str:
    ((amount,),) = await ask(_REFUNDED, item)
    return str(amount)
