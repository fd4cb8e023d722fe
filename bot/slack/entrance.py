"""Where everything of Slack's comes in, by whatever way: no listener sees what no row can hold."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.request.async_internals import build_async_context
from slack_bolt.response import BoltResponse

from governance.outside_text import storable_json


class StorableApp(AsyncApp):
    """Bolt's app, for requests whose bodies are made storable. Signatures are compared with the raw ones."""

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """See AsyncApp."""
        try:
            req.body = storable_json(req.body)
        except RecursionError:
            return BoltResponse(status=400, body="This is nested too deeply to be read.")
        # Whose request it is has been read of the body already.
        req.context = build_async_context(req.context, req.body)
        return await super().async_dispatch(req)
