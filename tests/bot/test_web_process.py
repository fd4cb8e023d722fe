"""The web server as a process of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import uuid
from pathlib import Path

import pytest

from storage.embedded import EmbeddedServer

pytestmark = pytest.mark.processes


async def test_a_port_that_somebody_has_is_named_with_what_to_do(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        told = {
            "DATABASE_URL": server.app_url,
            "DATABASE_OWNER_URL": server.owner_url,
            "TENANT": f"t{uuid.uuid4().hex[:10]}",
            "VAR_FOLDER": str(tmp_path),
            "PORT": port,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "web"), env=os.environ | told, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(60):
            _, said = await process.communicate()
    assert process.returncode == 1
    assert said.decode().splitlines()[-1].startswith(f"127.0.0.1:{port} cannot be listened on")
    assert "Traceback" not in said.decode()
