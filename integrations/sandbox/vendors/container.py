"""Commands in containers, through the command line of Docker or Podman: where a company prefers them, or
bubblewrap cannot be used. The engine enforces the limits; of processes and CPU time it does not say when they
are reached.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from pydantic import Field

from integrations import Embedded
from integrations.integration import Checked, Chore, Integration, Surroundings
from integrations.processes import ProcessEnded, run
from integrations.sandbox import (
    NOBODY,
    SHARED_MEMORY_BYTES,
    WORK,
    Command,
    Limit,
    Limits,
    NoSandbox,
    Ran,
    SandboxError,
)
from integrations.sandbox.attending import Attended
from integrations.sandbox.kept_outputs import OutputSettings, Store
from integrations.sandbox.output import Output
from integrations.sandbox.trees import DiskWatch, hand_over

_PASSED_ON = ("PATH", "HOME", "XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST")
"""What of our environment the engine's command line sees: where its engine is."""
ENGINE_SECONDS = 60.0
"""How long the engine may take for one sentence."""
GRACE_SECONDS = 120.0
"""After the end of its time so long may whoever attends a container take to remove it."""
_CLEARED_EVERY = 600.0
_MOST_SAID = 2**20
_NEVER = "0001-01-01"
"""The day on which a container began that has not (`State.StartedAt`)."""


class ContainerSettings(OutputSettings):
    """Which engine, and what commands run on."""

    sandbox_engine: str = Field(
        default="docker", pattern="^(docker|podman)$", description="Its command line: `docker` or `podman`."
    )
    sandbox_image: str = Field(
        min_length=1, description="The image that commands run in, best by its digest; it is never pulled."
    )


class ContainerSandbox(Embedded):
    """One container for each command, made, started and thrown away: with its name known before it is started,
    it can be ended at any moment. The name says whose it is, and when nobody attends it any more: whatever died
    with its container running leaves it to `remove_left_over`."""

    def __init__(self, folder: Path, engine: str, image: str) -> None:
        self.store = Store(folder)
        self._prefix = f"countersign-{sha256(str(folder).encode()).hexdigest()[:12]}-"
        self._engine, self._image = engine, image
        self._superuser = os.geteuid() == 0

    async def run(self, command: Command) -> Ran:
        """Raises NoSandbox, TreeUnusable."""
        if shutil.which(self._engine) is None:
            raise NoSandbox(f"{self._engine} is not installed")
        self.store.prepare()
        user = NOBODY if self._superuser else None
        await asyncio.to_thread(hand_over, command, user)
        kept = self.store.new_output()
        with self.store.scratch(user) as scratch, kept.open("wb") as file:
            output = Output(file, command.limits.shown_bytes, command.limits.output_bytes)
            return await self._run(command, scratch, output, kept)

    async def remove_left_over(self) -> None:
        """Remove the containers that outlived the process that attended them. Raises SandboxError."""
        listed = ("ps", "--all", "--filter", f"name={self._prefix}", "--format", "{{.Names}}")
        failed, said = await self._say(*listed)
        if failed:
            raise SandboxError(f"{self._engine} does not say what containers there are: {said}")
        for name in said.split():
            ends, _, _ = name.removeprefix(self._prefix).partition("-")
            if name.startswith(self._prefix) and ends.isdecimal() and int(ends) < time.time():
                await self._say("rm", "--force", name)

    async def _run(self, command: Command, scratch: Path, output: Output, kept: Path) -> Ran:
        began, limits = time.monotonic(), command.limits
        name = f"{self._prefix}{int(time.time() + limits.seconds + GRACE_SECONDS)}-{secrets.token_hex(8)}"
        made = arguments(command, name, scratch, self._image, self._user_arguments())
        # Made whole though the call be cancelled: what is half made could not be removed for certain.
        making = asyncio.create_task(self._say(*made))
        try:
            failed, said = await asyncio.shield(making)
            if failed:
                raise NoSandbox(said)
            attended = Attended([self._engine, "start", "--attach", name], _of_the_engine(), output)
            disk = DiskWatch((command.tree, scratch), limits.disk_bytes)
            try:
                limit = await attended.until(limits.seconds, lambda: asyncio.to_thread(disk.look))
            finally:
                exit_code, state = await asyncio.shield(self._ended(name, attended))
        finally:
            await asyncio.shield(self._removed(name, making))
        ran_out, _, started = state.partition(" ")
        if limit is None and (not started or started.startswith(_NEVER)):
            raise NoSandbox(output.shown().strip())
        if limit is None and ran_out == "true":
            limit = Limit.MEMORY
        if limit is None and output.too_much:
            limit = Limit.OUTPUT
        limit = limit or await asyncio.to_thread(disk.look, exit_code != 0)
        code = None if limit else exit_code
        return Ran(code, limit, output.shown(), kept, time.monotonic() - began, None, None)

    async def _ended(self, name: str, attended: Attended) -> tuple[int, str]:
        """Kill what runs in the container, and wait for its end. Returns its exit code, and what the engine
        says of it: whether its memory ran out, and when it began."""
        try:
            not_killed, _ = await self._say("kill", name)
            if not_killed:  # it has ended, or the engine is gone
                attended.kill()
            try:
                used = await asyncio.wait_for(attended.end(), ENGINE_SECONDS)
            except TimeoutError:  # an engine that says it was killed, and goes on
                attended.kill()
                used = await attended.end()
            state = ("--format", "{{.State.OOMKilled}} {{.State.StartedAt}}")
            not_found, said = await self._say("inspect", *state, name)
            return used.exit_code, "" if not_found else said
        finally:
            attended.close()

    async def _removed(self, name: str, making: asyncio.Task[tuple[int, str]]) -> None:
        await making
        await self._say("rm", "--force", name)

    def _user_arguments(self) -> tuple[str, ...]:
        if self._superuser:
            return ("--user", f"{NOBODY}:{NOBODY}")
        ours = ("--user", f"{os.geteuid()}:{os.getegid()}")
        return (*ours, "--userns", "keep-id") if self._engine == "podman" else ours

    async def _say(self, *words: str) -> tuple[int, str]:
        """One sentence to the engine, to its end; an engine that does not answer has failed."""
        try:
            done = await run(
                (self._engine, *words), environment=_of_the_engine(), seconds=ENGINE_SECONDS, most=_MOST_SAID
            )
        except ProcessEnded as ended:
            return 1, str(ended)
        return done.code, done.text


def arguments(command: Command, name: str, scratch: Path, image: str, user: tuple[str, ...]) -> tuple[str, ...]:
    """What the engine is told to make: a container that has the limits, the tree, what the environment binds,
    and nothing else."""
    limits = command.limits
    made = ["create", "--name", name, "--pull", "never", "--network", "none", "--read-only", *user]
    made += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--log-driver", "none"]
    made += ["--memory", f"{limits.memory_bytes}b", "--memory-swap", f"{limits.memory_bytes}b"]
    made += ["--pids-limit", str(limits.processes), "--shm-size", f"{SHARED_MEMORY_BYTES}b"]
    made += [
        "--ulimit",
        f"cpu={command.whole_cpu_seconds}",
        "--ulimit",
        f"fsize={limits.disk_bytes}",
        "--ulimit",
        "core=0",
    ]
    made += ["--mount", f"type=bind,source={command.tree},target={WORK}", "--workdir", WORK]
    made += ["--mount", f"type=bind,source={scratch},target=/tmp"]
    for bind in command.environment.binds:
        made += ["--mount", f"type=bind,source={bind.outside},target={bind.inside},readonly"]
    for variable, value in command.surroundings().items():
        made += ["--env", f"{variable}={value}"]
    return (*made, "--entrypoint", "sh", image, "-c", '"$@"; exit $?', "sh", *command.argv)


def _of_the_engine() -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def _open(around: Surroundings) -> ContainerSandbox:
    settings = around.settings
    if not isinstance(settings, ContainerSettings):
        raise TypeError("containers are opened with their settings")
    folder = around.var_folder.absolute() / "sandbox" / around.tenant
    return ContainerSandbox(folder, settings.sandbox_engine, settings.sandbox_image)


async def _check(around: Surroundings) -> Iterable[Checked]:
    with tempfile.TemporaryDirectory(prefix="countersign-") as tree:
        try:
            ran = await _open(around).run(Command(("true",), Path(tree), limits=Limits(seconds=30.0)))
        except SandboxError as refused:
            return (Checked("sandbox", "wrong", str(refused)),)
    if ran.exit_code != 0:
        return (Checked("sandbox", "wrong", f"a command that does nothing fails in it: {ran.output.strip()}"),)
    return (Checked("sandbox", "well", f"containers; a command took {ran.seconds:.1f} s"),)


def _chores(around: Surroundings) -> Iterable[Chore]:
    if not isinstance(around.settings, ContainerSettings):
        raise TypeError("containers are opened with their settings")
    sandbox = _open(around)
    left_over = Chore("remove_left_over_containers", _CLEARED_EVERY, sandbox.remove_left_over)
    return (left_over, sandbox.store.chore(around.settings))


INTEGRATION = Integration(
    "sandbox",
    "container",
    "Containers",
    _open,
    settings=ContainerSettings,
    check=_check,
    chores=_chores,
)
