"""aiohttp, where what it does by itself is not what this server is to do."""

from __future__ import annotations

import logging

from aiohttp import web, web_response, web_urldispatcher
from aiohttp.http_exceptions import HttpProcessingError


def prepare_library() -> None:
    """Name no versions, answer any Expect header with a sentence, and log no fault that is a stranger's.

    All of this is done before a request has a handler or a middleware, so nothing of ours could do it there.
    """
    web_response.SERVER_SOFTWARE = "Countersign"  # type: ignore[attr-defined]
    web_urldispatcher._default_expect_handler = _expected
    logging.getLogger("aiohttp.server").addFilter(_is_fault_of_ours)


async def _expected(request: web.Request) -> None:
    """aiohttp's own repeats in its refusal what was expected, which may be no text."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise web.HTTPExpectationFailed(text="Only 100-continue can be expected here.")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # the answer itself has not begun


def _is_fault_of_ours(record: logging.LogRecord) -> bool:
    """Filter: nobody need look at what was no HTTP, had an unreadable body, or came from who has left."""
    failed = record.exc_info[1] if record.exc_info else None
    return not isinstance(failed, HttpProcessingError | web.RequestPayloadError | ConnectionError)
