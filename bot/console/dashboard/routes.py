"""The dashboard's routes, and the files that cards link to."""

from __future__ import annotations

from aiohttp import web

from bot.console.dashboard import pages
from bot.console.dashboard.verifying import TRAIL, AuditTrail, verify_log
from bot.console.files import file
from bot.console.guard import Route, add_guarded
from bot.console.posts import post_decision, post_reading
from bot.console.visit import RECEPTION, Reception

_ROUTES: tuple[Route, ...] = (
    ("GET", "/dashboard", pages.home),
    ("GET", "/dashboard/approvals", pages.approvals),
    ("POST", "/dashboard/approvals/{approval}", post_decision),
    ("GET", "/dashboard/plans", pages.plans),
    ("GET", "/dashboard/plans/{plan}", pages.plan),
    ("GET", "/dashboard/plans/{plan}/reading", pages.reading),
    ("POST", "/dashboard/plans/{plan}/reading", post_reading),
    ("GET", "/dashboard/overrides", pages.overrides),
    ("GET", "/dashboard/audit", pages.audit),
    ("POST", "/dashboard/audit/verify", verify_log),
    ("GET", "/dashboard/audit/{entry}", pages.entry),
    ("GET", "/files/{file}", file),
)


def add_dashboard(app: web.Application, reception: Reception, trail: AuditTrail) -> None:
    """Serve the dashboard from `app`, to those whom the reception's authentication lets in."""
    app[RECEPTION] = reception
    app[TRAIL] = trail
    add_guarded(app, _ROUTES)
