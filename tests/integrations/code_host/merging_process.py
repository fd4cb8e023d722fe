"""Merges a pull request and is killed (SIGKILL, by itself) at a named moment: `receipt`, `git` or `rows`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from integrations.code_host.contents import MergeWay
from integrations.code_host.vendors.local import moving
from integrations.code_host.vendors.local.client import LocalCodeHost
from storage.database import Database
from tests.integrations.code_host.effects_contract import grant


def _die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _arm(moment: str) -> None:
    set_ref, written = moving._set_ref, moving.Moves._written

    async def after_git(*args: Any, **named: Any) -> None:
        await set_ref(*args, **named)
        _die()

    async def after_rows(moves: Any, name: str) -> None:
        await written(moves, name)
        _die()

    if moment == "receipt":
        moving._set_ref = _die
    elif moment == "git":
        moving._set_ref = after_git
    else:
        moving.Moves._written = after_rows  # type: ignore[method-assign,assignment]


async def main(url: str, tenant: str, folder: str, moment: str, effect: str) -> None:
    database = Database.open(url)
    host = LocalCodeHost(database, tenant, Path(folder), Path(folder) / "none")
    pull = await host.pull_request("orders", 1)
    _arm(moment)
    leave = grant(host, f"kill-{moment}")
    if effect == "merge":
        await host.merge_pull_request(
            leave, "orders", 1, head=pull.head_sha, base=pull.base_sha, way=MergeWay.MERGE
        )
    else:
        await host.revert_pull_request(leave, "orders", 1, merged=pull.merged_sha or "")


asyncio.run(main(*sys.argv[1:]))
