"""What Jira posts to the product: proved, stored once, and a storm of it makes one look a project."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from sqlalchemy import select, text

from bot.tracker import add_tracker_webhooks
from integrations.tracker.vendors.jira.webhooks import Reader
from integrations.tracker.webhooks import TrackerEventRow, TrackerWebhooks
from storage.database import Database

SECRET, NEXT = "a-webhook-secret-of-ours", "the-next-secret-of-ours"
Client = TestClient[web.Request, web.Application]
QUEUED = text(
    "SELECT task_name, args->>'project' FROM procrastinate_jobs WHERE args->>'tenant' = :id AND status = 'todo'"
)


class Jira(Reader):
    """A tracker that counts how often it is told that it is otherwise now."""

    forgotten = 0

    def forget(self) -> None:
        type(self).forgotten += 1


@pytest.fixture
async def client(database: Database, tenant: str) -> AsyncIterator[Client]:
    app = web.Application()
    Jira.forgotten = 0
    trackers: dict[str, TrackerWebhooks] = {
        "jira": Jira(SecretStr(f"{SECRET},{NEXT}"), ("SHOP", "PAY")),
        "silent": Jira(None, ("SHOP",)),
    }
    add_tracker_webhooks(app, database, tenant, lambda: trackers)
    async with TestClient(TestServer(app)) as client:
        yield client


def told(event: str = "jira:issue_updated", key: str = "SHOP-7", **said: Any) -> bytes:
    return json.dumps({"webhookEvent": event, "timestamp": 1, "issue": {"key": key}, **said}).encode()


def headers(body: bytes, id_: str = "wh-0001", secret: str = SECRET) -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Atlassian-Webhook-Identifier": id_, "X-Hub-Signature": f"sha256={signature}"}


async def post(client: Client, body: bytes, head: dict[str, str], vendor: str = "jira") -> tuple[int, Any]:
    async with client.post(f"/tracker/{vendor}", data=body, headers=head) as answer:
        said = await answer.text()
        return answer.status, json.loads(said) if answer.content_type == "application/json" else said


async def stored(database: Database, tenant: str) -> list[tuple[str, str | None, str | None]]:
    async with database.transaction(tenant) as tx:
        rows = (await tx.execute(select(TrackerEventRow).order_by(TrackerEventRow.delivery))).scalars()
        return [(row.kind, row.project, row.item) for row in rows]


async def queued(database: Database, tenant: str) -> list[tuple[str, str]]:
    async with database.untenanted() as tx:
        return sorted((name, project) for name, project in await tx.execute(QUEUED, {"id": tenant}))


async def test_each_kind_says_where_to_look(client: Client, database: Database, tenant: str) -> None:
    sent = [
        told(),
        json.dumps({"webhookEvent": "sprint_started", "sprint": {"id": 7}}).encode(),
        json.dumps({"webhookEvent": "project_updated", "project": {"key": "PAY"}}).encode(),
    ]
    for number, body in enumerate(sent):
        assert await post(client, body, headers(body, f"wh-000{number}")) == (202, {"new": True})
    assert await stored(database, tenant) == [
        ("item", "SHOP", "SHOP-7"),
        ("sprint", None, None),
        ("shape", "PAY", None),
    ]
    assert Jira.forgotten == 2


async def test_a_storm_makes_one_look_a_project(client: Client, database: Database, tenant: str) -> None:
    bodies = [told(key=f"{('SHOP', 'PAY')[number % 2]}-{number}", n=number) for number in range(200)]
    answers = await asyncio.gather(
        *(post(client, body, headers(body, f"wh-{number:04}")) for number, body in enumerate(bodies))
    )
    assert set(map(str, answers)) == {"(202, {'new': True})"}
    assert len(await stored(database, tenant)) == 200
    assert await queued(database, tenant) == [("look_at_tracker", "PAY"), ("look_at_tracker", "SHOP")]


async def test_a_delivery_that_comes_again_is_answered_and_is_no_news(
    client: Client, database: Database, tenant: str
) -> None:
    body = told()
    assert await post(client, body, headers(body)) == (202, {"new": True})
    assert await post(client, body, headers(body, secret=NEXT)) == (202, {"new": False})
    # The id is not signed: a body that somebody has seen is the same under another.
    assert await post(client, body, headers(body, "wh-9999")) == (202, {"new": False})
    assert len(await stored(database, tenant)) == 1


async def test_what_is_not_ours_is_left_alone(client: Client, database: Database, tenant: str) -> None:
    for body in (told(key="ELSE-1"), told(event="user_created"), told(event="jira_expression")):
        assert await post(client, body, headers(body)) == (202, {"new": False})
    assert await stored(database, tenant) == []
    assert await queued(database, tenant) == []


async def test_what_is_forged_or_unreadable_is_refused_and_leaves_nothing(
    client: Client, database: Database, tenant: str
) -> None:
    body = told()
    right = headers(body)
    unsigned = {name: value for name, value in right.items() if name != "X-Hub-Signature"}
    for head in (unsigned, headers(body, secret="another-secret-altogether"), headers(body + b" ")):
        status, said = await post(client, body, head)
        assert (status, SECRET in said) == (401, False)
    long = told(event="jira:issue_" + "x" * 200)
    for bad, head in (
        (b"{", headers(b"{")),
        (b"[]", headers(b"[]")),
        (b"{}", headers(b"{}")),
        (body, headers(body, id_="")),
        (body, headers(body, id_="x" * 300)),
        (long, headers(long)),
    ):
        assert (await post(client, bad, head))[0] == 400
    for vendor in ("silent", "local", "github"):
        assert (await post(client, body, right, vendor))[0] == 404
    assert await stored(database, tenant) == []
