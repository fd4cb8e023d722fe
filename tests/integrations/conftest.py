"""The embedded platform, with releases of every kind."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integrations.deployments.vendors.local.client import LocalDeployments
from tests.integrations.local_platform import gone, keepers
from tests.integrations.releases import write_release

collect_ignore = [] if os.environ.get("KUBERNETES_TEST") == "1" else ["test_kubernetes_real.py"]
"""What takes a cluster is a target of its own."""


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[LocalDeployments]:
    releases = tmp_path / "releases"
    write_release(releases, "orders", "1.0", "2026-11-02")
    write_release(releases, "orders", "1.1", "2026-11-09")
    write_release(releases, "orders", "1.2", "2026-11-16", SICK="yes")
    write_release(releases, "orders", "1.3", "2026-11-17", DIES="yes")
    write_release(releases, "orders", "2.0", "2026-11-20", irreversible=True)
    write_release(releases, "stubborn", "1.0", "2026-11-02", STUBBORN="yes", CHILD="yes")
    yield LocalDeployments(tmp_path / "keeper", releases, ready_seconds=10.0, idle_seconds=60.0)
    for pid in keepers(tmp_path):
        os.kill(pid, signal.SIGTERM)
        await gone(pid)
