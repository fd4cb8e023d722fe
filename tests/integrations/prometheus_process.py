"""A real Prometheus (Debian's package) for tests: in a folder of its own, on a free port, ended by its id."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric

from tests.integrations.metrics_contract import scripted

needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None or shutil.which("promtool") is None,
    reason="there is no prometheus on this machine (Debian's package `prometheus`)",
)


@asynccontextmanager
async def prometheus(folder: Path, configuration: str) -> AsyncIterator[str]:
    """The address of a server over `folder/data`."""
    (folder / "prometheus.yml").write_text(configuration)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        async with asyncio.timeout(60), httpx.AsyncClient() as client:
            while not await _is_ready(client, url):
                assert process.returncode is None, (folder / "prometheus.log").read_text()
                await asyncio.sleep(0.05)
        yield url
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    with suppress(httpx.TransportError):
        return (await client.get(f"{url}/-/ready")).status_code == 200
    return False


def write_scripted(folder: Path, began: datetime) -> None:
    """Put the scripted half hour into `folder/data`, as if it had been scraped when it was."""
    lines: dict[str, list[str]] = {}
    for at, exporters, silent in scripted():
        for one in exporters:
            place = {
                "service": one.service,
                "stage": "production",
                "version": one.version,
                "instance": one.instance,
            }
            up = Metric("up", "", "gauge")
            up.add_sample("up", {}, 0.0 if one.instance in silent else 1.0)
            families: Sequence[Metric] = (up,) if one.instance in silent else (up, *one.registry.collect())
            for family in families:
                of_family = lines.setdefault(family.name, [f"# TYPE {family.name} {family.type}"])
                of_family.extend(_samples(family, place, began + at))
    text = "\n".join([*(line for family in lines.values() for line in family), "# EOF", ""])
    (folder / "scripted.txt").write_text(text)
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "scripted.txt", "data"]
    done = subprocess.run(command, cwd=folder, env={**os.environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _samples(family: Metric, place: dict[str, str], at: datetime) -> Iterator[str]:
    for sample in family.samples:
        if sample.name.endswith("_created"):
            continue
        labels = ",".join(f'{name}="{value}"' for name, value in {**place, **sample.labels}.items())
        yield f"{sample.name}{{{labels}}} {sample.value} {(at - _EPOCH) / timedelta(seconds=1)}"


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
