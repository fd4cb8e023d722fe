"""What GitHub posts to the product: proved, stored once, and answered whatever comes."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from sqlalchemy import select

from bot.code import add_code_webhooks
from integrations.code_host.vendors.github.webhooks import Reader
from integrations.code_host.webhooks import CodeEvent, CodeEventRow, CodeWebhooks
from storage.database import Database
from storage.embedded import EmbeddedServer
from tests.workplace import at_work

SECRET, NEXT = "a-webhook-secret-of-ours", "the-next-secret-of-ours"
Client = TestClient[web.Request, web.Application]


class Host(Reader):
    """A code host that counts how often it is told that what it may see has changed."""

    forgotten = 0

    def forget(self) -> None:
        type(self).forgotten += 1


@pytest.fixture
async def client(database: Database, tenant: str) -> AsyncIterator[Client]:
    app = web.Application()
    Host.forgotten = 0
    hosts: dict[str, CodeWebhooks] = {
        "github": Host(SecretStr(f"{SECRET},{NEXT}"), 77),
        "silent": Host(None, 77),
    }
    add_code_webhooks(app, database, tenant, lambda: hosts)
    async with TestClient(TestServer(app)) as client:
        yield client


def told(**said: Any) -> bytes:
    return json.dumps({"installation": {"id": 77}, "repository": {"full_name": "acme/orders"}, **said}).encode()


PULL_REQUEST = told(action="opened", pull_request={"number": 7, "head": {"sha": "a" * 40, "ref": "work"}})


def headers(
    body: bytes, event: str = "pull_request", id_: str = "72d3162e-cc78-11e3", secret: str = SECRET
) -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-GitHub-Event": event, "X-GitHub-Delivery": id_, "X-Hub-Signature-256": f"sha256={signature}"}


async def post(client: Client, body: bytes, head: dict[str, str], vendor: str = "github") -> tuple[int, Any]:
    async with client.post(f"/code/{vendor}", data=body, headers=head) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if answer.content_type == "application/json" else text


async def stored(database: Database, tenant: str) -> list[CodeEventRow]:
    async with database.transaction(tenant) as tx:
        return list((await tx.execute(select(CodeEventRow).order_by(CodeEventRow.delivery))).scalars())


async def test_each_kind_says_where_to_look(client: Client, database: Database, tenant: str) -> None:
    sent = {
        "pull_request": PULL_REQUEST,
        "pull_request_review": told(action="submitted", pull_request={"number": 7, "head": {"sha": "b" * 40}}),
        "check_run": told(
            action="completed", check_run={"head_sha": "c" * 40, "pull_requests": [{"number": 9, "head": {}}]}
        ),
        "push": told(ref="refs/heads/main", after="d" * 40),
        "installation": told(action="suspend"),
    }
    for number, (event, body) in enumerate(sent.items()):
        assert await post(client, body, headers(body, event, f"delivery-{number}")) == (202, {"new": True})
    found = [
        (one.kind, one.number, one.branch, one.sha and one.sha[0]) for one in await stored(database, tenant)
    ]
    assert found == [
        ("pull request", 7, None, "a"),
        ("review", 7, None, "b"),
        ("check", 9, None, "c"),
        ("push", None, "main", "d"),
        ("access", None, None, None),
    ]
    assert {one.repository for one in await stored(database, tenant)} == {"acme/orders"}
    assert Host.forgotten == 1


async def test_a_delivery_that_comes_again_is_answered_and_is_no_news(
    client: Client, database: Database, tenant: str
) -> None:
    first = headers(PULL_REQUEST)
    assert await post(client, PULL_REQUEST, first) == (202, {"new": True})
    assert await post(client, PULL_REQUEST, first) == (202, {"new": False})
    # The id is not signed: a body that somebody has seen is the same under another.
    assert await post(client, PULL_REQUEST, headers(PULL_REQUEST, id_="another-id-of-theirs")) == (
        202,
        {"new": False},
    )
    assert len(await stored(database, tenant)) == 1


async def test_what_is_forged_or_unreadable_is_refused_and_leaves_nothing(
    client: Client, database: Database, tenant: str
) -> None:
    right = headers(PULL_REQUEST)
    unsigned = {name: value for name, value in right.items() if name != "X-Hub-Signature-256"}
    old = hmac.new(SECRET.encode(), PULL_REQUEST, hashlib.sha1).hexdigest()
    for head in (
        unsigned,
        {**right, "X-Hub-Signature-256": ""},
        {**right, "X-Hub-Signature-256": right["X-Hub-Signature-256"].removeprefix("sha256=")},
        {**right, "X-Hub-Signature-256": f"v1={right['X-Hub-Signature-256'].removeprefix('sha256=')}"},
        {**unsigned, "X-Hub-Signature": f"sha1={old}"},
        headers(PULL_REQUEST, secret="another-secret-altogether"),
        headers(PULL_REQUEST + b" "),
    ):
        status, said = await post(client, PULL_REQUEST, head)
        assert (status, SECRET in said) == (401, False)
    for body, head in (
        (b"{", headers(b"{")),
        (b"[]", headers(b"[]")),
        (PULL_REQUEST, headers(PULL_REQUEST, id_="")),
        (PULL_REQUEST, headers(PULL_REQUEST, id_="x" * 300)),
        (told(pull_request={"number": "x"}), headers(told(pull_request={"number": "x"}))),
    ):
        assert (await post(client, body, head))[0] == 400
    assert await stored(database, tenant) == []


async def test_what_is_for_somebody_else_is_left_alone(client: Client, database: Database, tenant: str) -> None:
    other = json.dumps({"installation": {"id": 78}, "pull_request": {"number": 1}}).encode()
    ping = told(zen="Design for failure.")
    assert await post(client, other, headers(other)) == (202, {"new": False})
    assert await post(client, ping, headers(ping, "ping")) == (202, {"new": False})
    assert await stored(database, tenant) == []


async def test_either_secret_proves_while_one_is_exchanged(client: Client) -> None:
    assert (await post(client, PULL_REQUEST, headers(PULL_REQUEST, secret=NEXT)))[0] == 202


async def test_without_a_secret_or_a_vendor_there_is_nothing(client: Client) -> None:
    for vendor in ("silent", "gitlab"):
        status, said = await post(client, PULL_REQUEST, headers(PULL_REQUEST), vendor)
        assert (status, said) == (404, "Nothing of a code host is taken at this address.")


async def test_where_the_code_host_tells_nothing_by_itself_there_is_nothing(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """The product, whose sample department has the embedded code host."""
    async with (
        at_work(server, tmp_path, works=False) as place,
        httpx.AsyncClient(base_url=place.address) as http,
    ):
        answer = await http.post("/code/github", content=PULL_REQUEST, headers=headers(PULL_REQUEST))
        assert (answer.status_code, answer.json()["error"]) == (
            404,
            "Nothing of a code host is taken at this address.",
        )


def test_an_event_holds_no_word_of_a_sender_but_names() -> None:
    """Titles, messages and comments stay with the host: what is not kept cannot be taken for an instruction."""
    assert set(CodeEvent.__dataclass_fields__) == {
        "source", "delivery", "digest", "kind", "action", "repository", "at", "number", "branch", "sha"
    }  # fmt: skip
