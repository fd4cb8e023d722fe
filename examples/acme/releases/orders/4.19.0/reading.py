"""How orders are read: the orders, with totals in minor units, then all of their items with their refunds."""

from answers import by_order, item_of, order_of

_ORDERS = "SELECT id, placed, state, total_minor FROM orders"
_ITEMS = """
    SELECT order_id, product, quantity, unit_price, coalesce(sum(amount), 0)
    FROM items LEFT JOIN refunds ON refunds.item_id = items.id
    WHERE order_id = ANY(%s) GROUP BY items.id ORDER BY items.id
"""


async def order(ask, number: int) -> dict | None:
    found = await _with_items(ask, await ask(f"{_ORDERS} WHERE id = %s", number))
    return found[0] if found else None


async def history(ask, account: int, most: int) -> list[dict]:
    newest = f"{_ORDERS} WHERE account = %s ORDER BY placed DESC LIMIT %s"
    return await _with_items(ask, await ask(newest, account, most))


async def _with_items(ask, orders: list[tuple]) -> list[dict]:
    items = by_order(await ask(_ITEMS, [one[0] for one in orders]))
    return [_whole(one, items.get(one[0], [])) for one in orders]


def _whole(row: tuple, items: list[tuple]) -> dict:
    number, placed, state, minor = row
    lines = [item_of(*rest, refunded=str(refunded)) for *rest, refunded in items]
    order = order_of(number, placed, state, f"{minor // 100}.{minor % 100:02}", lines)
    return order | {"pieces": sum(one["quantity"] for one in lines)}
