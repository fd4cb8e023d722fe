"""The Bot Framework SDK as we use it: its turns and its connector's operations, over our own token check, our
own tokens, and one asynchronous HTTP client. As it comes it blocks the event loop for tokens, starts a thread
for each request, and tries again by itself where the outbox should.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from botbuilder.core import CloudAdapterBase
from botbuilder.schema import Activity
from botframework.connector import BotFrameworkConnectorConfiguration
from botframework.connector.aio import ConnectorClient
from botframework.connector.auth import (
    AuthenticateRequestResult,
    BotFrameworkAuthentication,
    ClaimsIdentity,
    ConnectorFactory,
)
from msrest.authentication import Authentication as NoCredentials
from msrest.pipeline import Request, Response
from msrest.pipeline.async_abc import AsyncHTTPSender, AsyncPipeline
from msrest.pipeline.universal import RawDeserializer
from msrest.universal_http.async_abc import AsyncClientResponse

from bot.platforms.adapter import PlatformAway
from integrations.budgets import seconds_asked

_NOT_JSON = "an answer that is no JSON object"

Token = Callable[[], Awaitable[str]]


class ConnectorRefused(Exception):
    """The connector answered with an error. `retry_after` is what it said of trying again, in seconds."""

    def __init__(self, status: int, code: str, retry_after: float | None) -> None:
        super().__init__(f"{status} {code}".strip())
        self.status = status
        self.retry_after = retry_after

    @property
    def is_passing(self) -> bool:
        """Whether the same may be answered otherwise in a moment."""
        return self.status in (408, 412, 429) or self.status >= 500


class ConnectorLost(PlatformAway):
    """No answer came. `was_sent` is False where the request certainly never got there."""

    def __init__(self, why: str, *, was_sent: bool) -> None:
        super().__init__(why)
        self.was_sent = was_sent


@contextmanager
def passing_as_lost() -> Iterator[None]:
    """For whoever only waits: an answer that may be another one in a moment is as good as none."""
    try:
        yield
    except ConnectorRefused as refused:
        if refused.is_passing:
            raise ConnectorLost(str(refused), was_sent=True) from refused
        raise


class _Answer(AsyncClientResponse):
    """What the SDK reads of an answer."""

    def __init__(self, request: Any, answer: httpx.Response) -> None:
        super().__init__(request, answer)
        self.status_code = answer.status_code
        # What came is JSON, whatever it says it is: the SDK would refuse to read it.
        is_json = {"content-type": "application/json"} if answer.content else {}
        self.headers = {**answer.headers, **is_json}
        self.reason = answer.reason_phrase

    def body(self) -> bytes:
        return bytes(self.internal_response.content)


class _Sender(AsyncHTTPSender[Any, Any]):
    """Sends once, with our token, and raises on what is no success, or is none of the connector's: a proxy's
    HTML page would break the SDK's reading."""

    def __init__(self, http: httpx.AsyncClient, token: Token) -> None:
        self._http = http
        self._token = token

    async def __aexit__(self, *_: object) -> None:
        """The client is not ours to close."""

    async def send(self, request: Request[Any], **_options: Any) -> Response[Any, Any]:
        sent = request.http_request
        headers = {**sent.headers, "Authorization": f"Bearer {await self._token()}"}
        ready = self._http.build_request(sent.method, sent.url, headers=headers, content=sent.data)
        answer = await _send(self._http, ready)
        if answer.content.strip() and _object(answer) is None:
            raise ConnectorLost(_NOT_JSON, was_sent=True)
        return Response(request, _Answer(sent, answer))


class _Pipeline(AsyncPipeline[Any, Any]):
    """The SDK's pipeline down to our sender. Credentials are no part of it: the SDK chains them into a second
    pipeline of its own afterwards, and requests then leave by that one."""

    def __init__(self, configuration: BotFrameworkConnectorConfiguration) -> None:
        super().__init__([configuration.user_agent_policy, RawDeserializer()], configuration.sender)


async def _send(http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    try:
        answer = await http.send(request)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as failed:
        raise ConnectorLost(type(failed).__name__, was_sent=False) from failed
    except httpx.HTTPError as failed:
        raise ConnectorLost(type(failed).__name__, was_sent=True) from failed
    if not answer.is_success:
        raise ConnectorRefused(answer.status_code, _code(answer), seconds_asked(answer.headers))
    return answer


class _Connectors(ConnectorFactory):  # type: ignore[misc]
    """One connector client for each service address: making one takes the SDK 10 ms."""

    def __init__(self, http: httpx.AsyncClient, token: Token) -> None:
        self._http = http
        self._token = token
        self._clients: dict[str, ConnectorClient] = {}

    async def create(self, service_url: str, audience: str | None = None) -> ConnectorClient:
        """The client for a service address."""
        client = self._clients.get(service_url)
        if client is None:
            configuration = BotFrameworkConnectorConfiguration(
                NoCredentials(),
                service_url,
                pipeline_type=_Pipeline,
                sender=_Sender(self._http, self._token),
            )
            client = ConnectorClient(None, custom_configuration=configuration)
            self._clients[service_url] = client
        return client


class Authentication(BotFrameworkAuthentication):  # type: ignore[misc]
    """What the SDK asks of authentication. Requests were verified before they came here (`callers`)."""

    def __init__(self, http: httpx.AsyncClient, token: Token) -> None:
        self._http = http
        self._token = token
        self._connectors = _Connectors(http, token)

    async def get(self, service_url: str, path: str, **query: str) -> dict[str, Any]:
        """Read from a connector. Raises ConnectorRefused, and ConnectorLost where it helps to ask again.

        The SDK's reading of teams blocks the event loop, and it drops what it does not know of members.
        """
        request = self._http.build_request(
            "GET",
            f"{service_url.rstrip('/')}{path}",
            params=query,
            headers={"Authorization": f"Bearer {await self._token()}"},
        )
        with passing_as_lost():
            answer = await _send(self._http, request)
        found = _object(answer)
        if found is None:
            raise ConnectorLost(_NOT_JSON, was_sent=True)
        return found

    def verified(self, claims: dict[str, Any]) -> AuthenticateRequestResult:
        """A request whose token was verified, in the SDK's words."""
        result = AuthenticateRequestResult()
        result.claims_identity = ClaimsIdentity(claims, True)
        result.connector_factory = self._connectors
        return result

    async def authenticate_request(self, _activity: Activity, _auth_header: str) -> AuthenticateRequestResult:
        """Never: nothing passes that was not verified already."""
        raise PermissionError("only verified requests come here")

    async def authenticate_streaming_request(
        self, _auth_header: str, _channel_id_header: str
    ) -> AuthenticateRequestResult:
        """Never: Teams does not stream."""
        raise PermissionError("only verified requests come here")

    def create_connector_factory(self, _claims_identity: ClaimsIdentity) -> ConnectorFactory:
        """The connectors, which speak as this application."""
        return self._connectors

    async def create_user_token_client(self, _claims_identity: ClaimsIdentity) -> None:
        """None: nobody signs in through the bot."""


class BotAdapter(CloudAdapterBase):  # type: ignore[misc]
    """The SDK's adapter over our authentication."""

    def __init__(self, authentication: Authentication) -> None:
        super().__init__(authentication)
        self.authentication = authentication


def _code(answer: httpx.Response) -> str:
    """The error's code (`BotNotInConversationRoster`), where the answer has one."""
    said = _object(answer)
    error = said and said.get("error")
    return str(error.get("code", ""))[:80] if isinstance(error, dict) else ""


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    """The JSON object that an answer is; None for anything else."""
    try:
        said = json.loads(answer.content)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
