"""The Verify button: the whole log worked out anew, telling how far it is, one line of JSON at a time."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from bot.console.access import PageRefused, demand, note_reading, note_refusal
from bot.console.posts import refusal
from bot.console.render import render
from bot.console.visit import RECEPTION, visit
from governance.audit.signed_note import VerifierKey
from governance.audit.verification import Report, verify

_TELL_EVERY = 0.2


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """What the log is verified with: its public key, and the file in which checkpoints are kept outside."""

    key: VerifierKey
    checkpoint_file: Path | None
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


TRAIL: web.AppKey[AuditTrail] = web.AppKey("audit_trail", AuditTrail)


@dataclass(slots=True)
class _Progress:
    done: int = 0
    of: int = 0

    def tell(self, done: int, of: int) -> None:
        self.done, self.of = done, of


async def verify_log(request: web.Request) -> web.StreamResponse:
    """Verify the tenant's log; one verification at a time, for it reads everything."""
    trail, reception = request.app[TRAIL], request.app[RECEPTION]
    async with visit(request) as visiting:
        try:
            await demand(visiting, "audit")
        except PageRefused as refused:
            await note_refusal(visiting, "audit")
            return refusal(403, str(refused))
        await note_reading(visiting, "audit.verify")
        zone = visiting.zone
    if trail.busy.locked():
        return refusal(409, "A verification is running already. Try again when it is done.")
    async with trail.busy:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        progress, began = _Progress(), time.monotonic()
        work = asyncio.create_task(
            verify(
                reception.database,
                reception.tenant,
                trail.key,
                trail.checkpoint_file,
                on_progress=progress.tell,
            )
        )
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=_TELL_EVERY)
                await _line(response, {"done": progress.done, "of": progress.of})
        finally:
            work.cancel()
        html = _shown(await work, time.monotonic() - began, zone)
        await _line(response, {"html": html})
        await response.write_eof()
        return response


async def _line(response: web.StreamResponse, said: dict[str, object]) -> None:
    await response.write(json.dumps(said).encode() + b"\n")


def _shown(report: Report, seconds: float, zone: str) -> str:
    return render("verified.html", report=report, seconds=seconds, zone=zone, root=report.root.hex())
