"""Each release of the sample runs, counts what it does, and has the fault that it is there for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest

from storage.embedded import EmbeddedServer
from tests.examples.sample_services import Started, services_database, started

pytestmark = pytest.mark.processes

HISTORY = "/accounts/7/orders"
PAYMENT = {"order": 7, "amount": "12.50"}


@pytest.fixture(scope="module")
def data(server: EmbeddedServer) -> Iterator[dict[str, str]]:
    with services_database(server) as url:
        yield {"DATABASE_URL": url}


@pytest.fixture(scope="module")
async def orders(data: dict[str, str]) -> AsyncIterator[Started]:
    async with started("orders", "4.17.2", data) as one:
        yield one


def _lines(said: dict[str, Any]) -> int:
    return sum(len(order["items"]) for order in said["orders"])


@pytest.mark.parametrize("version", ["1.42.3", "1.43.0"])
async def test_payments_are_taken(version: str) -> None:
    async with started("payment-service", version, {}) as one:
        assert await one.codes(50, "/payments", PAYMENT) == {201: 50}
        _, paid = await one.ask("/payments", PAYMENT)
        assert await one.ask(f"/payments/{paid['id']}") == (200, paid)
        assert await one.codes(1, "/payments", {"order": "seven"}) == {400: 1}


async def test_one_release_of_payments_errs_for_a_fifth() -> None:
    async with started("payment-service", "1.43.1", {}) as one:
        assert await one.codes(50, "/payments", PAYMENT) == {201: 40, 500: 10}
        about = {"service": "payment-service", "version": "1.43.1", "route": "/payments"}
        assert await one.metric("http_requests_total", code="500", **about) == 10
        assert await one.metric("http_request_duration_seconds_count", **about) == 50


@pytest.mark.parametrize(("version", "begins"), [("1.28.0", "7."), ("2.0.0-rc.1", "v2.k1.7.")])
async def test_a_session_is_known_again_and_no_other(version: str, begins: str) -> None:
    async with started("auth-service", version, {}) as one:
        code, said = await one.ask("/sessions", {"account": 7})
        token = str(said["session"])
        assert (code, token.startswith(begins)) == (201, True)
        assert await one.ask(f"/sessions/{token}") == (200, {"account": 7})
        changed = token.replace(begins, begins.replace("7", "8"))
        for wrong in (changed, token[:-1], "7", "v2.k9.7.00", "."):
            async with one.client.get(f"{one.replica.address}/sessions/{wrong}") as answer:
                assert answer.status == 404, wrong


async def test_a_healthy_history_takes_two_queries_whatever_it_holds(orders: Started) -> None:
    before = await orders.metric("db_queries_total")
    code, said = await orders.ask(HISTORY)
    assert (code, len(said["orders"])) == (200, 10)
    assert _lines(said) > 10
    assert await orders.metric("db_queries_total") - before == 2
    order = said["orders"][0]
    worth = sum(line["quantity"] * float(line["unit_price"]) for line in order["items"])
    assert float(order["total"]) == pytest.approx(worth)
    assert await orders.ask(f"/orders/{order['id']}") == (200, order)
    assert await orders.codes(1, "/accounts/9999/orders") == {200: 1}


async def test_one_release_of_orders_asks_once_for_each_item(orders: Started, data: dict[str, str]) -> None:
    healthy, said = await orders.ask(HISTORY)
    async with started("orders", "4.18.1", data) as one:
        for path in (HISTORY, "/orders/7", "/orders/8"):
            before = await one.metric("db_queries_total")
            code, said = await one.ask(path)
            assert code == healthy == 200
            found = said if "orders" in said else {"orders": [said]}
            assert await one.metric("db_queries_total") - before == 2 + _lines(found), path


async def test_requests_beyond_the_pool_wait_and_those_beyond_its_queue_are_refused(orders: Started) -> None:
    about = {"service": "orders", "version": "4.17.2"}
    assert await orders.metric("db_pool_size", **about) == 2
    for _ in range(5):
        await orders.ask(HISTORY)
    alone = await orders.metric("db_pool_waits_total", **about)
    assert await orders.codes(40, HISTORY) == {200: 40}
    waits = await orders.metric("db_pool_waits_total", **about) - alone
    assert alone == 0
    assert 20 <= waits <= 38
    assert await orders.metric("db_pool_wait_seconds_total", **about) > 0
    codes = await orders.codes(600, HISTORY)
    assert set(codes) == {200, 503}
    assert codes[200] >= 100
    assert await orders.metric("db_pool_refusals_total", **about) == codes[503]
    assert await orders.metric("http_requests_total", code="503", **about) == codes[503]
    assert await orders.metric("db_pool_size", **about) == 2
    assert await orders.codes(1, HISTORY) == {200: 1}


async def test_a_database_that_went_away_is_said_and_found_again(orders: Started, data: dict[str, str]) -> None:
    with psycopg.connect(data["DATABASE_URL"], autocommit=True) as same:
        ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        same.execute(f"{ended} WHERE usename = current_user AND pid <> pg_backend_pid()")
    # At most both connections were lost; whoever had them is told.
    codes = [(await orders.ask(HISTORY))[0] for _ in range(4)]
    assert set(codes) <= {200, 503}
    assert codes[-1] == 200


async def test_behind_the_migration_older_releases_fail(server: EmbeddedServer) -> None:
    with services_database(server) as url:
        told = {"DATABASE_URL": url}
        async with started("orders", "4.18.0", told) as older:
            code, before = await older.ask(HISTORY)
            assert code == 200
            async with started("orders", "4.19.0", told) as newer:
                code, after = await newer.ask(HISTORY)
                assert code == 200
                assert [one["total"] for one in after["orders"]] == [one["total"] for one in before["orders"]]
                assert await older.codes(4, HISTORY) == {500: 4}
        async with started("orders", "4.17.2", told) as again:  # ready, and of no use
            assert await again.codes(4, HISTORY) == {500: 4}
            assert await again.metric("http_requests_total", code="500") == 4


async def test_two_replicas_make_the_data_once(server: EmbeddedServer) -> None:
    with services_database(server) as url:
        told = {"DATABASE_URL": url}
        async with AsyncExitStack() as stack:
            both = (stack.enter_async_context(started("orders", one, told)) for one in ("4.17.2", "4.18.0"))
            await asyncio.gather(*both)
            with psycopg.connect(url) as connection:
                counted = connection.execute("SELECT count(*) FROM orders_staging.orders").fetchone()
        assert counted == (6_000,)


async def test_what_is_called_and_does_not_run_is_said_with_503(data: dict[str, str]) -> None:
    nowhere = {f"{name}_URL": "http://127.0.0.1:9" for name in ("AUTH_SERVICE", "ORDERS", "PAYMENT_SERVICE")}
    async with started("checkout", "5.3.0", nowhere) as one:
        assert await one.codes(3, "/checkouts", {"session": "s", "account": 7}) == {503: 3}
        assert await one.metric("http_requests_total", route="/checkouts", code="503") == 3
        assert await one.metric("http_client_requests_total", callee="auth-service", code="none") == 3
        assert await one.metric("http_client_request_duration_seconds_count", callee="auth-service") == 3
        assert await one.metric("http_client_requests_total", callee="orders") == 0
