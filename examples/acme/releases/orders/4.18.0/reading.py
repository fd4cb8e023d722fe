"""How orders are read: the orders, then all of their items, which are counted."""

from answers import by_order, item_of, order_of

_ORDERS = "SELECT id, placed, state, total FROM orders"
_ITEMS = "SELECT order_id, product, quantity, unit_price FROM items WHERE order_id = ANY(%s) ORDER BY id"


async def order(ask, number: int) -> dict | None:
    found = await _with_items(ask, await ask(f"{_ORDERS} WHERE id = %s", number))
    return found[0] if found else None


async def history(ask, account: int, most: int) -> list[dict]:
    newest = f"{_ORDERS} WHERE account = %s ORDER BY placed DESC LIMIT %s"
    return await _with_items(ask, await ask(newest, account, most))


async def _with_items(ask, orders: list[tuple]) -> list[dict]:
    items = by_order(await ask(_ITEMS, [one[0] for one in orders]))
    return [_counted(one, items.get(one[0], [])) for one in orders]


def _counted(row: tuple, items: list[tuple]) -> dict:
    number, placed, state, total = row
    order = order_of(number, placed, state, str(total), [item_of(*item) for item in items])
    return order | {"pieces": sum(quantity for _, quantity, _ in items)}
