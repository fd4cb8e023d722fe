"""Asking GitHub as an installation of a GitHub App: deadlines, limits and errors, said once.

Reads are tried again; what changes something is sent once, and who sent it looks for its mark. Where GitHub
asks for a pause nothing is sent before its end.
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import httpx

from integrations.code_host.refusals import CodeHostError, NoAccess, NotNow
from integrations.code_host.vendors.github.credentials import WHO, App, Refused, Tokens
from integrations.web_service import Again, Bounded, tries
from storage.look import Away

_GRAPHQL = "/graphql"
_FAULT = "Something went wrong while executing your query"
"""What GraphQL says with status 200 where a server failed or took too long."""
_SUBJECT = 2
"""How deep in an answer that stands which it is about: `repository` and, for one, `pullRequest`."""
_MOST_BYTES = 32 * 1024**2
_TRIES = 3
_LONGEST_PAUSE = 5.0
"""Seconds for which a read waits where GitHub asks for a pause; for longer it is put off."""
_NO_TOKEN = timedelta(seconds=30)
_SECONDARY = timedelta(minutes=1)
"""How long nothing is asked where a secondary limit does not say."""


@dataclass
class Api:
    """GitHub's interface. `seconds` is how long one try may take."""

    app: App
    seconds: float = 10.0
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _clients: tuple[Any, Any] | None = None
    _transport: _Kept | None = None
    _quiet_until: datetime | None = None

    def __post_init__(self) -> None:
        self._tokens = Tokens(self.app, self._for_token, lambda: self.clock())

    async def close(self) -> None:
        """Let go of the connections, and of the tokens."""
        self._tokens.forget()
        if self._transport is not None:
            await self._transport.let_go()
        self._clients = self._transport = None

    async def read(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """What GET answers, by the REST interface. Raises Refused, NotNow, NoAccess, Away."""
        return await self._tried("GET", path, query, None)

    async def change(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Send something that changes something, once. Raises Refused, NotNow, NoAccess, and Away where it may
        have been done."""
        return await self._once(method, path, body)

    async def ask(self, document: str, /, **variables: Any) -> Mapping[str, Any]:
        """What a GraphQL query answers; what of it we may not see is None. Raises as `read`."""
        asked = {"query": document, "variables": variables}
        data: Mapping[str, Any] = await self._tried("POST", _GRAPHQL, None, asked)
        return data

    async def mutate(self, document: str, /, **variables: Any) -> Mapping[str, Any]:
        """Send a GraphQL mutation, once. Raises as `change`."""
        data: Mapping[str, Any] = await self._once(
            "POST", _GRAPHQL, {"query": document, "variables": variables}
        )
        return data

    async def as_app(self, path: str) -> Any:
        """What GET answers to the App itself, and not to its installation."""
        try:
            return (await self._sent("GET", path, None, None, {})).json()
        except Again as again:
            raise Away(WHO, str(again)) from None

    async def git_header(self, repository: str, writes: bool) -> str:
        """What proves us to git over HTTP: of a token for this one repository and its contents alone."""
        token = await self._tokens.of(repository, writes=writes)
        return "Authorization: Basic " + base64.b64encode(f"x-access-token:{token}".encode()).decode()

    def forget_tokens(self) -> None:
        """They were refused: the next is asked for anew."""
        self._tokens.forget()

    async def _tried(self, method: str, path: str, query: Mapping[str, str | int] | None, body: Any) -> Any:
        try:
            return await tries(_TRIES)(self._authorised, method, path, query, body, is_read=True)
        except Again as again:
            raise Away(WHO, str(again)) from None

    async def _once(self, method: str, path: str, body: Any) -> Any:
        try:
            return await self._authorised(method, path, None, body, is_read=False)
        except Again as again:
            raise Away(WHO, f"{again}, so that it may have been done") from None

    async def _authorised(
        self, method: str, path: str, query: Mapping[str, str | int] | None, body: Any, *, is_read: bool
    ) -> Any:
        """With a token, and once more with a new one: it may have been taken back before its end."""
        for is_last in (False, True):
            token = await self._tokens.of()
            headers = {"Authorization": f"Bearer {token}"}
            try:
                answer = await self._sent(method, path, query, body, headers, is_read=is_read)
            except Refused as refused:
                if refused.status != 401:
                    raise
                self.forget_tokens()
                if is_last:
                    raise NoAccess(f"{WHO} does not take our tokens: {refused.says}") from None
                continue
            try:
                said = answer.json() if answer.content else None
            except ValueError:
                raise Again("answered with something that is no JSON") from None
            return self._data(said, is_read) if path == _GRAPHQL else said
        raise AssertionError("the last try returns or raises")

    async def _for_token(self, path: str, asked: Mapping[str, Any]) -> Any:
        """What the App is answered that asks for a token. Whatever was to be sent with it was not."""
        try:
            return (await self._sent("POST", path, None, asked, {})).json()
        except (Again, ValueError) as odd:
            why = odd if isinstance(odd, Again) else "answered with something that is no JSON"
            raise self._put_off(f"{WHO} gives out no token: it {why}", _NO_TOKEN) from None

    async def _sent(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: Any,
        headers: Mapping[str, str],
        *,
        is_read: bool = True,
    ) -> httpx.Response:
        """One try. Raises Refused, NotNow, and Again where no answer came that says anything."""
        if self._quiet_until is not None and self.clock() < self._quiet_until:
            raise NotNow(
                f"{WHO} takes no more of us before {self._quiet_until:%H:%M:%S %Z}.", self._quiet_until
            )
        for_app, for_installation, failures = await self._opened()
        client = for_installation if headers else for_app
        where = self.app.graphql if path == _GRAPHQL else path
        try:
            sent = await client.arequest(method, where, params=query, json=body, headers=dict(headers))
        except failures.RateLimitExceeded as limited:
            raise self._limited(limited.retry_after, is_read) from None
        except failures.RequestTimeout:
            raise Again(f"did not answer within {self.seconds:g} seconds") from None
        except failures.RequestFailed as failed:
            raise self._failure(failed.response.raw_response, is_read) from None
        except failures.RequestError as lost:
            if isinstance(lost.exc, httpx.ConnectError | httpx.ConnectTimeout) and not is_read:
                raise self._put_off(f"{WHO} cannot be reached; nothing was sent", timedelta(0)) from None
            raise Again(f"cannot be reached ({type(lost.exc).__name__})") from None
        answer: httpx.Response = sent.raw_response
        if answer.headers.get("x-ratelimit-remaining") == "0" and "x-ratelimit-reset" in answer.headers:
            self._quiet_until = datetime.fromtimestamp(int(answer.headers["x-ratelimit-reset"]), UTC)
        if answer.is_redirect:
            raise Refused(404, "it is called something else now")
        return answer

    def _data(self, answer: Any, is_read: bool) -> Mapping[str, Any]:
        """What a GraphQL answer holds. Raises Refused for its errors, but for single fields that are kept from
        us: they are None."""
        if not isinstance(answer, dict):
            raise Again("answered with something that is no answer")
        errors = [one for one in answer.get("errors") or () if not _is_of_a_field(one)]
        kinds = frozenset(str(one.get("type", "")) for one in errors)
        says = "; ".join(str(one.get("message", "")) for one in errors[:5])[:500]
        if "RATE_LIMITED" in kinds:
            raise self._limited(_SECONDARY, is_read)
        if says.startswith(_FAULT):
            raise Again("could not answer")
        if errors or not isinstance(answer.get("data"), dict):
            raise Refused(200, says or "nothing", kinds)
        data: Mapping[str, Any] = answer["data"]
        return data

    def _failure(self, answer: httpx.Response, is_read: bool) -> Exception:
        says = _said(answer)
        if answer.status_code in (403, 429) and "rate limit" in says.lower():
            return self._limited(_SECONDARY, is_read)
        if answer.status_code >= 500:
            return Again(f"answered {answer.status_code}")
        return Refused(answer.status_code, says)

    def _limited(self, after: timedelta, is_read: bool) -> Exception:
        if is_read and after.total_seconds() <= _LONGEST_PAUSE:
            return Again("has been asked as often as it allows", after.total_seconds())
        return self._put_off(f"{WHO} has been asked as often as it allows", after)

    def _put_off(self, why: str, after: timedelta) -> NotNow:
        until = self.clock() + after
        if after:
            self._quiet_until = until
        return NotNow(f"{why}. I ask again after {until:%H:%M:%S %Z}.", until)

    async def _opened(self) -> tuple[Any, Any, Any]:
        """The client that proves the App, the one that is given what it proves, and the library's errors. It
        takes a second to be read in, beside the loop."""
        try:
            library = await asyncio.to_thread(import_module, "githubkit")
            failures = await asyncio.to_thread(import_module, "githubkit.exception")
        except ModuleNotFoundError as missing:
            raise CodeHostError(
                f"{WHO} needs a package that is not installed ({missing.name}):"
                " pip install 'countersign[github]'"
            ) from missing
        if self._clients is None:
            self._transport = _Kept(_MOST_BYTES)
            how = {
                "base_url": self.app.api,
                "user_agent": "countersign",
                "follow_redirects": False,
                "timeout": self.seconds,
                "async_transport": self._transport,
                "cache_strategy": import_module("githubkit.cache").MemCacheStrategy(),
                "http_cache": False,
                "auto_retry": False,
            }
            proof = library.AppAuthStrategy(self.app.id, self.app.private_key.get_secret_value())
            self._clients = library.GitHub(proof, **how), library.GitHub(**how)
        return *self._clients, failures


class _Kept(Bounded):
    """Connections that outlive the clients, of which githubkit makes one for each request."""

    async def aclose(self) -> None:
        """The next client uses them."""

    async def let_go(self) -> None:
        """Close them."""
        await super().aclose()


def _is_of_a_field(error: Mapping[str, Any]) -> bool:
    """Whether an error is that we may not see one field of what is otherwise there."""
    return error.get("type") == "FORBIDDEN" and len(error.get("path") or ()) > _SUBJECT


def _said(answer: httpx.Response) -> str:
    """What an error says, in its own words, cut."""
    try:
        told = answer.json()
    except ValueError:
        return f"status {answer.status_code}"
    if not isinstance(told, dict):
        return f"status {answer.status_code}"
    parts = [str(told.get("message", ""))]
    for one in told.get("errors") or ():
        parts.append(str(one.get("message") or one.get("code") or "") if isinstance(one, dict) else str(one))
    return "; ".join(part for part in parts if part)[:500]
