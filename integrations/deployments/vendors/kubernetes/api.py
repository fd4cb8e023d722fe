"""Asking a cluster's API server: what every request has in common.

Each try has a deadline. Reads are tried again, with growing pauses and some chance in them, or after as long as
the server asks for. A write is not: whether it was done is read, by its grant. Refusals are said in words, and
no credential stands in them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from pydantic import ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from integrations.deployments import DeploymentError
from integrations.deployments.vendors.kubernetes.objects import Autoscaler, ConfigMap, Workload
from storage.look import Away

WHO = "Kubernetes"
FIELD_MANAGER = "countersign"
_LONGEST_ANSWER = 32 * 1024**2
_PAGE = 250
_MOST_PAGES = 40
_TRIES = 3
_APPLY = "application/apply-patch+yaml"


class NotPermitted(DeploymentError):
    """The cluster's access rules do not let us do it. The text says what is missing, and where."""


class FieldsKept(DeploymentError):
    """What is to be changed belongs to another field manager."""


class Stale(Exception):
    """The object is another one, or has changed, since it was read: nothing was written."""


class Unsure(Exception):
    """What was sent may have been done."""


class Unusable(DeploymentError):
    """There is no way to the cluster: a package is missing, or the kubeconfig cannot be used."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object, and where the API server has it."""

    path: str
    group: str
    plural: str
    shape: type[Workload] | type[Autoscaler] | type[ConfigMap]


DEPLOYMENTS = Resource("/apis/apps/v1", "apps", "deployments", Workload)
REPLICA_SETS = Resource("/apis/apps/v1", "apps", "replicasets", Workload)
AUTOSCALERS = Resource("/apis/autoscaling/v1", "autoscaling", "horizontalpodautoscalers", Autoscaler)
CONFIG_MAPS = Resource("/api/v1", "", "configmaps", ConfigMap)

_Shape = TypeVar("_Shape", Workload, Autoscaler, ConfigMap)


class _Again(Exception):
    """Worth another try; `after` is the pause that the server asks for, in seconds."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class _Answered(Exception):
    """The server answered with an error."""

    def __init__(self, status: int, said: Mapping[str, Any]) -> None:
        super().__init__(str(said.get("message") or f"it answered {status}")[:500])
        self.status = status
        details = said.get("details")
        causes = details.get("causes") if isinstance(details, dict) else None
        self.causes = [one for one in causes or () if isinstance(one, dict)]


class Api:
    """A cluster's API server. `connect` makes the client with its credentials, anew where they have ended;
    `seconds` is how long one try may take, `takes_over` the field managers whose fields may be taken."""

    def __init__(
        self, connect: Callable[[], Awaitable[Any]], *, seconds: float = 5.0, takes_over: frozenset[str]
    ) -> None:
        self._connect, self.seconds, self._takes_over = connect, seconds, takes_over
        self._client: Any = None
        self._connecting = asyncio.Lock()

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def listed(
        self, resource: Resource, shape: type[_Shape], namespace: str, selector: str | None = None
    ) -> tuple[_Shape, ...]:
        """Every object of a namespace that a label selector picks."""
        path = f"{resource.path}/namespaces/{namespace}/{resource.plural}"
        query = {"limit": str(_PAGE)} | ({"labelSelector": selector} if selector else {})
        doing = f"list {_named(resource)} in namespace {namespace}"
        found: list[_Shape] = []
        after = ""
        for _ in range(_MOST_PAGES):
            try:
                page = await self._read(path, query | ({"continue": after} if after else {}), doing)
            except _Answered as answered:
                if answered.status != 410 or not after:
                    raise _refusal(answered, doing) from None
                found, after = [], ""  # what it was going through is no longer kept: begin again
                continue
            found += [_shaped(shape, one) for one in _items(page)]
            after = str((page.get("metadata") or {}).get("continue") or "")
            if not after:
                return tuple(found)
        raise DeploymentError(f"Namespace {namespace} has more {resource.plural} than can be read.")

    async def one(self, resource: Resource, shape: type[_Shape], namespace: str, name: str) -> _Shape | None:
        """One object by its name; None where there is none."""
        doing = f"get {_named(resource)} {name} in namespace {namespace}"
        try:
            found = await self._read(
                f"{resource.path}/namespaces/{namespace}/{resource.plural}/{name}", {}, doing
            )
        except _Answered as answered:
            if answered.status == 404:
                return None
            raise _refusal(answered, doing) from None
        return _shaped(shape, found)

    async def apply(self, namespace: str, name: str, configuration: Mapping[str, Any]) -> Workload:
        """Server-side apply to a Deployment. Raises Stale, Unsure, FieldsKept and what a refusal comes to.

        Fields of managers that may be taken over are taken where nobody else's are in the way."""
        path = f"{DEPLOYMENTS.path}/namespaces/{namespace}/deployments/{name}"
        doing = f"patch deployments.apps in namespace {namespace}"
        query = {"fieldManager": FIELD_MANAGER}
        try:
            try:
                return _shaped(Workload, await self._write(path, query, configuration))
            except _Answered as answered:
                if not self._may_take(answered):
                    raise
            return _shaped(Workload, await self._write(path, query | {"force": "true"}, configuration))
        except _Answered as answered:
            if answered.status == 404:
                raise Stale from None
            if answered.status == 409 and not _keepers(answered):
                raise Stale from None
            raise _refusal(answered, doing) from None

    def _may_take(self, answered: _Answered) -> bool:
        keepers = _keepers(answered)
        return answered.status == 409 and bool(keepers) and set(keepers) <= self._takes_over

    async def _read(self, path: str, query: Mapping[str, str], doing: str) -> Mapping[str, Any]:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_Again), stop=stop_after_attempt(_TRIES), wait=_pause, reraise=True
        )
        try:
            found: Mapping[str, Any] = await retrying(self._authorised, "GET", path, query, None)
        except _Again as again:
            raise Away(WHO, f"{again} (asked to {doing})") from None
        return found

    async def _write(self, path: str, query: Mapping[str, str], body: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return await self._authorised("PATCH", path, query, body)
        except _Again as again:
            raise Unsure(str(again)) from None

    async def _authorised(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        """One try; with new credentials, where those that we have are not accepted any more."""
        client = await self._connected()
        try:
            return await self._once(client, method, path, query, body)
        except _Answered as answered:
            if answered.status != 401:
                raise
        async with self._connecting:
            if self._client is client:
                await self.close()
        return await self._once(await self._connected(), method, path, query, body)

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _once(
        self, client: Any, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        headers = {"Accept": "application/json", "Content-Type": "application/json" if body is None else _APPLY}
        try:
            answer = await client.call_api(
                path,
                method,
                query_params=list(query.items()),
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=self.seconds,
            )
            async with answer:
                text = await _bounded(answer)
        except TimeoutError:
            raise _Again(f"did not answer within {self.seconds:g} seconds") from None
        except aiohttp.ClientError as lost:
            raise _Again(f"cannot be reached ({type(lost).__name__})") from None
        return _understood(answer.status, answer.headers.get("Retry-After"), text)


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    text = bytearray()
    async for part in answer.content.iter_any():
        text += part
        if len(text) > _LONGEST_ANSWER:
            raise aiohttp.ClientPayloadError("the answer is too long")
    return bytes(text)


def _understood(status: int, retry_after: str | None, text: bytes) -> Mapping[str, Any]:
    if status == 429 or status >= 500:
        pause = float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
        raise _Again(f"answered {status}", pause)
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if status >= 400:
        raise _Answered(status, said if isinstance(said, dict) else {})
    if not isinstance(said, dict):
        raise _Again("answered with something that is no JSON object")
    return said


def _items(page: Mapping[str, Any]) -> list[Any]:
    items = page.get("items")
    if not isinstance(items, list):
        raise Away(WHO, "answered with something that is no list")
    return items


def _shaped(shape: type[_Shape], found: Any) -> _Shape:
    try:
        return shape.model_validate(found)
    except ValidationError as wrong:
        error = wrong.errors()[0]
        where = ".".join(map(str, error["loc"]))
        raise Away(
            WHO, f"answered with something that is no {shape.__name__} ({where}: {error['msg']})"
        ) from None


def _keepers(answered: _Answered) -> dict[str, str]:
    """Whose fields are in the way of an apply: a field of each manager."""
    found = {}
    for cause in answered.causes:
        if cause.get("reason") == "FieldManagerConflict":
            said = re.search(r'conflict with "([^"]{1,200})"', str(cause.get("message", "")))
            found[said[1] if said else "somebody"] = str(cause.get("field", ""))[:200]
    return found


def _refusal(answered: _Answered, doing: str) -> DeploymentError:
    keepers = _keepers(answered)
    if keepers:
        who = " and ".join(f"{name} ({field})" for name, field in keepers.items())
        return FieldsKept(
            f"Other field managers keep what is to be changed as their own: {who}. Nothing was changed. Take"
            " the field out of what they apply, or name them in KUBERNETES_TAKES_OVER."
        )
    if answered.status == 401:
        return Unusable("Kubernetes does not accept the credentials that it was given (401).")
    if answered.status == 403 and re.search(r'forbidden: User "', str(answered)):
        return NotPermitted(
            f"Kubernetes does not let us {doing}: the Role there lacks that permission (docs/kubernetes.md has"
            " the Role that is needed). Nothing was changed."
        )
    return DeploymentError(f"Kubernetes refuses to {doing}: {answered}")


def _named(resource: Resource) -> str:
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


_RANDOM = wait_random_exponential(multiplier=0.2, max=5)


def _pause(state: RetryCallState) -> float:
    failed = state.outcome.exception() if state.outcome is not None else None
    asked = failed.after if isinstance(failed, _Again) else None
    return min(asked, 30.0) if asked is not None else _RANDOM(state)
