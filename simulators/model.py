"""A model: a server that speaks OpenAI's chat completions, its answers scripted by who starts it.

Protocol: https://platform.openai.com/docs/api-reference/chat. Every request is kept as it came.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Answer = web.StreamResponse | dict[str, Any]
Script = Callable[[dict[str, Any], int], Awaitable[Answer] | Answer]
"""From the request's body and its number (from 0) to an answer: a message, or a whole response."""


@dataclass
class FakeModel:
    """`base_url` is what a client is given; `requests` the bodies received, in order."""

    script: Script
    base_url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    tokens: tuple[int, int] = (100, 50)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one completion."""
        body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        answer = self.script(body, len(self.requests) - 1)
        if isinstance(answer, Awaitable):
            answer = await answer
        if isinstance(answer, web.StreamResponse):
            return answer
        prompt, completion = self.tokens
        return web.json_response(
            {
                "id": f"chatcmpl-{len(self.requests)}",
                "object": "chat.completion",
                "created": 1_790_000_000,
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": None, **answer},
                        "finish_reason": "tool_calls" if answer.get("tool_calls") else "stop",
                    }
                ],
                "usage": {
                    "prompt_tokens": prompt,
                    "completion_tokens": completion,
                    "total_tokens": prompt + completion,
                },
            }
        )


def call(name: str, **arguments: Any) -> dict[str, Any]:
    """A message that calls one tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"tool_calls": [{"id": f"call_{name}", "type": "function", "function": function}]}


def failing(status: int, message: str = "no") -> web.Response:
    """An error as OpenAI words it."""
    return web.json_response({"error": {"message": message, "type": "server_error"}}, status=status)


def in_turn(*answers: Answer) -> Script:
    """These answers one after the other, the last one for ever."""
    return lambda _, number: answers[min(number, len(answers) - 1)]


async def never(_: dict[str, Any], __: int) -> Answer:
    """No answer within any patience."""
    await asyncio.sleep(30)
    return failing(500)


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[FakeModel]:
    """The server on a free port of this machine."""
    fake = FakeModel(script)
    app = web.Application(client_max_size=8_000_000)
    app.router.add_post("/v1/chat/completions", fake.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    fake.base_url = f"http://127.0.0.1:{port}/v1"
    try:
        yield fake
    finally:
        await runner.cleanup()
