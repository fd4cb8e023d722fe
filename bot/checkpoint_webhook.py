"""Checkpoints by webhook: each signed note is posted to a URL outside, as it stands."""

from __future__ import annotations

from governance.audit.publication import Hook, NotPublished

PATIENCE_SECONDS = 5.0


def webhook(url: str) -> Hook:
    """A publication hook that posts notes to `url`; anything but a 2xx answer is tried again later."""

    async def post(tenant: str, note: str) -> None:
        import httpx  # a tenth of a second that most installations need not wait for

        try:
            async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
                answer = await client.post(
                    url,
                    content=note,
                    headers={"content-type": "text/plain; charset=utf-8", "x-countersign-tenant": tenant},
                )
        except httpx.HTTPError as failed:
            raise NotPublished(type(failed).__name__) from failed
        if not answer.is_success:
            raise NotPublished(f"status {answer.status_code}")

    return post
