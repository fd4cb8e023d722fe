"""People's own git onto the repositories: git's smart protocol over HTTP, spoken by `git http-backend`.

It listens on this machine alone. Who comes in shows a token; what is pushed is looked at by a hook of ours
before git takes it, and nothing is run that was pushed. `git push -o pull-request` opens a pull request of each
branch that is pushed.
"""

from __future__ import annotations

import asyncio
import base64
import os
import tempfile
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

import structlog
from aiohttp import web

from integrations.code_host import bare_repository
from integrations.code_host.git import Git, command, environment
from integrations.code_host.pull_requests import PullRequestDraft
from integrations.code_host.refusals import CodeHostError, NoSuchRepository
from integrations.code_host.vendors.local import rows
from integrations.code_host.vendors.local.access import whose
from integrations.code_host.vendors.local.client import LocalCodeHost
from integrations.processes import started

MOST_BODY = 512 * 1024**2
SECONDS = 600.0
AT_ONCE = 8
OPENS_PULL_REQUEST = "pull-request"

_SERVICES = ("git-upload-pack", "git-receive-pack")
_CHUNK = 64 * 1024
_LONGEST_HEADER = 16 * 1024
_HOOK = """#!/bin/sh
# Refuses what nobody pushes, and writes down what was pushed. All or nothing is taken.
while read -r before after ref; do
  case "$ref" in
    refs/heads/HEAD) echo "No branch is called HEAD here." >&2; exit 1 ;;
    refs/heads/*|refs/tags/*) ;;
    *) echo "Branches and tags are pushed here, and nothing else." >&2; exit 1 ;;
  esac
  while read -r name; do
    if [ "$ref" = "refs/heads/$name" ]; then
      echo "$name is protected: push another branch, with -o pull-request." >&2; exit 1
    fi
  done < "$COUNTERSIGN_PUSH/protected"
  echo "$after $ref" >> "$COUNTERSIGN_PUSH/pushed"
done
number=0
while [ "$number" -lt "${GIT_PUSH_OPTION_COUNT:-0}" ]; do
  eval "option=\\$GIT_PUSH_OPTION_$number"
  printf '%s\\n' "$option" >> "$COUNTERSIGN_PUSH/options"
  number=$((number + 1))
done
"""

_log = structlog.get_logger()


class GitServer:
    """Serves a host's repositories to people's git. `hooks` is a folder of its own."""

    def __init__(self, host: LocalCodeHost, hooks: Path) -> None:
        self._host, self._hooks = host, hooks
        self._at_once = asyncio.Semaphore(AT_ONCE)

    def application(self) -> web.Application:
        """What answers."""
        app = web.Application(client_max_size=MOST_BODY)
        app.router.add_get("/{repository}.git/info/refs", self._answer)
        for service in _SERVICES:
            app.router.add_post(f"/{{repository}}.git/{service}", self._answer)
        return app

    async def run(self, port: int) -> None:
        """Listen until cancelled; where the port is taken, say so and do without."""
        await asyncio.to_thread(write_hook, self._hooks)
        runner = web.AppRunner(self.application(), access_log=None, handle_signals=False)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, "127.0.0.1", port).start()
            except OSError as taken:
                _log.error("code_host_not_served", port=port, why=taken.strerror, setting="CODE_HOST_PORT")
                return
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        person = await self._person(request)
        repository = request.match_info["repository"]
        service = request.query.get("service") if request.method == "GET" else request.path.rpartition("/")[2]
        if service not in _SERVICES:
            raise web.HTTPForbidden(text="This host speaks git's smart protocol alone.\n")
        try:
            git = await self._host.repositories_here.git(repository)
        except NoSuchRepository as missing:
            raise web.HTTPNotFound(text=f"{missing}\n") from missing
        async with self._at_once:
            with tempfile.TemporaryDirectory(prefix="countersign-push-") as folder:
                await self._write_protected(repository, git, Path(folder))
                return await self._through(request, git, repository, person, Path(folder))

    async def _person(self, request: web.Request) -> str:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        token = ""
        with suppress(ValueError):
            token = base64.b64decode(given).decode().partition(":")[2]
        person = (
            await whose(self._host.database, self._host.tenant, token) if kind == "Basic" and token else None
        )
        if person is None:
            asks = {"WWW-Authenticate": 'Basic realm="Countersign: any name, and your token"'}
            raise web.HTTPUnauthorized(text="Show your token as the password.\n", headers=asks)
        return person

    async def _write_protected(self, repository: str, git: Git, folder: Path) -> None:
        default = await bare_repository.default_branch(git)
        async with self._host.database.transaction(self._host.tenant) as tx:
            protected = await rows.protections(tx, repository, default)
        existing = [name for name in protected if await bare_repository.tip(git, name) is not None]
        text = "".join(f"{name}\n" for name in existing)
        await asyncio.to_thread((folder / "protected").write_text, text)

    async def _through(
        self, request: web.Request, git: Git, repository: str, person: str, folder: Path
    ) -> web.StreamResponse:
        """A request to git and its answer back; what was pushed is followed before the answer ends."""
        async with self._backend(request, git, person, folder) as process:
            feeding = asyncio.create_task(_feed(request, process))
            try:
                answer = await _headers(process)
                await answer.prepare(request)
                if process.stdout is not None:
                    while chunk := await process.stdout.read(_CHUNK):
                        await answer.write(chunk)
                await process.wait()
                if await asyncio.to_thread((folder / "pushed").exists):
                    await self._follow(git, repository, person, folder)
                await answer.write_eof()
                return answer
            finally:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)

    def _backend(
        self, request: web.Request, git: Git, person: str, folder: Path
    ) -> AbstractAsyncContextManager[Process]:
        settings = {
            "core.hooksPath": str(self._hooks),
            "http.receivepack": "true",
            "receive.advertisePushOptions": "true",
            "receive.maxInputSize": str(MOST_BODY),
            "receive.autogc": "false",
            "transfer.hideRefs": "refs/countersign",
        }
        own = environment(git.folder)
        del own["GIT_DIR"]
        return started(
            command("http-backend", also=settings),
            environment={**own, **_cgi(request, git.folder, person), "COUNTERSIGN_PUSH": str(folder)},
            seconds=SECONDS,
            reads=True,
            errors=False,
        )

    async def _follow(self, git: Git, repository: str, person: str, folder: Path) -> None:
        """Let pull requests follow the branches that were pushed, and open those that were asked for."""
        await self._host.follow_push(repository, git)
        options = folder / "options"
        if not await asyncio.to_thread(options.exists):
            return
        wanted = (await asyncio.to_thread(options.read_text, errors="replace")).splitlines()
        default = await bare_repository.default_branch(git)
        if OPENS_PULL_REQUEST not in wanted or default is None:
            return
        for line in (await asyncio.to_thread((folder / "pushed").read_text)).splitlines():
            sha, _, ref = line.partition(" ")
            branch = ref.removeprefix("refs/heads/")
            if branch == ref or await bare_repository.tip(git, branch) != sha:
                continue
            commit = await bare_repository.commit(git, sha)
            body = commit.message.partition("\n")[2].strip()
            draft = PullRequestDraft(commit.title[:500], body, branch, sha, default)
            try:
                await self._host.open_for(repository, draft, person)
            except CodeHostError as refused:  # the push itself stands; it may be open already
                _log.info("pull_request_not_opened", repository=repository, why=str(refused))


def write_hook(folder: Path) -> None:
    """Write the hook that looks at what is pushed."""
    folder.mkdir(parents=True, exist_ok=True)
    hook = folder / "pre-receive"
    beside = folder / f"pre-receive.{os.getpid()}"
    beside.write_text(_HOOK)
    beside.chmod(0o700)
    beside.replace(hook)


def _cgi(request: web.Request, repository: Path, person: str) -> Mapping[str, str]:
    """What RFC 3875 hands to a program, as far as git reads it."""
    said = {
        "GIT_PROJECT_ROOT": str(repository.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query_string,
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.content_type if request.can_read_body else "",
        "REMOTE_USER": person,
        "REMOTE_ADDR": "127.0.0.1",
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
    }
    length = request.content_length
    return said if length is None else {**said, "CONTENT_LENGTH": str(length)}


async def _feed(request: web.Request, process: Process) -> None:
    if process.stdin is None:
        return
    size = 0
    with suppress(BrokenPipeError, ConnectionResetError):  # git has ended, and its answer says why
        async for chunk in request.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > MOST_BODY:
                break
            process.stdin.write(chunk)
            await process.stdin.drain()
    process.stdin.close()


async def _headers(process: Process) -> web.StreamResponse:
    """The answer that a CGI program begins with its headers."""
    if process.stdout is None:
        raise TypeError("the program is opened with pipes")
    status, headers, size = 200, {}, 0
    while (line := await process.stdout.readline()).strip():
        size += len(line)
        name, _, value = line.decode("latin-1").strip().partition(": ")
        if size > _LONGEST_HEADER or not value:
            raise web.HTTPBadGateway(text="git did not answer.\n")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers[name] = value
    if not headers and status == 200:
        raise web.HTTPBadGateway(text="git did not answer.\n")
    return web.StreamResponse(status=status, headers=headers)
