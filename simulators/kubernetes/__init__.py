"""A Kubernetes API server at the wire, with as much of it as deployments need.

Deployments, ReplicaSets, HorizontalPodAutoscalers and ConfigMaps in namespaces; lists by label in pages;
server-side apply with field managers (`apply.py`); access by the rules of Roles; rollouts that move on by one
step each time somebody looks (`controller.py`). Before it does as it is asked, it does what `faults` (of reads)
and `write_faults` say, one after the other:

| fault        | what it does                                                          |
|--------------|-----------------------------------------------------------------------|
| slow         | answers after a second                                                |
| error        | 500, and nothing is done                                              |
| busy         | 429, and nothing is done                                              |
| expired      | 410 for the next page of a list (the first one is answered before)     |
| unauthorised | 401, as when a token has ended                                        |
| denied       | 403 of an admission webhook                                           |
| no json      | 200 with a page                                                       |
| other shape  | 200 with JSON that is none of its answers                             |
| cut          | closes the connection in the middle of the answer                     |
| lost         | does what is asked, and closes the connection before it answers       |
| meanwhile    | somebody else changes the object's status just before                 |
| gone         | somebody else deletes the object just before                          |
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from itertools import count
from typing import Any, Literal

from aiohttp import web

from simulators.kubernetes.apply import Conflicts, Fields, apply, edit
from simulators.kubernetes.controller import Controller

Fault = Literal[
    "slow",
    "error",
    "busy",
    "expired",
    "unauthorised",
    "denied",
    "no json",
    "other shape",
    "cut",
    "lost",
    "meanwhile",
    "gone",
]
Object = dict[str, Any]

_GROUPS = {
    "deployments": "apps",
    "replicasets": "apps",
    "horizontalpodautoscalers": "autoscaling",
    "configmaps": "",
}


class FakeKubernetes:
    """A cluster's state and its routes. `roles` are the rules that hold in each namespace for whoever bears
    `token`; `used` is what was asked of them (verb, group, resource), `writes` each configuration applied;
    `after_write` is called once, when the next one was."""

    def __init__(self, roles: Mapping[str, Sequence[Mapping[str, Any]]], token: str) -> None:
        self.roles, self.token = dict(roles), token
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.fields: dict[tuple[str, str, str], Fields] = {}
        self.faults: list[Fault] = []
        self.write_faults: list[Fault] = []
        self.used: set[tuple[str, str, str]] = set()
        self.writes: list[Object] = []
        self.after_write: Callable[[], None] | None = None
        self.controller = Controller(self)
        self._numbers = count(1)

    def app(self) -> web.Application:
        """The server."""
        app = web.Application()
        for prefix in ("/apis/apps/v1", "/apis/autoscaling/v1", "/api/v1"):
            where = f"{prefix}/namespaces/{{namespace}}/{{resource}}"
            app.router.add_get(where, self._listed)
            app.router.add_get(f"{where}/{{name}}", self._one)
            app.router.add_patch(f"{where}/{{name}}", self._applied)
        return app

    def create(self, resource: str, namespace: str, given: Object, manager: str = "kubectl-create") -> Object:
        """Make an object, as whoever `manager` is; all of its fields are theirs."""
        made = deepcopy(given)
        key = (resource, namespace, made["metadata"]["name"])
        made["metadata"] |= {
            "namespace": namespace,
            "uid": f"uid-{next(self._numbers)}",
            "generation": 1,
            "creationTimestamp": now(),
        }
        self.objects[key], self.fields[key] = made, {}
        edit(made, self.fields[key], manager, given)
        self.touch(made)
        return made

    def edit(self, resource: str, namespace: str, name: str, manager: str, given: Object) -> None:
        """Change an object as others do: what is changed is theirs from then on."""
        key = (resource, namespace, name)
        spec = deepcopy(self.objects[key].get("spec"))
        edit(self.objects[key], self.fields[key], manager, given)
        self._changed(key, spec)

    def delete(self, resource: str, namespace: str, name: str) -> None:
        """Take an object away."""
        del self.objects[resource, namespace, name]

    def touch(self, one: Object) -> None:
        """Give it a version of its own."""
        one["metadata"]["resourceVersion"] = str(next(self._numbers))

    def of(self, resource: str, namespace: str) -> list[Object]:
        """A namespace's objects."""
        return [one for (kind, where, _), one in self.objects.items() if (kind, where) == (resource, namespace)]

    def _changed(self, key: tuple[str, str, str], spec: Object | None) -> None:
        one = self.objects[key]
        if one.get("spec") != spec:
            one["metadata"]["generation"] += 1
        self.touch(one)

    async def _listed(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "list", self.faults, self._page)

    async def _one(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "get", self.faults, self._found)

    async def _applied(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/apply-patch+yaml":
            return status(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
        self.writes.append(await request.json())
        return await self._answer(request, "patch", self.write_faults, self._apply)

    async def _answer(
        self, request: web.Request, verb: str, faults: list[Fault], doing: Any
    ) -> web.StreamResponse:
        waits = faults[:1] == ["expired"] and "continue" not in request.query
        fault = faults.pop(0) if faults and not waits else None
        if request.headers.get("Authorization") != f"Bearer {self.token}" or fault == "unauthorised":
            return status(401, "Unauthorized", "Unauthorized")
        refused = self._refused(request, verb)
        if refused is not None:
            return refused
        if fault == "slow":
            await asyncio.sleep(1)
        elif fault == "meanwhile":
            self.touch(self.objects[self._key(request)])
        elif fault == "gone":
            del self.objects[self._key(request)]
        elif fault == "lost":
            doing(request)
            return await _cut(request)
        elif fault is not None:
            return await _failed(request, fault)
        answer: web.StreamResponse = doing(request)
        return answer

    def _refused(self, request: web.Request, verb: str) -> web.Response | None:
        resource, namespace, name = self._key(request)
        group = _GROUPS[resource]
        self.used.add((verb, group, resource))
        for rule in self.roles.get(namespace, ()):
            names = rule.get("resourceNames")
            if (
                verb in rule["verbs"]
                and group in rule["apiGroups"]
                and resource in rule["resources"]
                and (names is None or name in names)
            ):
                return None
        named = f"{resource}.{group}" if group else resource
        return status(
            403,
            "Forbidden",
            f'{named} is forbidden: User "system:serviceaccount:countersign:countersign" cannot {verb} resource'
            f' "{resource}" in API group "{group}" in the namespace "{namespace}"',
        )

    def _key(self, request: web.Request) -> tuple[str, str, str]:
        where = request.match_info
        return where["resource"], where["namespace"], where.get("name", "")

    def _page(self, request: web.Request) -> web.Response:
        resource, namespace, _ = self._key(request)
        if resource == "deployments":
            for one in self.of(resource, namespace):
                self.controller.step(one)
        wanted = request.query.get("labelSelector")
        found = [one for one in self.of(resource, namespace) if _is_picked(one, wanted)]
        begins = int(request.query.get("continue") or 0)
        ends = begins + int(request.query.get("limit") or 500)
        listed: Object = {"resourceVersion": "1"}
        if ends < len(found):
            listed["continue"] = str(ends)
        return web.json_response({"kind": "List", "metadata": listed, "items": found[begins:ends]})

    def _found(self, request: web.Request) -> web.Response:
        key = self._key(request)
        if key not in self.objects:
            return status(404, "NotFound", f'{key[0]} "{key[2]}" not found')
        return web.json_response(self.objects[key])

    def _apply(self, request: web.Request) -> web.Response:
        key, given = self._key(request), self.writes[-1]
        standing = self.objects.get(key)
        uid = given["metadata"].get("uid")
        if standing is None and uid is None:
            return status(422, "Invalid", "spec.selector: Required value")  # it would be made
        if standing is None or uid not in (None, standing["metadata"]["uid"]):
            return status(409, "Conflict", "uid mismatch: the provided object specified another uid")
        seen = given["metadata"].get("resourceVersion")
        if seen not in (None, standing["metadata"]["resourceVersion"]):
            return status(409, "Conflict", "the object has been modified; please apply your changes to it")
        merged, fields = deepcopy(standing), deepcopy(self.fields[key])
        manager, force = request.query["fieldManager"], request.query.get("force") == "true"
        try:
            apply(merged, fields, manager, given, force=force)
        except Conflicts as conflicts:
            return status(409, "Conflict", str(conflicts), conflicts.causes)
        wrong = _invalid(standing, merged)
        if wrong is not None:
            return status(422, "Invalid", wrong)
        spec = standing["spec"]
        self.objects[key], self.fields[key] = merged, fields
        self._changed(key, spec)
        happens, self.after_write = self.after_write, None
        if happens is not None:
            happens()
        return web.json_response(merged)


def now() -> str:
    """As the API writes times."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def status(code: int, reason: str, message: str, causes: Sequence[Object] = ()) -> web.Response:
    """An error, as the API says it."""
    said = {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code}
    return web.json_response({**said, "details": {"causes": list(causes)}}, status=code)


def _is_picked(one: Object, selector: str | None) -> bool:
    labels = one["metadata"].get("labels", {})
    for part in filter(None, (selector or "").split(",")):
        name, equals, value = part.partition("=")
        if name not in labels or (equals and labels[name] != value):
            return False
    return True


def _invalid(standing: Object, merged: Object) -> str | None:
    spec = merged["spec"]
    if spec["selector"] != standing["spec"]["selector"]:
        return "spec.selector: Invalid value: field is immutable"
    labels = spec["template"]["metadata"].get("labels", {})
    if any(labels.get(name) != value for name, value in spec["selector"]["matchLabels"].items()):
        return "spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`"
    if any(not one.get("image") for one in spec["template"]["spec"]["containers"]):
        return "spec.template.spec.containers[0].image: Required value"
    return None


async def _failed(request: web.Request, fault: Fault) -> web.StreamResponse:
    match fault:
        case "error":
            return status(500, "InternalError", "etcdserver: request timed out")
        case "busy":
            answer = status(429, "TooManyRequests", "Too many requests, please try again later.")
            answer.headers["Retry-After"] = "0"
            return answer
        case "expired":
            return status(410, "Expired", "The provided continue parameter is too old")
        case "denied":
            return status(
                403, "Forbidden", 'admission webhook "images.example.com" denied the request: unsigned'
            )
        case "no json":
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        case "other shape":
            return web.json_response({"items": [{"metadata": []}], "metadata": {}})
    return await _cut(request)


async def _cut(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(json.dumps({"kind": "List"})[:-1].encode())
    assert request.transport is not None
    request.transport.close()
    return answer
