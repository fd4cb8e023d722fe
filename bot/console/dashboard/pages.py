"""The dashboard's pages and their addresses."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from agents.plans.rows import NoSuchPlan
from bot.console.access import PageRefused, demand, note_reading, note_refusal
from bot.console.dashboard.approvals import read_approvals
from bot.console.dashboard.audit import PAGE, BadFilter, Filters, Page, read_entry, read_page, read_proof
from bot.console.dashboard.outbox import OUTBOX, read_outbox
from bot.console.dashboard.overrides import read_overrides
from bot.console.dashboard.plan_reading import read_reading
from bot.console.dashboard.plans import STATES, read_plan, read_plans
from bot.console.dashboard.verifying import TRAIL, AuditTrail, verify_log
from bot.console.files import file
from bot.console.frame import page
from bot.console.posts import post_decision, post_reading
from bot.console.protection import Route, add_guarded
from bot.console.visit import RECEPTION, Reception, Visit, visit
from governance.audit.entries import EntryKind
from governance.audit.merkle import ProofError
from governance.audit.nodes import NodeMissing
from governance.audit.search import EntryUnreadable, count_words


async def home(_request: web.Request) -> web.Response:
    """The first page."""
    raise web.HTTPFound("/dashboard/approvals")


async def approvals(request: web.Request) -> web.Response:
    """What waits, for whom, until when."""
    async with visit(request) as visiting:
        if refused := await _refused(request, visiting, "approvals"):
            return refused
        found = await read_approvals(visiting)
        return await _page(request, visiting, "approvals", approvals=found)


async def plans(request: web.Request) -> web.Response:
    """Every plan."""
    async with visit(request) as visiting:
        if refused := await _refused(request, visiting, "plans"):
            return refused
        return await _page(request, visiting, "plans", plans=await read_plans(visiting), states=STATES)


async def plan(request: web.Request) -> web.Response:
    """One plan."""
    async with visit(request) as visiting:
        if refused := await _refused(request, visiting, "plans"):
            return refused
        try:
            found = await read_plan(visiting, request.match_info["plan"])
        except NoSuchPlan as missing:
            raise web.HTTPNotFound(text="There is no such plan, or you may not see it.") from missing
        return await _page(request, visiting, "plans", template="plan", plan=found, states=STATES)


async def reading(request: web.Request) -> web.Response:
    """The document of a plan, with what each statement was read as."""
    async with visit(request) as visiting:
        if refused := await _refused(request, visiting, "plans"):
            return refused
        try:
            found = await read_reading(visiting, request.match_info["plan"])
        except NoSuchPlan as missing:
            raise web.HTTPNotFound(text="There is no such document, or you may not see it.") from missing
        return await _page(request, visiting, "plans", template="reading", reading=found)


async def overrides(request: web.Request) -> web.Response:
    """What stands above the matrix."""
    async with visit(request) as visiting:
        if refused := await _refused(request, visiting, "overrides"):
            return refused
        now = datetime.now(UTC)
        return await _page(request, visiting, "overrides", overrides=await read_overrides(visiting, now))


async def outbox(request: web.Request) -> web.Response:
    """Mail that is kept here and goes nowhere."""
    kept = request.app.get(OUTBOX)
    if kept is None:
        raise web.HTTPNotFound(text="Mail goes out here, so there is no outbox.")
    async with visit(request) as visiting:
        if refused := await _refused(request, visiting, "outbox"):
            return refused
        return await _page(request, visiting, "outbox", mails=await read_outbox(kept, visiting))


async def audit(request: web.Request) -> web.Response:
    """The log, as far as the filters ask for it."""
    async with visit(request) as visiting:
        if refused := await _refused(request, visiting, "audit"):
            return refused
        filters = Filters.of(request.query)
        try:
            return await _entries(request, visiting, filters, await read_page(visiting, filters))
        except (BadFilter, EntryUnreadable) as problem:
            return await _entries(request, visiting, filters, Page(), str(problem))


async def entry(request: web.Request) -> web.Response:
    """One entry with its eight parts and its proof."""
    async with visit(request) as visiting:
        if refused := await _refused(request, visiting, "audit"):
            return refused
        try:
            found = await read_entry(visiting, request.match_info["entry"])
        except EntryUnreadable as unreadable:
            return await _entries(request, visiting, Filters(), Page(), str(unreadable))
        if found is None:
            raise web.HTTPNotFound(text="There is no such entry.")
        await note_reading(visiting, "audit.entry", found.line.id)
        proof, problem = None, None
        try:
            proof = await read_proof(visiting.tx, found, request.app[TRAIL].key)
        except (ProofError, NodeMissing) as broken:
            problem = str(broken)
        return await _page(
            request, visiting, "audit", template="entry", entry=found, proof=proof, problem=problem
        )


async def _entries(
    request: web.Request, visiting: Visit, filters: Filters, found: Page, problem: str | None = None
) -> web.Response:
    full = len(found.lines) == PAGE
    older = _address(replace(filters, before=found.lines[-1].id)) if full else None
    return await _page(
        request,
        visiting,
        "audit",
        found=found,
        filters=filters,
        kinds=[kind.value for kind in EntryKind],
        counted=count_words,
        with_talk=_address(replace(filters, talk="shown", before="")),
        older=older,
        problem=problem,
    )


async def _refused(request: web.Request, visiting: Visit, name: str) -> web.Response | None:
    try:
        await demand(visiting, name)
    except PageRefused as refused:
        await note_refusal(visiting, name)
        answer = await _page(request, visiting, name, template="refused", why=str(refused))
        answer.set_status(403)
        return answer
    return None


async def _page(
    request: web.Request, visiting: Visit, here: str, *, template: str | None = None, **context: Any
) -> web.Response:
    return await page(request, visiting, f"dashboard/{template or here}.html", here=here, **context)


def _address(filters: Filters) -> str:
    return "/dashboard/audit?" + urlencode({name: value for name, value in asdict(filters).items() if value})


_ROUTES: tuple[Route, ...] = (
    ("GET", "/dashboard", home),
    ("GET", "/dashboard/approvals", approvals),
    ("POST", "/dashboard/approvals/{approval}", post_decision),
    ("GET", "/dashboard/plans", plans),
    ("GET", "/dashboard/plans/{plan}", plan),
    ("GET", "/dashboard/plans/{plan}/reading", reading),
    ("POST", "/dashboard/plans/{plan}/reading", post_reading),
    ("GET", "/dashboard/overrides", overrides),
    ("GET", "/dashboard/outbox", outbox),
    ("GET", "/dashboard/audit", audit),
    ("POST", "/dashboard/audit/verify", verify_log),
    ("GET", "/dashboard/audit/{entry}", entry),
    ("GET", "/files/{file}", file),
)


def add_dashboard(app: web.Application, reception: Reception, trail: AuditTrail) -> None:
    """Serve the dashboard from `app`, to those whom the reception's authentication lets in."""
    app[RECEPTION] = reception
    app[TRAIL] = trail
    add_guarded(app, _ROUTES)
