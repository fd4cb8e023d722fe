"""What orders answers with, from the rows of its database."""

from datetime import datetime


def order_of(number: int, placed: datetime, state: str, total: str, items: list[dict]) -> dict:
    return {"id": number, "placed": placed.isoformat(), "state": state, "total": total, "items": items}


def item_of(product: str, quantity: int, unit_price: object, **more: object) -> dict:
    return {"product": product, "quantity": quantity, "unit_price": str(unit_price), **more}


def by_order(rows: list[tuple]) -> dict[int, list[tuple]]:
    """Rows that begin with their order's number, without it."""
    found: dict[int, list[tuple]] = {}
    for number, *rest in rows:
        found.setdefault(number, []).append(tuple(rest))
    return found
