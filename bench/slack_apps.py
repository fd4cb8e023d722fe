"""What is measured by `bench.slack_events`: ours, and two Bolt apps to compare it with.

The *echo app* keeps nothing. The *fair peer* does for its user what a turn of ours does: it stores an event
under a unique key before it acknowledges it; then who spoke is looked up, message, answer and a log row are
committed together, the answer is posted outside of any transaction, and marked as posted.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from aiohttp import web

from bench.slack_peer import SECRET, TEAM, TOKEN

ROOT = Path(__file__).resolve().parents[1]

Pids = Mapping[str, list[int]]
"""The processes of an app by name, which is the `application_name` of their connections, too."""

_CONNECTIONS = 12

PEER_SCHEMA = """
    CREATE SCHEMA fair_peer;
    CREATE TABLE fair_peer.people (slack text PRIMARY KEY, name text NOT NULL);
    CREATE TABLE fair_peer.inbox (
        id text PRIMARY KEY, body jsonb NOT NULL, state text NOT NULL DEFAULT 'stored',
        received timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE fair_peer.outbox (
        id bigserial PRIMARY KEY, event text NOT NULL UNIQUE REFERENCES fair_peer.inbox, answer jsonb NOT NULL,
        ts text, posted timestamptz
    );
    CREATE TABLE fair_peer.log (
        id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), kind text NOT NULL,
        details jsonb NOT NULL
    );
    INSERT INTO fair_peer.people SELECT 'U' || lpad(n::text, 5, '0'), 'Person ' || n
    FROM generate_series(0, %(people)s - 1) n;
"""

_STORE = "INSERT INTO fair_peer.inbox (id, body) VALUES (%(id)s, %(body)s) ON CONFLICT DO NOTHING RETURNING id"

_WHO = "SELECT name FROM fair_peer.people WHERE slack = %(user)s"

_ANSWER = """
    WITH done AS (
        UPDATE fair_peer.inbox SET state = 'done' WHERE id = %(id)s AND state = 'stored' RETURNING id
    ), answered AS (
        INSERT INTO fair_peer.outbox (event, answer) SELECT id, %(answer)s FROM done
    )
    INSERT INTO fair_peer.log (kind, details) SELECT 'turn', %(details)s FROM done
"""

_POSTED = "UPDATE fair_peer.outbox SET ts = %(ts)s, posted = now() WHERE event = %(id)s"


def prepare_peer(owner_url: str, people: int) -> None:
    """Make the fair peer's tables."""
    with psycopg.connect(owner_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(PEER_SCHEMA, {"people": people})


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(bolt: Any, port: int, opened: Callable[[web.Application], Awaitable[None]] | None = None) -> None:
    from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request

    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await bolt.async_dispatch(await to_bolt_request(request)))

    app = web.Application()
    app.router.add_post("/slack/events", events)
    if opened is not None:
        app.on_startup.append(opened)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def _echo_app(api_url: str, port: int, _url: str) -> None:
    from slack_bolt.async_app import AsyncApp, AsyncSay
    from slack_sdk.web.async_client import AsyncWebClient

    bolt = AsyncApp(client=AsyncWebClient(token=TOKEN, base_url=api_url), signing_secret=SECRET)

    @bolt.event("message")
    async def echo(event: dict[str, str], say: AsyncSay) -> None:
        await say(text=event["text"], thread_ts=event["ts"])

    _serve(bolt, port)


def _fair_app(api_url: str, port: int, url: str) -> None:
    from psycopg.types.json import Jsonb
    from psycopg_pool import AsyncConnectionPool
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.web.async_client import AsyncWebClient

    os.environ["PGAPPNAME"] = "fair peer"
    client = AsyncWebClient(token=TOKEN, base_url=api_url)
    bolt = AsyncApp(client=client, signing_secret=SECRET)
    pool = AsyncConnectionPool(url, min_size=4, max_size=_CONNECTIONS, open=False, timeout=120)
    turns = asyncio.Semaphore(_CONNECTIONS)

    async def run(statement: str, **values: object) -> Any:
        async with pool.connection() as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchone() if cursor.description else None

    # Bolt has compared the signature by now, and acknowledges only after this.
    @bolt.middleware
    async def store(body: dict[str, Any], next: Callable[[], Awaitable[None]]) -> None:
        if await run(_STORE, id=body["event_id"], body=Jsonb(body)) is not None:
            await next()

    @bolt.event("message")
    async def answer(body: dict[str, Any], event: dict[str, str]) -> None:
        async with turns:
            who = await run(_WHO, user=event["user"])
            text = f"You are {who[0]}." if who else "I do not know you."
            blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
            details = {"said": event["text"], "answer": text, "user": event["user"]}
            said = {"text": text, "blocks": blocks}
            await run(_ANSWER, id=body["event_id"], answer=Jsonb(said), details=Jsonb(details))
            posted = await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], **said)
            await run(_POSTED, id=body["event_id"], ts=posted["ts"])

    async def opened(_: web.Application) -> None:
        await pool.open()

    _serve(bolt, port, opened)


@contextmanager
def bolt_app(name: str, api_url: str, port: int, url: str) -> Iterator[Pids]:
    """The `echo app` or the `fair peer`, running."""
    target = {"echo app": _echo_app, "fair peer": _fair_app}[name]
    process = multiprocessing.get_context("spawn").Process(target=target, args=(api_url, port, url))
    process.start()
    try:
        yield {name: [process.pid or 0]}
    finally:
        process.kill()
        process.join()


@contextmanager
def countersign(
    urls: tuple[str, str], folder: Path, api_url: str, port: int, *, workers: int
) -> Iterator[Pids]:
    """`web` and this many `worker`s, running; `urls` are the database's, for the app and for its owner."""
    settings = {
        "DATABASE_URL": urls[0],
        "DATABASE_OWNER_URL": urls[1],
        "VAR_FOLDER": str(folder / "var"),
        "LOG_LEVEL": "error",
        "PORT": str(port),
        "SLACK_API_URL": api_url,
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_WORKSPACES": TEAM,
    }
    started: dict[str, list[subprocess.Popen[bytes]]] = {"web": [], "worker": []}
    for part in ("web", *["worker"] * workers):
        env = os.environ | settings | {"PGAPPNAME": part}
        started[part].append(subprocess.Popen([sys.executable, "-m", "bot", part], cwd=ROOT, env=env))
    processes = [process for of_part in started.values() for process in of_part]
    try:
        yield {part: [process.pid for process in of_part] for part, of_part in started.items()}
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()
